//! Runs models, seeds and mutations from the command line.

use clap::{Args, Parser, Subcommand};
use fencepost_sim::model::{Finding, suite};
use fencepost_sim::ring::{Fault, Plan};
use fencepost_sim::run;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Parser)]
#[command(about = "Model checker and simulator over the production state machines of fencepost")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Search every state of the models.
    Model {
        /// Only the cases with this in their name; a whole name means that one alone.
        #[arg(long, default_value = "")]
        only: String,
        /// The large bounds. Takes hours.
        #[arg(long)]
        large: bool,
        /// One JSON object for each case.
        #[arg(long)]
        json: bool,
    },
    /// Run seeds of the core ring.
    Sim(Sim),
    /// Drop each rule in turn; some check must notice. Needs a build with `--cfg fencepost_mutations`.
    Mutations {
        /// Only the rules with this in their name.
        #[arg(long, default_value = "")]
        only: String,
        /// One JSON object for each rule.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Sim {
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One JSON object for everything.
    #[arg(long)]
    json: bool,
    /// Print everything that happens. For one seed.
    #[arg(long)]
    trace: bool,
    /// Leave out these troubles.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// So many writers.
    #[arg(long)]
    writers: Option<u64>,
    /// So many readers.
    #[arg(long)]
    readers: Option<u64>,
    /// So many collections.
    #[arg(long)]
    collections: Option<u64>,
    /// So many appends of each writer at most.
    #[arg(long)]
    appends: Option<u64>,
    /// So many events before faults stop.
    #[arg(long)]
    events: Option<u64>,
}

fn main() -> ExitCode {
    let is_clean = match Arguments::parse().command {
        Command::Model { only, large, json } => models(&only, large, json),
        Command::Sim(sim) if sim.is_changed() => replay(&sim),
        Command::Sim(sim) => seeds(&sim),
        Command::Mutations { only, json } => mutations(&only, json),
    };
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn models(only: &str, large: bool, json: bool) -> bool {
    let cases = if large { suite::large() } else { suite::small() };
    let named = cases.iter().any(|case| case.name() == only);
    let is_meant = |name: &str| if named { name == only } else { name.contains(only) };
    let mut is_clean = true;
    for case in cases.iter().filter(|case| is_meant(case.name())) {
        let finding = case.search(None);
        is_clean &= finding.is_clean();
        if json { print_json(&finding) } else { print_finding(&finding) }
    }
    is_clean
}

fn print_finding(finding: &Finding) {
    let Finding { name, states, depth, seconds, .. } = finding;
    println!("{name:<28} {states:>10} states, {depth:>3} deep, {seconds:>8.1} s");
    for counterexample in &finding.broken {
        println!("  BROKEN: {}", counterexample.promise);
        counterexample.trace.iter().for_each(|step| println!("    {step}"));
    }
    finding.missed.iter().for_each(|missed| println!("  NEVER MET: {missed}"));
}

fn seeds(sim: &Sim) -> bool {
    let began = Instant::now();
    let summary = run::sweep(sim.from..sim.from + sim.seeds, THREADS, FAILURES_MAX);
    if sim.json {
        print_json(&summary);
    } else {
        let seconds = began.elapsed().as_secs_f64();
        let rate = summary.seeds as f64 / seconds;
        let run::Summary { seeds, events, acked, .. } = &summary;
        println!(
            "{seeds} seeds, {events} events, {acked} appends acknowledged, {seconds:.1} s, {rate:.0} seeds/s"
        );
        for failure in &summary.failed {
            println!("seed {} FAILED: {}", failure.seed, failure.broken.join("; "));
            println!("  {}", failure.command);
            failure.trace.iter().for_each(|line| println!("  {line}"));
        }
    }
    summary.failed.is_empty()
}

impl Sim {
    const fn is_changed(&self) -> bool {
        let counts = [self.writers, self.readers, self.collections, self.appends, self.events];
        let mut changed = self.trace || !self.without.is_empty();
        let mut index = 0;
        while index < counts.len() {
            changed |= counts[index].is_some();
            index += 1;
        }
        changed
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::of(self.from);
        for fault in Fault::ALL {
            if self.without.contains(&fault.name()) {
                plan.faults.remove(&fault);
            }
        }
        plan.writers = self.writers.unwrap_or(plan.writers);
        plan.readers = self.readers.unwrap_or(plan.readers);
        plan.collections = self.collections.unwrap_or(plan.collections);
        plan.appends = self.appends.unwrap_or(plan.appends);
        plan.events = self.events.unwrap_or(plan.events);
        plan
    }
}

fn replay(sim: &Sim) -> bool {
    let verdict = run::run(&sim.plan(), true);
    if sim.trace {
        verdict.trace.iter().for_each(|line| println!("{line}"));
    }
    println!("trace hash {:016x}, {} events", verdict.hash, verdict.events);
    verdict.broken.iter().for_each(|broken| println!("BROKEN: {broken}"));
    verdict.unhealed.iter().for_each(|why| println!("NOT HEALED: {why}"));
    verdict.is_clean()
}

#[cfg(not(fencepost_mutations))]
fn mutations(_only: &str, _json: bool) -> bool {
    eprintln!("rules can be dropped only in a build with RUSTFLAGS=\"--cfg fencepost_mutations\"");
    false
}

#[cfg(fencepost_mutations)]
fn mutations(only: &str, json: bool) -> bool {
    use fencepost_fence::rules::{drop_rule, restore_rules};
    use fencepost_sim::mutations::{ALL, attempt};

    let mut all_caught = true;
    for mutation in ALL.iter().filter(|mutation| format!("{:?}", mutation.rule).contains(only)) {
        drop_rule(mutation.rule);
        let outcome = attempt(mutation);
        restore_rules();
        all_caught &= outcome.is_caught();
        if json {
            print_json(&outcome);
            continue;
        }
        let promise = outcome.promise.as_deref().unwrap_or("not noticed");
        let seed = outcome.seed.map_or_else(|| "-".to_owned(), |seed| seed.to_string());
        let (rule, clause, model, states) = (&outcome.rule, outcome.clause, outcome.model, outcome.states);
        println!("{rule:<22} {clause:<5} {model:<24} {states:>8} states  seed {seed:>5}  {promise}");
    }
    all_caught
}

fn print_json(value: &impl Serialize) {
    println!("{}", serde_json::to_string(value).expect("reports are plain data"));
}

const THREADS: usize = 2;
const FAILURES_MAX: usize = 3;
