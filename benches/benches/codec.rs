//! Encoding and decoding, against a copy of the same bytes.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fencepost_bench::batch;
use fencepost_format::{
    DecodeLimits, EncodedBatches, Entry, Epoch, Nonce, Position, assemble_entry, decode_header,
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

criterion_group!(benches, codec);
criterion_main!(benches);
