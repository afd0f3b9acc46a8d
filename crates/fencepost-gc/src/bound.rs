//! Up to where entries may go, and what holds the others.
// P-50, P-99.

use crate::cursor::Floor;
use crate::fenced_off::fenced_off;
use crate::guarding_fence::our_fences;
use crate::{Inventory, ManifestFacts, Policy, Reason, StoreTime, lance};
use fencepost_fence::{FencedOff, Rule, rules};
use fencepost_format::Position;
use lance::Claims;
use std::collections::BTreeSet;

/// All that limits a collection, apart from what is kept one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    replay_after: Position,
    floor: Floor,
    claims: Claims,
    retention: Position,
    highest: Position,
    /// The fence entries that begin fence ranges.
    fences: BTreeSet<Position>,
    window: u64,
    /// What a loss fenced off, and the position up to which that was accepted.
    // P-101.
    fenced_off: Vec<FencedOff>,
    accepted: Position,
}

impl Limits {
    pub(crate) fn new(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy) -> Self {
        Self {
            replay_after: facts.replay_after,
            floor: Floor::of(inventory),
            claims: lance::claims(inventory, facts, policy),
            retention: retention(inventory, facts, policy, inventory.now()),
            highest: inventory.highest(),
            fences: our_fences(inventory),
            window: policy.window().get(),
            fenced_off: fenced_off(inventory, policy),
            accepted: policy.fenced_off_accepted(),
        }
    }

    /// The highest position that may go: `min(replay_after, cursors, retention)`, what openers of Lance's may
    /// replay, and outside of fence ranges.
    pub(crate) fn bound(&self) -> Position {
        self.outside_fence_ranges(self.limit())
    }

    /// The bound if nothing above `boundary` may go.
    pub(crate) fn bound_within(&self, boundary: Position) -> Position {
        self.outside_fence_ranges(self.limit().min(boundary))
    }

    fn limit(&self) -> Position {
        if !rules::on(Rule::DeleteBelowBound) {
            return self.reach();
        }
        let damage =
            self.holding().next().filter(|_| rules::on(Rule::KeepFencedOff)).map(|off| off.at.prev());
        [self.claims.floor(), damage].into_iter().flatten().fold(self.reach(), Position::min)
    }

    /// A reader that starts above the bound must find all of the fence range that it starts in, or it would
    /// take a stale entry for a row.
    ///
    /// `replay_after` rests in no fence range. What looks like one there is the fence entry of an opener that
    /// woke late, in collected space.
    // P-99, P-31.
    fn outside_fence_ranges(&self, mut bound: Position) -> Position {
        if bound >= self.replay_after || !rules::on(Rule::BoundOutsideFenceRanges) {
            return bound;
        }
        while let Some(&fence) = self.fences.range(..=bound).next_back()
            && bound < fence.plus(self.window - 1)
        {
            bound = fence.prev();
        }
        bound
    }

    /// The bound as far as it is known before anything was read: nothing above it will go.
    pub(crate) fn reach(&self) -> Position {
        if !rules::on(Rule::DeleteBelowBound) {
            return self.highest;
        }
        let limits = [self.floor.limit(), Some(self.retention)];
        limits.into_iter().flatten().fold(self.replay_after, Position::min)
    }

    /// What was fenced off and was not accepted, upward: it holds itself and everything above.
    pub(crate) fn holding(&self) -> impl Iterator<Item = &FencedOff> {
        self.fenced_off.iter().filter(|off| off.proof > self.accepted)
    }

    /// Where the first entry stands above which nobody can tell a refused write from one that was acknowledged.
    pub(crate) fn fenced_off_from(&self) -> Option<Position> {
        self.fenced_off.first().map(|off| off.at)
    }

    pub(crate) const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Why a claim by Lance keeps this entry, if one does.
    // P-58.
    pub(crate) fn held_by_claim(&self, at: Position) -> Option<Reason> {
        match (self.claims.holder(at), self.claims.unread) {
            (Some(claim), _) => Some(Reason::LanceOpener(claim.epoch)),
            (None, Some(version)) => Some(Reason::LanceClaimUnread(version)),
            (None, None) => None,
        }
    }

    /// Why an entry above the bound stays.
    pub(crate) fn reason_above(&self, at: Position) -> Reason {
        if at > self.bound() && at <= self.limit() {
            return Reason::FenceRange;
        }
        match &self.floor {
            _ if at > self.replay_after => Reason::Live,
            Floor::Cursor(name, position) if at > *position => Reason::Cursor(name.clone()),
            Floor::NotUnderstood => Reason::CursorNotUnderstood,
            _ => match self.held_by_claim(at) {
                Some(reason) => reason,
                None if self.holding().next().is_some_and(|off| at >= off.at) => Reason::FencedOff,
                None if at > self.retention => Reason::Retention,
                None => Reason::AboveBoundary,
            },
        }
    }
}

/// Whether some entry stays for its age alone: then it matters what time it is.
pub(crate) fn waits_for_age(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy) -> bool {
    let retained = |now| retention(inventory, facts, policy, now);
    retained(inventory.now()) != retained(StoreTime(u64::MAX))
}

/// The highest position that the policy does not retain.
///
/// By age, everything from the lowest young entry upward is retained. Entries at or below the published
/// boundary don't count for it: what lands there is a stale entry, and as young as it is, it must not hold
/// back the rest.
// P-56.
fn retention(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy, now: StoreTime) -> Position {
    let by_count = facts.replay_after.minus(policy.retain_entries());
    let Some(age) = policy.retain_age() else { return by_count };
    let candidates = inventory.entries.range(inventory.published().next()..);
    let mut young = candidates.filter(|(_, entry)| now.since(entry.modified) < age);
    young.next().map_or(by_count, |(at, _)| by_count.min(at.prev()))
}
