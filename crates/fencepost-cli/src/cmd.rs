//! The commands.

mod append;
mod cat;
mod checkpoint;
mod completions;
mod cursor;
mod demo;
mod doctor;
mod gc;
mod inspect;
mod ls;
mod open;
mod repair;
mod staging;
mod status;
mod tail;
mod verify;
mod why;

use crate::args::{Args, Command};
use crate::failure::Failure;

/// Does what was asked for.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let json = args.json;
    match args.command {
        Command::Append(args) => Box::pin(append::run(args, json)).await,
        Command::Tail(args) => Box::pin(tail::run(args, json)).await,
        Command::Inspect(args) => Box::pin(inspect::run(args, json)).await,
        Command::Ls(args) => Box::pin(ls::run(args, json)).await,
        Command::Status(args) => Box::pin(status::run(args, json)).await,
        Command::Cat(args) => Box::pin(cat::run(args, json)).await,
        Command::Why(args) => Box::pin(why::run(args, json)).await,
        Command::Completions(args) => completions::run(&args),
        Command::Verify(args) => Box::pin(verify::run(args, json)).await,
        Command::Repair(args) => Box::pin(repair::run(args, json)).await,
        Command::Checkpoint(args) => Box::pin(checkpoint::run(args, json)).await,
        Command::Cursor(args) => Box::pin(cursor::run(args, json)).await,
        Command::Gc(args) => Box::pin(gc::run(args, json)).await,
        Command::Doctor(args) => Box::pin(doctor::run(args, json)).await,
        Command::Demo(args) => Box::pin(demo::run(args, json)).await,
        Command::DemoWriter(args) => Box::pin(demo::write(args)).await,
    }
}
