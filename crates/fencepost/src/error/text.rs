//! What errors say of things that several of them may meet.

use fencepost_fence::GaveUp;
use fencepost_format::{CursorBreak, Version};
use std::time::{Duration, UNIX_EPOCH};

/// Explains to a person how the core gave up.
pub(crate) fn gave_up_text(why: &GaveUp) -> String {
    match why {
        GaveUp::Unread => "the store did not answer a read, which changed nothing".to_owned(),
        GaveUp::Unknown => "the store did not answer a write; it may have happened".to_owned(),
        GaveUp::NotDone => "the store refused a write".to_owned(),
        GaveUp::DamagedEntry(at) => format!("the entry at position {at} is damaged"),
        GaveUp::LostEntry { at, proof } => format!(
            "the entry at position {at} is lost: position {proof} proves that it was there; nothing was skipped. Restore it, or give it up \
             with `fencepost repair` (docs/repair.md)"
        ),
        GaveUp::DamagedManifest(version) => damaged_manifest(*version),
        GaveUp::MissingManifest(version) => {
            format!(
                "manifest version {version} is listed, but every read until the retries ended said that it is not there"
            )
        }
        GaveUp::WentBack { known, found } if known == found => format!(
            "manifest version {found} is another one than it was before: the bucket was rolled back or replaced; see docs/faults.md"
        ),
        GaveUp::WentBack { known, found } => format!(
            "the latest manifest is version {found}, but it was version {known} before: the bucket was rolled back or replaced; see docs/faults.md"
        ),
        GaveUp::RolledBack { ours, found } => format!(
            "the manifest has epoch {found}, but this writer held epoch {ours}: the bucket was rolled back or replaced; see docs/faults.md"
        ),
    }
}

fn damaged_manifest(version: Version) -> String {
    format!("manifest version {version} is damaged")
}

/// When and why a cursor was broken.
pub(super) fn broken_text(mark: Option<&CursorBreak>) -> String {
    mark.map_or_else(String::new, |mark| {
        let time = UNIX_EPOCH + Duration::from_millis(mark.time_ms.min(TIME_MS_MAX));
        format!(" at {}, by the store's clock: {}", humantime::format_rfc3339_seconds(time), mark.exceeded)
    })
}

/// The last millisecond of the year 9999.
const TIME_MS_MAX: u64 = 253_402_300_799_999;
