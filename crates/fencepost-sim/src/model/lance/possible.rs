//! What can happen in a state of the Lance model.

use super::party::Phase;
use super::state::{Action, State};
use super::{Bounds, discover::Discover};
use fencepost_format::Position;

impl State {
    pub(super) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        if !self.broken.is_empty() {
            return;
        }
        if let Some((kind, ..)) = bounds.parties.get(self.claims()) {
            actions.push(Action::Claim(*kind));
        }
        let latest = self.store.latest();
        for (index, party) in self.parties.iter().enumerate() {
            if party.can_step() {
                actions.push(Action::Step { party: index });
                let begins =
                    matches!(party.phase, Phase::Fencing(Discover::Begin) | Phase::Seeking(Discover::Begin));
                if begins && latest.is_some_and(|latest| latest.last_seen != party.hint) {
                    actions.push(Action::Refresh { party: index });
                }
            }
            // A long replay may flush before its end.
            let can_flush = matches!(party.phase, Phase::Open(_) | Phase::Replaying(_));
            if can_flush && party.flushes > 0 && self.store.epoch() == party.epoch && !party.memory.is_empty()
            {
                actions.push(Action::Flush { party: index });
            }
        }
        for (writer, ours) in self.ours.iter().enumerate() {
            actions.extend((0..ours.steps()).map(|which| Action::OursSteps { writer, which }));
            actions.extend(ours.checkpoints().map(|at| Action::OursCheckpoints { writer, at }));
        }
        if let Some(latest) = latest {
            let there: Vec<_> = self.store.entries().map(|entry| entry.position).collect();
            let (back, on): (Vec<_>, Vec<_>) = there.into_iter().partition(|at| *at < latest.last_seen);
            if self.tailings_left > 0 {
                let on = on.into_iter().filter(|at| *at > latest.last_seen);
                actions.extend(on.map(|at| Action::Tail { at }));
            }
            if self.drains_left > 0 {
                actions.push(Action::Drain);
            }
            // Once something was deleted, a hint that is moved back misleads whatever was kept.
            if self.hints_left > 0 && self.condemned.is_empty() && self.collections.is_empty() {
                actions.extend(back.into_iter().map(|at| Action::MisleadHint { at }));
            }
        }
        if self.collections_left > 0 && !self.store.replay_after().is_none() {
            actions.push(Action::CollectorLooks);
        }
        actions.extend((0..self.collections.len()).map(|collector| Action::CollectorPlans { collector }));
        let due = self.condemned.iter().filter(|at| self.store.entry(**at).is_some() && self.is_wanted(**at));
        actions.extend(due.map(|&at| Action::Delete { at }));
    }

    /// Whether somebody's next step could tell that the entry is gone.
    fn is_wanted(&self, at: Position) -> bool {
        !self.collections.is_empty()
            || self.parties.iter().any(|party| party.looks_at(at))
            || self.ours.iter().any(|ours| ours.looks_at(at))
    }
}
