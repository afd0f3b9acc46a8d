//! What a collection did, for whoever wants to know afterwards.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Epoch, Exceeded, FormatError, Nonce, Position, Version, documents};

/// Which of a collection's two receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiptPart {
    /// What it means to delete, why the rest stays, and from what it concluded that: written before the first
    /// deletion.
    Plan,
    /// How it ended. If it is missing, the collection was cut off, or is still under way.
    End,
}

/// The name of a receipt. Names sort by time, then by collection.
// F-36.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptName {
    /// When it was planned, in milliseconds since 1970 by the store's clock, as far as the collection knew.
    pub time: u64,
    /// The collection.
    pub id: Nonce,
    /// Which part.
    pub part: ReceiptPart,
}

impl ReceiptName {
    /// What the object is called.
    #[must_use]
    pub fn object_name(&self) -> String {
        let part = match self.part {
            ReceiptPart::Plan => "plan",
            ReceiptPart::End => "end",
        };
        format!("{:020}-{}-{part}.json", self.time, self.id)
    }

    /// Parses an object's name. It is strict: for anything that [`object_name`](Self::object_name) would not
    /// produce, it returns `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.strip_suffix(".json")?.split('-');
        let time = words.next()?.parse().ok()?;
        let id = Nonce(u128::from_str_radix(words.next()?, 16).ok()?);
        let part = match words.next()? {
            "plan" => ReceiptPart::Plan,
            "end" => ReceiptPart::End,
            _ => return None,
        };
        let parsed = Self { time, id, part };
        (parsed.object_name() == name).then_some(parsed)
    }
}

/// Numbers that follow one another: the first and the last.
pub type NumberRange = [u64; 2];

/// The first part of a receipt.
// F-36.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptPlan {
    /// The number of the format; whoever encodes it sets it.
    pub format: u64,
    /// What it concluded from.
    pub from: ReceiptBasis,
    /// What it means to delete.
    pub delete: ReceiptObjects,
    /// The size of the entries among it, in bytes.
    pub entry_bytes: u64,
    /// Refused writes among it.
    pub stale_entries: u64,
    /// Entries among it that stood below an earlier boundary.
    pub swept: u64,
    /// Acknowledged entries among it that a loss had fenced off, as its operator allowed.
    pub accepted: u64,
    /// Where a loss fenced off acknowledged entries: the lowest such positions.
    pub fenced_off: Vec<u64>,
    /// The cursors that were over their leash. If there is one, the document has a format of its own.
    // F-46.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over_leash: Vec<ReceiptLeash>,
    /// Why everything else stays, by reason.
    pub keep: Vec<ReceiptKept>,
    /// Whether ranges were left out, because the document would not have held them. Counts are complete.
    pub shortened: bool,
}

/// What a collection concluded from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptBasis {
    /// The version of the latest manifest.
    pub version: u64,
    /// Its epoch.
    pub epoch: u64,
    /// Its `replay_after`.
    pub replay_after: u64,
    /// The boundary that was published before the cursors were read; 0 for none.
    pub boundary: u64,
    /// Above this nothing is deleted.
    pub bound: u64,
    /// The cursors, and the position above which each holds everything.
    pub cursors: Vec<ReceiptCursor>,
    /// How many entries were listed.
    pub entries_listed: u64,
    /// How many of them were read.
    pub entries_read: u64,
}

/// A cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptCursor {
    /// Its name.
    pub name: String,
    /// It holds what is above this position.
    pub holds_above: u64,
}

/// A cursor that was over its leash.
// F-46.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLeash {
    /// Its name.
    pub name: String,
    /// Where it stood.
    pub position: u64,
    /// The limit that it was over.
    pub exceeded: Exceeded,
    /// What became of it: `warned`, `broken` or `not_marked`.
    pub outcome: String,
}

/// Objects, as ranges of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptObjects {
    /// How many there are, a folder counting as one.
    pub count: u64,
    /// Positions of entries.
    pub entries: Vec<NumberRange>,
    /// Versions of manifests.
    pub manifests: Vec<NumberRange>,
    /// Positions of boundaries.
    pub boundaries: Vec<NumberRange>,
    /// Epochs of leases.
    pub leases: Vec<NumberRange>,
    /// Epochs of openers' records.
    pub openings: Vec<NumberRange>,
    /// Anything else, by name.
    pub others: Vec<String>,
}

/// What stays for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptKept {
    /// The reason's stable name.
    pub reason: String,
    /// What stays for it.
    pub objects: ReceiptObjects,
}

/// The second part of a receipt.
// F-36.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptEnd {
    /// The number of the format; whoever encodes it sets it.
    pub format: u64,
    /// How many objects were deleted, counting each object in a folder.
    pub deleted: u64,
    /// The size of the entries among them, in bytes.
    pub entry_bytes: u64,
    /// How many of the objects in the plan were not deleted, or are not known to be.
    pub failed: u64,
    /// The first of these, each with the reason.
    pub failures: Vec<ReceiptFailure>,
    /// How many requests it made, this one apart.
    pub requests: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// An object that was not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptFailure {
    /// The object.
    pub object: String,
    /// Why.
    pub why: String,
}

impl ReceiptBasis {
    /// Of a manifest.
    #[must_use]
    pub fn of(version: Version, epoch: Epoch, replay_after: Position) -> Self {
        let (version, epoch) = (version.get(), epoch.get());
        Self { version, epoch, replay_after: replay_after.get(), ..Self::default() }
    }
}

impl ReceiptObjects {
    fn shorten(&mut self, most: usize) {
        for ranges in [
            &mut self.entries,
            &mut self.manifests,
            &mut self.boundaries,
            &mut self.leases,
            &mut self.openings,
        ] {
            ranges.truncate(most);
        }
        self.others.truncate(most);
    }
}

impl ReceiptPlan {
    /// The bytes to store. If they would be too many, ranges are left out, and the document says so.
    #[must_use]
    pub fn encode(mut self) -> Bytes {
        self.format = if self.over_leash.is_empty() { documents::FORMAT } else { LEASHES_FORMAT };
        let mut most = RANGES_MAX;
        loop {
            if let Ok(bytes) = documents::encode("a receipt to be written", &self) {
                return bytes;
            }
            self.shortened = true;
            most /= 2;
            self.delete.shorten(most);
            self.keep.iter_mut().for_each(|kept| kept.objects.shorten(most / 8));
            self.fenced_off.truncate(most);
            self.from.cursors.truncate(most);
            self.over_leash.truncate(most);
        }
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        documents::decode_up_to(object, bytes, LEASHES_FORMAT)
    }
}

impl ReceiptEnd {
    /// The bytes to store.
    #[must_use]
    pub fn encode(mut self) -> Bytes {
        self.format = documents::FORMAT;
        self.failures.truncate(FAILURES_MAX);
        for failure in &mut self.failures {
            failure.why = failure.why.chars().take(FAILURE_CHARS_MAX).collect();
            failure.object = failure.object.chars().take(FAILURE_CHARS_MAX).collect();
        }
        documents::encode("a receipt to be written", &self)
            .expect("a hundred short failures are far below 1 MiB")
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        documents::decode(object, bytes)
    }
}

/// The format of a plan that names cursors over their leash.
const LEASHES_FORMAT: u64 = 2;
const RANGES_MAX: usize = 32_768;
const FAILURES_MAX: usize = 100;
const FAILURE_CHARS_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_are_parsed_strictly() {
        let name = ReceiptName { time: 1_796_000_000_123, id: Nonce(0xab), part: ReceiptPart::Plan };
        let text = "00000001796000000123-000000000000000000000000000000ab-plan.json";
        assert_eq!(name.object_name(), text);
        assert_eq!(ReceiptName::parse(text), Some(name));
        let end = ReceiptName { part: ReceiptPart::End, ..name };
        assert_eq!(ReceiptName::parse(&end.object_name()), Some(end));
        let later = ReceiptName { time: 1_796_000_000_124, id: Nonce(0), part: ReceiptPart::Plan };
        assert!(later > end && later.object_name() > end.object_name());
        for wrong in [
            "",
            "1-ab-plan.json",
            &text.replace("plan", "p"),
            &text.replace(".json", ""),
            &format!("{text}x"),
        ] {
            assert_eq!(ReceiptName::parse(wrong), None, "{wrong}");
        }
    }

    /// The very bytes, of the smallest of each.
    // F-36.
    #[test]
    fn receipts_are_laid_out_as_documented() {
        let objects = r#"{"count":2,"entries":[[1,2]],"manifests":[],"boundaries":[],"leases":[],"openings":[],"others":[]}"#;
        let text = format!(
            r#"{{"format":1,"from":{{"version":7,"epoch":3,"replay_after":2,"boundary":2,"bound":2,"cursors":[{{"name":"audit","holds_above":2}}],"entries_listed":4,"entries_read":1}},"delete":{objects},"entry_bytes":200,"stale_entries":0,"swept":0,"accepted":0,"fenced_off":[],"keep":[{{"reason":"live","objects":{objects}}}],"shortened":false}}"#
        );
        let delete = ReceiptObjects { count: 2, entries: vec![[1, 2]], ..ReceiptObjects::default() };
        let cursor = ReceiptCursor { name: "audit".into(), holds_above: 2 };
        let basis = ReceiptBasis::of(Version::new(7), Epoch::new(3), Position::new(2));
        let from = ReceiptBasis {
            boundary: 2,
            bound: 2,
            cursors: vec![cursor],
            entries_listed: 4,
            entries_read: 1,
            ..basis
        };
        let keep = vec![ReceiptKept { reason: "live".into(), objects: delete.clone() }];
        let plan = ReceiptPlan { from, delete, entry_bytes: 200, keep, ..ReceiptPlan::default() };
        assert_eq!(plan.clone().encode(), text);
        let read = ReceiptPlan::decode("receipt", text.as_bytes()).unwrap();
        assert_eq!(ReceiptPlan { format: 0, ..read }, plan);

        let text = r#"{"format":1,"deleted":2,"entry_bytes":200,"failed":1,"failures":[{"object":"entry 2","why":"denied"}],"requests":9,"elapsed_ms":20}"#;
        let failures = vec![ReceiptFailure { object: "entry 2".into(), why: "denied".into() }];
        let end = ReceiptEnd {
            deleted: 2,
            entry_bytes: 200,
            failed: 1,
            failures,
            requests: 9,
            elapsed_ms: 20,
            format: 0,
        };
        assert_eq!(end.clone().encode(), text);
        assert_eq!(ReceiptEnd { format: 0, ..ReceiptEnd::decode("receipt", text.as_bytes()).unwrap() }, end);
        let newer = ReceiptEnd::decode("receipt", br#"{"format":2}"#).unwrap_err();
        assert!(matches!(newer, FormatError::Newer { .. }), "{newer}");
    }

    /// However little follows one another, a receipt fits, and its counts are complete.
    #[test]
    fn a_receipt_that_would_be_too_large_leaves_ranges_out() {
        let many: Vec<_> = (1..200_000_u64).map(|at| [at * 1_000_000, at * 1_000_000]).collect();
        let objects = ReceiptObjects { count: 199_999, entries: many, ..ReceiptObjects::default() };
        let keep = vec![ReceiptKept { reason: "live".into(), objects: objects.clone() }];
        let bytes = ReceiptPlan { delete: objects, keep, ..ReceiptPlan::default() }.encode();
        let read = ReceiptPlan::decode("receipt", &bytes).unwrap();
        assert!(read.shortened && !read.delete.entries.is_empty());
        assert_eq!((read.delete.count, read.keep[0].objects.count), (199_999, 199_999));
    }

    /// Programs that know no leashes refuse it, and say that it is newer.
    // F-46.
    #[test]
    fn a_receipt_that_names_a_cursor_over_its_leash_has_another_format() {
        let exceeded = Exceeded { limit: crate::LeashLimit::Entries, is: 3, allowed: 2 };
        let over = ReceiptLeash { name: "audit".into(), position: 5, exceeded, outcome: "broken".into() };
        let plan = ReceiptPlan { over_leash: vec![over], ..ReceiptPlan::default() };
        let bytes = plan.clone().encode();
        let text = std::str::from_utf8(&bytes).unwrap();
        let part = r#""over_leash":[{"name":"audit","position":5,"exceeded":{"limit":"entries","is":3,"allowed":2},"outcome":"broken"}]"#;
        assert!(text.starts_with(r#"{"format":2,"#) && text.contains(part), "{text}");
        assert_eq!(ReceiptPlan { format: 0, ..ReceiptPlan::decode("receipt", &bytes).unwrap() }, plan);
    }

    #[test]
    fn long_failures_are_cut_short() {
        let failure = ReceiptFailure { object: "o".repeat(5_000), why: "é".repeat(500_000) };
        let end = ReceiptEnd { failed: 5_000, failures: vec![failure; 5_000], ..ReceiptEnd::default() };
        let read = ReceiptEnd::decode("receipt", &end.encode()).unwrap();
        assert_eq!((read.failed, read.failures.len()), (5_000, FAILURES_MAX));
    }
}
