//! One collection, from the manifest to the last deletion.
// P-50 to P-57, P-80, P-163.

mod breaking;
mod deletion;
mod leashes;
mod publishing;
mod reads;
mod sstables;
mod survey;

use crate::guarding_fence::fences_to_record;
use crate::plan::{Plan, plan, plan_within};
use crate::{
    CollectEvent, CollectReply, CollectRequest, Inventory, LeashOutcome, ManifestFacts, OverLeash, Part,
    Policy, Progress, Report,
};
use breaking::Breaking;
use deletion::Deletion;
use fencepost_fence::{Attempt, FindLatest, GaveUp, Machine, ReadReply, Reply, Request, Rule, Tick, rules};
use fencepost_format::{Epoch, Position, SsTableName, Version};
use publishing::{Published, Publishing};
pub(crate) use reads::Reads;
use std::collections::{BTreeMap, VecDeque};

/// Limits on a collection's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CollectParams {
    /// A step gives up after this many milliseconds without any answer. Default: 60,000.
    pub retry_timeout: u64,
    /// How many entries are read at the same time, at least 1. Default: 32.
    pub reads_in_flight: usize,
    /// How many objects one request deletes, at least 1. Default: 1,000, which is the limit of S3.
    pub batch: usize,
    /// How many requests delete entries at the same time, at least 1. Default: 8.
    pub deletes_in_flight: usize,
}

impl Default for CollectParams {
    fn default() -> Self {
        Self { retry_timeout: 60_000, reads_in_flight: 32, batch: 1_000, deletes_in_flight: 8 }
    }
}

/// Whether a collection deletes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It deletes.
    #[default]
    Delete,
    /// It lists, reads and plans, and writes nothing: a dry run.
    PlanOnly,
}

/// A collection in progress.
///
/// A [`Machine`]. Dropping it at any point is safe: every deletion that it asks for is right for ever, so
/// nothing has to be undone, and the next collection does the rest.
///
/// ```text
///   find the latest manifest ─► list entries, manifests and documents at once ─► mark cursors that are over their leash
///      ─► read records, and what they don't vouch for below the bound ─► read claims, list SSTables
///      ─► publish the boundary ─► list documents again ─► delete entries, upward ─► then what failed flushes left ─► then the rest
/// ```
///
/// Two collections at the same time are safe too, however old either is: each deletes only objects that are
/// below `replay_after`, below every cursor that will ever be valid, and needed by nobody. None of that ever
/// changes back.
///
/// # Costs
/// * LISTs: three of the manifests, one of the entries and one of the documents, or two if an entry or a
///   boundary is deleted.
/// * GETs: two for the manifest, one for the last boundary, one for each opener's record and one or two to make sure
///   of it, one for each entry within a window above a guarding fence, one for each other entry below the bound that
///   no record vouches for and that is not recorded as kept, one for a manifest version of a day ago, and about ten for each change of hands since.
///   If there are stale entries below the bound, one for each entry above it and within a window (64) of the
///   fence entry that they stand above. If a claim by Lance is unsettled then, also one for each entry above
///   the bound.
/// * Where Lance writes: one LIST of the names of SSTables, and one for each folder that the latest manifest
///   does not name. If there is one, one GET for each reclaim of before. If such a folder may be deleted, one GET
///   for each manifest version that was not read yet.
/// * If a cursor is over its leash and is to be broken: one LIST of the documents, and one PUT for each such cursor.
/// * One PUT if the boundary moves. One PUT and one HEAD if something stays for its age alone.
/// * Deletions: one request for each batch of entries and one for each manifest. For each folder of a failed
///   flush, two LISTs and one request for each thousand of its objects.
// P-101.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Collection {
    params: CollectParams,
    policy: Policy,
    mode: Mode,
    facts: Option<ManifestFacts>,
    inventory: Inventory,
    step: Step,
    /// Whether the entries above the bound were read as well, since some claim may be settled there.
    // P-58.
    reads_above: bool,
    /// Whether the time was asked for.
    stamped: bool,
    /// What became of the cursors that were to be broken.
    breaks: Vec<(OverLeash, LeashOutcome)>,
    events: VecDeque<CollectEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Find(FindLatest),
    /// The first listings, those that are not answered yet.
    Survey(BTreeMap<Part, Attempt>),
    ListSsTables(Attempt),
    /// What time is it, where the store is? And then?
    Stamp(AfterStamp, Attempt),
    ReadBoundary(Position, Attempt),
    Openings(Reads<Epoch>),
    Headers(Reads<Position>),
    Claims(Reads<Version>),
    Folders(Reads<SsTableName>),
    /// What reclaims took out of the manifest.
    // P-88.
    Reclaims(Reads<u64>),
    Names(Reads<Version>),
    /// The cursors, before any is broken.
    // P-163.
    LookBeforeBreak(Attempt),
    Break(Breaking),
    Publish(Publishing),
    /// The cursors, now that the boundary is there for whoever writes one later; and what others published.
    // P-56, P-53.
    DocumentsAgain {
        boundary: Position,
        ask: Attempt,
    },
    Delete(Deletion),
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AfterStamp {
    JudgeLeashes,
    JudgeClaims,
}

impl Collection {
    /// Starts a collection.
    ///
    /// # Panics
    /// If a limit in `params` is 0.
    #[must_use]
    pub fn new(params: CollectParams, now: Tick, policy: Policy, mode: Mode) -> Self {
        let room = params.reads_in_flight.min(params.batch).min(params.deletes_in_flight);
        assert!(room > 0, "a collection needs room for one request");
        Self {
            params,
            policy,
            mode,
            facts: None,
            inventory: Inventory::default(),
            step: Step::Find(FindLatest::new(now.plus(params.retry_timeout))),
            reads_above: false,
            stamped: false,
            breaks: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// What the collection knows of the shard so far.
    #[must_use]
    pub const fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The facts of the latest manifest, once it is found.
    #[must_use]
    pub const fn facts(&self) -> Option<&ManifestFacts> {
        self.facts.as_ref()
    }

    /// Whether the collection has ended, in whatever way.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.step, Step::Ended)
    }

    /// The boundary comes first.
    // P-53.
    fn publish(&mut self, now: Tick) {
        let draft = plan(&self.inventory, self.known_facts(), &self.policy);
        let at = draft.boundary;
        if !draft.concerns_documents() || (self.mode == Mode::PlanOnly && draft.fenced_off.is_empty()) {
            // Then no boundary is needed, and no cursor matters.
            return self.execute(draft);
        }
        if self.mode == Mode::Delete && draft.deletes_entries() && at > self.inventory.published() {
            let guarding_fences = fences_to_record(&self.inventory, at);
            self.step =
                Step::Publish(Publishing::new(now.plus(self.params.retry_timeout), at, guarding_fences));
        } else {
            // SUBTLE: even if the boundary was there before. The cursors listed so far may have been listed
            // before it was, by another collector's hand: then a reader may have written its cursor in
            // between, and looked at the boundary before there was one.
            self.documents_again(now, self.inventory.published());
        }
    }

    /// Something to ask until the retry timeout ends.
    const fn question(&self, now: Tick) -> Attempt {
        Attempt::until(now.plus(self.params.retry_timeout))
    }

    fn published(&mut self, now: Tick, published: Published) {
        let Published { at, ours } = published;
        let written = self.inventory.now();
        self.inventory.boundaries.insert(at, written);
        self.inventory.published_now = ours.then_some(at);
        self.progress(Progress::Published { boundary: at });
        self.documents_again(now, at);
    }

    fn documents_again(&mut self, now: Tick, boundary: Position) {
        if rules::on(Rule::BoundaryBeforeCursors) {
            self.step = Step::DocumentsAgain { boundary, ask: self.question(now) };
        } else {
            self.delete(boundary);
        }
    }

    fn delete(&mut self, boundary: Position) {
        let (inventory, facts) = (&self.inventory, self.known_facts());
        self.execute(match self.mode {
            Mode::Delete => plan_within(inventory, facts, &self.policy, boundary),
            Mode::PlanOnly => plan(inventory, facts, &self.policy),
        });
    }

    fn execute(&mut self, mut plan: Plan) {
        plan.note_breaks(&self.breaks);
        if self.mode == Mode::PlanOnly {
            return self.end_plan_only(plan);
        }
        self.step = Step::Delete(Deletion::new(&plan));
        self.events.push_back(CollectEvent::Planned(plan));
        self.finish_if_deleted();
    }

    fn finish_if_deleted(&mut self) {
        let Step::Delete(deletion) = &mut self.step else { unreachable!("called while deleting") };
        if let Some(mut report) = deletion.report() {
            report.boundary = self.inventory.published();
            self.end(CollectEvent::Done(report));
        }
    }

    fn end_plan_only(&mut self, plan: Plan) {
        let mut report = Report::of(&plan);
        report.plan_only = true;
        report.count_all(&plan, &self.inventory);
        self.events.push_back(CollectEvent::Planned(plan));
        self.end(CollectEvent::Done(report));
    }

    /// Unpacks the answer to the one question of a step; `None` if there is none yet.
    fn answer<T>(&mut self, now: Tick, read: ReadReply<T>) -> Option<Option<T>> {
        match read {
            ReadReply::Found(found) => return Some(Some(found)),
            ReadReply::Absent => return Some(None),
            ReadReply::Damaged | ReadReply::Unknown => {}
        }
        let (Step::ListSsTables(ask)
        | Step::ReadBoundary(_, ask)
        | Step::LookBeforeBreak(ask)
        | Step::DocumentsAgain { ask, .. }) = &mut self.step
        else {
            unreachable!("called in the steps that ask one question")
        };
        if ask.is_late(now) {
            self.end(CollectEvent::GaveUp(GaveUp::Unread));
        } else {
            ask.again();
        }
        None
    }

    fn known_facts(&self) -> &ManifestFacts {
        self.facts.as_ref().expect("the manifest is found first")
    }

    fn progress(&mut self, progress: Progress) {
        self.events.push_back(CollectEvent::Progress(progress));
    }

    fn end(&mut self, event: CollectEvent) {
        self.step = Step::Ended;
        self.events.push_back(event);
    }
}

impl Machine for Collection {
    type Request = CollectRequest;
    type Reply = CollectReply;
    type Event = CollectEvent;

    fn poll_event(&mut self) -> Option<CollectEvent> {
        self.events.pop_front()
    }

    fn poll_request(&mut self) -> Option<CollectRequest> {
        match &mut self.step {
            Step::Find(find) => find.poll_request().map(CollectRequest::Manifest),
            Step::Survey(open) => open.iter_mut().find_map(|(part, ask)| {
                ask.ask().map(|attempt| CollectRequest::List { part: *part, attempt })
            }),
            Step::ListSsTables(ask) => {
                ask.ask().map(|attempt| CollectRequest::List { part: Part::SsTables, attempt })
            }
            Step::Stamp(_, ask) => ask.ask().map(|attempt| CollectRequest::Stamp { attempt }),
            Step::LookBeforeBreak(ask) | Step::DocumentsAgain { ask, .. } => {
                ask.ask().map(|attempt| CollectRequest::List { part: Part::Documents, attempt })
            }
            Step::ReadBoundary(at, ask) => {
                let at = *at;
                ask.ask().map(|attempt| CollectRequest::ReadBoundary { at, attempt })
            }
            Step::Openings(reads) => {
                let (epoch, attempt) = reads.poll()?;
                Some(CollectRequest::ReadOpening { epoch, attempt })
            }
            Step::Headers(reads) => {
                let (at, attempt) = reads.poll()?;
                let bytes = self.inventory.entries.get(at).map_or(0, |entry| entry.bytes);
                Some(CollectRequest::ReadHeader { at, bytes, attempt })
            }
            Step::Folders(reads) => {
                let (name, attempt) = reads.poll()?;
                Some(CollectRequest::ListSsTable { name, attempt })
            }
            Step::Reclaims(reads) => {
                let (number, attempt) = reads.poll()?;
                Some(CollectRequest::ReadReclaim { number, attempt })
            }
            Step::Claims(reads) | Step::Names(reads) => {
                let (version, attempt) = reads.poll()?;
                Some(CollectRequest::Manifest(Request::ReadManifest { version, attempt }))
            }
            Step::Break(breaking) => breaking.poll(),
            Step::Publish(publishing) => publishing.poll(),
            Step::Delete(deletion) => deletion.poll(self.params.batch, self.params.deletes_in_flight),
            Step::Ended => None,
        }
    }

    fn handle(&mut self, now: Tick, reply: CollectReply) {
        match (&mut self.step, reply) {
            (Step::Find(find), CollectReply::Manifest(reply)) => {
                if let Some(found) = find.handle(now, &reply) {
                    self.found(now, found);
                }
            }
            (Step::Survey(open), CollectReply::Listed(part, read))
                if open.get(&part).is_some_and(Attempt::is_out) =>
            {
                self.surveyed(now, part, read);
            }
            (Step::ListSsTables(ask), CollectReply::Listed(Part::SsTables, read)) if ask.is_out() => {
                if let Some(listed) = self.answer(now, read) {
                    self.listed_sstables(now, listed.unwrap_or_default());
                }
            }
            (Step::Stamp(then, ask), CollectReply::Stamped(read)) if ask.is_out() => {
                // Without an answer, or the right to write, it is as late as the newest object, and more is kept.
                if read == ReadReply::Unknown && !ask.is_late(now) {
                    return ask.again();
                }
                let then = *then;
                if let ReadReply::Found(time) = read {
                    self.inventory.newest_other = self.inventory.newest_other.max(time);
                }
                match then {
                    AfterStamp::JudgeLeashes => self.judge_leashes(now),
                    AfterStamp::JudgeClaims => self.judge_claims(now),
                }
            }
            (Step::ReadBoundary(at, ask), CollectReply::Boundary(of, read)) if *at == of && ask.is_out() => {
                // A boundary that cannot be understood records nothing; its name says all that matters.
                let read = if read == ReadReply::Damaged { ReadReply::Absent } else { read };
                if let Some(guarding_fences) = self.answer(now, read) {
                    self.inventory.guarding_fences = guarding_fences.unwrap_or_default();
                    self.read_openings(now);
                }
            }
            (Step::Openings(reads), CollectReply::Opening(epoch, read)) if reads.is_asked(&epoch) => {
                self.opening(now, epoch, read);
            }
            (Step::Headers(reads), CollectReply::Header(at, read)) if reads.is_asked(&at) => {
                self.header(now, at, read)
            }
            (Step::Claims(reads), CollectReply::Manifest(Reply::Manifest(version, read)))
                if reads.is_asked(&version) =>
            {
                self.claim(now, version, read);
            }
            (Step::Folders(reads), CollectReply::SsTable(name, read)) if reads.is_asked(&name) => {
                self.folder(now, name, read);
            }
            (Step::Reclaims(reads), CollectReply::Reclaim(number, read)) if reads.is_asked(&number) => {
                self.reclaim(now, number, read);
            }
            (Step::Names(reads), CollectReply::Manifest(Reply::Manifest(version, read)))
                if reads.is_asked(&version) =>
            {
                self.names(now, version, read);
            }
            (Step::LookBeforeBreak(ask), CollectReply::Listed(Part::Documents, read)) if ask.is_out() => {
                if let Some(listed) = self.answer(now, read) {
                    self.inventory.absorb(listed.unwrap_or_default());
                    self.break_cursors(now);
                }
            }
            (Step::Break(_), reply) => self.handle_break(now, reply),
            (Step::Publish(publishing), reply) => match publishing.handle(now, &reply) {
                Some(Ok(published)) => self.published(now, published),
                Some(Err(gave_up)) => self.end(CollectEvent::GaveUp(gave_up)),
                None => {}
            },
            (Step::DocumentsAgain { boundary, ask }, CollectReply::Listed(Part::Documents, read))
                if ask.is_out() =>
            {
                let boundary = *boundary;
                if let Some(listed) = self.answer(now, read) {
                    self.inventory.absorb(listed.unwrap_or_default());
                    self.delete(boundary);
                }
            }
            (Step::Delete(deletion), CollectReply::Deleted { batch, failed }) => {
                if let Some(tried) = deletion.handle(batch, failed, &self.inventory) {
                    let of = deletion.total();
                    self.progress(Progress::Deleting { tried, of });
                    self.finish_if_deleted();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
