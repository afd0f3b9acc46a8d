//! The commands.

mod append;
mod checkpoint;
mod cursor;
mod demo;
mod doctor;
mod gc;
mod inspect;
mod open;
mod repair;
mod staging;
mod tail;
mod verify;

use crate::args::{Args, Command};
use crate::failure::Failure;

/// Does what was asked for.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let json = args.json;
    match args.command {
        Command::Append(args) => Box::pin(append::run(args, json)).await,
        Command::Tail(args) => Box::pin(tail::run(args, json)).await,
        Command::Inspect(args) => Box::pin(inspect::run(args, json)).await,
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
