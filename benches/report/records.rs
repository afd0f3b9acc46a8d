//! Records against the least that any log of bytes must do for them.

use crate::codecs::seconds;
use crate::load::{Rounds, median};
use crate::table::Table;
use bytes::Bytes;
use fencepost_format::{
    DecodeLimits, EncodedBatches, Epoch, Nonce, Position, Record, SoundEntry, assemble_entry,
};
use std::fmt::Write as _;
use std::hint::black_box;

pub(crate) fn section(rounds: Rounds) -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut table =
        Table::new(["records in an entry", "frame and checksum", "write", "of that", "read", "of that"]);
    for (count, bytes) in [(1, 4 << 10), (64, 4 << 10), (1, 1 << 20)] {
        let records: Vec<_> = (0..count).map(|_| Record::new(vec![7; bytes])).collect();
        let object: Bytes = write(&records).concat().into();
        let time = |call: &dyn Fn()| median((0..rounds.rounds).map(|_| seconds(call)));
        let least = time(&|| drop(black_box(frames(&records))));
        let written = time(&|| drop(black_box(write(&records))));
        let read = time(&|| drop(black_box(read(&object))));
        let micros = |seconds: f64| format!("{:.2} µs", seconds * 1e6);
        let of_that = |seconds: f64| format!("{:.2}", seconds / least);
        let size =
            if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) };
        let what = format!("{count} of {size}");
        table.row([what, micros(least), micros(written), of_that(written), micros(read), of_that(read)]);
    }
    let _ = write!(text, "{table}");
    text
}

/// A length and a checksum in front of each value, which is not copied.
fn frames(records: &[Record]) -> Vec<([u64; 2], Bytes)> {
    let frame = |value: &Bytes| [value.len() as u64, u64::from(crc32c::crc32c(value))];
    black_box(records).iter().map(|record| (frame(&record.value), record.value.clone())).collect()
}

fn write(records: &[Record]) -> Vec<Bytes> {
    let encoded = EncodedBatches::encode_records(black_box(records)).expect("they are small");
    assemble_entry(AT, Epoch::FIRST, Nonce(7), &[encoded]).expect("one group")
}

fn read(object: &Bytes) -> Vec<Record> {
    let object = black_box(object).clone();
    let sound = SoundEntry::check("entry", AT, object, DecodeLimits::DEFAULT).expect("it was just written");
    sound.decode_records().expect("records")
}

const AT: Position = Position::FIRST;

const INTRODUCTION: &str = "\
## Records

Processor time of [records](records.md), by one thread: written as an entry, and read back with every check. *Frame and
checksum* is the least that any log of bytes does: a length and a CRC-32C in front of each value. No value is copied,
neither there nor here.

";
