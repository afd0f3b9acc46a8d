//! Where the buffers of a batch stand in its message, for columns whose buffers can be sent as they are.
//!
//! Arrow's own writer copies every column into one body. What is large is shared here instead: an append of some
//! megabytes costs their checksum and no copy. The bytes are those that Arrow's writer makes.
// F-4.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    BinaryType, BinaryViewType, ByteArrayType, ByteViewType, LargeBinaryType, LargeUtf8Type, StringViewType,
    Utf8Type,
};
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, RecordBatch};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_ipc::{FieldNode, MessageBuilder, MessageHeader, MetadataVersion, RecordBatchBuilder};
use arrow_schema::DataType;
use flatbuffers::FlatBufferBuilder;

use super::ALIGNMENT;

/// The buffers of a batch in the order of its message, and what the message says about them.
#[derive(Debug, Default)]
pub(super) struct Layout {
    rows: u64,
    nodes: Vec<FieldNode>,
    places: Vec<arrow_ipc::Buffer>,
    /// As many data buffers as each column of views has.
    variadic: Vec<i64>,
    buffers: Vec<Buffer>,
    body_bytes: usize,
}

/// Whether a [`Layout`] can be made of columns of this type.
///
/// The others are left to Arrow: dictionaries have messages of their own, and the rest is seldom large.
pub(super) fn is_laid_out(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean
        | DataType::FixedSizeBinary(_)
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::Utf8View
        | DataType::BinaryView => true,
        DataType::List(child) | DataType::LargeList(child) | DataType::FixedSizeList(child, _) => {
            is_laid_out(child.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|field| is_laid_out(field.data_type())),
        other => other.is_primitive(),
    }
}

impl Layout {
    /// Of a batch whose columns are all [of such types](is_laid_out).
    pub(super) fn of(batch: &RecordBatch) -> Self {
        let mut layout = Self { rows: batch.num_rows() as u64, ..Self::default() };
        batch.columns().iter().for_each(|column| layout.array(column));
        layout
    }

    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// How long the body is, padding included.
    pub(super) const fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// The buffers in order. Each is padded to the [`ALIGNMENT`].
    pub(super) fn into_buffers(self) -> Vec<Buffer> {
        self.buffers
    }

    /// The message that describes them, without its frame.
    pub(super) fn message(&self) -> Vec<u8> {
        let room = 256 + size_of_val(&*self.nodes) + size_of_val(&*self.places);
        let mut builder = FlatBufferBuilder::with_capacity(room);
        let places = builder.create_vector(&self.places);
        let nodes = builder.create_vector(&self.nodes);
        let variadic = (!self.variadic.is_empty()).then(|| builder.create_vector(&self.variadic));
        let mut batch = RecordBatchBuilder::new(&mut builder);
        batch.add_length(self.rows.cast_signed());
        batch.add_nodes(nodes);
        batch.add_buffers(places);
        if let Some(variadic) = variadic {
            batch.add_variadicBufferCounts(variadic);
        }
        let batch = batch.finish().as_union_value();
        let mut message = MessageBuilder::new(&mut builder);
        message.add_version(MetadataVersion::V5);
        message.add_header_type(MessageHeader::RecordBatch);
        message.add_bodyLength(self.body_bytes as i64);
        message.add_header(batch);
        let message = message.finish();
        builder.finish(message, None);
        builder.finished_data().to_vec()
    }

    fn array(&mut self, array: &ArrayRef) {
        self.nodes.push(FieldNode::new(array.len() as i64, array.null_count() as i64));
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        self.buffer(nulls.map_or_else(Buffer::default, |nulls| nulls.inner().sliced()));
        match array.data_type() {
            DataType::Boolean => self.buffer(array.as_boolean().values().sliced()),
            DataType::FixedSizeBinary(width) => self.fixed(array, usize::try_from(*width).unwrap_or(0)),
            DataType::Utf8 => self.bytes::<Utf8Type>(array),
            DataType::LargeUtf8 => self.bytes::<LargeUtf8Type>(array),
            DataType::Binary => self.bytes::<BinaryType>(array),
            DataType::LargeBinary => self.bytes::<LargeBinaryType>(array),
            DataType::Utf8View => self.views::<StringViewType>(array),
            DataType::BinaryView => self.views::<BinaryViewType>(array),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                self.list(list.offsets(), list.values());
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                self.list(list.offsets(), list.values());
            }
            DataType::FixedSizeList(_, width) => {
                let values = array.as_fixed_size_list().values();
                self.array(&values.slice(0, array.len() * usize::try_from(*width).unwrap_or(0)));
            }
            DataType::Struct(_) => array.as_struct().columns().iter().for_each(|child| self.array(child)),
            primitive => self.fixed(array, primitive.primitive_width().expect("the rest is primitive")),
        }
    }

    /// Values that each have `width` bytes.
    fn fixed(&mut self, array: &ArrayRef, width: usize) {
        let data = array.to_data();
        self.buffer(data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width));
    }

    fn bytes<T: ByteArrayType>(&mut self, array: &ArrayRef) {
        let array = array.as_bytes::<T>();
        let (from, bytes) = self.offsets(array.offsets());
        self.buffer(array.values().slice_with_length(from, bytes));
    }

    fn views<T: ByteViewType>(&mut self, array: &ArrayRef) {
        let array = array.as_byte_view::<T>();
        self.variadic.push(array.data_buffers().len() as i64);
        self.buffer(array.views().inner().clone());
        array.data_buffers().iter().for_each(|buffer| self.buffer(buffer.clone()));
    }

    fn list<O: OffsetSizeTrait>(&mut self, offsets: &OffsetBuffer<O>, values: &ArrayRef) {
        let (from, length) = self.offsets(offsets);
        self.array(&values.slice(from, length));
    }

    /// Offsets that begin at 0, as they are to be written. Where the values begin, and how many they are.
    fn offsets<O: OffsetSizeTrait>(&mut self, offsets: &OffsetBuffer<O>) -> (usize, usize) {
        let (from, to) = (offsets[0], offsets[offsets.len() - 1]);
        self.buffer(if from == O::zero() {
            offsets.inner().inner().clone()
        } else {
            offsets.iter().map(|offset| *offset - from).collect()
        });
        (from.as_usize(), (to - from).as_usize())
    }

    fn buffer(&mut self, buffer: Buffer) {
        self.places.push(arrow_ipc::Buffer::new(self.body_bytes as i64, buffer.len() as i64));
        self.body_bytes += buffer.len().next_multiple_of(ALIGNMENT);
        self.buffers.push(buffer);
    }
}
