//! Runs seeds, and shows what a failing one did.

use clap::Parser;
use fencepost_sim_facade::{Plan, Tally, minimise, run};
use fencepost_simstore::{Counts, Happened};
use serde_json::json;
use std::process::ExitCode;
use std::time::Instant;

/// Runs the whole of fencepost on a simulated store, one run for each seed.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Leaves out a party, a blow or a fault, as minimised commands do.
    #[arg(long)]
    without: Vec<String>,
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
    for seed in args.from..args.from + args.seeds {
        let plan = args.without.iter().fold(Plan::of(seed), |plan, label| plan.without(label));
        let outcome = run(&plan, args.trace);
        tally.add(&outcome.tally);
        counts.add(&outcome.counts);
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
        let result = json!({
            "from": args.from, "seeds": args.seeds, "failed": failed, "seconds": seconds,
            "requests": counts.all_requests(), "seen": seen, "happened": happened,
        });
        println!("{result:#}");
    } else {
        for (name, times) in tally.named() {
            println!("{times:>10}  {name}");
        }
        for (what, times) in counts.iter() {
            println!("{times:>10}  {}", what.text());
        }
        println!("{} seeds from {}, {} failed, {seconds:.1} s", args.seeds, args.from, failed.len());
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(plan: &Plan) {
    let outcome = run(plan, true);
    eprintln!("{}", outcome.trace);
    for broken in &outcome.broken {
        eprintln!("broken: {broken}");
    }
    eprintln!("again:  {plan}");
}
