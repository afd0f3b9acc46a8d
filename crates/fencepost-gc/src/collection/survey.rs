//! The steps in which a collection finds out what there is: nothing is written but the stamp.

use super::reads::Reads;
use super::{AfterStamp, Collection, Step};
use crate::bound::Limits;
use crate::fenced_off::proofs_to_read;
use crate::guarding_fence::headers_to_read;
use crate::leash::waits_for_time;
use crate::plan::waits_for_age;
use crate::{CollectEvent, Inventory, Known, ManifestFacts, Mode, Part, Progress, lance};
use fencepost_fence::{Found, GaveUp, ReadReply, Tick};
use fencepost_format::{EntryHeader, Epoch, Manifest, OpeningRecord, Position, Version};
use std::collections::BTreeSet;

impl Collection {
    pub(super) fn found(&mut self, now: Tick, found: Found) {
        match found {
            Ok(Some(manifest)) => {
                self.facts = Some(ManifestFacts::from(&manifest));
                self.inventory.note_sstables(&manifest);
                let parts = [Part::Entries, Part::Manifests, Part::Documents];
                self.step = Step::Survey(parts.map(|part| (part, self.question(now))).into());
            }
            Ok(None) => self.end(CollectEvent::NoLog),
            Err(gave_up) => self.end(CollectEvent::GaveUp(gave_up)),
        }
    }

    /// The listings are made at the same time: none of them is a snapshot, so what they show together may have
    /// been there at no one moment, in whatever order they come. Cursors are listed once more before anything goes.
    // P-53.
    pub(super) fn surveyed(&mut self, now: Tick, part: Part, read: ReadReply<Inventory>) {
        let Step::Survey(open) = &mut self.step else { unreachable!("called while listing") };
        match read {
            ReadReply::Found(listed) => self.inventory.absorb(listed),
            ReadReply::Absent => {}
            ReadReply::Damaged | ReadReply::Unknown => {
                let ask = open.get_mut(&part).expect("whoever answers was asked");
                if ask.is_late(now) {
                    self.end(CollectEvent::GaveUp(GaveUp::Unread));
                } else {
                    ask.again();
                }
                return;
            }
        }
        open.remove(&part);
        if open.is_empty() {
            self.progress(Progress::Listed { entries: self.inventory.entries.len() });
            self.inventory.published_before = self.inventory.published();
            let waits_for_time = waits_for_time(&self.inventory, self.known_facts());
            if waits_for_time || waits_for_age(&self.inventory, self.known_facts(), &self.policy) {
                self.stamp(now, AfterStamp::JudgeLeashes);
            } else {
                self.judge_leashes(now);
            }
        }
    }

    /// Asks what time it is, once. The only clock that counts is the store's, and a log that nobody writes to
    /// doesn't show it.
    fn stamp(&mut self, now: Tick, then: AfterStamp) {
        if self.mode == Mode::Delete && !std::mem::replace(&mut self.stamped, true) {
            self.step = Step::Stamp(then, self.question(now));
        } else {
            match then {
                AfterStamp::JudgeLeashes => self.judge_leashes(now),
                AfterStamp::JudgeClaims => self.judge_claims(now),
            }
        }
    }

    pub(super) fn read_boundary(&mut self, now: Tick) {
        match self.inventory.published() {
            Position::NONE => self.read_openings(now),
            at => self.step = Step::ReadBoundary(at, self.question(now)),
        }
    }

    /// Which entries need not be read?
    // P-135, P-138.
    pub(super) fn read_openings(&mut self, now: Tick) {
        let facts = self.known_facts();
        let lance_was_here = facts.by_lance || facts.lance_before;
        let wanted = self.inventory.openings.iter().filter(|epoch| !lance_was_here && **epoch <= facts.epoch);
        self.step = Step::Openings(Reads::new(now, wanted.copied().collect(), self.params.reads_in_flight));
        self.go_on_after_openings(now);
    }

    /// What cannot be read or understood vouches for nothing.
    pub(super) fn opening(&mut self, now: Tick, epoch: Epoch, read: ReadReply<OpeningRecord>) {
        let Step::Openings(reads) = &mut self.step else { unreachable!("called while reading records") };
        match read {
            ReadReply::Found(record) => drop(self.inventory.opening_records.insert(epoch, record)),
            ReadReply::Damaged | ReadReply::Absent => {}
            ReadReply::Unknown => {
                reads.again(now, &epoch, self.params.retry_timeout);
                return self.go_on_after_openings(now);
            }
        }
        reads.settle(now, &epoch);
        self.go_on_after_openings(now);
    }

    fn go_on_after_openings(&mut self, now: Tick) {
        let Step::Openings(reads) = &self.step else { unreachable!("called while reading records") };
        if reads.is_done() {
            self.read_headers(now);
        }
    }

    /// Reads what may be deleted as far as is known, and nothing else.
    // P-51.
    fn read_headers(&mut self, now: Tick) {
        let wanted = self.wanted_headers();
        self.step = Step::Headers(Reads::new(now, wanted, self.params.reads_in_flight));
        self.go_on_after_headers(now);
    }

    fn wanted_headers(&self) -> BTreeSet<Position> {
        headers_to_read(&self.inventory, self.known_facts(), &self.policy, self.limits().reach())
    }

    fn limits(&self) -> Limits {
        Limits::new(&self.inventory, self.known_facts(), &self.policy)
    }

    pub(super) fn header(&mut self, now: Tick, at: Position, read: ReadReply<EntryHeader>) {
        let Step::Headers(reads) = &mut self.step else { unreachable!("called while reading headers") };
        match read {
            ReadReply::Found(header) => drop(self.inventory.known.insert(at, Known::Header(header))),
            ReadReply::Damaged => drop(self.inventory.known.insert(at, Known::Unreadable)),
            // Deleted since it was listed, by another collector.
            ReadReply::Absent => self.inventory.forget(at),
            ReadReply::Unknown => {
                for at in reads.again(now, &at, self.params.retry_timeout) {
                    self.inventory.known.insert(at, Known::Unreadable);
                }
                return self.go_on_after_headers(now);
            }
        }
        reads.settle(now, &at);
        let (read, of) = reads.progress();
        self.progress(Progress::Reading { read, of });
        self.go_on_after_headers(now);
    }

    fn go_on_after_headers(&mut self, now: Tick) {
        let Step::Headers(reads) = &self.step else { unreachable!("called while reading headers") };
        if !reads.is_done() {
            return;
        }
        // Those that showed whether the records count may have left others to be read.
        let wanted = self.wanted_headers();
        if !wanted.is_empty() {
            self.step = Step::Headers(Reads::new(now, wanted, self.params.reads_in_flight));
            return;
        }
        let proofs = proofs_to_read(&self.inventory, self.limits().reach(), self.policy.window());
        if !proofs.is_empty() {
            self.step = Step::Headers(Reads::new(now, proofs, self.params.reads_in_flight));
            return;
        }
        let wanted = lance::manifests_to_read(&self.inventory, self.known_facts(), &self.policy);
        self.step = Step::Claims(Reads::new(now, wanted, self.params.reads_in_flight));
        self.go_on_after_claims(now);
    }

    /// What an opener of Lance's may have read at its claim.
    // P-58.
    pub(super) fn claim(&mut self, now: Tick, version: Version, read: ReadReply<Manifest>) {
        let Step::Claims(reads) = &mut self.step else { unreachable!("called while reading claims") };
        match read {
            ReadReply::Found(manifest) => {
                self.inventory.note_sstables(&manifest);
                self.inventory.claims.insert(version, Some(ManifestFacts::from(&manifest)));
            }
            // Absent: pruned since it was listed, by somebody in a hurry. What it said nobody knows; the next
            // pass won't list it.
            ReadReply::Damaged | ReadReply::Absent => drop(self.inventory.claims.insert(version, None)),
            ReadReply::Unknown => {
                for version in reads.again(now, &version, self.params.retry_timeout) {
                    self.inventory.claims.insert(version, None);
                }
                return self.go_on_after_claims(now);
            }
        }
        reads.settle(now, &version);
        self.go_on_after_claims(now);
    }

    fn go_on_after_claims(&mut self, now: Tick) {
        let Step::Claims(reads) = &self.step else { unreachable!("called while reading claims") };
        if !reads.is_done() {
            return;
        }
        let wanted = lance::manifests_to_read(&self.inventory, self.known_facts(), &self.policy);
        if !wanted.is_empty() {
            self.step = Step::Claims(Reads::new(now, wanted, self.params.reads_in_flight));
            return;
        }
        // If it was seen only now that Lance was here, no record vouches for anything.
        // P-138.
        let wanted = self.wanted_headers();
        if !wanted.is_empty() {
            self.step = Step::Headers(Reads::new(now, wanted, self.params.reads_in_flight));
            return;
        }
        if lance::claims(&self.inventory, self.known_facts(), &self.policy).floor().is_some() {
            self.stamp(now, AfterStamp::JudgeClaims);
        } else {
            self.judge_claims(now);
        }
    }

    pub(super) fn judge_claims(&mut self, now: Tick) {
        let claims = lance::claims(&self.inventory, self.known_facts(), &self.policy);
        let above = self.inventory.entries.positions();
        let above: BTreeSet<_> = above.filter(|at| !self.inventory.known.contains_key(at)).collect();
        if claims.floor().is_none() || above.is_empty() || self.reads_above {
            return self.list_sstables(now);
        }
        // SUBTLE: what shows that a claim is settled, or ends its replay, may lie above the bound. It is read
        // only if it matters.
        self.reads_above = true;
        self.step = Step::Headers(Reads::new(now, above, self.params.reads_in_flight));
    }
}
