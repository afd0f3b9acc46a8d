//! What a run of cargo-mutants is told: the stages of each crate, and the words of one call.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use snafu::ResultExt as _;

use crate::args::{MutantArgs, Until};
use crate::error::{ReadSnafu, Result};
use crate::tree;

/// One kind of check that changed lines are put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Tests,
    CoreSeeds,
    DriverSeeds,
    Models,
}

impl Stage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::CoreSeeds | Self::DriverSeeds => "seeds",
            Self::Models => "models",
        }
    }

    /// What comes after the options of cargo-mutants: which packages' tests, and which of them.
    fn tests(self, package: &str) -> Vec<String> {
        let line = match self {
            Self::Tests => format!("--test-package {package} -- --all-features --lib --tests"),
            Self::CoreSeeds => "--test-package fencepost-sim -- --test seeds".to_owned(),
            Self::DriverSeeds => "--test-package fencepost-sim-facade -- --test seeds".to_owned(),
            Self::Models => {
                let skips: String = LONGEST.iter().map(|test| format!(" --skip {test}")).collect();
                format!("--test-package fencepost-sim -- --test models --{skips}")
            }
        };
        line.split_whitespace().map(str::to_owned).collect()
    }
}

/// The stages that `package` has, as far as they are asked for.
pub(crate) fn stages(args: &MutantArgs) -> Vec<Stage> {
    let is_core = matches!(args.package.as_str(), "fencepost-fence" | "fencepost-gc");
    let seeds = if is_core { Stage::CoreSeeds } else { Stage::DriverSeeds };
    let mut stages = vec![Stage::Tests];
    stages.extend((args.until >= Until::Seeds).then_some(seeds));
    stages.extend((args.until >= Until::Models && is_core).then_some(Stage::Models));
    stages
}

/// The words of one call. `only` names the changes to try; without it, all of the part.
pub(crate) fn words(
    args: &MutantArgs,
    shard: u32,
    stage: Stage,
    into: &Path,
    only: Option<&[String]>,
) -> Vec<String> {
    let mut words: Vec<String> =
        ["mutants", "--in-place", "--no-shuffle", "--package", &args.package].map(str::to_owned).to_vec();
    words.extend(["--output".to_owned(), into.display().to_string()]);
    for file in files(args) {
        words.extend(["--file".to_owned(), file]);
    }
    match only {
        None => words.extend(["--shard".to_owned(), format!("{shard}/{}", args.shards)]),
        Some(names) => {
            for name in names {
                words.extend(["--re".to_owned(), format!("^{}$", regex::escape(name))]);
            }
        }
    }
    words.extend(stage.tests(&args.package));
    words
}

/// Where part `shard` keeps what it found.
pub(crate) fn folder(root: &Path, args: &MutantArgs, shard: u32) -> PathBuf {
    root.join("target/mutants").join(&args.package).join(format!("{}-{shard}", args.shards))
}

/// A fingerprint of what is changed: the files of the crate and which of them are asked for.
///
/// A change to another crate may let another check notice more; it does not make what was found wrong.
pub(crate) fn sources(root: &Path, args: &MutantArgs) -> Result<String> {
    let crate_folder = root.join("crates").join(&args.package);
    let mut hasher = DefaultHasher::new();
    files(args).hash(&mut hasher);
    for path in tree::list(&crate_folder)? {
        let full = crate_folder.join(&path);
        path.hash(&mut hasher);
        std::fs::read(&full).context(ReadSnafu { path: full })?.hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn files(args: &MutantArgs) -> Vec<String> {
    if !args.files.is_empty() {
        return args.files.clone();
    }
    DECIDING
        .iter()
        .filter(|(package, _)| *package == args.package)
        .map(|(_, file)| (*file).to_owned())
        .collect()
}

/// The files of the driver that decide something. What the rest does, users see at once.
const DECIDING: &[(&str, &str)] = &[
    ("fencepost-store", "crates/fencepost-store/src/local.rs"),
    ("fencepost-store", "crates/fencepost-store/src/local/*.rs"),
    ("fencepost-store", "crates/fencepost-store/src/outcome.rs"),
    ("fencepost-store", "crates/fencepost-store/src/outcome/*.rs"),
    ("fencepost-store", "crates/fencepost-store/src/probe.rs"),
    ("fencepost-store", "crates/fencepost-store/src/probe/*.rs"),
    ("fencepost-store", "crates/fencepost-store/src/retry.rs"),
    ("fencepost-store", "crates/fencepost-store/src/store/*.rs"),
    ("fencepost", "crates/fencepost/src/shard.rs"),
    ("fencepost", "crates/fencepost/src/shard/*.rs"),
    ("fencepost", "crates/fencepost/src/reader.rs"),
    ("fencepost", "crates/fencepost/src/reader/*.rs"),
    ("fencepost", "crates/fencepost/src/writer/*.rs"),
    ("fencepost", "crates/fencepost/src/verify.rs"),
];

/// Tests of models that take longer than all others together.
const LONGEST: &[&str] = &[
    "stalled_writers_collide_with_guarding_fences",
    "a_commit_into_pruned_space",
    "a_search_finds_what_was",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn args(package: &str, until: Until) -> MutantArgs {
        let package = package.to_owned();
        MutantArgs { package, files: vec![], shards: 4, shard: None, until, budget: None, report: false }
    }

    #[test]
    fn the_core_is_followed_to_the_models_and_the_driver_to_its_seeds() {
        let stages_of = |package, until| stages(&args(package, until));
        let core = [Stage::Tests, Stage::CoreSeeds, Stage::Models];
        assert_eq!(stages_of("fencepost-gc", Until::Models), core);
        assert_eq!(stages_of("fencepost", Until::Models), [Stage::Tests, Stage::DriverSeeds]);
        assert_eq!(stages_of("fencepost-gc", Until::Tests), [Stage::Tests]);
    }

    #[test]
    fn later_stages_name_what_is_left() {
        let args = args("fencepost-fence", Until::Models);
        let into = Path::new("out");
        let first = words(&args, 1, Stage::Tests, into, None).join(" ");
        assert!(first.contains("--shard 1/4 --test-package fencepost-fence -- --all-features"), "{first}");
        let left = ["src/a.rs:1:2: replace f -> bool with true".to_owned()];
        let later = words(&args, 1, Stage::Models, into, Some(&left)).join(" ");
        assert!(later.contains(r"--re ^src/a\.rs:1:2: replace f \-> bool with true$"), "{later}");
        assert!(!later.contains("--shard"), "{later}");
        assert!(later.ends_with("--skip a_search_finds_what_was"), "{later}");
    }

    #[test]
    fn files_that_decide_are_there() {
        let root = tree::workspace_root();
        let (plain, _): (Vec<_>, Vec<_>) = DECIDING.iter().partition(|(_, file)| !file.contains('*'));
        for (package, file) in plain {
            assert!(root.join(file).is_file(), "{package} has no {file}");
            assert!(file.starts_with(&format!("crates/{package}/")), "{file}");
        }
    }

    #[test]
    fn longest_tests_are_there() {
        let models = tree::workspace_root().join("crates/fencepost-sim/tests/models.rs");
        let models = std::fs::read_to_string(models).unwrap();
        for test in LONGEST {
            assert!(models.contains(&format!("\n        {test}")), "no test of the models is called {test}…");
        }
    }
}
