//! Bounds on what an entry may cost a reader.

/// Bounds on the memory that decoding one entry may take. Entries that need more are refused before it is
/// allocated.
///
/// What decoding allocates stays below the sum of
///
/// * *twice* the decoded bytes allowed: once for decompressed buffers, once more where Arrow has to move a
///   buffer to an aligned address;
/// * 64 times the bytes of the object that are not column data, for the Rust values of columns and batches;
/// * 512 bytes for each field allowed;
/// * the object once more, if its columns do not begin at aligned addresses. The object itself is the caller's.
///
/// An entry that stays uncompressed and well aligned, as fencepost and Lance write it, is decoded in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeLimits {
    pub(crate) object_bytes_max: u64,
    pub(crate) decoded_bytes_max: u64,
    pub(crate) rows_max: u64,
    pub(crate) fields_max: u64,
}

impl DecodeLimits {
    /// 512 MiB of object, 1 GiB decoded, 2^31 rows, 65,536 fields.
    pub const DEFAULT: Self = Self {
        object_bytes_max: 512 << 20,
        decoded_bytes_max: 1 << 30,
        rows_max: 1 << 31,
        fields_max: 1 << 16,
    };

    /// How long an object may be, in bytes.
    #[must_use]
    pub const fn object_bytes_max(&self) -> u64 {
        self.object_bytes_max
    }

    /// Sets how long an object may be, in bytes. Default 512 MiB.
    ///
    /// Lower: entries that somebody wrote cannot be read, and the log cannot be replayed. Higher: more memory.
    #[must_use]
    pub const fn with_object_bytes_max(self, object_bytes_max: u64) -> Self {
        Self { object_bytes_max, ..self }
    }

    /// Sets how many bytes all buffers of an entry may have once decompressed. Default 1 GiB.
    ///
    /// Concatenating delta dictionaries counts each time. Capped at 2^56.
    #[must_use]
    pub const fn with_decoded_bytes_max(self, bytes: u64) -> Self {
        let decoded_bytes_max = if bytes < 1 << 56 { bytes } else { 1 << 56 };
        Self { decoded_bytes_max, ..self }
    }

    /// Sets how many rows an entry may have. Default 2^31; rows of type null take no memory, only time.
    #[must_use]
    pub const fn with_rows_max(self, rows_max: u64) -> Self {
        Self { rows_max, ..self }
    }

    /// Sets how many fields a schema may have, nested ones included. Default 65,536.
    #[must_use]
    pub const fn with_fields_max(self, fields_max: u64) -> Self {
        Self { fields_max, ..self }
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is left of the limits while an entry is being decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    limits: DecodeLimits,
    decoded_bytes: u64,
    rows: u64,
    fields: u64,
}

impl Budget {
    pub(super) const fn new(limits: DecodeLimits) -> Self {
        Self { limits, decoded_bytes: 0, rows: 0, fields: 0 }
    }

    pub(super) fn take_bytes(&mut self, bytes: u64) -> Result<(), Fault> {
        self.decoded_bytes = self.decoded_bytes.saturating_add(bytes);
        within("the size of the decoded buffers in bytes", self.decoded_bytes, self.limits.decoded_bytes_max)
    }

    pub(super) fn take_rows(&mut self, rows: u64) -> Result<(), Fault> {
        self.rows = self.rows.saturating_add(rows);
        within("the number of rows", self.rows, self.limits.rows_max)
    }

    pub(super) fn take_field(&mut self) -> Result<(), Fault> {
        self.fields = self.fields.saturating_add(1);
        within("the number of fields", self.fields, self.limits.fields_max)
    }

    /// How many bytes have been taken.
    pub(super) const fn taken(&self) -> u64 {
        self.decoded_bytes
    }

    /// The longest that an array inside a batch may be. Arrays that take memory at all are bounded by it long
    /// before; this is for those that don't, and to keep every product of a length and a width within 64 bits.
    pub(super) const fn length_max(&self) -> u64 {
        self.limits.decoded_bytes_max.saturating_mul(8)
    }
}

/// Why a part of a stream is refused: what [`FormatError`](crate::FormatError) becomes once the place is known.
#[derive(Debug)]
pub(super) enum Fault {
    Damaged(String),
    TooLarge { what: &'static str, size: u64, limit: u64 },
}

impl Fault {
    pub(super) fn at(self, object: &str, offset: usize) -> crate::FormatError {
        match self {
            Self::Damaged(reason) => crate::error::damaged(object, offset, reason),
            Self::TooLarge { what, size, limit } => crate::FormatError::TooLarge {
                object: object.to_owned(),
                offset: offset as u64,
                what,
                size,
                limit,
            },
        }
    }
}

/// Says that a fact must hold about a part of a stream.
pub(super) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Damaged(reason())) }
}

fn within(what: &'static str, size: u64, limit: u64) -> Result<(), Fault> {
    if size <= limit { Ok(()) } else { Err(Fault::TooLarge { what, size, limit }) }
}
