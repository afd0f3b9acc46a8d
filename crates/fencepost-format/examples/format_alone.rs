//! The format by itself, without a store: writes a small log into a map, then reads it as a collector and as
//! a reader would.
//!
//! `cargo run -p fencepost-format --example format_alone`

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use fencepost_format::{
    DecodeLimits, EncodedBatches, Entry, EntryKind, EntryTail, Epoch, Manifest, Nonce, Position, ShardId,
    ShardPaths, TRAILER_BYTES, Version, assemble_entry, encode_marker, parse_entry_name,
};

fn main() -> Result<(), Box<dyn Error>> {
    let shard = ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").ok_or("not a shard id")?;
    let paths = ShardPaths::new("orders.lance", shard);
    let mut store = BTreeMap::new();

    // A claim: the manifest's next version, with a nonce by which it is known again.
    let initial = Manifest::initial(shard);
    let claim = Manifest {
        version: initial.version.next(),
        writer_epoch: initial.writer_epoch.next(),
        nonce: Some(Nonce(0x5eed)),
        ..initial
    };
    store.insert(paths.manifest(claim.version), claim.encode());

    // Every epoch begins with a fence entry; this one had no predecessor.
    let (epoch, nonce) = (claim.writer_epoch, Nonce(0xcafe));
    let first = Position::FIRST;
    store.insert(paths.entry(first), encode_marker(EntryKind::CleanFence, first, epoch, nonce));

    // Two callers' rows, encoded apart, in one entry.
    let groups = [EncodedBatches::encode(&[orders(&[1, 2])?])?, EncodedBatches::encode(&[orders(&[3])?])?];
    let second = first.next();
    let object = assemble_entry(second, epoch, nonce, &groups)?.concat();
    store.insert(paths.entry(second), Bytes::from(object));

    let manifest = Manifest::decode("manifest", Version::FIRST, &store[&paths.manifest(Version::FIRST)])?;
    println!(
        "epoch {} owns the shard, replay begins at {}",
        manifest.writer_epoch,
        manifest.replay_after.next()
    );
    // A listing is in the order of names, which is not that of the log.
    let position = |path: &String| path.rsplit('/').next().and_then(parse_entry_name);
    let listed: BTreeMap<_, _> = store.keys().filter_map(|path| Some((position(path)?, path))).collect();
    for (position, path) in listed {
        look_as_a_collector_does(path, position, &store[path])?;
        look_as_a_reader_does(path, position, &store[path], epoch)?;
    }
    Ok(())
}

/// 64 bytes tell what the entry is for; no row is read.
fn look_as_a_collector_does(path: &str, position: Position, object: &Bytes) -> Result<(), Box<dyn Error>> {
    let tail = &object[object.len() - TRAILER_BYTES..];
    match EntryTail::decode(path, tail, object.len() as u64, position)? {
        EntryTail::Ours(trailer) => println!("{position}: {:?} of epoch {}", trailer.kind, trailer.epoch),
        EntryTail::Lances => println!("{position}: by Lance, its first bytes tell more"),
    }
    Ok(())
}

fn look_as_a_reader_does(
    path: &str,
    position: Position,
    object: &Bytes,
    epoch: Epoch,
) -> Result<(), Box<dyn Error>> {
    let entry = Entry::decode(path, position, object, DecodeLimits::DEFAULT)?;
    assert_eq!(entry.header().epoch, epoch);
    for batch in entry.batches() {
        println!("   {} rows", batch.num_rows());
    }
    Ok(())
}

fn orders(ids: &[i64]) -> Result<RecordBatch, Box<dyn Error>> {
    let texts: StringArray = ids.iter().map(|id| Some(format!("order {id}"))).collect();
    let columns: [(&str, ArrayRef); 2] =
        [("id", Arc::new(Int64Array::from(ids.to_vec()))), ("text", Arc::new(texts))];
    Ok(RecordBatch::try_from_iter(columns)?)
}
