//! The one layout that batches of records have.
//!
//! ```text
//!  message prefix and header, 320 bytes │ body, a multiple of 64 bytes
//!                                       │ timestamp: validity, numbers
//!                                       │ key: validity, offsets (i32), bytes
//!                                       │ value: offsets (i64), bytes             each padded to 8 bytes
//! ```
//!
//! The header is a flatbuffer, Arrow's `Message` with a `RecordBatch` in it, laid out once and for all: only
//! numbers differ from batch to batch, and they are always at the same places. So a header is known by comparing it
//! with the one that would be written for the same numbers.
// F-30.

use std::ops::Range;
use std::sync::LazyLock;

use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions, write_message};
use bytes::Bytes;

use super::{Record, records_schema};
use crate::Epoch;
use crate::entry::metadata::{WRITER_EPOCH, stored_schema};
use crate::trailer::END_OF_STREAM;

/// The numbers of one batch, from which the place of everything follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: u64,
    timestamp_nulls: u64,
    key_nulls: u64,
    key_bytes: u64,
    pub(super) value_bytes: u64,
}

impl Layout {
    /// Those of `records`; `None` if offsets of 32 bits cannot reach the keys.
    pub(super) fn of(records: &[Record]) -> Option<Self> {
        let mut layout = Self {
            rows: records.len() as u64,
            timestamp_nulls: 0,
            key_nulls: 0,
            key_bytes: 0,
            value_bytes: 0,
        };
        for record in records {
            layout.timestamp_nulls += u64::from(record.timestamp_us.is_none());
            layout.key_nulls += u64::from(record.key.is_none());
            layout.key_bytes += record.key.as_ref().map_or(0, |key| key.len() as u64);
            layout.value_bytes += record.value.len() as u64;
        }
        layout.is_sound().then_some(layout)
    }

    /// Whether sums of the numbers are numbers, and offsets reach everything.
    const fn is_sound(&self) -> bool {
        self.key_bytes <= i32::MAX as u64
            && self.value_bytes <= SUM_MAX
            && self.rows <= SUM_MAX
            && self.timestamp_nulls <= self.rows
            && self.key_nulls <= self.rows
    }

    /// Where each buffer lies in the body, and how long it is, in Arrow's order.
    const fn buffers(&self) -> [(u64, u64); 8] {
        let validity = self.rows.div_ceil(8);
        let lengths = [
            validity,
            8 * self.rows,
            validity,
            4 * (self.rows + 1),
            self.key_bytes,
            0, // Values are never null.
            8 * (self.rows + 1),
            self.value_bytes,
        ];
        let mut buffers = [(0, 0); 8];
        let (mut at, mut index) = (0, 0);
        while index < lengths.len() {
            buffers[index] = (at, lengths[index]);
            at += lengths[index].next_multiple_of(BUFFER_ALIGNMENT);
            index += 1;
        }
        buffers
    }

    /// Where in the body the values begin.
    pub(super) const fn value_from(&self) -> u64 {
        self.buffers()[VALUE_BYTES].0
    }

    pub(super) const fn body_bytes(&self) -> u64 {
        (self.value_from() + self.value_bytes).next_multiple_of(MESSAGE_ALIGNMENT as u64)
    }

    /// What follows the values.
    pub(super) const fn padding_bytes(&self) -> usize {
        (self.body_bytes() - self.value_from() - self.value_bytes) as usize
    }

    pub(super) fn header(&self) -> [u8; HEADER_BYTES] {
        let mut header = TEMPLATE;
        put(&mut header, BODY_LENGTH, self.body_bytes());
        put(&mut header, ROWS, self.rows);
        let nodes = [(self.rows, self.timestamp_nulls), (self.rows, self.key_nulls), (self.rows, 0)];
        for (index, (length, nulls)) in nodes.into_iter().enumerate() {
            put(&mut header, NODES + 16 * index, length);
            put(&mut header, NODES + 16 * index + 8, nulls);
        }
        for (index, (offset, length)) in self.buffers().into_iter().enumerate() {
            put(&mut header, BUFFERS + 16 * index, offset);
            put(&mut header, BUFFERS + 16 * index + 8, length);
        }
        header
    }

    /// The layout that `header` tells, if it is the header of one.
    fn of_header(header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let layout = Self {
            rows: number(header, ROWS),
            timestamp_nulls: number(header, NODES + 8),
            key_nulls: number(header, NODES + 16 + 8),
            key_bytes: number(header, BUFFERS + 16 * KEY_BYTES + 8),
            value_bytes: number(header, BUFFERS + 16 * VALUE_BYTES + 8),
        };
        (layout.is_sound() && layout.header() == *header).then_some(layout)
    }

    /// Writes everything of the body that precedes the values.
    pub(super) fn columns(&self, records: &[Record], out: &mut Vec<u8>) {
        let begin = out.len();
        validity(records, |record| record.timestamp_us.is_some(), out);
        records.iter().for_each(|record| out.extend(record.timestamp_us.unwrap_or(0).to_le_bytes()));
        validity(records, |record| record.key.is_some(), out);
        let mut end = 0_u32;
        out.extend(end.to_le_bytes());
        for record in records {
            // The sum was found to be an i32.
            end += record.key.as_ref().map_or(0, |key| key.len() as u32);
            out.extend(end.to_le_bytes());
        }
        pad(begin, out);
        records.iter().filter_map(|record| record.key.as_ref()).for_each(|key| out.extend_from_slice(key));
        pad(begin, out);
        let mut end = 0_u64;
        out.extend(end.to_le_bytes());
        for record in records {
            end += record.value.len() as u64;
            out.extend(end.to_le_bytes());
        }
        assert_eq!(
            (out.len() - begin) as u64,
            self.value_from(),
            "the columns fill the place before the values"
        );
    }

    /// Adds the records of `body` to `records`. `None` if offsets go backwards, or not to the end.
    pub(super) fn records(&self, body: &Bytes, records: &mut Vec<Record>) -> Option<()> {
        let buffer = |index: usize| {
            let (offset, length) = self.buffers()[index];
            let offset = usize::try_from(offset).ok()?;
            Some(body.slice(offset..offset + usize::try_from(length).ok()?))
        };
        let [is_timed, timestamps, is_keyed, key_ends] = [buffer(0)?, buffer(1)?, buffer(2)?, buffer(3)?];
        let [keys, value_ends, values] = [buffer(KEY_BYTES)?, buffer(6)?, buffer(VALUE_BYTES)?];
        let (mut key_end, mut value_end) = (int(&key_ends, 0)?, place(&value_ends, 0)?);
        if (key_end, value_end) != (0, 0) {
            return None;
        }
        for row in 0..usize::try_from(self.rows).ok()? {
            let key = key_end..int(&key_ends, row + 1)?;
            let value = value_end..place(&value_ends, row + 1)?;
            (key_end, value_end) = (key.end, value.end);
            if key.start > key.end
                || key.end > keys.len()
                || value.start > value.end
                || value.end > values.len()
            {
                return None;
            }
            records.push(Record {
                value: values.slice(value),
                key: bit(&is_keyed, row).then(|| keys.slice(key)),
                timestamp_us: bit(&is_timed, row).then_some(long(&timestamps, row)?.cast_signed()),
            });
        }
        Some(())
    }
}

/// What stands at a place of a stream of records.
pub(super) enum Next {
    Batch {
        layout: Layout,
        /// Where its body lies in the stream.
        body: Range<usize>,
        end: usize,
    },
    /// The stream ends here, as it should.
    End,
}

/// What stands at `at`; `None` if it is nothing that this layout has.
pub(super) fn next(stream: &[u8], at: usize) -> Option<Next> {
    let rest = stream.get(at..)?;
    if rest == END_OF_STREAM {
        return Some(Next::End);
    }
    let layout = Layout::of_header(rest.first_chunk::<HEADER_BYTES>()?)?;
    let start = at + HEADER_BYTES;
    let end = start.checked_add(usize::try_from(layout.body_bytes()).ok()?)?;
    (end <= stream.len()).then_some(Next::Batch { layout, body: start..end, end })
}

/// The schema message of an entry of records.
pub(in crate::entry) struct SchemaMessage([u8; SCHEMA_BYTES_MAX], usize);

impl SchemaMessage {
    pub(in crate::entry) fn as_slice(&self) -> &[u8] {
        &self.0[..self.1]
    }

    pub(super) const fn len(&self) -> usize {
        self.1
    }

    /// Where the stream goes on after it, if it begins with it.
    pub(super) fn is_prefix_of(&self, stream: &[u8]) -> Option<usize> {
        stream.starts_with(self.as_slice()).then_some(self.1)
    }
}

/// The schema message of records that `epoch` writes: Arrow's, but for the digits.
pub(in crate::entry) fn schema_message(epoch: Epoch) -> SchemaMessage {
    static TEMPLATE: LazyLock<(SchemaMessage, usize)> = LazyLock::new(|| {
        // The largest number there is makes room for all.
        let digits = u64::MAX.to_string();
        let mut schema = stored_schema(&records_schema(), Epoch::FIRST);
        schema.metadata.insert(WRITER_EPOCH.to_owned(), digits.clone());
        let options = IpcWriteOptions::default();
        let mut dictionaries = DictionaryTracker::new(false);
        let message = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            &schema,
            &mut dictionaries,
            &options,
        );
        let mut bytes = Vec::new();
        write_message(&mut bytes, message, &options).expect("writing to a Vec does not fail");
        let at = bytes.windows(digits.len()).position(|window| window == digits.as_bytes());
        let mut template = SchemaMessage([0; SCHEMA_BYTES_MAX], bytes.len());
        template.0[..bytes.len()].copy_from_slice(&bytes);
        (template, at.expect("the schema has the epoch's digits"))
    });
    let (SchemaMessage(bytes, length), at) = &*TEMPLATE;
    let mut message = SchemaMessage(*bytes, *length);
    // A string of a flatbuffer: its length in four bytes, the text, and a zero.
    let mut digits = [0; DIGITS_MAX];
    let mut number = epoch.get();
    let mut first = DIGITS_MAX;
    while number > 0 || first == DIGITS_MAX {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let text = &digits[first..];
    message.0[at - 4..*at].copy_from_slice(&(text.len() as u32).to_le_bytes());
    message.0[*at..at + DIGITS_MAX].fill(0);
    message.0[*at..at + text.len()].copy_from_slice(text);
    message
}

fn validity(records: &[Record], is_there: impl Fn(&Record) -> bool, out: &mut Vec<u8>) {
    let begin = out.len();
    for eight in records.chunks(8) {
        let bits = eight.iter().enumerate().map(|(bit, record)| u8::from(is_there(record)) << bit);
        out.push(bits.sum());
    }
    pad(begin, out);
}

/// Fills up to the next multiple of the alignment, counted from `begin`.
fn pad(begin: usize, out: &mut Vec<u8>) {
    let length = (out.len() - begin).next_multiple_of(BUFFER_ALIGNMENT as usize);
    out.resize(begin + length, 0);
}

fn put(header: &mut [u8; HEADER_BYTES], at: usize, number: u64) {
    header[at..at + 8].copy_from_slice(&number.to_le_bytes());
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u64 {
    long(header, at / 8).unwrap_or(0)
}

fn int(numbers: &[u8], index: usize) -> Option<usize> {
    let number = numbers.get(4 * index..)?.first_chunk()?;
    usize::try_from(i32::from_le_bytes(*number)).ok()
}

fn place(numbers: &[u8], index: usize) -> Option<usize> {
    usize::try_from(long(numbers, index)?).ok()
}

fn long(numbers: &[u8], index: usize) -> Option<u64> {
    let number = numbers.get(8 * index..)?.first_chunk()?;
    Some(u64::from_le_bytes(*number))
}

fn bit(bits: &[u8], index: usize) -> bool {
    bits.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

/// A header whose numbers are all 0.
///
/// A flatbuffer is read from its root: a reference says how far on its target is, and a table begins with how far
/// back its list of fields is, which says where in the table each field stands. Numbers of eight bytes stand at
/// multiples of eight.
const TEMPLATE: [u8; HEADER_BYTES] = {
    let mut out = [0; HEADER_BYTES];
    let words: [(usize, u32); 17] = [
        (0, 0xffff_ffff),             // the continuation marker
        (4, HEADER_BYTES as u32 - 8), // the length of the flatbuffer
        (PREFIX, 16),                 // the root is the message, at 16
        (PREFIX + 4, 12 | 24 << 16),  // the message's fields: a list of 12 bytes, a table of 24
        (PREFIX + 8, 16 | 18 << 16),  // the version at 16, the kind of header at 18,
        (PREFIX + 12, 4 | 8 << 16),   // the header at 4, the body's length at 8
        (PREFIX + 16, 12),            // the message; its list of fields is 12 back
        (PREFIX + 20, 36),            // the header is the batch, 36 on, at 56
        (PREFIX + 32, 4 | 3 << 16),   // version V5; a record batch
        (PREFIX + 40, 10 | 20 << 16), // the batch's fields: a list of 10 bytes, a table of 20
        (PREFIX + 44, 8 | 4 << 16),   // the rows at 8, the nodes at 4,
        (PREFIX + 48, 16),            // the buffers at 16
        (PREFIX + 56, 16),            // the batch; its list of fields is 16 back
        (PREFIX + 60, 16),            // the nodes are 16 on, at 76
        (PREFIX + 72, 60),            // the buffers are 60 on, at 132
        (PREFIX + 76, 3),             // three nodes
        (PREFIX + 132, 8),            // eight buffers
    ];
    let mut index = 0;
    while index < words.len() {
        let (at, word) = words[index];
        let bytes = word.to_le_bytes();
        let mut byte = 0;
        while byte < 4 {
            out[at + byte] = bytes[byte];
            byte += 1;
        }
        index += 1;
    }
    out
};

/// The marker and the length before a flatbuffer.
const PREFIX: usize = 8;
const BODY_LENGTH: usize = PREFIX + 24;
const ROWS: usize = PREFIX + 64;
/// For each column, its length and its nulls.
const NODES: usize = PREFIX + 80;
/// For each buffer, its place and its length.
const BUFFERS: usize = PREFIX + 136;
pub(super) const HEADER_BYTES: usize = 320;
const _: () = assert!(BUFFERS + 8 * 16 <= HEADER_BYTES && HEADER_BYTES.is_multiple_of(MESSAGE_ALIGNMENT));

/// Among the buffers.
const KEY_BYTES: usize = 4;
const VALUE_BYTES: usize = 7;

const BUFFER_ALIGNMENT: u64 = 8;
pub(super) const MESSAGE_ALIGNMENT: usize = 64;
/// Above what an object can have, and small enough that sums of a few stay numbers.
const SUM_MAX: u64 = 1 << 56;
const SCHEMA_BYTES_MAX: usize = 768;
const DIGITS_MAX: usize = 20;
