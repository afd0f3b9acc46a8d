//! `cargo xtask mutants`: changes that nobody thought of, made by cargo-mutants line by line, must be noticed
//! by some test.
//!
//! `cargo xtask mutations` drops the rules that have a name. This is the other half: any operator, condition
//! or result. It takes hours, so it is no step of `cargo xtask test`, and it is done in parts that survive an
//! interruption: `target/mutants/PACKAGE/N-K/` holds what part K of N found. A part counts as done if it came
//! to its end on the very sources that are there now.
//!
//! Each part goes through stages, the cheapest first: the crate's own tests, then seeds, then models. A stage
//! tries only what all before it let through. The changes are made in a copy of the workspace, which keeps
//! its build folder. What to leave alone is in `.cargo/mutants.toml`.

mod plan;
mod results;

use std::path::Path;
use std::time::{Duration, Instant};

use snafu::ResultExt as _;

use crate::args::MutantArgs;
use crate::error::{Result, UnusableSnafu, WriteSnafu};
use crate::invocation::Invocation;
use crate::mirror::{mirror, write_if_different};
use plan::Stage;
use results::Tally;

pub(crate) fn run(root: &Path, args: &MutantArgs) -> Result<bool> {
    if !args.report {
        carry_out(root, args)?;
    }
    let mut tally = Tally::default();
    let mut left = Vec::new();
    for shard in shards(args) {
        let folder = plan::folder(root, args, shard);
        let stages = plan::stages(args);
        let done = stages
            .iter()
            .map(|stage| results::read(&folder.join(stage.name())))
            .collect::<Result<Vec<_>>>()?;
        if done.iter().all(Option::is_some) && is_of_these_sources(root, args, &folder) {
            tally.add(done.into_iter().flatten().collect());
        } else {
            left.push(shard);
        }
    }
    print!("{}", results::text(&args.package, &tally, &left, args.shards));
    Ok(tally.survivors().is_empty() && left.is_empty())
}

fn carry_out(root: &Path, args: &MutantArgs) -> Result<()> {
    let version = Invocation::cargo(root, ["mutants", "--version"]);
    if !version.capture().is_ok_and(|output| output.status.success()) {
        return UnusableSnafu { message: "this needs cargo-mutants: cargo install cargo-mutants --locked" }
            .fail();
    }
    let copy = root.join("target/mutants/workspace");
    mirror(root, &copy, |_, content| Ok(content))?;
    let started = Instant::now();
    let budget = args.budget.map(|minutes| Duration::from_secs(60 * minutes));
    for shard in shards(args) {
        if budget.is_some_and(|budget| started.elapsed() > budget) {
            break;
        }
        let folder = plan::folder(root, args, shard);
        if !is_of_these_sources(root, args, &folder) && folder.exists() {
            std::fs::remove_dir_all(&folder).context(WriteSnafu { path: &folder })?;
        }
        write_if_different(&folder.join(SOURCES), plan::sources(root, args)?.as_bytes())?;
        one_shard(&copy, &folder, args, shard)?;
    }
    Ok(())
}

/// The stages of one part, up to the first that leaves nothing to try.
fn one_shard(copy: &Path, folder: &Path, args: &MutantArgs, shard: u32) -> Result<()> {
    let mut survivors: Option<Vec<String>> = None;
    for stage in plan::stages(args) {
        let into = folder.join(stage.name());
        if results::read(&into)?.is_none() {
            match &survivors {
                Some(names) if names.is_empty() => results::write_empty(&into)?,
                _ => try_stage(copy, &into, args, shard, stage, survivors.as_deref())?,
            }
        }
        let Some(outcome) = results::read(&into)? else {
            let message = format!("cargo mutants did not come to its end; see {}", into.display());
            return UnusableSnafu { message }.fail();
        };
        survivors = Some(outcome.missed);
    }
    Ok(())
}

fn try_stage(
    copy: &Path,
    into: &Path,
    args: &MutantArgs,
    shard: u32,
    stage: Stage,
    only: Option<&[String]>,
) -> Result<()> {
    std::fs::create_dir_all(into).context(WriteSnafu { path: into })?;
    let words = plan::words(args, shard, stage, into, only);
    // What cargo-mutants answers says whether something survived; what it found is read from its files.
    Invocation::cargo(copy, words)
        .with_env("CARGO_TARGET_DIR", copy.with_file_name("build"))
        .run_directly()?;
    Ok(())
}

fn shards(args: &MutantArgs) -> Vec<u32> {
    args.shard.map_or_else(|| (0..args.shards).collect(), |only| vec![only])
}

fn is_of_these_sources(root: &Path, args: &MutantArgs, folder: &Path) -> bool {
    let noted = std::fs::read_to_string(folder.join(SOURCES));
    noted.is_ok_and(|noted| plan::sources(root, args).is_ok_and(|now| now == noted))
}

/// The file in a part's folder that tells which sources it was about.
const SOURCES: &str = "sources.txt";
