use super::*;
use fencepost_fence::CreateReply;
use fencepost_format::{Epoch, Generation, MemWalDetails, SsTable, TableManifest, TableWriter, Version};

const NOW: Tick = Tick(0);

fn shard() -> ShardId {
    ShardId::from_bytes([7; 16])
}

fn name(generation: u64) -> SsTableName {
    SsTableName { generation: Generation(generation), hash: 1 }
}

fn names(generations: &[u64]) -> BTreeSet<SsTableName> {
    generations.iter().map(|generation| name(*generation)).collect()
}

/// A table whose versions have the shard compacted to these generations; the last is the latest.
fn table(compacted: &[u64]) -> TableHistory {
    let version = |(version, compacted): (u64, &u64)| {
        let (mut table, mut mem_wal, mut writer) =
            (TableManifest::default(), MemWalDetails::default(), TableWriter::default());
        mem_wal.compacted.insert(shard(), Generation(*compacted));
        (writer.library, writer.version) = ("lance".to_owned(), "14.0.2".to_owned());
        (table.version, table.has_fragments) = (version, true);
        (table.mem_wal, table.writer) = (Some(mem_wal), Some(writer));
        table
    };
    let mut versions: Vec<_> = (1..).zip(compacted).map(version).collect();
    let mut history = TableHistory::new(versions.pop().expect("a table has a version"));
    versions.iter().for_each(|version| history.note(version));
    history
}

/// A store, in which each request may be answered out of turn first.
struct Store {
    manifests: Vec<Manifest>,
    table: Option<TableHistory>,
    plans: BTreeMap<u64, ReclaimPlan>,
    ends: BTreeMap<u64, ReclaimEnd>,
    asked: Vec<&'static str>,
}

impl Store {
    /// A shard of Lance's that names the SSTables of these generations.
    fn new(generations: &[u64], compacted: &[u64]) -> Self {
        let sstable = |generation: &u64| SsTable {
            generation: Generation(*generation),
            path: name(*generation).to_string(),
            ..SsTable::default()
        };
        let first = Manifest {
            version: Version::FIRST,
            writer_epoch: Epoch::new(3),
            current_generation: Generation(9),
            sstables: generations.iter().map(sstable).collect(),
            ..Manifest::initial(shard())
        };
        let (plans, ends) = (BTreeMap::new(), BTreeMap::new());
        Self { manifests: vec![first], table: Some(table(compacted)), plans, ends, asked: Vec::new() }
    }

    fn latest(&self) -> &Manifest {
        self.manifests.last().expect("there is one")
    }

    /// Somebody else commits.
    fn commit(&mut self, change: impl FnOnce(&mut Manifest)) {
        let mut next = self.latest().clone();
        next.version = next.version.next();
        change(&mut next);
        self.manifests.push(next);
    }

    fn answer(&mut self, request: ReclaimRequest) -> ReclaimReply {
        fn found<T: Clone>(there: Option<&T>) -> ReadReply<T> {
            there.map_or(ReadReply::Absent, |there| ReadReply::Found(there.clone()))
        }
        fn create<K: Ord, T>(there: &mut BTreeMap<K, T>, key: K, object: T) -> CreateReply {
            if there.contains_key(&key) {
                return CreateReply::Exists;
            }
            there.insert(key, object);
            CreateReply::Done
        }
        self.asked.push(word(&request));
        match request {
            ReclaimRequest::List { .. } => {
                let all = self.plans.keys().map(|number| (*number, self.ends.contains_key(number)));
                ReclaimReply::Listed(ReadReply::Found(all.collect()))
            }
            ReclaimRequest::ReadPlan { number, .. } => {
                ReclaimReply::Plan(number, found(self.plans.get(&number)))
            }
            ReclaimRequest::ReadEnd { number, .. } => {
                ReclaimReply::End(number, found(self.ends.get(&number)))
            }
            ReclaimRequest::ReadTable { .. } => ReclaimReply::Table(found(self.table.as_ref())),
            ReclaimRequest::CreatePlan { plan, .. } => {
                ReclaimReply::PlanCreated(plan.number, create(&mut self.plans, plan.number, plan))
            }
            ReclaimRequest::CreateEnd { end, .. } => {
                ReclaimReply::EndCreated(end.number, create(&mut self.ends, end.number, end))
            }
            ReclaimRequest::Manifest(Request::ListManifests { .. }) => {
                ReclaimReply::Manifest(Reply::Listed(ReadReply::Found(self.latest().version)))
            }
            ReclaimRequest::Manifest(Request::ReadManifest { version, .. }) => {
                let there = self.manifests.iter().find(|manifest| manifest.version == version);
                ReclaimReply::Manifest(Reply::Manifest(version, found(there)))
            }
            ReclaimRequest::Manifest(Request::CreateManifest { manifest, .. }) => {
                let version = manifest.version;
                let is_next = version == self.latest().version.next();
                if is_next {
                    self.manifests.push(manifest);
                }
                let reply = if is_next { CreateReply::Done } else { CreateReply::Exists };
                ReclaimReply::Manifest(Reply::ManifestCreated(version, reply))
            }
            ReclaimRequest::Manifest(other) => unreachable!("a reclaim does not ask for {other:?}"),
        }
    }

    /// Runs a reclaim to its end. Before each request, `before` may do something, or answer in the store's place.
    fn run(
        &mut self,
        mode: Mode,
        mut before: impl FnMut(&mut Self, &ReclaimRequest) -> Option<ReclaimReply>,
    ) -> Vec<ReclaimEvent> {
        let nonce = Nonce(100 + self.plans.len() as u128);
        let mut reclaim = Reclaim::new(shard(), 1_000, NOW, nonce, mode);
        let mut events = Vec::new();
        loop {
            while let Some(event) = reclaim.poll_event() {
                events.push(event);
            }
            let Some(request) = reclaim.poll_request() else { break };
            let reply = before(self, &request);
            let reply = reply.unwrap_or_else(|| self.answer(request));
            reclaim.handle(NOW, reply);
        }
        assert!(reclaim.is_ended());
        events
    }

    fn reclaim(&mut self) -> ReclaimEvent {
        self.run(Mode::Delete, |_, _| None).pop().expect("a reclaim ends with an event")
    }

    fn named(&self) -> BTreeSet<SsTableName> {
        named(self.latest())
    }
}

const fn word(request: &ReclaimRequest) -> &'static str {
    match request {
        ReclaimRequest::List { .. } => "list",
        ReclaimRequest::ReadPlan { .. } => "read plan",
        ReclaimRequest::Manifest(Request::CreateManifest { .. }) => "drain",
        ReclaimRequest::Manifest(_) => "manifest",
        ReclaimRequest::ReadTable { .. } => "table",
        ReclaimRequest::CreatePlan { .. } => "plan",
        ReclaimRequest::CreateEnd { .. } => "end",
        ReclaimRequest::ReadEnd { .. } => "read end",
    }
}

const fn is_drain(request: &ReclaimRequest) -> bool {
    matches!(request, ReclaimRequest::Manifest(Request::CreateManifest { .. }))
}

#[track_caller]
fn done(event: ReclaimEvent) -> ReclaimEnd {
    let ReclaimEvent::Done(done) = event else { panic!("not done: {event:?}") };
    done.end
}

/// P-83 to P-85, P-88.
#[test]
fn what_is_compacted_everywhere_is_planned_then_drained_then_told() {
    let mut store = Store::new(&[1, 2, 3, 4], &[2, 3]);
    let events = store.run(Mode::Delete, |_, _| None);
    let [ReclaimEvent::Planned { plan, held }, ReclaimEvent::Done(end)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(plan.folders, names(&[1, 2]));
    let held: Vec<_> = held.iter().map(|(name, hold)| (name.generation.0, hold.name())).collect();
    assert_eq!(held, [(3, "table_version_behind"), (4, "not_compacted")]);
    assert_eq!(
        (plan.number, plan.manifest, plan.table_versions, plan.compacted.0),
        (1, Version::FIRST, 2, 3)
    );
    assert_eq!(store.named(), names(&[3, 4]));
    assert_eq!((&end.end.folders, end.end.manifest), (&names(&[1, 2]), Version::new(2)));
    assert_eq!(store.ends[&1], end.end);
    // What is read of the manifest does not matter here: P-1.
    store.asked.retain(|word| *word != "manifest");
    assert_eq!(store.asked, ["list", "table", "plan", "drain", "end"]);
    let drain = store.latest();
    assert_eq!((drain.nonce, drain.drain.is_some(), drain.writer_epoch), (None, true, Epoch::new(3)));
}

#[test]
fn a_dry_run_only_asks() {
    let mut store = Store::new(&[1, 2], &[1]);
    let events = store.run(Mode::PlanOnly, |_, _| None);
    assert!(matches!(&events[..], [ReclaimEvent::Planned { plan, .. }] if plan.folders == names(&[1])));
    assert!(store.plans.is_empty() && store.manifests.len() == 1);
    store.run(Mode::Delete, |store, request| {
        is_drain(request).then(|| store.answer(ReclaimRequest::ReadTable { attempt: 0 })).map(|_| {
            ReclaimReply::Manifest(Reply::ManifestCreated(
                Version::new(2),
                CreateReply::NotDone { again: false },
            ))
        })
    });
    let events = store.run(Mode::PlanOnly, |_, _| None);
    assert!(matches!(&events[..], [ReclaimEvent::Unfinished(plan)] if plan.number == 1), "{events:?}");
}

#[test]
fn where_nothing_may_go_nothing_is_written() {
    let nothing = |store: &mut Store| match store.reclaim() {
        ReclaimEvent::Nothing(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(nothing(&mut Store::new(&[], &[1])), Refused::NoSsTables);
    let mut no_table = Store::new(&[1], &[1]);
    no_table.table = None;
    assert_eq!(nothing(&mut no_table), Refused::NoTable);
    let mut sealed = Store::new(&[1], &[1]);
    sealed.commit(|next| next.status = ShardStatus::Sealed);
    assert_eq!(nothing(&mut sealed), Refused::NotActive);
    let mut behind = Store::new(&[1], &[0, 1]);
    assert!(matches!(nothing(&mut behind), Refused::Held(held) if held.len() == 1));
    for store in [no_table, sealed, behind] {
        assert!(store.plans.is_empty() && store.manifests.iter().all(|manifest| manifest.drain.is_none()));
    }
}

/// P-85: a flush that comes first keeps its SSTable, and the table is judged once more.
#[test]
fn a_drain_that_loses_to_a_flush_is_made_again_on_top_of_it() {
    let mut store = Store::new(&[1, 2], &[2]);
    let mut once = true;
    let events = store.run(Mode::Delete, |store, request| {
        if is_drain(request) && std::mem::take(&mut once) {
            let flushed =
                SsTable { generation: Generation(3), path: name(3).to_string(), ..SsTable::default() };
            store.commit(|next| next.sstables.push(flushed));
        }
        None
    });
    let end = done(events.into_iter().next_back().unwrap());
    assert_eq!((store.named(), end.folders), (names(&[3]), names(&[1, 2])));
    assert_eq!(store.asked.iter().filter(|word| **word == "table").count(), 2);
}

/// P-83, P-84: between the plan and the drain of whoever finishes it, a version may have come that lacks the rows.
#[test]
fn a_plan_that_does_not_hold_any_more_is_given_up() {
    let mut store = Store::new(&[1, 2], &[2]);
    // It dies before the drain.
    store.run(Mode::Delete, |_, request| {
        is_drain(request).then_some(ReclaimReply::Manifest(Reply::ManifestCreated(
            Version::new(2),
            CreateReply::NotDone { again: false },
        )))
    });
    assert_eq!((store.plans.len(), store.ends.len()), (1, 0));
    store.table = Some(table(&[1, 2]));
    let end = done(store.reclaim());
    assert_eq!((end.number, end.folders, store.named()), (1, names(&[]), names(&[1, 2])));
    // The next one has a number of its own.
    let end = done(store.reclaim());
    assert_eq!((end.number, end.folders, store.named()), (2, names(&[1]), names(&[2])));
}

/// P-84: whoever comes next finishes it, wherever it was cut off.
#[test]
fn a_reclaim_that_was_cut_off_anywhere_is_finished_by_the_next() {
    let steps = {
        let mut store = Store::new(&[1, 2], &[1]);
        store.reclaim();
        store.asked.len()
    };
    for cut in 0..steps {
        let mut store = Store::new(&[1, 2], &[1]);
        let mut reclaim = Reclaim::new(shard(), 1_000, NOW, Nonce(5), Mode::Delete);
        for _ in 0..cut {
            let request = reclaim.poll_request().expect("it asks for something");
            let reply = store.answer(request);
            reclaim.handle(NOW, reply);
        }
        store.reclaim();
        assert_eq!(store.named(), names(&[2]), "cut after {cut}");
        let drained = store.ends.values().flat_map(|end| end.folders.clone());
        assert_eq!(drained.collect::<BTreeSet<_>>(), names(&[1]), "cut after {cut}");
    }
}

/// P-3: an answer that was lost changes nothing: the manifest tells.
#[test]
fn an_unknown_create_is_found_out_about() {
    let mut store = Store::new(&[1], &[1]);
    let mut once = true;
    let events = store.run(Mode::Delete, |store, request| {
        (is_drain(request) && std::mem::take(&mut once)).then(|| {
            store.answer(request.clone());
            ReclaimReply::Manifest(Reply::ManifestCreated(Version::new(2), CreateReply::Unknown))
        })
    });
    let end = done(events.into_iter().next_back().unwrap());
    assert_eq!((end.folders, store.manifests.len()), (names(&[1]), 2));
}

/// P-83: unknown is never absent.
#[test]
fn a_table_that_cannot_be_read_ends_it_with_nothing_changed() {
    let mut store = Store::new(&[1], &[1]);
    let events = store.run(Mode::Delete, |_, request| {
        matches!(request, ReclaimRequest::ReadTable { .. }).then_some(ReclaimReply::Table(ReadReply::Damaged))
    });
    assert_eq!(events, [ReclaimEvent::TableUnread]);
    let mut reclaim = Reclaim::new(shard(), 10, NOW, Nonce(5), Mode::Delete);
    let mut now = NOW;
    let gave_up = loop {
        if let Some(event) = reclaim.poll_event() {
            break event;
        }
        let request = reclaim.poll_request().expect("it asks for something");
        now = now.plus(4);
        let unread = matches!(request, ReclaimRequest::ReadTable { .. });
        let reply = if unread { ReclaimReply::Table(ReadReply::Unknown) } else { store.answer(request) };
        reclaim.handle(now, reply);
    };
    assert_eq!(gave_up, ReclaimEvent::GaveUp(GaveUp::Unread));
    assert!(store.plans.is_empty() && store.manifests.len() == 1);
}

/// P-84: it may be that of a later version of this program, which knows more.
#[test]
fn no_reclaim_begins_beside_a_plan_that_is_not_understood() {
    let mut store = Store::new(&[1], &[1]);
    let events = store.run(Mode::Delete, |_, request| match request {
        ReclaimRequest::List { .. } => Some(ReclaimReply::Listed(ReadReply::Found([(4, false)].into()))),
        ReclaimRequest::ReadPlan { number, .. } => Some(ReclaimReply::Plan(*number, ReadReply::Damaged)),
        _ => None,
    });
    assert_eq!(events, [ReclaimEvent::DamagedPlan(4)]);
    assert_eq!(store.manifests.len(), 1);
}

/// P-84: of two that plan at the same time, both carry out the plan that was there first.
#[test]
fn whoever_plans_second_carries_out_the_first_plan() {
    let mut store = Store::new(&[1, 2], &[2]);
    let mut once = true;
    let events = store.run(Mode::Delete, |store, request| {
        let ReclaimRequest::CreatePlan { plan, .. } = request else { return None };
        if std::mem::take(&mut once) {
            let first = ReclaimPlan { nonce: Nonce(9), folders: names(&[1]), ..plan.clone() };
            store.plans.insert(plan.number, first);
        }
        None
    });
    let ReclaimEvent::Done(done) = &events[1] else { panic!("{events:?}") };
    assert_eq!((done.plan.nonce, &done.end.folders), (Nonce(9), &names(&[1])));
    assert_eq!(store.named(), names(&[2]));
}

/// A writer that never stops committing does not keep a reclaim for ever.
#[test]
fn after_some_rounds_it_gives_up() {
    let mut store = Store::new(&[1], &[1]);
    let events = store.run(Mode::Delete, |store, request| {
        if is_drain(request) {
            store.commit(|_| ());
        }
        None
    });
    assert_eq!(events.last(), Some(&ReclaimEvent::GaveUp(GaveUp::Unknown)));
    assert_eq!((store.named(), store.ends.len()), (names(&[1]), 0));
}
