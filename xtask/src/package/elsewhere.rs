//! Other compilers, other systems, and what a program of others' says of our dependencies.

use std::path::Path;

use cargo_metadata::semver::Version;

use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::step::Step;
use crate::stores::target;

pub(super) fn steps(root: &Path, oldest: Option<&Version>) -> Vec<Step> {
    let mut steps: Vec<Step> =
        oldest.map(|oldest| oldest_compiler(root, &oldest.to_string())).into_iter().collect();
    steps.extend(SYSTEMS.iter().map(|system| other_system(root, system)));
    steps.push(licences(root));
    steps
}

fn oldest_compiler(root: &Path, version: &str) -> Step {
    let rustup =
        |words: &[&str]| Invocation::new("rustup", root, ["run", version].iter().chain(words).copied());
    let check = rustup(&["cargo", "check", "--quiet", "--workspace", "--all-features", "--lib", "--bins"]);
    Wanted {
        name: format!("Rust {version}"),
        is_there: succeeds(&rustup(&["rustc", "--version"])),
        // Two compilers in one build folder would throw away each other's work.
        run: check.with_env("CARGO_TARGET_DIR", target(root).join("oldest-rust")),
        to_have_it: format!("rustup toolchain install {version} --profile minimal"),
    }
    .step()
}

/// A check needs no linker, but what brings C along needs a compiler for the other system: that is left to
/// machines of that system.
fn other_system(root: &Path, system: &str) -> Step {
    let mut words = vec!["check", "--quiet", "--no-default-features", "--target", system];
    words.extend(WITHOUT_C.iter().flat_map(|name| ["-p", name]));
    let installed = Invocation::new("rustup", root, ["target", "list", "--installed"]).capture();
    let is_there = installed
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).lines().any(|line| line == system));
    Wanted {
        name: system.to_owned(),
        is_there,
        run: Invocation::cargo(root, words),
        to_have_it: format!("rustup target add {system}"),
    }
    .step()
}

fn licences(root: &Path) -> Step {
    Wanted {
        name: "licences, sources and advisories".to_owned(),
        is_there: succeeds(&Invocation::cargo(root, ["deny", "--version"])),
        run: Invocation::cargo(root, ["deny", "check"]),
        to_have_it: "cargo install cargo-deny --locked".to_owned(),
    }
    .step()
}

/// A step that needs what a checkout cannot bring along.
struct Wanted {
    name: String,
    is_there: bool,
    run: Invocation,
    to_have_it: String,
}

impl Wanted {
    fn step(self) -> Step {
        if self.is_there {
            return Step::run(self.name, self.run);
        }
        let message = format!("NOT CHECKED. For `{}` to run: {}", self.run, self.to_have_it);
        // Machines that are there for checking have to have it.
        let must = std::env::var_os("CI").is_some();
        let finding =
            if must { Finding::error("missing", message) } else { Finding::warning("missing", message) };
        Step::check(self.name, || Ok(vec![finding]))
    }
}

fn succeeds(invocation: &Invocation) -> bool {
    invocation.capture().is_ok_and(|output| output.status.success())
}

const SYSTEMS: &[&str] = &["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];
const WITHOUT_C: &[&str] = &[
    "fencepost-format",
    "fencepost-fence",
    "fencepost-gc",
    "fencepost-store",
    "fencepost-doctor",
    "fencepost-simstore",
];
