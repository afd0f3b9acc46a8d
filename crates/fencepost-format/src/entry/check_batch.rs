//! Looks through a record batch's flatbuffer before Arrow does.
//!
//! Arrow checks what is *in* the buffers, but takes the places and lengths of the buffers themselves on
//! trust: some that are wrong make it panic, some make it allocate what they say. They are all added up here
//! first.

use arrow_ipc::{CompressionType, MetadataVersion, RecordBatch};
use arrow_schema::{DataType, UnionMode};

use super::limits::{Budget, Fault, ensure};

/// Refuses `batch`, whose columns have `types`, unless its arrays fit into `body` and into `budget`.
pub(super) fn check_batch<'a>(
    batch: RecordBatch<'_>,
    body: &[u8],
    types: impl Iterator<Item = &'a DataType>,
    budget: &mut Budget,
) -> Result<(), Fault> {
    let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else {
        return Err(Fault::Damaged("a record batch without nodes or buffers".to_owned()));
    };
    let codec = match batch.compression().map(|compression| compression.codec()) {
        None => None,
        Some(codec @ (CompressionType::LZ4_FRAME | CompressionType::ZSTD)) => Some(codec),
        Some(codec) => return Err(Fault::Damaged(format!("compression {} is not known", codec.0))),
    };
    let mut walk = Walk {
        nodes: nodes.iter().map(|node| (node.length(), node.null_count())),
        buffers: buffers.iter().map(|buffer| (buffer.offset(), buffer.length())),
        variadic: batch.variadicBufferCounts().into_iter().flatten(),
        body,
        codec,
        budget,
    };
    let length = walk.length(batch.length())?;
    for data_type in types {
        let column = walk.array(data_type)?;
        ensure(column == length, || format!("a column of {column} rows in a batch of {length}"))?;
    }
    ensure(walk.variadic.next().is_none(), || "the batch has more counts than view columns".to_owned())?;
    ensure(walk.nodes.next().is_none(), || "the batch has more arrays than its schema".to_owned())?;
    ensure(walk.buffers.next().is_none(), || "the batch has more buffers than its schema".to_owned())
}

/// The version of batches that the walk below is about; older ones give unions a validity buffer.
pub(super) const BATCH_VERSION: MetadataVersion = MetadataVersion::V5;

/// A walk over the arrays of a batch in the order in which Arrow reads them.
struct Walk<'a, N, B, V> {
    nodes: N,
    buffers: B,
    variadic: V,
    body: &'a [u8],
    codec: Option<CompressionType>,
    budget: &'a mut Budget,
}

impl<N, B, V> Walk<'_, N, B, V>
where
    N: Iterator<Item = (i64, i64)>,
    B: Iterator<Item = (i64, i64)>,
    V: Iterator<Item = i64>,
{
    /// Checks the next array, of type `data_type`, with everything below it; its length.
    fn array(&mut self, data_type: &DataType) -> Result<u64, Fault> {
        if matches!(data_type, DataType::Utf8View | DataType::BinaryView) {
            return self.views();
        }
        let (length, nulls) = self.node()?;
        match data_type {
            DataType::Null | DataType::RunEndEncoded(..) | DataType::Union(..) => {}
            _ => self.validity(length, nulls)?,
        }
        match data_type {
            DataType::Null => {}
            DataType::Boolean => self.sized(length.div_ceil(8))?,
            DataType::Utf8 | DataType::Binary => self.offsets_and_values(length, 4)?,
            DataType::LargeUtf8 | DataType::LargeBinary => self.offsets_and_values(length, 8)?,
            DataType::FixedSizeBinary(width) => self.sized(product(length, *width)?)?,
            DataType::List(child) | DataType::Map(child, _) => {
                self.offsets(length, 4)?;
                self.array(child.data_type())?;
            }
            DataType::LargeList(child) => {
                self.offsets(length, 8)?;
                self.array(child.data_type())?;
            }
            DataType::ListView(child) => self.list_view(length, 4, child.data_type())?,
            DataType::LargeListView(child) => self.list_view(length, 8, child.data_type())?,
            DataType::FixedSizeList(child, width) => {
                let needed = product(length, *width)?;
                let values = self.array(child.data_type())?;
                ensure(needed <= values, || format!("{values} values for {length} lists of {width}"))?;
            }
            DataType::Struct(fields) => {
                for field in fields {
                    let child = self.array(field.data_type())?;
                    ensure(child == length, || format!("a child of {child} rows in a struct of {length}"))?;
                }
            }
            DataType::RunEndEncoded(run_ends, values) => {
                let ends = self.array(run_ends.data_type())?;
                let runs = self.array(values.data_type())?;
                ensure(ends == runs, || format!("{ends} ends for {runs} runs"))?;
                ensure(ends > 0 || length == 0, || format!("no runs for {length} rows"))?;
            }
            DataType::Dictionary(index, _) => self.primitive(length, index)?,
            DataType::Union(fields, mode) => {
                self.sized(length)?;
                if *mode == UnionMode::Dense {
                    self.aligned_offsets(length)?;
                }
                for (_, field) in fields.iter() {
                    let child = self.array(field.data_type())?;
                    let fits = *mode == UnionMode::Dense || child == length;
                    ensure(fits, || format!("a child of {child} rows in a sparse union of {length}"))?;
                }
            }
            primitive => self.primitive(length, primitive)?,
        }
        Ok(length)
    }

    /// Views come with as many data buffers as a list beside the buffers says.
    fn views(&mut self) -> Result<u64, Fault> {
        let count = self.variadic.next().and_then(|count| u64::try_from(count).ok());
        let count =
            count.ok_or_else(|| Fault::Damaged("a view column without a count of buffers".to_owned()))?;
        let (length, nulls) = self.node()?;
        self.validity(length, nulls)?;
        self.numbers(length, 16)?;
        // As many as there are: the loop ends with an error when the buffers do.
        for _ in 0..count {
            self.buffer()?;
        }
        Ok(length)
    }

    fn list_view(&mut self, length: u64, width: i32, child: &DataType) -> Result<(), Fault> {
        self.numbers(length, width)?;
        self.numbers(length, width)?;
        self.array(child).map(|_| ())
    }

    fn offsets_and_values(&mut self, length: u64, width: i32) -> Result<(), Fault> {
        self.offsets(length, width)?;
        self.buffer().map(|_| ())
    }

    /// One offset more than rows; none at all will do for no rows.
    fn offsets(&mut self, length: u64, width: i32) -> Result<(), Fault> {
        self.numbers(if length == 0 { 0 } else { length + 1 }, width).map(|_| ())
    }

    /// Arrow makes a slice of numbers of these before it has aligned them.
    fn aligned_offsets(&mut self, length: u64) -> Result<(), Fault> {
        let place = self.numbers(length, 4)?;
        ensure(self.codec.is_some() || place % 4 == 0, || "the offsets of a union are not aligned".to_owned())
    }

    fn primitive(&mut self, length: u64, data_type: &DataType) -> Result<(), Fault> {
        let width = data_type.primitive_width().and_then(|width| i32::try_from(width).ok());
        let width = width.ok_or_else(|| Fault::Damaged(format!("arrays of {data_type} are not known")))?;
        self.numbers(length, width).map(|_| ())
    }

    fn validity(&mut self, length: u64, nulls: u64) -> Result<(), Fault> {
        self.sized(if nulls == 0 { 0 } else { length.div_ceil(8) })
    }

    fn node(&mut self) -> Result<(u64, u64), Fault> {
        let node = self.nodes.next();
        let (length, nulls) =
            node.ok_or_else(|| Fault::Damaged("the batch has fewer arrays than its schema".to_owned()))?;
        let length = self.length(length)?;
        let nulls = u64::try_from(nulls).ok().filter(|nulls| *nulls <= length);
        let nulls = nulls.ok_or_else(|| Fault::Damaged("more nulls than rows".to_owned()))?;
        Ok((length, nulls))
    }

    fn length(&self, length: i64) -> Result<u64, Fault> {
        let checked = u64::try_from(length).ok().filter(|length| *length <= self.budget.length_max());
        checked.ok_or_else(|| Fault::Damaged(format!("{length} is not the length of an array")))
    }

    /// The next buffer, which must have at least `length` numbers of `width` bytes, and whole ones only:
    /// Arrow panics over a rest. Where it lies in the body.
    fn numbers(&mut self, length: u64, width: i32) -> Result<usize, Fault> {
        let needed = product(length, width)?;
        let (place, bytes) = self.buffer()?;
        let is_whole = width > 0 && bytes % u64::from(width.unsigned_abs()) == 0;
        ensure(needed <= bytes && is_whole, || {
            format!("a buffer of {bytes} bytes for {length} times {width}")
        })?;
        Ok(place)
    }

    /// The next buffer, which must have at least `needed` bytes once decompressed.
    fn sized(&mut self, needed: u64) -> Result<(), Fault> {
        let (_, bytes) = self.buffer()?;
        ensure(needed <= bytes, || format!("a buffer of {bytes} bytes where {needed} are needed"))
    }

    /// The next buffer: its place in the body, and how many bytes it has once decompressed.
    fn buffer(&mut self) -> Result<(usize, u64), Fault> {
        let buffer = self.buffers.next();
        let (offset, length) =
            buffer.ok_or_else(|| Fault::Damaged("the batch has fewer buffers than its schema".to_owned()))?;
        let range = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
        let stored = range
            .and_then(|(start, length)| self.body.get(start..start.checked_add(length)?))
            .ok_or_else(|| Fault::Damaged(format!("a buffer of {length} bytes at {offset} does not fit")))?;
        let bytes = match self.codec {
            Some(codec) if !stored.is_empty() => self.decompressed_bytes(codec, stored)?,
            _ => stored.len() as u64,
        };
        self.budget.take_bytes(bytes)?;
        Ok((range.map_or(0, |(start, _)| start), bytes))
    }

    /// What a compressed buffer says about its size, made sure of where Arrow does not.
    fn decompressed_bytes(&self, codec: CompressionType, stored: &[u8]) -> Result<u64, Fault> {
        let Some((stated, compressed)) = stored.split_first_chunk::<8>() else {
            return Err(Fault::Damaged("a compressed buffer without its size".to_owned()));
        };
        match i64::from_le_bytes(*stated) {
            -1 => Ok(compressed.len() as u64),
            stated @ 0.. => {
                let stated = stated.unsigned_abs();
                let mut budget = *self.budget;
                budget.take_bytes(stated)?;
                if codec == CompressionType::LZ4_FRAME && stated > 0 {
                    measure_lz4(compressed, stated)?;
                }
                Ok(stated)
            }
            stated => Err(Fault::Damaged(format!("a buffer that says it has {stated} bytes"))),
        }
    }
}

/// Makes sure that an LZ4 frame has no more bytes than `stated`. Arrow before 60 reads all there are.
fn measure_lz4(frame: &[u8], stated: u64) -> Result<(), Fault> {
    let mut frame = std::io::Read::take(lz4_flex::frame::FrameDecoder::new(frame), stated.saturating_add(1));
    let measured = std::io::copy(&mut frame, &mut std::io::sink())
        .map_err(|error| Fault::Damaged(format!("a buffer that is not an LZ4 frame: {error}")))?;
    ensure(measured == stated, || format!("an LZ4 frame that does not have the {stated} bytes it states"))
}

fn product(length: u64, width: i32) -> Result<u64, Fault> {
    let product = u64::try_from(width).ok().and_then(|width| length.checked_mul(width));
    product.ok_or_else(|| Fault::Damaged(format!("{length} values of {width} bytes")))
}
