//! `cargo xtask interop lance`: the real `lance` crate and fencepost on the same shards.
//!
//! `interop/lance` is a workspace of its own, since `lance` brings hundreds of packages along. It is no step of
//! `cargo xtask test`; the fixtures that Lance wrote are.

use std::path::Path;

use crate::args::InteropArgs;
use crate::error::{Result, UnusableSnafu};
use crate::invocation::Invocation;

pub(crate) fn run(root: &Path, args: &InteropArgs) -> Result<bool> {
    let manifest = Path::new("interop/lance/Cargo.toml");
    if !root.join(manifest).is_file() {
        return unusable("there is no interop/lance/Cargo.toml in this checkout");
    }
    if !has_protoc(root) {
        return unusable(
            "building lance needs the protocol buffer compiler: apt-get install protobuf-compiler, \
             brew install protobuf, or set PROTOC to its path",
        );
    }
    let manifest = manifest.display().to_string();
    let mut all = vec!["run", "--quiet", "--locked", "--manifest-path", &manifest, "--"];
    if args.json {
        all.push("--json");
    }
    if let Some(only) = &args.only {
        all.extend(["--only", only]);
    }
    Invocation::cargo(root, all).without_own_package().run_directly()
}

/// Whether lance's build scripts will find `protoc`: they look at `PROTOC` first, then at the path.
fn has_protoc(root: &Path) -> bool {
    let program = std::env::var("PROTOC").unwrap_or_else(|_| "protoc".to_owned());
    let version = Invocation::new(&program, root, ["--version"]);
    version.capture().is_ok_and(|output| output.status.success())
}

fn unusable<T>(message: &str) -> Result<T> {
    UnusableSnafu { message }.fail()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkout_without_the_workspace_says_so() {
        let error = run(Path::new("no-such-folder"), &InteropArgs::default()).unwrap_err();
        assert!(error.to_string().contains("no interop/lance/Cargo.toml"), "{error}");
    }
}
