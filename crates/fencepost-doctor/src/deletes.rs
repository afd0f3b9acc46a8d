//! Deletions in bulk.

use super::bench::{Bench, Found};
use super::report::Seen;

/// Deletes every second of some objects, with names among them at which nothing stands.
pub(super) async fn bulk(bench: Bench<'_>) -> Found {
    let names: Vec<_> = (0..OBJECTS).map(|number| format!("bulk/{number}")).collect();
    let mut doomed = Vec::new();
    for (number, name) in names.iter().enumerate() {
        // One that may land late may be there again after its deletion.
        if bench.make(name, "x").await? && number % 2 == 0 {
            doomed.push(name.clone());
        }
    }
    doomed.insert(doomed.len().min(1), "bulk/missing".to_owned());
    doomed.push("bulk/missing too".to_owned());
    for _ in 0..2 {
        // The second time all of them are missing, as after a crash in the middle of a collection.
        bench.scratch.delete(&doomed).await?;
    }
    for name in &names {
        let there = bench.store().head(name).await.into_result()?.is_some();
        match (doomed.contains(name), there) {
            (true, true) => {
                let lost = "no rows, but a collection would report space as freed that is not";
                return Ok(Seen::failed("an object was reported as deleted and is there", lost));
            }
            (false, false) => {
                let lost = "a collection would delete entries that are still needed";
                return Ok(Seen::failed("an object is gone that was not among those to delete", lost));
            }
            _ => {}
        }
    }
    Ok(Seen::passed(format!("{} names deleted twice, two of them missing, and no others", doomed.len())))
}

const OBJECTS: usize = 20;
