//! What a collection met that is damage: told with the object's name and what to do, whatever else the
//! collection did.

use super::leashes;
use crate::exit::Exit;
use fencepost::{Collected, FencedOff, Gap, Position, Wal};
use serde_json::{Value, json};

/// How a collection ends that did its work.
pub(super) fn exit(found: &Collected) -> Option<Exit> {
    if !found.losses.lost.is_empty() || !found.report.fenced_off.is_empty() {
        Some(Exit::Damaged)
    } else if !found.report.failed.is_empty() || found.losses.failed.is_some() {
        Some(Exit::Failed)
    } else if leashes::need_attention(found) {
        Some(Exit::Attention)
    } else {
        None
    }
}

/// For people.
pub(in crate::cmd) fn lines(wal: &Wal, found: &Collected) -> Vec<String> {
    let mut lines: Vec<_> = found.losses.lost.iter().map(|gap| lost(wal, gap)).collect();
    lines.extend(found.report.fenced_off.iter().map(|off| fenced_off(wal, off)));
    if let Some(why) = &found.losses.failed {
        lines.push(format!("it is not known whether entries above the checkpoint are lost: {why}"));
    }
    lines
}

fn lost(wal: &Wal, gap: &Gap) -> String {
    let Gap { first, last, proof } = *gap;
    let which = if first == last {
        format!("position {first} is")
    } else {
        format!("positions {first} to {last} are")
    };
    let proof = proof.expect("only what is proven is told as lost");
    format!(
        "DAMAGED: {}: {which} lost: position {proof} proves that entries were there. Nothing above the checkpoint was deleted. `verify` shows more; \
         `repair` gives up what is lost; see docs/repair.md",
        wal.paths().entry(first)
    )
}

fn fenced_off(wal: &Wal, off: &FencedOff) -> String {
    let FencedOff { at, by, proof } = *off;
    format!(
        "DAMAGED: {}: epoch {by} wrote it where an entry of an earlier epoch was lost, as position {proof} proves. \
         No reader sees what was acknowledged at positions {} to {proof}. Nothing from position {at} upward was deleted. Save these rows, then collect with `--accept-fenced-off {proof}`; see docs/repair.md",
        wal.paths().entry(at),
        at.next()
    )
}

/// For programs, with the names that `verify` has.
pub(in crate::cmd) fn documents(wal: &Wal, found: &Collected) -> Vec<Value> {
    let document = |kind: &str, first: Position, last: Position, proof: Option<Position>| {
        json!({
            "object": wal.paths().entry(first), "kind": kind, "first": first.get(), "last": last.get(),
            "proof": proof.map(Position::get),
        })
    };
    let lost = found.losses.lost.iter().map(|gap| document("lost", gap.first, gap.last, gap.proof));
    let fenced_off = found.report.fenced_off.iter();
    lost.chain(fenced_off.map(|off| document("fenced_off", off.at, off.at, Some(off.proof)))).collect()
}
