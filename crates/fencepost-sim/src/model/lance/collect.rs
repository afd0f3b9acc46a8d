//! The production collection, and what it would delete without some of its guards.

use crate::ring::collector;
use crate::world::Store;
use fencepost_fence::{Machine, Rule, Tick, rules};
use fencepost_format::Position;
use fencepost_gc::{
    CollectEvent, CollectParams, CollectReply, CollectRequest, Collection, Inventory, ManifestFacts, Mode,
    Object, Plan, Policy, Reason, Verdict, guarding_fences,
};

/// What a collection keeps for Lance's sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The first entry of each epoch, and every sentinel (P-57).
    EpochFirsts,
    /// The highest entry (P-52).
    Highest,
    /// Everything at or above `min(replay_after + 1, last_seen)` (P-57).
    Hint,
    /// What the opener of an unsettled claim may replay (P-58).
    Claims,
}

/// What a collection decided.
pub(super) struct Decided {
    pub(super) condemned: Vec<Position>,
    pub(super) held_for_opener: bool,
    /// It says that something was fenced off by a loss.
    pub(super) says_damaged: bool,
}

/// A collection that has read the manifest; `None` if there is no log.
pub(super) fn look(store: &Store) -> Option<Collection> {
    let params = CollectParams { retry_timeout: u64::MAX / 2, ..CollectParams::default() };
    let mut collection = Collection::new(params, NOW, Policy::new(), Mode::PlanOnly);
    while collection.facts().is_none() {
        let CollectRequest::Manifest(request) = collection.poll_request()? else { return None };
        collection.handle(NOW, CollectReply::Manifest(store.read(&request)?));
    }
    Some(collection)
}

/// Does the rest, and tells what is to be deleted.
pub(super) fn plan(mut collection: Collection, store: &mut Store, without: &[Guard]) -> Decided {
    let mut planned = None;
    loop {
        while let Some(event) = collection.poll_event() {
            if let CollectEvent::Planned(plan) = event {
                planned = Some(plan);
            }
        }
        let Some(request) = collection.poll_request() else { break };
        let reply = collector::answer(store, &request).expect("a collection that only plans deletes nothing");
        collection.handle(NOW, reply);
    }
    let plan = planned.expect("a collection plans before it ends");
    let facts = *collection.facts().expect("it found the manifest");
    decide(&plan, collection.inventory(), &facts, without)
}

fn decide(plan: &Plan, inventory: &Inventory, facts: &ManifestFacts, without: &[Guard]) -> Decided {
    let says_damaged = !plan.fenced_off.is_empty();
    let mut decided = Decided { condemned: Vec::new(), held_for_opener: false, says_damaged };
    let needed = guarding_fences(inventory);
    for (object, verdict) in plan.objects() {
        let Object::Entry(at) = object else { continue };
        let held = matches!(verdict, Verdict::Keep(Reason::LanceOpener(_)));
        decided.held_for_opener |= held;
        let goes = match verdict {
            Verdict::Delete => true,
            Verdict::Keep(_) if without.is_empty() || at > facts.replay_after => false,
            Verdict::Keep(_) => {
                // SUBTLE: the plan names the first reason; without its guard another may still apply.
                let hint = facts.replay_after.next().min(facts.last_seen);
                let keeps = |guard: &Guard| match guard {
                    Guard::EpochFirsts => needed.contains(&at),
                    Guard::Highest => at == inventory.highest() && rules::on(Rule::KeepHighest),
                    Guard::Hint => at >= hint && rules::on(Rule::KeepLanceHint),
                    Guard::Claims => held,
                };
                let evidence = matches!(verdict, Verdict::Keep(Reason::LanceEvidence(_)));
                let all = [Guard::EpochFirsts, Guard::Highest, Guard::Hint, Guard::Claims];
                let kept = all.iter().any(|guard| !without.contains(guard) && keeps(guard));
                !kept && (!evidence || without.contains(&Guard::Claims))
            }
        };
        if goes {
            decided.condemned.push(at);
        }
    }
    decided
}

const NOW: Tick = Tick(0);
