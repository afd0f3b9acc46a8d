//! The page of benchmarks: appends against bare creates of the same size through the same store, in one run.
//!
//! `cargo xtask bench report` writes what this prints to `docs/benchmarks.md`.

mod appends;
mod codecs;
mod load;
mod records;
mod replay;
mod table;

use clap::Parser;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Measures, and prints a page.
#[derive(Debug, Parser)]
struct Args {
    /// A directory on the disk that is measured.
    #[arg(long, value_name = "DIR", default_value = ".")]
    disk: PathBuf,
    /// How often each figure is measured; the page has the medians.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// How long each measurement takes, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 700)]
    millis: u64,
    /// Only the sections with this in their name.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

fn main() {
    let args = Args::parse();
    let runtime = Runtime::new().expect("a runtime");
    let wanted = |name: &str| args.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let rounds = load::Rounds { rounds: args.rounds, time: Duration::from_millis(args.millis) };
    println!("{}", machine());
    for (name, millis) in [("latency of 0 ms", 0), ("latency of 5 ms", 5), ("latency of 20 ms", 20)] {
        if wanted(name) {
            println!("{}", appends::store(&runtime, rounds, Duration::from_millis(millis)));
        }
    }
    if wanted("disk") {
        println!("{}", appends::disk(&runtime, rounds, &args.disk));
    }
    if wanted("large") {
        println!("{}", appends::large(&runtime, rounds));
    }
    if wanted("replay") {
        println!("{}", replay::section(&runtime, rounds));
    }
    if wanted("records") {
        println!("{}", records::section(rounds));
    }
    if wanted("compression") {
        println!("{}", codecs::section(rounds));
    }
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor of unknown name", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = String::new();
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(text, "fencepost {version} on {cores} cores of {model}, {}.", std::env::consts::OS);
    text
}
