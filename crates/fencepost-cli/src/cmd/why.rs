//! `why`: every rule that keeps an entry or lets it go, with the position that decides.

use super::gc::claims::what_it_holds;
use crate::args::Why;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::table::{Align, table};
use fencepost::{ClaimState, Collected, CursorStatus, Hold, Manifest, Object, Position, Verdict};
use serde_json::{Value, json};

pub(super) async fn run(args: Why, json: bool) -> Result<(), Failure> {
    let (wal, at) = (args.place.open().await?, args.position);
    let found = wal.collector().plan().await?;
    let mut cursors = wal.cursors().await?;
    cursors.retain(|cursor| !cursor.broken);
    let manifest = wal.manifest().await?;
    let path = wal.paths().entry(at);
    let Some(verdict) = found.plan.verdict(&Object::Entry(at)) else {
        let message = format!("{path}: nothing stands at position {at}");
        let boundary = found.report.boundary;
        let advice = if at <= boundary {
            format!("Collections may have deleted everything up to position {boundary}.")
        } else {
            "It was never written, or it is lost: `verify` tells which.".to_owned()
        };
        return Err(Failure::new(Exit::Input, message).with_advice(advice));
    };
    let rules = rules(at, &found, &cursors, &manifest);
    let (delete, why) = match verdict {
        Verdict::Delete => (true, "a collection now would delete it".to_owned()),
        Verdict::Keep(reason) => (false, reason.to_string()),
    };
    if json {
        let kept_because = match verdict {
            Verdict::Delete => None,
            Verdict::Keep(reason) => Some(reason.name()),
        };
        return output::json(&json!({
            "shard": wal.shard().to_string(), "position": at.get(), "path": path, "delete": delete,
            "kept_because": kept_because, "why": why, "rules": rules.iter().map(Rule::document).collect::<Vec<_>>(),
        }));
    }
    let rows: Vec<_> = rules.iter().map(Rule::cells).collect();
    let verdict = if delete { "it would go" } else { "it stays" };
    let text = format!("{path}\n{}position {at}: {verdict}: {why}", table(&COLUMNS, &rows));
    output::line(&printable(&text))
}

/// What one rule says of the position.
struct Rule {
    /// A stable word for programs.
    name: &'static str,
    /// What it looks at.
    what: String,
    /// The position that decides; `None` if it holds everything.
    limit: Option<Position>,
    /// Whether it keeps the entry.
    keeps: bool,
    said: String,
}

impl Rule {
    fn document(&self) -> Value {
        json!({
            "rule": self.name, "what": self.what, "position": self.limit.map(Position::get), "keeps": self.keeps, "message": self.said,
        })
    }

    fn cells(&self) -> Vec<String> {
        let limit = self.limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
        let says = if self.keeps { "keeps it" } else { "lets it go" };
        vec![self.what.clone(), limit, says.to_owned(), self.said.clone()]
    }
}

const COLUMNS: [(&str, Align); 4] =
    [("rule", Align::Left), ("position", Align::Right), ("says", Align::Left), ("because", Align::Left)];

/// Everything that looks at positions. What looks at the entry itself is the verdict's own reason.
fn rules(at: Position, found: &Collected, cursors: &[CursorStatus], manifest: &Manifest) -> Vec<Rule> {
    let checkpoint = manifest.replay_after;
    let mut rules = vec![up_to(
        at,
        ("checkpoint", "checkpoint".to_owned(), checkpoint),
        "whoever opens the log replays everything above it",
    )];
    for cursor in cursors {
        let CursorStatus { name, position, .. } = cursor;
        let what = ("cursor", format!("cursor {name}"), *position);
        rules.push(up_to(at, what, "its consumer has not passed the entries above it"));
    }
    rules.extend(found.plan.claims.all.iter().filter_map(|claim| {
        let ClaimState::Unsettled(Hold { after, through }) = claim.state else { return None };
        let keeps = at > after && through.is_none_or(|through| at <= through);
        let what = format!("claim of epoch {} (Lance)", claim.epoch);
        Some(Rule {
            name: "claim",
            what,
            limit: Some(after),
            keeps,
            said: what_it_holds(claim).unwrap_or_default(),
        })
    }));
    if let Some(version) = found.plan.claims.unread {
        let (what, said) = (
            format!("manifest {version}"),
            "it could not be read, and may be a claim by Lance that keeps anything".to_owned(),
        );
        rules.push(Rule { name: "claim_unread", what, limit: None, keeps: true, said });
    }
    for off in &found.report.fenced_off {
        let what = ("fenced_off", "entries fenced off by a loss".to_owned(), off.at.prev());
        rules.push(up_to(at, what, "their rows must be saved first; see `verify`"));
    }
    let bound = ("bound", "this pass".to_owned(), found.plan.bound);
    rules.push(up_to(at, bound, "this pass deletes nothing above this position"));
    rules
}

/// A rule that keeps everything above a position.
fn up_to(at: Position, (name, what, limit): (&'static str, String, Position), said: &str) -> Rule {
    Rule { name, what, limit: Some(limit), keeps: at > limit, said: said.to_owned() }
}
