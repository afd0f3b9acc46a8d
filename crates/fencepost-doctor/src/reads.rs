//! Reads must follow writes.

use super::bench::{Bench, Found};
use super::report::Seen;
use fencepost_store::StoreError;

pub(super) async fn after_write(bench: Bench<'_>) -> Found {
    let mut tried = 0;
    for key in 0..bench.options.keys {
        if key > 0 && bench.time_is_up() {
            break;
        }
        let (name, text) = (format!("reads/{key}"), format!("object {key}"));
        bench.make(&name, &text).await?;
        if let Some(seen) = unlike(bench, &name, &text).await? {
            return Ok(Seen::failed(format!("just after its create was acknowledged, {seen}"), HOLE));
        }
        tried += 1;
    }
    Ok(Seen::passed(format!("{tried} objects found by GET and HEAD at once")))
}

/// A proxy or a cache may remember that an object was absent.
pub(super) async fn after_absent(bench: Bench<'_>) -> Found {
    let mut tried = 0;
    for key in 0..bench.options.keys {
        if key > 0 && bench.time_is_up() {
            break;
        }
        let (name, text) = (format!("absent/{key}"), format!("object {key}"));
        if bench.read(&name).await?.is_some() || is_there(bench, &name).await? {
            let lost = "a reader would take an object that was never written for a part of the log";
            return Ok(Seen::failed("an object that was never written was found", lost));
        }
        bench.make(&name, &text).await?;
        if let Some(seen) = unlike(bench, &name, &text).await? {
            return Ok(Seen::failed(
                format!("after a failed look-up, its create was acknowledged, and then {seen}"),
                HOLE,
            ));
        }
        tried += 1;
    }
    Ok(Seen::passed(format!("{tried} objects found that were absent just before")))
}

pub(super) async fn after_delete(bench: Bench<'_>) -> Found {
    let lost = "a reader would replay rows that were collected, and a collection would never end";
    let mut tried = 0;
    for key in 0..bench.options.keys {
        if key > 0 && bench.time_is_up() {
            break;
        }
        let name = format!("deleted/{key}");
        let sure = bench.make(&name, "x").await?;
        let _ = bench.read(&name).await?; // Whatever keeps copies of objects has one now.
        bench.scratch.delete(std::slice::from_ref(&name)).await?;
        if !sure {
            continue;
        }
        let how = match (bench.read(&name).await?.is_some(), is_there(bench, &name).await?) {
            (true, _) => "GET",
            (_, true) => "HEAD",
            _ => {
                tried += 1;
                continue;
            }
        };
        return Ok(Seen::failed(format!("{how} found an object after its deletion was acknowledged"), lost));
    }
    Ok(Seen::passed(format!("{tried} deleted objects not found")))
}

/// What is wrong with an object that must be there.
async fn unlike(bench: Bench<'_>, name: &str, text: &str) -> Result<Option<&'static str>, StoreError> {
    match bench.read(name).await? {
        None => return Ok(Some("GET reported an object absent")),
        Some(bytes) if bytes != text => return Ok(Some("GET returned other bytes than were written")),
        Some(_) => {}
    }
    Ok(match bench.store().head(name).await.into_result()? {
        None => Some("HEAD reported an object absent"),
        Some(info) if info.size != text.len() as u64 => Some("HEAD told another size than was written"),
        Some(_) => None,
    })
}

async fn is_there(bench: Bench<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(bench.store().head(name).await.into_result()?.is_some())
}

const HOLE: &str = "a reader could miss acknowledged rows, and everything after them";
