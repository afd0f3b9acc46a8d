//! Encoding and decoding, against a copy of the same bytes.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fencepost_bench::batch;
use fencepost_format::{
    DecodeLimits, EncodedBatches, Entry, Epoch, Nonce, Position, Record, SoundEntry, assemble_entry,
    decode_header,
};
use std::hint::black_box;

fn codec(criterion: &mut Criterion) {
    let (at, epoch, nonce) = (Position::FIRST, Epoch::FIRST, Nonce(7));
    let mut group = criterion.benchmark_group("codec");
    for rows in [1, 1_024, 65_536] {
        let batches = [batch(rows)];
        let encoded = EncodedBatches::encode(&batches).expect("plain columns");
        let chunks = assemble_entry(at, epoch, nonce, std::slice::from_ref(&encoded)).expect("one group");
        let bytes: bytes::Bytes = chunks.concat().into();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("encode", rows), |bencher| {
            bencher.iter(|| EncodedBatches::encode(black_box(&batches)));
        });
        group.bench_function(BenchmarkId::new("seal", rows), |bencher| {
            bencher.iter(|| assemble_entry(at, epoch, nonce, std::slice::from_ref(black_box(&encoded))));
        });
        group.bench_function(BenchmarkId::new("header", rows), |bencher| {
            bencher.iter(|| decode_header("entry", at, black_box(&bytes), DecodeLimits::DEFAULT));
        });
        group.bench_function(BenchmarkId::new("decode", rows), |bencher| {
            bencher.iter(|| Entry::decode("entry", at, black_box(&bytes), DecodeLimits::DEFAULT));
        });
        group.bench_function(BenchmarkId::new("copy", rows), |bencher| {
            bencher.iter(|| black_box(&bytes).to_vec())
        });
    }
    group.finish();
}

/// Records, against the least that a log of bytes must do for them: a length in front and a checksum over all.
fn records(criterion: &mut Criterion) {
    let (at, epoch, nonce) = (Position::FIRST, Epoch::FIRST, Nonce(7));
    let mut group = criterion.benchmark_group("records");
    for (count, bytes) in [(1, 4 << 10), (64, 4 << 10), (1, 1 << 20)] {
        let records: Vec<_> = (0..count).map(|at| Record::new(vec![at as u8; bytes])).collect();
        let id = format!("{count} of {} KiB", bytes >> 10);
        let entry = || {
            let encoded = EncodedBatches::encode_records(black_box(&records)).expect("they are small");
            assemble_entry(at, epoch, nonce, &[encoded]).expect("one group")
        };
        let object: bytes::Bytes = entry().concat().into();
        group.throughput(Throughput::Bytes((count * bytes) as u64));
        group.bench_function(BenchmarkId::new("frame and checksum", &id), |bencher| {
            bencher.iter(|| {
                let mut frames = Vec::with_capacity(records.len());
                for Record { value, .. } in black_box(&records) {
                    let frame = [value.len() as u64, u64::from(crc32c::crc32c(value))];
                    frames.push((frame, value.clone()));
                }
                frames
            });
        });
        group.bench_function(BenchmarkId::new("write", &id), |bencher| bencher.iter(entry));
        group.bench_function(BenchmarkId::new("read", &id), |bencher| {
            bencher.iter(|| {
                let object = black_box(&object).clone();
                let sound = SoundEntry::check("entry", at, object, DecodeLimits::DEFAULT).expect("sound");
                sound.decode_records().expect("records")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, codec, records);
criterion_main!(benches);
