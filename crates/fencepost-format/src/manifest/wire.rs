//! The protobuf of a manifest, with every unknown field kept.
//!
//! prost's derive drops what it does not know, and rewriting a newer Lance's manifest would lose it. So the fields
//! are walked here, with prost's primitives; known ones become values, the others stay as the bytes they were.
// F-14, F-16.

use std::ops::RangeInclusive;

use bytes::{Buf, Bytes};
use prost::DecodeError;
use prost::encoding::{self, DecodeContext, WireType};

use super::{Manifest, ShardField, ShardStatus, SsTable};
use crate::error::damaged;
use crate::{Epoch, FormatError, Generation, ID_MAX, Nonce, Position, ShardId, Version};

/// Fields of a protobuf message that this code does not know, as the bytes they were.
///
/// They are written back among the known ones in the order of their numbers, which is the order in which protobuf
/// libraries write; so what such a library wrote is rewritten byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnknownFields(Vec<(u32, Bytes)>);

impl UnknownFields {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of each field and its bytes, key included.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.0.iter().map(|(number, raw)| (*number, raw.as_ref()))
    }

    /// The last number in a field of this number; `None` if there is none, or it is no number.
    pub(crate) fn uint64(&self, number: u32) -> Option<u64> {
        let (_, raw) = self.0.iter().rev().find(|(found, _)| *found == number)?;
        let mut rest = raw.as_ref();
        let (_, wire) = encoding::decode_key(&mut rest).ok()?;
        (wire == WireType::Varint).then(|| encoding::decode_varint(&mut rest).ok()).flatten()
    }
}

pub(super) fn decode(object: &str, bytes: &[u8]) -> Result<Manifest, FormatError> {
    let mut manifest = Manifest { shard_id: None, ..Manifest::initial(ShardId::default()) };
    manifest.current_generation = Generation(0);
    manifest.unknown = walk(object, bytes, 0, |field| {
        match field.number {
            VERSION => manifest.version = field.id("version").map(Version::new)?,
            WRITER_EPOCH => manifest.writer_epoch = field.id("epoch").map(Epoch::new)?,
            REPLAY_AFTER => manifest.replay_after = field.id("position").map(Position::new)?,
            LAST_SEEN => manifest.last_seen = field.id("position").map(Position::new)?,
            CURRENT_GENERATION => manifest.current_generation = Generation(field.uint64()?),
            SSTABLES => manifest.sstables.push(decode_sstable(field)?),
            SHARD_SPEC_ID => manifest.shard_spec_id = field.uint32()?,
            SHARD_ID => (manifest.shard_id, manifest.shard_id_unknown) = decode_shard_id(field)?,
            SHARD_FIELDS => manifest.shard_fields.push(decode_shard_field(field)?),
            STATUS => manifest.status = status_of_number(field.int32()?),
            NONCE => manifest.nonce = Some(Nonce(u128::from_le_bytes(field.sixteen_bytes()?))),
            LANCE_BEFORE => manifest.lance_before = field.uint64()? != 0,
            DRAIN => manifest.drain = Some(Nonce(u128::from_le_bytes(field.sixteen_bytes()?))),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(manifest)
}

fn decode_sstable(field: &Field<'_>) -> Result<SsTable, FormatError> {
    let mut sstable = SsTable::default();
    sstable.unknown = field.message(|field| {
        match field.number {
            1 => sstable.generation = Generation(field.uint64()?),
            2 => sstable.path = field.string()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(sstable)
}

fn decode_shard_id(field: &Field<'_>) -> Result<(Option<ShardId>, UnknownFields), FormatError> {
    let mut id = None;
    let unknown = field.message(|field| {
        if field.number == 1 {
            id = Some(ShardId::from_bytes(field.sixteen_bytes()?));
        }
        Ok(field.number == 1)
    })?;
    Ok((id, unknown))
}

fn decode_shard_field(field: &Field<'_>) -> Result<ShardField, FormatError> {
    let mut shard_field = ShardField::default();
    shard_field.unknown = field.message(|field| {
        match field.number {
            1 => shard_field.key = field.string()?,
            2 => shard_field.value = Bytes::copy_from_slice(field.bytes()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(shard_field)
}

pub(super) fn encode(manifest: &Manifest) -> Vec<u8> {
    let mut out = Message::new(&manifest.unknown);
    out.uint64(VERSION, manifest.version.get());
    out.uint64(WRITER_EPOCH, manifest.writer_epoch.get());
    out.uint64(REPLAY_AFTER, manifest.replay_after.get());
    out.uint64(LAST_SEEN, manifest.last_seen.get());
    out.uint64(CURRENT_GENERATION, manifest.current_generation.0);
    for sstable in &manifest.sstables {
        let mut inner = Message::new(&sstable.unknown);
        inner.uint64(1, sstable.generation.0);
        inner.bytes(2, sstable.path.as_bytes());
        out.message(SSTABLES, inner);
    }
    out.uint64(SHARD_SPEC_ID, u64::from(manifest.shard_spec_id));
    if manifest.shard_id.is_some() || !manifest.shard_id_unknown.is_empty() {
        let mut inner = Message::new(&manifest.shard_id_unknown);
        inner.bytes(1, manifest.shard_id.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]));
        out.message(SHARD_ID, inner);
    }
    for field in &manifest.shard_fields {
        let mut inner = Message::new(&field.unknown);
        inner.bytes(1, field.key.as_bytes());
        inner.bytes(2, &field.value);
        out.message(SHARD_FIELDS, inner);
    }
    // Protobuf sign-extends the numbers of enums to 64 bits.
    out.uint64(STATUS, i64::from(number_of_status(manifest.status)) as u64);
    if let Some(nonce) = manifest.nonce {
        out.bytes(NONCE, &nonce.0.to_le_bytes());
    }
    out.uint64(LANCE_BEFORE, u64::from(manifest.lance_before));
    if let Some(drain) = manifest.drain {
        out.bytes(DRAIN, &drain.0.to_le_bytes());
    }
    out.finish()
}

fn status_of_number(number: i32) -> ShardStatus {
    match number {
        0 => ShardStatus::Active,
        1 => ShardStatus::Sealed,
        other => ShardStatus::Unknown(other),
    }
}

fn number_of_status(status: ShardStatus) -> i32 {
    match status {
        ShardStatus::Active => 0,
        ShardStatus::Sealed => 1,
        ShardStatus::Unknown(number) => number,
    }
}

/// Hands each field of the message `bytes` to `known`, which says whether it took it; keeps those it did not take.
///
/// `base` is where in the object the message begins.
pub(crate) fn walk<'a>(
    object: &'a str,
    bytes: &'a [u8],
    base: u64,
    mut known: impl FnMut(&Field<'a>) -> Result<bool, FormatError>,
) -> Result<UnknownFields, FormatError> {
    let mut unknown = Vec::new();
    let mut rest = bytes;
    while rest.has_remaining() {
        let whole = rest;
        let offset = base + (bytes.len() - whole.len()) as u64;
        let fault = |error: DecodeError| damaged(object, offset, format!("not a protobuf field: {error}"));
        let (number, wire) = encoding::decode_key(&mut rest).map_err(fault)?;
        let value = rest;
        encoding::skip_field(wire, number, &mut rest, DecodeContext::default()).map_err(fault)?;
        let field = Field { object, number, wire, value: &value[..value.len() - rest.len()], offset };
        if !known(&field)? {
            unknown.push((number, Bytes::copy_from_slice(&whole[..whole.len() - rest.len()])));
        }
    }
    Ok(UnknownFields(unknown))
}

/// One field of a message: complete, but not yet looked into.
pub(crate) struct Field<'a> {
    pub(crate) object: &'a str,
    pub(crate) number: u32,
    wire: WireType,
    value: &'a [u8],
    /// Where in the object the field begins.
    pub(crate) offset: u64,
}

impl<'a> Field<'a> {
    fn id(&self, what: &'static str) -> Result<u64, FormatError> {
        let number = self.uint64()?;
        if *IDS.start() <= number && number <= *IDS.end() {
            return Ok(number);
        }
        Err(damaged(self.object, self.offset, format!("{number} is not a valid {what}")))
    }

    pub(crate) fn uint64(&self) -> Result<u64, FormatError> {
        self.merged(encoding::uint64::merge)
    }

    fn uint32(&self) -> Result<u32, FormatError> {
        self.merged(encoding::uint32::merge)
    }

    fn int32(&self) -> Result<i32, FormatError> {
        self.merged(encoding::int32::merge)
    }

    pub(crate) fn string(&self) -> Result<String, FormatError> {
        self.merged(encoding::string::merge)
    }

    pub(crate) fn bytes(&self) -> Result<&'a [u8], FormatError> {
        encoding::check_wire_type(WireType::LengthDelimited, self.wire).map_err(|error| self.fault(error))?;
        let mut value = self.value;
        let length = encoding::decode_varint(&mut value).map_err(|error| self.fault(error))?;
        assert_eq!(length, value.len() as u64, "the walk has delimited the field by this very length");
        Ok(value)
    }

    /// Where in the object the value begins, behind the field's key and length.
    pub(crate) fn value_offset(&self) -> u64 {
        let length = self.bytes().map_or(0, <[u8]>::len);
        self.offset + (encoding::key_len(self.number) + self.value.len() - length) as u64
    }

    pub(crate) fn sixteen_bytes(&self) -> Result<[u8; 16], FormatError> {
        let bytes = self.bytes()?;
        <[u8; 16]>::try_from(bytes)
            .map_err(|_| damaged(self.object, self.offset, format!("{} bytes instead of 16", bytes.len())))
    }

    pub(crate) fn message(
        &self,
        known: impl FnMut(&Self) -> Result<bool, FormatError>,
    ) -> Result<UnknownFields, FormatError> {
        walk(self.object, self.bytes()?, self.value_offset(), known)
    }

    fn merged<T: Default>(
        &self,
        merge: impl Fn(WireType, &mut T, &mut &'a [u8], DecodeContext) -> Result<(), DecodeError>,
    ) -> Result<T, FormatError> {
        let mut value = T::default();
        merge(self.wire, &mut value, &mut { self.value }, DecodeContext::default())
            .map_err(|error| self.fault(error))?;
        Ok(value)
    }

    fn fault(&self, error: impl std::fmt::Display) -> FormatError {
        damaged(self.object, self.offset, format!("field {} of the manifest: {error}", self.number))
    }
}

/// A message being written: fields come in ascending order, and the unknown ones fall in between.
///
/// As in proto3, a field that has its default value is not written.
struct Message<'a> {
    out: Vec<u8>,
    unknown: std::iter::Peekable<std::vec::IntoIter<(u32, &'a Bytes)>>,
}

impl<'a> Message<'a> {
    fn new(unknown: &'a UnknownFields) -> Self {
        let mut sorted: Vec<_> = unknown.0.iter().map(|(number, raw)| (*number, raw)).collect();
        sorted.sort_by_key(|(number, _)| *number);
        Self { out: Vec::new(), unknown: sorted.into_iter().peekable() }
    }

    fn uint64(&mut self, number: u32, value: u64) {
        self.unknown_below(number);
        if value != 0 {
            encoding::uint64::encode(number, &value, &mut self.out);
        }
    }

    fn bytes(&mut self, number: u32, value: &[u8]) {
        if !value.is_empty() {
            self.delimited(number, value);
        }
    }

    fn message(&mut self, number: u32, inner: Message<'_>) {
        self.delimited(number, &inner.finish());
    }

    fn delimited(&mut self, number: u32, value: &[u8]) {
        self.unknown_below(number);
        encoding::encode_key(number, WireType::LengthDelimited, &mut self.out);
        encoding::encode_varint(value.len() as u64, &mut self.out);
        self.out.extend_from_slice(value);
    }

    fn unknown_below(&mut self, number: u32) {
        while let Some((_, raw)) = self.unknown.next_if(|(unknown, _)| *unknown < number) {
            self.out.extend_from_slice(raw);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.unknown_below(u32::MAX);
        self.out
    }
}

const IDS: RangeInclusive<u64> = 0..=ID_MAX;

const VERSION: u32 = 1;
const WRITER_EPOCH: u32 = 2;
const REPLAY_AFTER: u32 = 3;
const LAST_SEEN: u32 = 4;
const CURRENT_GENERATION: u32 = 6;
const SSTABLES: u32 = 8;
const SHARD_SPEC_ID: u32 = 10;
const SHARD_ID: u32 = 11;
const SHARD_FIELDS: u32 = 14;
const STATUS: u32 = 15;
/// Ours. Far above what Lance is likely to use, and outside the range that protobuf reserves.
// F-15.
const NONCE: u32 = 20_480;
/// Ours as well.
const LANCE_BEFORE: u32 = 20_481;
// F-40.
const DRAIN: u32 = 20_482;
