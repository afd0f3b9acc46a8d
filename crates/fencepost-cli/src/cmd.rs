//! The commands.

mod append;
mod cat;
mod checkpoint;
mod completions;
mod cost;
mod cursor;
mod demo;
mod doctor;
mod export;
mod fence;
mod gc;
mod import;
mod inspect;
mod ls;
mod man;
mod manifest;
mod open;
mod repair;
mod seal;
mod sql;
mod staging;
mod standby;
mod status;
mod tail;
mod verify;
mod why;

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sql::Engine;

/// Does what was asked for; a question in SQL, if there is an engine.
pub(crate) async fn run(args: Args, engine: Option<&dyn Engine>) -> Result<(), Failure> {
    let json = args.json;
    match args.command {
        Command::Append(args) => Box::pin(append::run(args, json)).await,
        Command::Standby(args) => Box::pin(standby::run(args, json)).await,
        Command::Tail(args) => Box::pin(tail::run(args, json)).await,
        Command::Sql(args) => match engine {
            Some(engine) => Box::pin(sql::run(args, json, engine)).await,
            None => Err(Failure::new(Exit::Failed, "this program has no engine for SQL")),
        },
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
        Command::Fence(args) => Box::pin(fence::run(args, json)).await,
        Command::Seal(args) => Box::pin(seal::run(args, json)).await,
        Command::Unseal(args) => Box::pin(seal::undo(args, json)).await,
        Command::Export(args) => Box::pin(export::run(args, json)).await,
        Command::Import(args) => Box::pin(import::run(args, json)).await,
        Command::Manifest(args) => Box::pin(manifest::run(args, json)).await,
        Command::Man(args) => man::run(&args, json),
        Command::Cost(args) => Box::pin(cost::run(args, json)).await,
        Command::Doctor(args) => Box::pin(doctor::run(args, json)).await,
        Command::Demo(args) => Box::pin(demo::run(args, json)).await,
        Command::DemoWriter(args) => Box::pin(demo::write(args)).await,
    }
}
