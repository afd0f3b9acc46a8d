//! What a plan's receipt says.
// P-140.

use crate::{Inventory, LeashOutcome, ManifestFacts, Object, OverLeash, Plan, Policy, Reason, Verdict};
use fencepost_format::{
    NumberRange, ReceiptBasis, ReceiptCursor, ReceiptKept, ReceiptLeash, ReceiptName, ReceiptObjects,
    ReceiptPlan,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is written down of a plan before anything of it is carried out: what goes, why the rest stays, and from
/// what that was concluded.
#[must_use]
pub fn receipt(plan: &Plan, inventory: &Inventory, facts: &ManifestFacts) -> ReceiptPlan {
    let mut delete = ReceiptObjects::default();
    let mut keep: BTreeMap<&'static str, ReceiptObjects> = BTreeMap::new();
    let mut of = |verdict: &Verdict, note: &dyn Fn(&mut ReceiptObjects)| match verdict {
        Verdict::Delete => note(&mut delete),
        Verdict::Keep(reason) => note(keep.entry(reason.name()).or_default()),
    };
    for run in &plan.entries {
        of(&run.verdict, &|objects| {
            objects.count += run.count();
            add(&mut objects.entries, run.first.get(), run.last.get());
        });
    }
    for (object, verdict) in &plan.verdicts {
        of(verdict, &|objects| note(objects, object));
    }
    let held = inventory.cursors.iter().filter_map(|(name, documents)| Some((name, documents.held()?)));
    let cursors = held.map(|(name, at)| ReceiptCursor { name: name.to_string(), holds_above: at.get() });
    let read = inventory.known.keys().filter(|at| inventory.entries.contains(**at)).count();
    let from = ReceiptBasis {
        boundary: inventory.published().get(),
        bound: plan.bound.get(),
        cursors: cursors.collect(),
        entries_listed: inventory.entries.len(),
        entries_read: read as u64,
        ..ReceiptBasis::of(facts.version, facts.epoch, facts.replay_after)
    };
    let keep = keep.into_iter().map(|(reason, objects)| ReceiptKept { reason: reason.to_owned(), objects });
    ReceiptPlan {
        from,
        delete,
        entry_bytes: plan.entry_bytes,
        stale_entries: plan.stale_entries,
        swept: plan.swept,
        accepted: plan.accepted,
        over_leash: plan.over_leash.iter().map(|(over, outcome)| leash(over, *outcome)).collect(),
        fenced_off: plan.fenced_off.iter().map(|off| off.at.get()).collect(),
        keep: keep.collect(),
        ..ReceiptPlan::default()
    }
}

fn leash(over: &OverLeash, outcome: LeashOutcome) -> ReceiptLeash {
    let outcome = outcome.name().to_owned();
    let (name, position) = (over.name.to_string(), over.position.get());
    ReceiptLeash { name, position, exceeded: over.exceeded, outcome }
}

fn note(objects: &mut ReceiptObjects, object: &Object) {
    objects.count += 1;
    let (ranges, number) = match object {
        Object::Entry(at) => (&mut objects.entries, at.get()),
        Object::Manifest(version) => (&mut objects.manifests, version.get()),
        Object::Boundary(at) => (&mut objects.boundaries, at.get()),
        Object::Lease(epoch) => (&mut objects.leases, epoch.get()),
        Object::Opening(epoch) => (&mut objects.openings, epoch.get()),
        other => return objects.others.push(other.to_string()),
    };
    add(ranges, number, number);
}

fn add(ranges: &mut Vec<NumberRange>, first: u64, last: u64) {
    match ranges.last_mut() {
        Some([_, before]) if *before + 1 == first => *before = last,
        _ => ranges.push([first, last]),
    }
}

/// A receipt stays if it is one of the newest, or young.
// P-141.
pub(crate) fn receipt_verdicts<'a>(
    inventory: &'a Inventory,
    policy: &'a Policy,
) -> impl Iterator<Item = (Object, Verdict)> + 'a {
    let passes: BTreeSet<_> = inventory.receipts.iter().map(|name| (name.time, name.id)).collect();
    let mut newest = passes.iter().rev().take(usize::try_from(policy.receipts_keep()).unwrap_or(usize::MAX));
    let newest = newest.next_back().copied();
    let now = inventory.now();
    let verdict = move |name: &ReceiptName| {
        let is_among = newest.is_some_and(|lowest| (name.time, name.id) >= lowest);
        let is_young = now.since(crate::StoreTime(name.time)) < policy.receipts_age();
        if is_among || is_young { Verdict::Keep(Reason::Receipt) } else { Verdict::Delete }
    };
    inventory.receipts.iter().map(move |name| (Object::Receipt(*name), verdict(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{InventoryExt, facts, inventory};
    use crate::{StoreTime, plan};
    use fencepost_format::{Epoch, Nonce, ReceiptPart};
    use std::time::Duration;

    /// An auditor sees from it that nothing needed went.
    // P-140.
    #[test]
    fn a_receipt_says_what_goes_why_the_rest_stays_and_from_what() {
        let mut log =
            inventory("1:h1 2:d1 3:p2 4:d2 5:d2 6:d2 7:d2").with_cursor("audit", 5).with_boundary(2);
        log.leases.extend((1..=2).map(|epoch| (Epoch::new(epoch), StoreTime(0))));
        log.not_understood.insert("wal/readme.txt".into());
        let policy = Policy::new().with_window_for_models(fencepost_fence::Window::for_models(1));
        let facts = facts(2, 6);
        let receipt = receipt(&plan(&log, &facts, &policy), &log, &facts);
        assert_eq!((receipt.delete.count, &receipt.delete.entries[..]), (5, &[[1, 2], [4, 5]][..]));
        assert_eq!(receipt.delete.leases, [[1, 1]]);
        assert_eq!((receipt.entry_bytes, receipt.swept), (400, 2));
        let kept = |name| receipt.keep.iter().find(|kept| kept.reason == name).map(|kept| &kept.objects);
        assert_eq!(kept("guarding_fence").unwrap().entries, [[3, 3]]);
        assert_eq!(kept("cursor").unwrap().entries, [[6, 6]]);
        assert_eq!(kept("live").unwrap().entries, [[7, 7]]);
        assert_eq!(kept("not_understood").unwrap().others, ["wal/readme.txt"]);
        let from = &receipt.from;
        assert_eq!((from.version, from.epoch, from.replay_after, from.bound), (100, 2, 6, 5));
        assert_eq!((from.boundary, from.entries_listed, from.entries_read), (2, 7, 7));
        assert_eq!((from.cursors[0].name.as_str(), from.cursors[0].holds_above), ("audit", 5));
    }

    /// Both parts of a pass go together, and a pass that was cut off has one.
    // P-141.
    #[test]
    fn the_newest_receipts_and_the_young_ones_stay() {
        let day = 86_400_000;
        let mut log = inventory("");
        for pass in 1..=150 {
            let name = |part| ReceiptName { time: pass * day, id: Nonce(pass.into()), part };
            log.receipts.insert(name(ReceiptPart::Plan));
            if pass % 10 > 0 {
                log.receipts.insert(name(ReceiptPart::End));
            }
        }
        log.newest_other = StoreTime(150 * day);
        let gone = |policy: Policy| -> BTreeSet<u64> {
            let plan = plan(&log, &facts(1, 0), &policy);
            plan.deletions()
                .map(|object| match object {
                    Object::Receipt(name) => name.time / day,
                    other => panic!("{other}"),
                })
                .collect()
        };
        assert_eq!(gone(Policy::new()), (1..=50).collect());
        let day = Duration::from_millis(day);
        assert_eq!(gone(Policy::new().with_receipts_age(120 * day)), (1..=30).collect());
        assert_eq!(gone(Policy::new().with_receipts_keep(0)), (1..=120).collect());
    }
}
