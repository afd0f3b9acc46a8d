//! `man`: the manual pages, made of the same texts as `--help`.

use crate::args::{Args, Man};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use clap::CommandFactory as _;
use serde_json::json;

pub(super) fn run(args: &Man, json: bool) -> Result<(), Failure> {
    let directory = &args.directory;
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Args::command(), directory))
        .and_then(|()| std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>());
    let files = written.map_err(|error| {
        Failure::of(Exit::Failed, &error).while_doing(format_args!("`{}`", directory.display()))
    })?;
    let pages = files.iter().filter(|file| file.path().extension().is_some_and(|name| name == "1")).count();
    if json {
        return output::json(&json!({"directory": directory.display().to_string(), "pages": pages}));
    }
    output::line(&format!("{pages} pages in {}; read one with `man -l`", directory.display()))
}
