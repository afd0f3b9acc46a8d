//! The core without the facade: two writers over a `BTreeMap` that stands for the store.
//!
//! Everything that the protocol decides is in the machines; what is left to their driver is this loop.
//! Somebody else's engine would perform the same requests against its own storage, with rows beside the
//! headers.
//!
//! ```sh
//! cargo run -p fencepost-fence --example fence_alone
//! ```

use fencepost_fence::{
    AppendEvent, CreateReply, Machine, Opened, Opening, OpeningEvent, Output, Params, ReadReply, Reply,
    Request, Tick, WriterCore, WriterEvent,
};
use fencepost_format::{EntryHeader, Epoch, Manifest, Nonce, Position, ShardId, Version};
use std::collections::BTreeMap;

/// Objects, created if absent and never changed.
#[derive(Default)]
struct Store {
    manifests: BTreeMap<Version, Manifest>,
    entries: BTreeMap<Position, EntryHeader>,
    requests: u64,
}

impl Store {
    fn perform(&mut self, request: Request) -> Reply {
        self.requests += 1;
        match request {
            Request::ListManifests { .. } => {
                let highest = self.manifests.keys().max().copied().unwrap_or(Version::NONE);
                Reply::Listed(ReadReply::Found(highest))
            }
            Request::ReadManifest { version, .. } => {
                Reply::Manifest(version, found(self.manifests.get(&version).cloned()))
            }
            Request::CreateManifest { manifest, .. } => {
                let version = manifest.version;
                Reply::ManifestCreated(version, create(&mut self.manifests, version, manifest))
            }
            Request::ReadEntry { at, .. } => Reply::Entry(at, found(self.entries.get(&at).copied())),
            // Nobody collects here, and nobody reads for a consumer.
            Request::ListBoundaries { .. } => Reply::Boundary(ReadReply::Absent),
            Request::ReadCursor { .. } => Reply::Cursor(ReadReply::Absent),
            Request::PeekEntry { at, .. } => {
                Reply::Peeked(at, found(self.entries.get(&at).copied().map(Some)))
            }
            Request::CreateEntry { entry, .. } => {
                let at = entry.position;
                Reply::EntryCreated(at, create(&mut self.entries, at, entry.header()))
            }
        }
    }
}

fn found<T>(object: Option<T>) -> ReadReply<T> {
    object.map_or(ReadReply::Absent, ReadReply::Found)
}

fn create<K: Ord, V>(objects: &mut BTreeMap<K, V>, name: K, object: V) -> CreateReply {
    match objects.entry(name) {
        std::collections::btree_map::Entry::Occupied(_) => CreateReply::Exists,
        std::collections::btree_map::Entry::Vacant(vacant) => {
            vacant.insert(object);
            CreateReply::Done
        }
    }
}

/// Claims, replays, fence entries and fills; then the epoch is open.
fn open(store: &mut Store, now: Tick, nonce: Nonce) -> Opened {
    let mut opening = Opening::new(Params::default(), now, ShardId::from_bytes([7; 16]), nonce, None);
    let mut epoch = Epoch::NONE;
    loop {
        let event = match opening.poll_output() {
            Output::Event(event) => event,
            Output::Request(request) => {
                opening.handle(now, store.perform(request));
                continue;
            }
            Output::Wait(_) => unreachable!("all requests are answered at once here"),
        };
        match event {
            OpeningEvent::Claimed { epoch: claimed, .. } => epoch = claimed,
            OpeningEvent::Replayed { header, deliver } => {
                let EntryHeader { position, kind, .. } = header;
                println!("epoch {epoch} replays {position} ({kind:?}, to be replayed: {deliver})");
            }
            OpeningEvent::Opened(opened) => return opened,
            other => panic!("nobody else is here: {other:?}"),
        }
    }
}

/// Appends once and tells what came of it.
fn append(store: &mut Store, now: Tick, writer: &mut WriterCore) {
    let epoch = writer.epoch();
    let Some(at) = writer.submit(now) else {
        println!("epoch {epoch} takes no more appends: {:?}", writer.stopped());
        return;
    };
    loop {
        let event = match writer.poll_output() {
            Output::Event(event) => event,
            Output::Request(request) => {
                writer.handle(now, store.perform(request));
                continue;
            }
            Output::Wait(_) => return,
        };
        match event {
            WriterEvent::Append(AppendEvent::Acknowledged { through }) => {
                println!("epoch {epoch} has {through}")
            }
            WriterEvent::Append(AppendEvent::Failed { stop, .. }) => {
                let definite = stop.is_definite(at);
                println!("epoch {epoch} is refused at {at}, for certain: {definite} ({stop:?})");
            }
            other => println!("epoch {epoch}: {other:?}"),
        }
    }
}

fn main() {
    let (mut store, now) = (Store::default(), Tick(0));

    let mut first = WriterCore::new(Params::default(), &open(&mut store, now, Nonce(1)));
    append(&mut store, now, &mut first);
    let before = store.requests;
    append(&mut store, now, &mut first);
    println!("an append takes {} request", store.requests - before);

    // Nobody asks the first writer.
    let opened = open(&mut store, now, Nonce(2));
    println!("epoch {} has its fence entry at {} and appends at {}", opened.epoch, opened.fence, opened.next);
    let mut second = WriterCore::new(Params::default(), &opened);
    append(&mut store, now, &mut first);
    append(&mut store, now, &mut second);
    append(&mut store, now, &mut first);
}
