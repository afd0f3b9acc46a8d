//! `cargo xtask matrix`: every type through a log and into every format, read again by pyarrow.
//!
//! The program is `xtask/matrix.py`. It needs pyarrow, which is installed once into `target/matrix` and
//! nowhere else.

use std::path::Path;

use snafu::ResultExt as _;

use crate::args::MatrixArgs;
use crate::error::{Result, UnusableSnafu, WriteSnafu};
use crate::invocation::Invocation;
use crate::stores::target;

pub(crate) fn run(root: &Path, args: &MatrixArgs) -> Result<bool> {
    if !Invocation::cargo(root, ["build", "--quiet", "-p", "fencepost-cli"]).run_directly()? {
        return Ok(false);
    }
    check(root, args.seed)
}

/// With a command that is built.
pub(crate) fn check(root: &Path, seed: u64) -> Result<bool> {
    let folder = target(root).join("matrix");
    install(root, &folder)?;
    let program = target(root).join("debug/fencepost").display().to_string();
    let script = root.join("xtask/matrix.py").display().to_string();
    let python = folder.join("venv/bin/python").display().to_string();
    Invocation::new(&python, root, [script, program, seed.to_string()]).run_directly()
}

/// Installs pyarrow, unless just that is there. A half of an earlier installation is thrown away.
fn install(root: &Path, folder: &Path) -> Result<()> {
    let marker = folder.join("installed");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == PYARROW) {
        return Ok(());
    }
    let venv = folder.join("venv").display().to_string();
    captured("python3", root, ["-m", "venv", "--clear", &venv])?;
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input", PYARROW];
    captured(&format!("{venv}/bin/pip"), root, quiet)?;
    std::fs::write(&marker, PYARROW).context(WriteSnafu { path: marker })
}

fn captured<const N: usize>(program: &str, root: &Path, args: [&str; N]) -> Result<()> {
    let invocation = Invocation::new(program, root, args);
    let output = invocation.capture()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message = format!("`{invocation}` failed: {}\n{ADVICE}", said.trim());
    UnusableSnafu { message }.fail()
}

/// The first that has all the types we ask about, and none that nobody has tried.
const PYARROW: &str = "pyarrow>=21,<27";
const ADVICE: &str = "Python 3.9 or newer is needed, with its module venv (Debian and Ubuntu: `apt-get install python3-venv`), and a package \
                      registry that has pyarrow";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installer_that_fails_says_what_is_needed() {
        let error = captured("cargo", Path::new("."), ["no-such-command-here"]).unwrap_err().to_string();
        assert!(error.contains("no-such-command-here") && error.contains("python3-venv"), "{error}");
    }
}
