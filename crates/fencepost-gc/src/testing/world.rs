//! A shard in memory, and collections that run against it one request at a time.

use super::{cursor_documents, header};
use crate::{
    CollectEvent, CollectReply, CollectRequest, Collection, Inventory, Listed, Object, Part, SsTableFolder,
    StoreTime,
};
use fencepost_fence::{CreateReply, Machine, ReadReply, Reply, Request, Tick};
use fencepost_format::{
    CursorDocument, CursorName, EntryHeader, Epoch, Generation, Leash, Manifest, Nonce, OpeningRecord,
    Position, ReclaimEnd, ReclaimName, ReclaimPart, ShardId, SsTable, SsTableName, Version,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) entries: BTreeMap<Position, Option<EntryHeader>>,
    pub(crate) manifests: BTreeMap<Version, ManifestBody>,
    pub(crate) boundaries: BTreeMap<Position, BTreeSet<Position>>,
    pub(crate) cursors: BTreeSet<(CursorName, CursorDocument)>,
    /// The store's time, as an object tells that is written now.
    pub(crate) time: u64,
    pub(crate) leases: BTreeSet<Epoch>,
    /// Openers' records; those that cannot be understood are `None`.
    pub(crate) openings: BTreeMap<Epoch, Option<OpeningRecord>>,
    /// The generation that a version gives next, and the SSTables that it names; those that are missing here
    /// give 1 and name none.
    pub(crate) flushes: BTreeMap<Version, (u64, Vec<SsTableName>)>,
    pub(crate) sstables: BTreeMap<SsTableName, SsTableFolder>,
    /// The versions that are drains.
    pub(crate) drains: BTreeSet<Version>,
    /// The ends of reclaims.
    pub(crate) reclaims: BTreeMap<u64, ReclaimEnd>,
    /// Manifests that cannot be understood.
    pub(crate) damaged: BTreeSet<Version>,
    /// Objects whose deletion fails.
    pub(crate) stuck: BTreeSet<Object>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ManifestBody {
    pub(crate) epoch: u64,
    pub(crate) replay_after: u64,
    pub(crate) modified: u64,
    pub(crate) by_lance: bool,
}

impl World {
    /// A shard with these entries, and one manifest.
    pub(crate) fn new(entries: &str, epoch: u64, replay_after: u64) -> Self {
        let mut world = Self::default();
        for word in entries.split_whitespace() {
            let (at, what) = word.split_once(':').unwrap();
            let at = Position::new(at.parse().unwrap());
            world.entries.insert(at, (what != "?").then(|| header(at, what)));
        }
        world.manifest(1, ManifestBody { epoch, replay_after, modified: 0, by_lance: false });
        world
    }

    pub(crate) fn manifest(&mut self, version: u64, body: ManifestBody) {
        self.manifests.insert(Version::new(version), body);
    }

    /// What the manifest of this version says of flushes.
    pub(crate) fn flushes(&mut self, version: u64, next: u64, names: &[&str]) {
        let names = names.iter().map(|name| SsTableName::parse(name).unwrap());
        self.flushes.insert(Version::new(version), (next, names.collect()));
    }

    pub(crate) fn sstable(&mut self, name: &str, objects: u64, modified: u64) {
        let folder = SsTableFolder { objects, bytes: objects * 10, modified: StoreTime(modified) };
        self.sstables.insert(SsTableName::parse(name).unwrap(), folder);
    }

    /// A reclaim took this folder out, as of this version.
    pub(crate) fn reclaimed(&mut self, number: u64, name: &str, version: u64) {
        let (nonce, manifest) = (Nonce(number.into()), Version::new(version));
        let folders = [SsTableName::parse(name).unwrap()].into();
        self.reclaims.insert(number, ReclaimEnd { number, nonce, manifest, folders });
    }

    fn with_flushes(&self, mut manifest: Manifest) -> Manifest {
        if self.drains.contains(&manifest.version) {
            manifest.drain = Some(Nonce(5));
        }
        if let Some((next, names)) = self.flushes.get(&manifest.version) {
            manifest.current_generation = Generation(*next);
            let sstable = |name: &SsTableName| SsTable {
                generation: name.generation,
                path: name.to_string(),
                ..SsTable::default()
            };
            manifest.sstables = names.iter().map(sstable).collect();
        }
        manifest
    }

    /// A cursor that was made at the beginning and stands at `at` now.
    pub(crate) fn cursor(&mut self, name: &str, at: u64) {
        let name = CursorName::parse(name).unwrap();
        self.cursors.retain(|(of, _)| *of != name);
        self.cursors.extend(cursor_documents(at).map(|document| (name.clone(), document)));
    }

    /// A cursor with a leash that was made at `at` and stands there.
    pub(crate) fn leashed(&mut self, name: &str, at: u64, leash: Leash) {
        let (name, nonce) = (CursorName::parse(name).unwrap(), Nonce(1));
        let made = CursorDocument::Cursor(nonce, Position::new(at).into());
        let documents = [made, CursorDocument::Leash(nonce, leash), CursorDocument::Decision(nonce)];
        self.cursors.extend(documents.map(|document| (name.clone(), document)));
    }

    /// A record of `epoch` by the writer of all entries of this world.
    pub(crate) fn opening(&mut self, epoch: u64, replay_after: u64, fence: u64, kept: &[u64]) {
        let record = OpeningRecord {
            epoch: Epoch::new(epoch),
            nonce: Nonce(7),
            replay_after: Position::new(replay_after),
            fence: Position::new(fence),
            kept: kept.iter().map(|at| Position::new(*at)).collect(),
        };
        self.openings.insert(record.epoch, Some(record));
    }

    /// The positions that hold an entry.
    pub(crate) fn positions(&self) -> Vec<u64> {
        self.entries.keys().map(|at| at.get()).collect()
    }

    pub(crate) fn perform(&mut self, request: CollectRequest) -> CollectReply {
        match request {
            CollectRequest::Manifest(Request::ListManifests { .. }) => {
                let highest = self.manifests.last_key_value().map_or(Version::NONE, |(version, _)| *version);
                CollectReply::Manifest(Reply::Listed(ReadReply::Found(highest)))
            }
            CollectRequest::Manifest(Request::ReadManifest { version, .. }) => {
                let read = self.manifests.get(&version);
                let read = match read {
                    Some(_) if self.damaged.contains(&version) => ReadReply::Damaged,
                    Some(body) => ReadReply::Found(self.with_flushes(body.manifest(version))),
                    None => ReadReply::Absent,
                };
                CollectReply::Manifest(Reply::Manifest(version, read))
            }
            CollectRequest::Manifest(other) => panic!("a collection does not ask for {other:?}"),
            CollectRequest::List { part, .. } => {
                CollectReply::Listed(part, ReadReply::Found(self.list(part)))
            }
            CollectRequest::ReadBoundary { at, .. } => {
                let fences = self.boundaries.get(&at).cloned();
                CollectReply::Boundary(at, fences.map_or(ReadReply::Absent, ReadReply::Found))
            }
            CollectRequest::ReadOpening { epoch, .. } => CollectReply::Opening(
                epoch,
                match self.openings.get(&epoch) {
                    None => ReadReply::Absent,
                    Some(None) => ReadReply::Damaged,
                    Some(Some(record)) => ReadReply::Found(record.clone()),
                },
            ),
            CollectRequest::ReadHeader { at, .. } => CollectReply::Header(
                at,
                match self.entries.get(&at) {
                    None => ReadReply::Absent,
                    Some(None) => ReadReply::Damaged,
                    Some(Some(header)) => ReadReply::Found(*header),
                },
            ),
            CollectRequest::ListSsTable { name, .. } => {
                let folder = self.sstables.get(&name).copied();
                CollectReply::SsTable(name, folder.map_or(ReadReply::Absent, ReadReply::Found))
            }
            CollectRequest::ReadReclaim { number, .. } => {
                let end = self.reclaims.get(&number).cloned();
                CollectReply::Reclaim(number, end.map_or(ReadReply::Absent, ReadReply::Found))
            }
            CollectRequest::BreakCursor { name, nonce, .. } => {
                let is_new = self.cursors.insert((name.clone(), CursorDocument::Broken(nonce)));
                let reply = if is_new { CreateReply::Done } else { CreateReply::Exists };
                CollectReply::CursorBroken(name, nonce, reply)
            }
            CollectRequest::FindBreak { name, nonce, .. } => {
                let there = self.cursors.contains(&(name.clone(), CursorDocument::Broken(nonce)));
                CollectReply::BreakFound(
                    name,
                    nonce,
                    if there { ReadReply::Found(()) } else { ReadReply::Absent },
                )
            }
            CollectRequest::PublishBoundary { at, guarding_fences, .. } => {
                if self.boundaries.contains_key(&at) {
                    return CollectReply::Published(at, CreateReply::Exists);
                }
                self.boundaries.insert(at, guarding_fences.into_iter().collect());
                CollectReply::Published(at, CreateReply::Done)
            }
            CollectRequest::Stamp { .. } => CollectReply::Stamped(ReadReply::Found(StoreTime(self.time))),
            CollectRequest::Delete { batch, objects } => {
                let failed = objects.into_iter().filter(|object| !self.delete(object));
                CollectReply::Deleted {
                    batch,
                    failed: failed.map(|object| (object, "stuck".into())).collect(),
                }
            }
        }
    }

    fn list(&self, part: Part) -> Inventory {
        let mut inventory = Inventory::default();
        match part {
            Part::Entries => {
                let listed = Listed { bytes: 100, modified: StoreTime(0) };
                inventory.entries.extend(self.entries.keys().map(|at| (*at, listed)));
            }
            Part::Manifests => {
                let versions =
                    self.manifests.iter().map(|(version, body)| (*version, StoreTime(body.modified)));
                inventory.manifests.extend(versions);
            }
            Part::SsTables => inventory.sstables.extend(self.sstables.keys().map(|name| (*name, None))),
            Part::Documents => {
                for (name, document) in &self.cursors {
                    inventory.note_cursor_at(name.clone(), *document, StoreTime(0));
                }
                inventory.boundaries.extend(self.boundaries.keys().map(|at| (*at, StoreTime(0))));
                inventory.openings.extend(self.openings.keys());
                inventory.leases.extend(self.leases.iter().map(|epoch| (*epoch, StoreTime(0))));
                for number in self.reclaims.keys() {
                    for part in [ReclaimPart::Plan, ReclaimPart::End] {
                        inventory.note_reclaim(ReclaimName { number: *number, part }, StoreTime(0));
                    }
                }
            }
        }
        inventory
    }

    fn delete(&mut self, object: &Object) -> bool {
        if self.stuck.contains(object) {
            return false;
        }
        match object {
            Object::Entry(at) => drop(self.entries.remove(at)),
            Object::Manifest(version) => drop(self.manifests.remove(version)),
            Object::Boundary(at) => drop(self.boundaries.remove(at)),
            Object::Lease(epoch) => drop(self.leases.remove(epoch)),
            Object::Opening(epoch) => drop(self.openings.remove(epoch)),
            Object::SsTable(name) => drop(self.sstables.remove(name)),
            Object::Reclaim(name) => drop(self.reclaims.remove(&name.number)),
            other => panic!("there is no {other} here"),
        }
        true
    }
}

impl ManifestBody {
    fn manifest(self, version: Version) -> Manifest {
        Manifest {
            version,
            writer_epoch: Epoch::new(self.epoch),
            replay_after: Position::new(self.replay_after),
            last_seen: Position::new(self.replay_after),
            nonce: (!self.by_lance).then_some(Nonce(9)),
            ..Manifest::initial(ShardId::default())
        }
    }
}

/// Carries out the next request of a collection; `None` if there is none.
pub(crate) fn step(world: &mut World, collection: &mut Collection) -> Option<CollectRequest> {
    let request = collection.poll_request()?;
    let reply = world.perform(request.clone());
    collection.handle(Tick(0), reply);
    Some(request)
}

/// Runs a collection to its end and returns its requests and events.
pub(crate) fn run(
    world: &mut World,
    collection: &mut Collection,
) -> (Vec<CollectRequest>, Vec<CollectEvent>) {
    let (mut requests, mut events) = (Vec::new(), Vec::new());
    while let Some(request) = step(world, collection) {
        requests.push(request);
        events.extend(std::iter::from_fn(|| collection.poll_event()));
    }
    (requests, events)
}
