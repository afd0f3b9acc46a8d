//! Cursors over their leash: looked at once more, marked, and only then passed.
// P-163.

use super::breaking::Breaking;
use super::{Collection, Step};
use crate::{CollectReply, LeashOutcome, Mode, OverLeash, over_leash};
use fencepost_fence::{Rule, Tick, rules};
use fencepost_format::CursorDocument;
use std::collections::VecDeque;

impl Collection {
    /// Which cursors are over their leash? Before entries are read: what is broken holds none of them back.
    pub(super) fn judge_leashes(&mut self, now: Tick) {
        if self.to_be_broken().next().is_none() {
            return self.read_boundary(now);
        }
        match self.mode {
            // SUBTLE: what was listed may be long ago by now. Whoever moved meanwhile is judged where it stands now.
            Mode::Delete => self.step = Step::LookBeforeBreak(self.question(now)),
            Mode::PlanOnly => self.assume_broken(now),
        }
    }

    fn to_be_broken(&self) -> impl Iterator<Item = OverLeash> {
        let all = over_leash(&self.inventory, self.known_facts());
        all.into_iter().filter(OverLeash::is_to_be_broken)
    }

    pub(super) fn break_cursors(&mut self, now: Tick) {
        let all: VecDeque<_> = self.to_be_broken().collect();
        if all.is_empty() {
            return self.read_boundary(now);
        }
        if !rules::on(Rule::MarkBeforeBreak) {
            return self.assume_broken(now);
        }
        let time = self.inventory.now();
        self.step = Step::Break(Breaking::new(now, all, time, self.params.retry_timeout));
    }

    /// As if the marks stood: that is what a plan is about.
    fn assume_broken(&mut self, now: Tick) {
        for over in self.to_be_broken().collect::<Vec<_>>() {
            self.broken(over);
        }
        self.read_boundary(now);
    }

    pub(super) fn handle_break(&mut self, now: Tick, reply: CollectReply) {
        let Step::Break(breaking) = &mut self.step else { unreachable!("called while breaking") };
        let Some((over, stands)) = breaking.handle(now, reply) else { return };
        let is_done = breaking.is_done();
        if stands {
            self.broken(over);
        } else {
            self.breaks.push((over, LeashOutcome::NotMarked));
        }
        if is_done {
            self.read_boundary(now);
        }
    }

    fn broken(&mut self, over: OverLeash) {
        self.inventory.note_cursor(over.name.clone(), CursorDocument::Broken(over.nonce));
        self.breaks.push((over, LeashOutcome::Broken));
    }
}
