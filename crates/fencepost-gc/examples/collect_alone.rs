//! Collects a log with the collector, the format and the store crates alone: what an engine with a log of its own would use.
//!
//! Run it with `cargo run -p fencepost-gc --example collect_alone [STORE]`; the store is a directory or URL, by default one in
//! memory.

use fencepost_format::{
    EntryKind, Epoch, Manifest, Nonce, Position, ShardId, ShardPaths, Version, encode_marker,
};
use fencepost_gc::exec::{CollectOptions, collect};
use fencepost_gc::{CollectEvent, Mode, Verdict};
use fencepost_store::{LogStore, StoreOptions};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let location = std::env::args().nth(1).unwrap_or_else(|| "memory://collect-alone".to_owned());
    let store = LogStore::open(&location, StoreOptions::new())?;
    let shard = ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").expect("a well-formed id");
    let paths = ShardPaths::new("orders", shard);
    write_a_log(&store, &paths).await?;

    // A dry run tells about every object what would become of it, and why.
    let options = CollectOptions::new();
    let dry = collect(&store, &paths, &options.clone().with_mode(Mode::PlanOnly), |_| {}).await?;
    for (object, verdict) in &dry.plan.verdicts {
        match verdict {
            Verdict::Delete => println!("{object}: may go."),
            Verdict::Keep(reason) => println!("{object}: stays. {reason}"),
        }
    }

    let collected = collect(&store, &paths, &options, |event| {
        if let CollectEvent::Progress(progress) = event {
            println!("{progress:?}");
        }
    });
    let collected = collected.await?;
    println!("{:?}", collected.report);
    println!("{:?} in {:?}", collected.requests, collected.elapsed);
    Ok(())
}

/// Three writers, of which the first did not close: hence the post at 2, and fillers above it (the protocol has 63 of them).
async fn write_a_log(store: &LogStore, paths: &ShardPaths) -> Result<(), Box<dyn Error>> {
    use EntryKind::{Close, Filler, Handover, Post};
    let log = [(1, Handover), (2, Post), (2, Filler), (2, Filler), (2, Close), (3, Handover), (3, Close)];
    for (at, (epoch, kind)) in (1..).zip(log) {
        let at = Position::new(at);
        let entry = encode_marker(kind, at, Epoch::new(epoch), Nonce(epoch.into()));
        store.put_new(paths.entry(at), entry.into()).await?;
    }
    let manifest = Manifest {
        version: Version::FIRST,
        writer_epoch: Epoch::new(3),
        replay_after: Position::new(6),
        last_seen: Position::new(7),
        nonce: Some(Nonce(1)),
        ..Manifest::initial(paths.shard())
    };
    store.put_new(paths.manifest(manifest.version), manifest.encode().into()).await?;
    Ok(())
}
