//! `cargo xtask python`: the Python package, as users get it.
//!
//! It builds the wheel, installs it in a fresh environment together with what the tests need, and runs them there. The
//! package is a workspace of its own (`python/`), and its build shares nothing with that of the main one.

use std::path::{Path, PathBuf};

use snafu::{ResultExt as _, ensure};

use crate::args::PythonArgs;
use crate::error::{Result, UnusableSnafu, WriteSnafu};
use crate::invocation::Invocation;
use crate::stores::target;

pub(crate) fn run(root: &Path, args: &PythonArgs) -> Result<bool> {
    let package = root.join("python");
    ensure!(
        package.join("pyproject.toml").is_file(),
        UnusableSnafu { message: "there is no python/pyproject.toml in this checkout" }
    );
    let checks = [
        vec!["fmt", "--check"],
        vec!["clippy", "--quiet", "--locked", "--all-targets", "--", "-D", "warnings"],
    ];
    for words in checks {
        if !told(&Invocation::cargo(&package, words).without_own_package())? {
            return Ok(false);
        }
    }
    let folder = target(root).join("python");
    let tools = environment(root, &args.python, &folder.join("tools"), &[MATURIN])?;
    let wheels = folder.join("wheels");
    // A wheel of another version would be found as well.
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels).context(WriteSnafu { path: &wheels })?;
    }
    let out = wheels.display().to_string();
    let mut build = vec!["build", "--locked", "--compatibility", "linux", "--out", &out];
    build.extend(["--interpreter", args.python.as_str()]);
    if args.release {
        build.push("--release");
    }
    let maturin = tools.join("bin/maturin").display().to_string();
    if !told(&Invocation::new(&maturin, &package, build).without_own_package())? {
        return Ok(false);
    }
    let wheel = only(&wheels_in(&wheels)?)?.display().to_string();
    let wanted: Vec<&str> = [wheel.as_str()].into_iter().chain(TESTS.iter().copied()).collect();
    let venv = environment(root, &args.python, &folder.join("venv"), &wanted)?;
    let python = venv.join("bin/python").display().to_string();
    let mut all =
        vec![vec!["-m", "ruff", "check", "--quiet"], vec!["-m", "ruff", "format", "--check", "--quiet"]];
    let pytest = ["-m", "pytest", "--durations=5"].into_iter();
    all.push(pytest.chain(args.args.iter().map(String::as_str)).collect());
    for words in all {
        if !told(&Invocation::new(&python, &package, words))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Shows the command, and runs it.
fn told(command: &Invocation) -> Result<bool> {
    println!("$ {command}");
    command.run_directly()
}

/// A fresh environment with these packages.
fn environment(root: &Path, python: &str, venv: &Path, packages: &[&str]) -> Result<PathBuf> {
    let at = venv.display().to_string();
    captured(&Invocation::new(python, root, ["-m", "venv", "--clear", &at]))?;
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
    let words = quiet.iter().chain(packages).copied();
    captured(&Invocation::new(&format!("{at}/bin/pip"), root, words))?;
    Ok(venv.to_owned())
}

fn wheels_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).context(WriteSnafu { path: folder })?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(paths.filter(|path| path.extension().is_some_and(|extension| extension == "whl")).collect())
}

fn only(wheels: &[PathBuf]) -> Result<&PathBuf> {
    match wheels {
        [only] => Ok(only),
        _ => UnusableSnafu { message: format!("there are {} wheels, where one was built", wheels.len()) }
            .fail(),
    }
}

fn captured(command: &Invocation) -> Result<()> {
    println!("$ {command}");
    let output = command.capture()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    UnusableSnafu { message: format!("`{command}` failed: {}\n{ADVICE}", said.trim()) }.fail()
}

const MATURIN: &str = "maturin>=1.9,<2";
/// What the tests need, each in versions that somebody has tried.
const TESTS: &[&str] = &[
    "pytest>=8,<10",
    "nbclient>=0.10,<1",
    "ipykernel>=6.29,<8",
    "mypy>=2.4,<3",
    "ruff>=0.17,<0.18",
    "pyarrow>=21,<27",
    "pandas>=2.2,<4",
    "polars>=1.30,<3",
    "ray>=2.50,<3; python_version < \"3.14\"",
    // The release whose layout `docs/lance.md` describes.
    "pylance==14.0.2",
];
const ADVICE: &str = "Python 3.10 or newer is needed, with its module venv (Debian and Ubuntu: `apt-get install python3-venv`), and a package \
                      registry";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_without_the_package_says_so() {
        let args = PythonArgs { release: false, python: "python3".to_owned(), args: Vec::new() };
        let error = run(Path::new("."), &args).unwrap_err().to_string();
        assert!(error.contains("no python/pyproject.toml"), "{error}");
    }

    #[test]
    fn no_wheel_and_two_wheels_are_refused() {
        let (one, two) = (PathBuf::from("a.whl"), PathBuf::from("b.whl"));
        assert_eq!(only(std::slice::from_ref(&one)).unwrap(), &one);
        assert!(only(&[]).is_err());
        assert!(only(&[one, two]).unwrap_err().to_string().contains("2 wheels"));
    }

    #[test]
    fn an_installer_that_fails_says_what_is_needed() {
        let nothing = Invocation::new("cargo", Path::new("."), ["no-such-command-here"]);
        let error = captured(&nothing).unwrap_err().to_string();
        assert!(error.contains("no-such-command-here") && error.contains("python3-venv"), "{error}");
    }
}
