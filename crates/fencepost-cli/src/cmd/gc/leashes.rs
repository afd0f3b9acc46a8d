//! Cursors over their leash: what a collection found of them, and did.

use fencepost::{Collected, LeashOutcome};
use serde_json::{Value, json};

/// Whether somebody should look. What was broken is told once, here; `status` tells of it as long as it is there.
pub(super) fn need_attention(found: &Collected) -> bool {
    !found.report.over_leash.is_empty()
}

/// For people.
pub(in crate::cmd) fn lines(found: &Collected) -> Vec<String> {
    let line = |(over, outcome): &(fencepost::OverLeash, LeashOutcome)| match outcome {
        LeashOutcome::Broken if found.report.plan_only => format!("would be broken: {over}"),
        LeashOutcome::Broken => {
            format!("broken: {over}. It holds nothing any more; its consumer is told when it comes back")
        }
        LeashOutcome::Warned => {
            format!(
                "over its leash: {over}. It goes on holding: see to its consumer, or drop it with `cursor drop`"
            )
        }
        LeashOutcome::NotMarked => {
            format!(
                "not broken: {over}. It is not known that its mark was written, so it holds; the next run tries again"
            )
        }
    };
    found.report.over_leash.iter().map(line).collect()
}

/// For programs.
pub(super) fn documents(found: &Collected) -> Vec<Value> {
    let document = |(over, outcome): &(fencepost::OverLeash, LeashOutcome)| {
        json!({
            "cursor": over.name.as_str(), "position": over.position.get(), "limit": over.exceeded.limit,
            "is": over.exceeded.is, "allowed": over.exceeded.allowed, "outcome": outcome.name(),
        })
    };
    found.report.over_leash.iter().map(document).collect()
}
