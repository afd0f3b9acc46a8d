//! Taking compacted SSTables out of a shard's manifest, so that a collection may delete them.
// P-83 to P-85, P-87, P-88.

mod drain;
mod vocabulary;

pub use drain::drain;
pub use vocabulary::{ReclaimEvent, ReclaimReply, ReclaimRequest, Reclaimed, Refused};

use crate::{Compaction, Mode, TableHistory};
use fencepost_fence::{
    Attempt, Create, CreateAnswer, CreateAsk, CreateFate, FindLatest, GaveUp, Machine, ReadReply, Reply,
    Request, Rule, Tick, rules,
};
use fencepost_format::{
    Manifest, Nonce, RECLAIM_FOLDERS_MAX, ReclaimEnd, ReclaimPlan, ShardId, ShardStatus, SsTableName,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One reclaim of a shard: it finishes what an earlier one left, or plans, drains, and tells what is drained.
///
/// A [`Machine`]. It deletes nothing: a [`Collection`](crate::Collection) does, once nobody needs the folders.
///
/// ```text
///   list reclaims ─┬─► an unfinished one: read its plan ──────────────────────────┐
///                  └─► find the manifest ─► read the table ─► create the plan ─┐  ▼
///          ┌─► find the manifest ─► names gone: create the end                 │  │
///          │         └─► read the table ─► judge ─► create the next version ◄──┴──┘
///          └───────────────────── whatever became of that ◄─────┘
/// ```
///
/// Dropping it at any point is safe, and so are two at the same time: the plan is created before anything changes,
/// each drain is a relative edit on the latest manifest, and whoever comes later finishes.
///
/// # Costs
/// One LIST of reclaims; two LISTs and two GETs for each search for the manifest, of which there are two; the reading of
/// all versions of the table; and three PUTs. If there is nothing to reclaim, one search, the table, and no PUT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reclaim {
    shard: ShardId,
    retry_timeout: u64,
    mode: Mode,
    nonce: Nonce,
    step: Step,
    plan: Option<ReclaimPlan>,
    /// Whether the table was judged for the create that comes next.
    judged: bool,
    /// What was last to be created.
    proposed: Option<Manifest>,
    rounds: u8,
    events: VecDeque<ReclaimEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    List(Attempt),
    ReadPlan(u64, Attempt),
    /// To plan, under this number.
    FindToPlan(u64, FindLatest),
    TableToPlan(u64, Manifest, Attempt),
    Plan(Manifest, ReclaimPlan, Create),
    /// To drain, or to find it done.
    Find(FindLatest),
    Table(Manifest, Attempt),
    Drain(Manifest, Create),
    End(ReclaimEnd, Create),
    Over,
}

impl Reclaim {
    /// Starts a reclaim of this shard. The nonce must be fresh. Each request is tried again for `retry_timeout`
    /// milliseconds.
    #[must_use]
    pub fn new(shard: ShardId, retry_timeout: u64, now: Tick, nonce: Nonce, mode: Mode) -> Self {
        Self {
            shard,
            retry_timeout,
            mode,
            nonce,
            step: Step::List(Attempt::until(now.plus(retry_timeout))),
            plan: None,
            judged: false,
            proposed: None,
            rounds: 0,
            events: VecDeque::new(),
        }
    }

    /// Whether it has ended, in whatever way.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.step, Step::Over)
    }

    const fn deadline(&self, now: Tick) -> Tick {
        now.plus(self.retry_timeout)
    }

    const fn question(&self, now: Tick) -> Attempt {
        Attempt::until(self.deadline(now))
    }

    /// The highest number, and whether that reclaim has ended.
    // P-84.
    fn listed(&mut self, now: Tick, reclaims: &BTreeMap<u64, bool>) {
        self.step = match reclaims.last_key_value() {
            Some((number, false)) => Step::ReadPlan(*number, self.question(now)),
            last => {
                let next = last.map_or(0, |(number, _)| *number).saturating_add(1);
                Step::FindToPlan(next, FindLatest::new(self.deadline(now)))
            }
        };
    }

    fn planned_before(&mut self, now: Tick, plan: ReclaimPlan) {
        if self.mode == Mode::PlanOnly {
            return self.end(ReclaimEvent::Unfinished(plan));
        }
        self.plan = Some(plan);
        self.find(now);
    }

    fn found_to_plan(&mut self, now: Tick, number: u64, manifest: Manifest) {
        if manifest.status != ShardStatus::Active {
            return self.end(ReclaimEvent::Nothing(Refused::NotActive));
        }
        if named(&manifest).is_empty() {
            return self.end(ReclaimEvent::Nothing(Refused::NoSsTables));
        }
        self.step = Step::TableToPlan(number, manifest, self.question(now));
    }

    /// Plans what may go.
    // P-83, P-84.
    fn plan(&mut self, now: Tick, number: u64, manifest: Manifest, table: &TableHistory) {
        let (mut held, mut folders) = (BTreeMap::new(), BTreeSet::new());
        for name in named(&manifest) {
            match Compaction::of(table, self.shard, name.generation) {
                Compaction::CouldGo if folders.len() < RECLAIM_FOLDERS_MAX => drop(folders.insert(name)),
                Compaction::CouldGo => {}
                hold => drop(held.insert(name, hold)),
            }
        }
        if folders.is_empty() {
            return self.end(ReclaimEvent::Nothing(Refused::Held(held)));
        }
        let latest = table.latest();
        let mem_wal = latest.mem_wal.as_ref();
        let compacted = mem_wal.and_then(|mem_wal| mem_wal.compacted.get(&self.shard)).copied();
        let plan = ReclaimPlan {
            number,
            nonce: self.nonce,
            manifest: manifest.version,
            epoch: manifest.writer_epoch,
            table_version: latest.version,
            table_lowest: table.lowest(),
            table_versions: table.versions(),
            table_writer: latest.writer.as_ref().map(ToString::to_string).unwrap_or_default(),
            compacted: compacted.unwrap_or_default(),
            folders,
        };
        self.events.push_back(ReclaimEvent::Planned { plan: plan.clone(), held });
        if self.mode == Mode::PlanOnly {
            self.step = Step::Over;
        } else if rules::on(Rule::PlanBeforeDrain) {
            self.step = Step::Plan(manifest, plan, Create::until(self.deadline(now)));
        } else {
            self.plan = Some(plan);
            self.judged = true;
            self.drain(now, &manifest);
        }
    }

    fn handle_plan(&mut self, now: Tick, answer: CreateAnswer<&ReclaimPlan>) {
        let Step::Plan(manifest, plan, create) = &mut self.step else {
            unreachable!("called while planning")
        };
        let number = plan.number;
        match create.handle(now, answer) {
            CreateFate::Pending => {}
            // Another's plan stands there: it is as good as ours, and is finished.
            CreateFate::There(there) if there.nonce != self.nonce => {
                self.plan = Some(there.clone());
                self.find(now);
            }
            CreateFate::Created | CreateFate::There(_) => {
                let manifest = manifest.clone();
                self.plan = Some(plan.clone());
                self.judged = true;
                self.drain(now, &manifest);
            }
            CreateFate::Damaged => self.end(ReclaimEvent::DamagedPlan(number)),
            CreateFate::GaveUp(gave_up) => self.end(ReclaimEvent::GaveUp(gave_up)),
        }
    }

    fn find(&mut self, now: Tick) {
        self.step = Step::Find(FindLatest::new(self.deadline(now)));
    }

    /// Drains what the latest manifest still names of the plan, or ends.
    ///
    /// SUBTLE: whether a create has won is not asked about the create. If the latest manifest names nothing of the
    /// plan, it is done, by whomever; otherwise it is not, whatever the store said.
    // P-3, P-85.
    fn found(&mut self, now: Tick, manifest: Manifest) {
        let plan = self.known_plan();
        if pending(plan, &manifest).is_empty() {
            return self.finish(now, &manifest);
        }
        if manifest.status != ShardStatus::Active {
            return self.finish(now, &manifest);
        }
        self.step = Step::Table(manifest, self.question(now));
    }

    /// Judges again: the plan may be old, or the create that came before it was lost to another commit.
    // P-83, P-85.
    fn judge(&mut self, now: Tick, manifest: &Manifest, table: Option<&TableHistory>) {
        let goes = |name: &SsTableName| {
            table.is_some_and(|table| {
                Compaction::of(table, self.shard, name.generation) == Compaction::CouldGo
            })
        };
        if pending(self.known_plan(), manifest).iter().all(goes) {
            self.judged = true;
            self.drain(now, manifest);
        } else {
            // What is still named stays so.
            self.finish(now, manifest);
        }
    }

    fn drain(&mut self, now: Tick, manifest: &Manifest) {
        assert!(std::mem::take(&mut self.judged), "P-85: each create is judged");
        let plan = self.known_plan();
        let mut next = drain(manifest, &plan.folders, self.nonce);
        if let Some(before) = &self.proposed
            && !rules::on(Rule::DrainRelative)
        {
            next.sstables.clone_from(&before.sstables);
        }
        self.proposed = Some(next.clone());
        self.step = Step::Drain(next, Create::until(self.deadline(now)));
    }

    fn handle_drain(&mut self, now: Tick, answer: CreateAnswer<&Manifest>) {
        let Step::Drain(ours, create) = &mut self.step else { unreachable!("called while draining") };
        match create.handle(now, answer) {
            CreateFate::Pending => {}
            CreateFate::Created | CreateFate::There(_) => self.again(now),
            CreateFate::Damaged => {
                let gave_up = GaveUp::DamagedManifest(ours.version);
                self.end(ReclaimEvent::GaveUp(gave_up));
            }
            CreateFate::GaveUp(gave_up) => self.end(ReclaimEvent::GaveUp(gave_up)),
        }
    }

    /// Others commit meanwhile; after some rounds it is left to another pass.
    fn again(&mut self, now: Tick) {
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return self.end(ReclaimEvent::GaveUp(GaveUp::Unknown));
        }
        self.find(now);
    }

    /// Says what is out of the manifest, since a version that was the latest just now.
    // P-88.
    fn finish(&mut self, now: Tick, manifest: &Manifest) {
        let plan = self.known_plan();
        let still = pending(plan, manifest);
        let folders = plan.folders.difference(&still).copied().collect();
        let end = ReclaimEnd { number: plan.number, nonce: self.nonce, manifest: manifest.version, folders };
        self.step = Step::End(end, Create::until(self.deadline(now)));
    }

    fn handle_end(&mut self, now: Tick, answer: CreateAnswer<&ReclaimEnd>) {
        let Step::End(ours, create) = &mut self.step else { unreachable!("called while ending") };
        let number = ours.number;
        let end = match create.handle(now, answer) {
            CreateFate::Pending => return,
            CreateFate::Created => ours.clone(),
            // Another finished the same plan.
            CreateFate::There(there) => there.clone(),
            CreateFate::Damaged => return self.end(ReclaimEvent::DamagedEnd(number)),
            CreateFate::GaveUp(gave_up) => return self.end(ReclaimEvent::GaveUp(gave_up)),
        };
        let plan = self.known_plan().clone();
        self.end(ReclaimEvent::Done(Reclaimed { plan, end }));
    }

    fn known_plan(&self) -> &ReclaimPlan {
        self.plan.as_ref().expect("it is planned first")
    }

    fn end(&mut self, event: ReclaimEvent) {
        self.step = Step::Over;
        self.events.push_back(event);
    }

    /// Unpacks the answer to the one question of a step; `None` if there is none yet.
    fn answer<T>(&mut self, now: Tick, read: ReadReply<T>) -> Option<Answered<T>> {
        match read {
            ReadReply::Found(found) => return Some(Answered::Found(found)),
            ReadReply::Absent => return Some(Answered::Absent),
            ReadReply::Damaged => return Some(Answered::Damaged),
            ReadReply::Unknown => {}
        }
        let (Step::List(ask) | Step::ReadPlan(_, ask) | Step::TableToPlan(_, _, ask) | Step::Table(_, ask)) =
            &mut self.step
        else {
            unreachable!("called in the steps that ask one question")
        };
        if ask.is_late(now) {
            self.end(ReclaimEvent::GaveUp(GaveUp::Unread));
        } else {
            ask.again();
        }
        None
    }

    fn handle_manifest(&mut self, now: Tick, reply: &Reply) {
        match (&mut self.step, reply) {
            (Step::FindToPlan(number, find), reply) => {
                let number = *number;
                match find.handle(now, reply) {
                    None => {}
                    Some(Ok(Some(manifest))) => self.found_to_plan(now, number, manifest),
                    Some(Ok(None)) => self.end(ReclaimEvent::NoLog),
                    Some(Err(gave_up)) => self.end(ReclaimEvent::GaveUp(gave_up)),
                }
            }
            (Step::Find(find), reply) => match find.handle(now, reply) {
                None => {}
                Some(Ok(Some(manifest))) => self.found(now, manifest),
                Some(Ok(None)) => self.end(ReclaimEvent::NoLog),
                Some(Err(gave_up)) => self.end(ReclaimEvent::GaveUp(gave_up)),
            },
            (Step::Drain(ours, _), Reply::ManifestCreated(version, reply)) if *version == ours.version => {
                self.handle_drain(now, CreateAnswer::Created(*reply));
            }
            (Step::Drain(ours, _), Reply::Manifest(version, read)) if *version == ours.version => {
                self.handle_drain(now, CreateAnswer::Read(read.as_ref()));
            }
            _ => {}
        }
    }

    fn handle_table(&mut self, now: Tick, read: ReadReply<TableHistory>) {
        let Some(table) = self.answer(now, read) else { return };
        match (std::mem::replace(&mut self.step, Step::Over), table) {
            (Step::TableToPlan(number, manifest, _), Answered::Found(table)) => {
                self.plan(now, number, manifest, &table);
            }
            (Step::TableToPlan(..), Answered::Absent) => {
                self.end(ReclaimEvent::Nothing(Refused::NoTable));
            }
            (Step::TableToPlan(..), Answered::Damaged) => self.end(ReclaimEvent::TableUnread),
            // What could not be read holds all.
            (Step::Table(manifest, _), Answered::Found(table)) => self.judge(now, &manifest, Some(&table)),
            (Step::Table(manifest, _), Answered::Absent) => self.judge(now, &manifest, None),
            (Step::Table(..), Answered::Damaged) => self.end(ReclaimEvent::TableUnread),
            _ => unreachable!("called while the table is read"),
        }
    }
}

enum Answered<T> {
    Found(T),
    Absent,
    Damaged,
}

/// The folders that a manifest names, as far as they are named as Lance names them.
fn named(manifest: &Manifest) -> BTreeSet<SsTableName> {
    manifest.sstables.iter().filter_map(|sstable| SsTableName::parse(&sstable.path)).collect()
}

/// What the manifest still names of the plan.
fn pending(plan: &ReclaimPlan, manifest: &Manifest) -> BTreeSet<SsTableName> {
    named(manifest).intersection(&plan.folders).copied().collect()
}

impl Machine for Reclaim {
    type Request = ReclaimRequest;
    type Reply = ReclaimReply;
    type Event = ReclaimEvent;

    fn poll_event(&mut self) -> Option<ReclaimEvent> {
        self.events.pop_front()
    }

    fn poll_request(&mut self) -> Option<ReclaimRequest> {
        match &mut self.step {
            Step::List(ask) => ask.ask().map(|attempt| ReclaimRequest::List { attempt }),
            Step::ReadPlan(number, ask) => {
                let number = *number;
                ask.ask().map(|attempt| ReclaimRequest::ReadPlan { number, attempt })
            }
            Step::FindToPlan(_, find) | Step::Find(find) => find.poll_request().map(ReclaimRequest::Manifest),
            Step::TableToPlan(_, _, ask) | Step::Table(_, ask) => {
                ask.ask().map(|attempt| ReclaimRequest::ReadTable { attempt })
            }
            Step::Plan(_, plan, create) => Some(match create.ask()? {
                CreateAsk::Create(attempt) => ReclaimRequest::CreatePlan { plan: plan.clone(), attempt },
                CreateAsk::ReadBack(attempt) => ReclaimRequest::ReadPlan { number: plan.number, attempt },
            }),
            Step::Drain(ours, create) => Some(ReclaimRequest::Manifest(match create.ask()? {
                CreateAsk::Create(attempt) => Request::CreateManifest { manifest: ours.clone(), attempt },
                CreateAsk::ReadBack(attempt) => Request::ReadManifest { version: ours.version, attempt },
            })),
            Step::End(end, create) => Some(match create.ask()? {
                CreateAsk::Create(attempt) => ReclaimRequest::CreateEnd { end: end.clone(), attempt },
                CreateAsk::ReadBack(attempt) => ReclaimRequest::ReadEnd { number: end.number, attempt },
            }),
            Step::Over => None,
        }
    }

    fn handle(&mut self, now: Tick, reply: ReclaimReply) {
        match (&self.step, reply) {
            (_, ReclaimReply::Manifest(reply)) => self.handle_manifest(now, &reply),
            (Step::List(ask), ReclaimReply::Listed(read)) if ask.is_out() => match self.answer(now, read) {
                Some(Answered::Found(reclaims)) => self.listed(now, &reclaims),
                Some(Answered::Absent | Answered::Damaged) => self.listed(now, &BTreeMap::new()),
                None => {}
            },
            (Step::ReadPlan(asked, ask), ReclaimReply::Plan(number, read))
                if *asked == number && ask.is_out() =>
            {
                match self.answer(now, read) {
                    Some(Answered::Found(plan)) => self.planned_before(now, plan),
                    Some(Answered::Absent | Answered::Damaged) => {
                        self.end(ReclaimEvent::DamagedPlan(number));
                    }
                    None => {}
                }
            }
            (Step::TableToPlan(_, _, ask) | Step::Table(_, ask), ReclaimReply::Table(read))
                if ask.is_out() =>
            {
                self.handle_table(now, read);
            }
            (Step::Plan(_, plan, _), ReclaimReply::PlanCreated(number, reply)) if plan.number == number => {
                self.handle_plan(now, CreateAnswer::Created(reply));
            }
            (Step::Plan(_, plan, _), ReclaimReply::Plan(number, read)) if plan.number == number => {
                self.handle_plan(now, CreateAnswer::Read(read.as_ref()));
            }
            (Step::End(end, _), ReclaimReply::EndCreated(number, reply)) if end.number == number => {
                self.handle_end(now, CreateAnswer::Created(reply));
            }
            (Step::End(end, _), ReclaimReply::End(number, read)) if end.number == number => {
                self.handle_end(now, CreateAnswer::Read(read.as_ref()));
            }
            _ => {}
        }
    }
}

/// As often as Lance's own openers begin again.
const ROUNDS_MAX: u8 = 16;

#[cfg(test)]
mod tests;
