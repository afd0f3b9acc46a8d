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
    match facts.installer {
        Installer::Apt(packages, programs) => {
            if !programs.iter().all(|program| on_path(program)) {
                apt(packages)?;
            }
            version = said("radosgw", &["--version"]).unwrap_or(version);
        }
        Installer::Pip(packages) => once(&dir, &packages.join(" and "), |all| {
            let venv = run(all, Command::new("python3").args(["-m", "venv"]).arg(&dir));
            venv.map_err(|error| with_advice(error, PYTHON_ADVICE))?;
            let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
            run(all, Command::new(dir.join("bin/pip")).args(quiet).args(packages))
        })?,
        Installer::Npm(package) => once(&dir, package, |package| {
            if !on_path("node") || !on_path("npm") {
                let message = format!("node or npm is missing; {NODE_ADVICE}");
                return Err(Error::Install { package: package.to_owned(), message });
            }
            let quiet = ["install", "--silent", "--no-fund", "--no-audit", "--prefix"];
            run(package, Command::new("npm").args(quiet).arg(&dir).arg(package))
        })?,
        Installer::Cargo(package, args) => once(&dir, &format!("{package} {}", args.join(" ")), |_| {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args(["install", package, "--locked", "--quiet", "--root"]).arg(&dir).args(args);
            run(package, &mut command)
        })?,
    }
    Ok(Installed { dir, version })
}

/// Installs `what` into `dir`, unless just that is there. A half of an earlier installation, or another one,
/// is thrown away.
fn once(dir: &Path, what: &str, install: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    let marker = dir.join("installed");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == what) {
        return Ok(());
    }
    if dir.exists() {
        std::fs::remove_dir_all(dir).context(IoSnafu { what: format!("emptying {}", dir.display()) })?;
    }
    std::fs::create_dir_all(dir).context(IoSnafu { what: format!("making {}", dir.display()) })?;
    install(what)?;
    std::fs::write(&marker, what).context(IoSnafu { what: format!("writing {}", marker.display()) })
}

/// Says what a machine lacks, where an installer's own words do not.
fn with_advice(error: Error, advice: &str) -> Error {
    match error {
        Error::Install { package, message } => {
            Error::Install { package, message: format!("{message}; {advice}") }
        }
        other => other,
    }
}

fn apt(packages: &[&str]) -> Result<()> {
    let update = ["update", "--quiet", "--quiet"];
    run("the system's package lists", Command::new("apt-get").args(update))?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let mut command = Command::new("apt-get");
    command.args(install).args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    run(&packages.join(" "), &mut command)
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
const PYTHON_ADVICE: &str =
    "Python 3.9 or newer is needed, with its module venv (Debian and Ubuntu: `apt-get install python3-venv`)";
const NODE_ADVICE: &str = "Node 20 is needed, with npm (Debian and Ubuntu: `apt-get install nodejs npm`)";

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
    fn installation_is_done_once_and_again_if_it_is_another_or_was_cut_short() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("server");
        let mut runs = Vec::new();
        let mut put = |what: &str, works: bool| {
            once(&dir, what, |what| {
                runs.push(what.to_owned());
                assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "leftovers of another installation");
                std::fs::write(dir.join("a part"), "").unwrap();
                if works { Ok(()) } else { crate::error::wrong("out of space") }
            })
        };
        put("a==1", false).unwrap_err();
        put("a==1", true).unwrap();
        put("a==1", true).unwrap();
        put("a==1 and b==2", true).unwrap();
        assert_eq!(runs, ["a==1", "a==1", "a==1 and b==2"]);
    }

    #[test]
    fn missing_installer_is_a_failed_installation() {
        let error = run("x==1", &mut Command::new("no-such-program-here")).unwrap_err();
        assert!(error.is_install() && error.to_string().contains("no-such-program-here"), "{error}");
        let advised = with_advice(error, PYTHON_ADVICE).to_string();
        assert!(advised.contains("no-such-program-here") && advised.contains("python3-venv"), "{advised}");
    }
}
