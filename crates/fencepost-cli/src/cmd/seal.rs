//! `seal` and `unseal`: a log that takes no writers, until it does again.

use super::open;
use crate::args::{Seal, Unseal};
use crate::failure::Failure;
use crate::output;
use fencepost::{Position, Unsealed};
use serde_json::json;

pub(super) async fn run(args: Seal, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    // A seal does not make a log: it says so if there is none.
    wal.manifest().await?;
    let options = open::waiting_options(&args.writer);
    let sealed = wal.seal(options, |holder| open::tell(holder, &args.writer)).await?;
    let already = sealed.tail.is_none();
    if json {
        return output::json(&json!({
            "shard": wal.shard().to_string(), "sealed": true, "already": already, "epoch": sealed.epoch.get(),
            "tail": sealed.tail.map(Position::get),
        }));
    }
    match sealed.tail {
        Some(tail) => output::line(&format!(
            "sealed under epoch {}: position {tail} is the last one, and no writer opens the log until `unseal`; readers and collections go on",
            sealed.epoch
        )),
        None => output::line(&format!("it was sealed already, under epoch {}", sealed.epoch)),
    }
}

pub(super) async fn undo(args: Unseal, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let unsealed = wal.unseal().await?;
    let epoch = match unsealed {
        Unsealed::Lifted(epoch) => Some(epoch),
        _ => None,
    };
    if json {
        return output::json(&json!({
            "shard": wal.shard().to_string(), "sealed": false, "already": epoch.is_none(),
            "epoch": epoch.map(fencepost::Epoch::get),
        }));
    }
    match epoch {
        Some(epoch) => {
            output::line(&format!("the seal is lifted, under epoch {epoch}; writers may open the log again"))
        }
        None => output::line("it was not sealed; nothing was changed"),
    }
}
