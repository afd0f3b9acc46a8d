//! What compression saves and costs.

use crate::load::{Rounds, median};
use crate::table::Table;
use arrow_array::{ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use fencepost_format::{
    BatchEncoder, Compression, DecodeLimits, Entry, Epoch, Nonce, Position, assemble_entry,
};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

pub(crate) fn section(rounds: Rounds) -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut table = Table::new(["rows", "codec", "bytes, of plain", "encode, MB/s", "decode, MB/s"]);
    for (name, batch) in kinds() {
        let plain = object(&batch, Compression::None).len() as f64;
        for (codec, compression) in
            [("none", Compression::None), ("lz4", Compression::Lz4), ("zstd", Compression::Zstd)]
        {
            let written = object(&batch, compression);
            let encode = median((0..rounds.rounds).map(|_| seconds(|| drop(object(&batch, compression)))));
            let decode = median((0..rounds.rounds).map(|_| {
                let read = || Entry::decode("entry", AT, &written, DecodeLimits::DEFAULT);
                seconds(|| drop(read().expect("it was just written")))
            }));
            let rate = |seconds: f64| format!("{:.0}", plain / 1e6 / seconds);
            let part = format!("{:.2}", written.len() as f64 / plain);
            table.row([name.to_owned(), codec.to_owned(), part, rate(encode), rate(decode)]);
        }
    }
    let _ = write!(text, "{table}");
    text
}

/// Batches of about a megabyte, from what is compressed well to what is not compressed at all.
fn kinds() -> [(&'static str, RecordBatch); 4] {
    let single = |column: ArrayRef| RecordBatch::try_from_iter([("column", column)]).expect("one column");
    let noise =
        |seed: i64| seed.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(29).wrapping_mul(0x1405_7b7e);
    let logs = StringArray::from_iter_values((0..12_000_i64).map(|id| {
        let (user, status) =
            (noise(id).rem_euclid(5_000), [200, 200, 200, 404, 500][id.rem_euclid(5) as usize]);
        format!("2026-01-01T00:00:00Z INFO http: GET /orders/{id} user={user} status={status}")
    }));
    let measures = Float64Array::from_iter_values(
        (0..128_000).map(|id| (f64::from(id) / 50.0).sin().mul_add(20.0, 15.0)),
    );
    let blob: Vec<u8> = (0..128_000_i64).flat_map(|id| noise(noise(id)).to_le_bytes()).collect();
    [
        ("log lines", single(Arc::new(logs))),
        (
            "growing numbers",
            single(Arc::new((0..128_000).map(|id| id * 3 + 1_000_000).collect::<Int64Array>())),
        ),
        ("measures", single(Arc::new(measures))),
        ("random bytes", single(Arc::new(BinaryArray::from_vec(blob.chunks(1_000).collect())))),
    ]
}

fn object(batch: &RecordBatch, compression: Compression) -> Bytes {
    let encoder = BatchEncoder::new(batch.schema()).expect("a plain schema").with_compression(compression);
    let encoded = encoder.encode(std::slice::from_ref(batch)).expect("plain columns");
    assemble_entry(AT, Epoch::FIRST, Nonce(7), &[encoded]).expect("one group").concat().into()
}

/// How long one call takes, of several.
pub(crate) fn seconds(call: impl Fn()) -> f64 {
    const CALLS: u32 = 8;
    let started = Instant::now();
    (0..CALLS).for_each(|_| call());
    started.elapsed().as_secs_f64() / f64::from(CALLS)
}

const INTRODUCTION: &str = "\
## Compression

Entries of about a megabyte, written by one thread and read by one. *MB/s* count the bytes of the plain entry. Plain
columns are read in place, so decoding them is little more than their checksum. LZ4 is for a link or a store that is
slower than it; Zstandard for logs that are kept. Neither helps where values do not repeat themselves.

";

const AT: Position = Position::FIRST;
