//! Runs seeds, and shows what a failing one did.

use clap::Parser;
use fencepost_sim_facade::{Plan, Struck, Tally, minimise, run};
use fencepost_simstore::{Counts, Happened};
use fencepost_store::disk::Flush;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

/// Runs the whole of fencepost on a simulated store or disk, one run for each seed.
#[derive(Debug, Parser)]
struct Args {
    /// On a machine with a simulated disk, whose power is cut.
    #[arg(long)]
    disk: bool,
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Leaves out a party, a blow or a fault, as minimised commands do.
    #[arg(long)]
    without: Vec<String>,
    /// The disk ignores the flushes of this kind, to see whether anything notices: contents, entry, above,
    /// exists, read or listed.
    #[arg(long, value_parser = flush, requires = "disk")]
    leave_out: Option<Flush>,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
    /// Prints the trace even of runs that are right.
    #[arg(long)]
    trace: bool,
    /// Goes on after failures, without minimising them.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let started = Instant::now();
    let (mut tally, mut counts, mut failed) = (Tally::default(), Counts::default(), Vec::new());
    let mut struck = BTreeMap::<Struck, u64>::new();
    for seed in args.from..args.from + args.seeds {
        let plan = if args.disk { Plan::on_disk(seed) } else { Plan::of(seed) };
        let mut plan = args.without.iter().fold(plan, |plan, label| plan.without(label));
        if let Some(disk) = &mut plan.disk {
            disk.faults.left_out = args.leave_out;
        }
        let outcome = run(&plan, args.trace);
        tally.add(&outcome.tally);
        counts.add(&outcome.counts);
        for (what, times) in &outcome.struck {
            *struck.entry(*what).or_default() += times;
        }
        if args.trace {
            println!("{:#?}\n{}", plan, outcome.trace);
            println!("hash {:016x}, {:?} of virtual time", outcome.trace.hash(), outcome.elapsed);
        }
        let Some(broken) = outcome.broken.first() else { continue };
        failed.push(seed);
        eprintln!("seed {seed}: {broken}");
        if !args.keep_going {
            report(&minimise(&plan, broken.promise));
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        let happened: serde_json::Map<_, _> =
            Happened::ALL.iter().map(|&what| (format!("{what:?}"), counts.of(what).into())).collect();
        let seen: serde_json::Map<_, _> =
            tally.named().iter().map(|(name, n)| ((*name).to_owned(), (*n).into())).collect();
        let disk: serde_json::Map<_, _> =
            struck.iter().map(|(what, &times)| (format!("{what:?}"), times.into())).collect();
        let result = json!({
            "from": args.from, "seeds": args.seeds, "failed": failed, "seconds": seconds,
            "requests": counts.all_requests(), "seen": seen, "happened": happened,
            "disk": disk,
        });
        println!("{result:#}");
    } else {
        for (name, times) in tally.named() {
            println!("{times:>10}  {name}");
        }
        for (what, times) in &struck {
            println!("{times:>10}  disk: {}", what.text());
        }
        for (what, times) in counts.iter().filter(|_| !args.disk) {
            println!("{times:>10}  {}", what.text());
        }
        println!("{} seeds from {}, {} failed, {seconds:.1} s", args.seeds, args.from, failed.len());
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn flush(name: &str) -> Result<Flush, String> {
    let named = |flush: &Flush| format!("{flush:?}").eq_ignore_ascii_case(name);
    Flush::ALL.into_iter().find(named).ok_or_else(|| format!("no such flush; there are {:?}", Flush::ALL))
}

fn report(plan: &Plan) {
    let outcome = run(plan, true);
    eprintln!("{}", outcome.trace);
    for broken in &outcome.broken {
        eprintln!("broken: {broken}");
    }
    eprintln!("again:  {plan}");
}
