//! `repair`: giving up what is lost or damaged, so that the log goes on without it.

use super::verify::{problem_document, problem_line};
use crate::args::Repair;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use fencepost::{Ailment, GiveUp, Position, RepairStep, Repaired, Verification, Wal};
use serde_json::{Value, json};

pub(super) async fn run(args: Repair, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let found = wal.verify(|_, _| ()).await?;
    let choices = choices(&args);
    if choices.is_empty() {
        if args.yes {
            let what =
                "--yes needs an entry to give up: add --accept-gap, --skip-damaged or --skip-unreadable";
            return Err(Failure::new(Exit::Usage, what)
                .with_advice("Run `repair` without --yes: it proposes the options."));
        }
        return propose(&wal, &found, json);
    }
    let plan = found.plan_repair(&choices).map_err(|error| {
        Failure::from(error)
            .with_advice("Nothing was changed. `fencepost verify` says what is wrong, and where.")
    })?;
    let steps: Vec<_> = plan.steps().to_vec();
    let mut done: Vec<Repaired> = Vec::new();
    let outcome = if args.yes {
        wal.repair(&plan, |repaired| done.push(repaired.clone())).await
    } else {
        Ok(Vec::new())
    };
    if json {
        let before = plan.given_up_before().iter().map(|at| at.get()).collect::<Vec<_>>();
        let steps = steps.iter().map(|step| document(&wal, step, &done)).collect::<Vec<_>>();
        let document = json!({"shard": wal.shard().to_string(), "dry_run": !args.yes, "given_up": steps, "given_up_before": before});
        match outcome {
            Ok(_) => output::json(&document)?,
            Err(error) => {
                let facts = document.as_object().cloned().unwrap_or_default();
                return Err(Failure::from(error).with_facts(facts));
            }
        }
        return Ok(());
    }
    for position in plan.given_up_before() {
        output::line(&format!("position {position}: already given up"))?;
    }
    for step in &steps {
        output::line(&printable(&line(step, &done, args.yes)))?;
    }
    outcome?;
    if !args.yes && !steps.is_empty() {
        output::line("nothing was changed; add --yes to give these entries up, which cannot be undone")?;
    }
    Ok(())
}

fn choices(args: &Repair) -> Vec<GiveUp> {
    let gaps = args.accept_gap.iter().map(|range| GiveUp::Gap { first: range.first, last: range.last });
    let damaged = args.skip_damaged.iter().map(|at| GiveUp::Damaged(*at));
    gaps.chain(damaged).chain(args.skip_unreadable.iter().map(|at| GiveUp::Unreadable(*at))).collect()
}

/// Says what could be given up, with the command for each.
fn propose(wal: &Wal, found: &Verification, json: bool) -> Result<(), Failure> {
    let ailing = found.ailing();
    if json {
        let proposals: Vec<_> = ailing.iter().map(|choice| json!({"option": option(choice)})).collect();
        let problems: Vec<_> = found.problems.iter().map(problem_document).collect();
        let document = json!({
            "shard": wal.shard().to_string(), "dry_run": true, "given_up": [], "problems": problems, "proposals": proposals,
        });
        return output::json(&document);
    }
    for problem in &found.problems {
        output::line(&printable(&problem_line(problem)))?;
    }
    if ailing.is_empty() {
        return output::line(if found.problems.is_empty() {
            "sound: there is nothing to give up"
        } else {
            "giving up an entry mends none of these problems"
        });
    }
    output::line(
        "First look for a copy of what is missing: an older version of the bucket, a backup, a replica. To continue without it:",
    )?;
    for choice in &ailing {
        output::line(&printable(&format!("    {} --yes", command(choice))))?;
    }
    Ok(())
}

/// The command that gives this up.
pub(super) fn command(choice: &GiveUp) -> String {
    format!("fencepost repair LOG {}", option(choice))
}

fn option(choice: &GiveUp) -> String {
    match choice {
        GiveUp::Gap { first, last } if first == last => format!("--accept-gap {first}"),
        GiveUp::Gap { first, last } => format!("--accept-gap {first}..{last}"),
        GiveUp::Damaged(at) => format!("--skip-damaged {at}"),
        GiveUp::Unreadable(at) => format!("--skip-unreadable {at}"),
    }
}

fn document(wal: &Wal, step: &RepairStep, done: &[Repaired]) -> Value {
    let repaired = of(step.position, done);
    json!({
        "position": step.position.get(), "object": wal.paths().entry(step.position), "why": name(&step.ailment),
        "epoch": step.epoch.get(), "done": repaired.is_some(), "set_aside": repaired.and_then(|done| done.set_aside.clone()),
    })
}

fn line(step: &RepairStep, done: &[Repaired], for_real: bool) -> String {
    let RepairStep { position, ailment, epoch, .. } = step;
    let why = match ailment {
        Ailment::Lost { proof } => format!("lost, as position {proof} proves"),
        Ailment::Damaged => "damaged".to_owned(),
        Ailment::Unreadable => "unreadable".to_owned(),
    };
    match of(*position, done) {
        Some(Repaired { set_aside: Some(aside), .. }) => {
            format!("position {position} ({why}): given up; its bytes are in {aside}")
        }
        Some(Repaired { put: false, .. }) => format!("position {position}: already given up"),
        Some(_) => format!("position {position} ({why}): given up"),
        None if for_real => format!("position {position} ({why}): not given up"),
        None => format!("position {position} ({why}): would be given up, by a tombstone of epoch {epoch}"),
    }
}

fn of(position: Position, done: &[Repaired]) -> Option<&Repaired> {
    done.iter().find(|repaired| repaired.position == position)
}

const fn name(ailment: &Ailment) -> &'static str {
    match ailment {
        Ailment::Lost { .. } => "lost",
        Ailment::Damaged => "damaged",
        Ailment::Unreadable => "unreadable",
    }
}
