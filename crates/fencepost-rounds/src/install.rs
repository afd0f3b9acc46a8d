//! Servers by package name, into folders of their own, once.

use crate::error::{Error, IoSnafu, Result};
use crate::kind::{Installer, Kind};
use snafu::ResultExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A server that is installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Its folder, or nothing for the system's packages.
    pub dir: PathBuf,
    /// The version that is there.
    pub version: String,
}

/// Installs `kind` below `root`, or finds it there.
///
/// # Errors
/// [`Error::Install`], with the installer's words.
pub fn install(kind: Kind, root: &Path) -> Result<Installed> {
    let facts = kind.facts();
    let dir = root.join(format!("{}-{}", facts.name, facts.version));
    let mut version = facts.version.to_owned();
    let marker = dir.join("installed");
    match facts.installer {
        Installer::Apt(packages, programs) => {
            if !programs.iter().all(|program| on_path(program)) {
                apt(packages)?;
            }
            version = said("radosgw", &["--version"]).unwrap_or(version);
        }
        _ if marker.exists() => {}
        Installer::Pip(package) => {
            afresh(&dir)?;
            run(package, Command::new("python3").args(["-m", "venv"]).arg(&dir))?;
            let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
            run(package, Command::new(dir.join("bin/pip")).args(quiet).arg(package))?;
            done(&marker)?;
        }
        Installer::Npm(package) => {
            afresh(&dir)?;
            let quiet = ["install", "--silent", "--no-fund", "--no-audit", "--prefix"];
            run(package, Command::new("npm").args(quiet).arg(&dir).arg(package))?;
            done(&marker)?;
        }
        Installer::Cargo(package, args) => {
            afresh(&dir)?;
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args(["install", package, "--locked", "--quiet", "--root"]).arg(&dir).args(args);
            run(package, &mut command)?;
            done(&marker)?;
        }
    }
    Ok(Installed { dir, version })
}

fn apt(packages: &[&str]) -> Result<()> {
    let update = ["update", "--quiet", "--quiet"];
    run("the system's package lists", Command::new("apt-get").args(update))?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let mut command = Command::new("apt-get");
    command.args(install).args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    run(&packages.join(" "), &mut command)
}

/// A half of an earlier installation is thrown away.
fn afresh(dir: &Path) -> Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir).context(IoSnafu { what: format!("emptying {}", dir.display()) })?;
    }
    std::fs::create_dir_all(dir).context(IoSnafu { what: format!("making {}", dir.display()) })
}

fn done(marker: &Path) -> Result<()> {
    std::fs::write(marker, "").context(IoSnafu { what: format!("writing {}", marker.display()) })
}

fn run(package: &str, command: &mut Command) -> Result<()> {
    let failed = |message: String| Error::Install { package: package.to_owned(), message };
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        failed(format!("{} cannot be started ({error})", command.get_program().to_string_lossy()))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    Err(failed(lines[lines.len().saturating_sub(LAST_WORDS)..].join("; ")))
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn said(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    // Such as `ceph version 16.2.15 (…) pacific (stable)`.
    String::from_utf8(output.stdout).ok()?.split_whitespace().nth(2).map(str::to_owned)
}

const LAST_WORDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_installation_says_why_and_for_what() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such package >&2; exit 1"]);
        let error = run("x==1", &mut command).unwrap_err();
        assert!(error.is_install());
        assert_eq!(error.to_string(), "cannot install x==1: no such package");
    }

    #[test]
    fn missing_installer_is_a_failed_installation() {
        let error = run("x==1", &mut Command::new("no-such-program-here")).unwrap_err();
        assert!(error.is_install() && error.to_string().contains("no-such-program-here"), "{error}");
    }
}
