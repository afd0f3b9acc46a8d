//! The front door: every check, test, demo and benchmark of this workspace is a command here.
//!
//! `cargo xtask test` and then `cargo xtask stores` are what continuous integration runs, and the same
//! commands work on a laptop. Each command has a file; those that report go through [`step`], which times
//! them and closes with a table.

mod args;
mod bench;
mod demo;
mod error;
mod finding;
mod fuzz;
mod hosts;
mod interop;
mod invocation;
mod layers;
mod locks;
mod matrix;
mod mirror;
mod mutants;
mod nightly;
mod old_arrow;
mod package;
mod pages;
mod python;
mod sim;
mod source;
mod spec;
mod standby;
mod step;
mod stores;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command, Interop};

fn main() -> ExitCode {
    let root = tree::workspace_root();
    let outcome = match Args::parse().command {
        Command::Test(args) => test::run(&root, &args),
        Command::Nightly(args) => nightly::run(&root, &args),
        Command::Package(args) => package::run(&root, &args),
        Command::Tidy(report) => tidy::run(&root, report),
        Command::Layers(report) => layers::run(&root, report),
        Command::Spec(report) => spec::run(&root, report),
        Command::Demo { naive } => demo::run(&root, naive),
        Command::Standby(args) => standby::run(&root, &args),
        Command::Model(args) => sim::model(&root, &args),
        Command::Sim(args) => sim::seeds(&root, &args),
        Command::Mutations(args) => sim::mutations(&root, &args),
        Command::Mutants(args) => mutants::run(&root, &args),
        Command::Bench { what } => bench::run(&root, what),
        Command::Pages(args) => pages::run(&root, &args),
        Command::Matrix(args) => matrix::run(&root, &args),
        Command::Stores(args) => stores::run(&root, &args),
        Command::Python(args) => python::run(&root, &args),
        Command::Fuzz(args) => fuzz::run(&root, &args),
        Command::Interop { with: Interop::Lance(args) } => interop::run(&root, &args),
        Command::Hosts(args) => hosts::run(&root, &args),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
