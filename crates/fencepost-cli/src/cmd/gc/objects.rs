//! What would happen to each object, as lines: neighbours that fare alike share one.

use super::report::with_size;
use super::table::Table;
use fencepost::{Collected, Object, Verdict, Wal};

/// Objects of one kind with numbers that follow one another, and the same verdict.
struct Run<'a> {
    first: Object,
    last: Object,
    verdict: &'a Verdict,
}

impl Run<'_> {
    fn line(&self, found: &Collected) -> String {
        let named = match (number(&self.first), number(&self.last)) {
            (Some((kind, first)), Some((_, last))) if first != last => {
                format!("{kind} {}..{} ({})", first.min(last), first.max(last), first.abs_diff(last) + 1)
            }
            _ => with_size(&self.first, found),
        };
        match self.verdict {
            Verdict::Delete => format!("delete  {named}\n"),
            Verdict::Keep(reason) => format!("keep    {named}: {reason}\n"),
        }
    }
}

/// The plural of the kind, and the number, of what is numbered.
fn number(object: &Object) -> Option<(&'static str, u64)> {
    match object {
        Object::Entry(at) => Some(("entries", at.get())),
        Object::Manifest(version) => Some(("manifests", version.get())),
        Object::Lease(epoch) => Some(("leases", epoch.get())),
        Object::Opening(epoch) => Some(("openers' records", epoch.get())),
        _ => None,
    }
}

fn follow(last: &Object, next: &Object) -> bool {
    match (number(last), number(next)) {
        (Some((kind, last)), Some((next_kind, next))) => kind == next_kind && last.abs_diff(next) == 1,
        _ => false,
    }
}

/// All of them.
pub(super) fn lines(wal: &Wal, found: &Collected, table: &Table) -> String {
    let entries = found.plan.entries.iter().map(|run| {
        let (first, last) = (Object::Entry(run.first), Object::Entry(run.last));
        Run { first, last, verdict: &run.verdict }
    });
    let mut runs: Vec<Run<'_>> = entries.collect();
    for (object, verdict) in &found.plan.verdicts {
        match runs.last_mut() {
            Some(run) if run.verdict == verdict && follow(&run.last, object) => run.last = object.clone(),
            _ => runs.push(Run { first: object.clone(), last: object.clone(), verdict }),
        }
    }
    let mut text = String::new();
    for run in runs {
        text.push_str(&run.line(found));
        if let Some(compaction) = table.compaction(wal, &run.first, run.verdict) {
            text.push_str(&format!("        {compaction}\n"));
        }
    }
    text
}
