//! `sql` without an engine of its own: it hands over to the program that has one.

#![cfg(unix)]

use super::support::{PROGRAM, Run, Scratch};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The command in a folder with nothing beside it.
fn alone(folder: &Path) -> Command {
    let program = folder.join("fencepost");
    if std::fs::hard_link(PROGRAM, &program).is_err() {
        std::fs::copy(PROGRAM, &program).unwrap();
    }
    let mut command = Command::new(program);
    command.env_remove("FENCEPOST_LOG");
    command
}

/// A program of this name that says by which name and with what it was called, and ends with code 8.
fn other(folder: &Path, says: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let program = folder.join("fencepost-sql");
    std::fs::write(&program, format!("#!/bin/sh\nprintf '{says}'; printf ' [%s]' \"$@\"; exit 8\n")).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_program_that_is_not_there_is_named_and_how_to_install_it() {
    let scratch = Scratch::new();
    let (bin, path) = (scratch.path("bin"), scratch.path("path"));
    std::fs::create_dir_all(&bin).unwrap();
    let asked = alone(bin.as_ref()).args(["sql", "x", "select 1", "--json"]).env("PATH", &path).output();
    let run = Run::new(asked.unwrap()).fails(1, "cargo install fencepost-sql");
    assert!(run.stderr.contains("neither beside this one nor in PATH"), "{}", run.stderr);
    assert_eq!(run.json()["error"]["kind"], "failed");
}

#[test]
fn all_arguments_and_the_exit_code_are_the_other_programs() {
    let scratch = Scratch::new();
    let (bin, path) = (scratch.path("bin"), scratch.path("path"));
    std::fs::create_dir_all(&bin).unwrap();
    other(path.as_ref(), "of the path");
    let args = ["--json", "sql", "./a log", "select \"x\"", "--table", "b=c", "-q"];
    let given = " [--json] [sql] [./a log] [select \"x\"] [--table] [b=c] [-q]";
    let ask = |command: &mut Command| {
        let path = format!("{}:/usr/bin:/bin", path.display());
        Run::new(command.args(args).env("PATH", path).output().unwrap())
    };
    let mut command = alone(bin.as_ref());
    let run = ask(&mut command);
    assert_eq!((run.code, run.text()), (Some(8), format!("of the path{given}")));
    other(bin.as_ref(), "beside");
    let run = ask(Command::new(command.get_program()).env_remove("FENCEPOST_LOG"));
    assert_eq!((run.code, run.text()), (Some(8), format!("beside{given}")), "that one goes first");
}

#[test]
fn wrong_use_is_told_before_anybody_is_called() {
    let scratch = Scratch::new();
    let bin = scratch.path("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for (args, saying) in [
        (vec!["sql", "x"], "QUERY"),
        (vec!["sql", "x", "select 1", "--table", "1=y"], "NAME=LOG"),
        (vec!["sql", "x", "select 1", "--table", "log=y"], "the table of LOG"),
        (vec!["sql", "x", "select 1", "--format", "raw"], "raw"),
    ] {
        let mut command = alone(bin.as_ref());
        Run::new(command.args(args).env("PATH", "").output().unwrap()).fails(2, saying);
        std::fs::remove_file(command.get_program()).unwrap();
    }
}
