//! What killed writers left in a local directory: files that never became objects. Not damage.

use crate::output::counted;
use fencepost::Staging;
use indicatif::HumanBytes;
use serde_json::{Value, json};

/// For programs.
pub(super) fn document(staging: &Staging) -> Value {
    json!({
        "found": staging.found, "found_bytes": staging.found_bytes, "deleted": staging.deleted, "deleted_bytes": staging.deleted_bytes,
        "failed": staging.failed,
    })
}

/// For people who only looked, and who learn what removes them; `None` if there is nothing to say.
pub(super) fn line(staging: &Staging) -> Option<String> {
    if let Some(why) = staging.failed.first() {
        return Some(format!("it is not known whether killed writers left files: {why}"));
    }
    (staging.found > 0).then(|| {
        format!(
            "killed writers left {} with {}; nobody reads them, and `gc run` deletes those older than its --min-age",
            counted(staging.found, "file"),
            HumanBytes(staging.found_bytes)
        )
    })
}
