//! The two documents of a reclaim: what is to be taken out of a shard's manifest, and what was.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::error::damaged;
use crate::{Epoch, FormatError, Generation, Nonce, SsTableName, Version, documents};

/// Which of a reclaim's two documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReclaimPart {
    /// What it means to take out of the manifest, and from what it concluded that it may.
    Plan,
    /// What is out of the manifest. If it is missing, the reclaim was cut off, or is still under way.
    End,
}

/// The name of a document of a reclaim, as `reclaim-00000000000000000003-plan.json`.
// F-41, F-42.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReclaimName {
    /// The reclaim's number, from 1.
    pub number: u64,
    /// Which part.
    pub part: ReclaimPart,
}

impl ReclaimName {
    /// What the object is called.
    #[must_use]
    pub fn object_name(&self) -> String {
        let part = match self.part {
            ReclaimPart::Plan => "plan",
            ReclaimPart::End => "end",
        };
        format!("reclaim-{:020}-{part}.json", self.number)
    }

    /// Parses an object's name. It is strict: for anything that [`object_name`](Self::object_name) would not
    /// produce, and for the number 0, it returns `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (number, part) = name.strip_prefix("reclaim-")?.strip_suffix(".json")?.split_once('-')?;
        let part = match part {
            "plan" => ReclaimPart::Plan,
            "end" => ReclaimPart::End,
            _ => return None,
        };
        let parsed = Self { number: number.parse().ok().filter(|number| *number > 0)?, part };
        (parsed.object_name() == name).then_some(parsed)
    }
}

/// What a reclaim means to take out of the shard's manifest. Created if absent, never overwritten.
// F-41.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReclaimPlan {
    /// The reclaim's number, from 1.
    pub number: u64,
    /// Its nonce.
    pub nonce: Nonce,
    /// The shard's manifest that named the folders.
    pub manifest: Version,
    /// The epoch of that manifest.
    pub epoch: Epoch,
    /// The table's latest version.
    pub table_version: u64,
    /// The lowest version of the table that was there.
    pub table_lowest: u64,
    /// How many versions of the table were there.
    pub table_versions: u64,
    /// What wrote the table's latest version.
    pub table_writer: String,
    /// The generation up to which the table's latest version had the shard.
    pub compacted: Generation,
    /// The folders.
    pub folders: BTreeSet<SsTableName>,
}

/// What a reclaim has taken out, or found to be out of the shard's manifest. Created if absent, never overwritten.
// F-42.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReclaimEnd {
    /// The reclaim's number.
    pub number: u64,
    /// The nonce of the reclaim that wrote this: another may have finished what the planner began.
    pub nonce: Nonce,
    /// A version of the shard's manifest that was the latest, and named none of the folders.
    pub manifest: Version,
    /// The folders. None if the reclaim was given up.
    pub folders: BTreeSet<SsTableName>,
}

impl ReclaimPlan {
    /// The bytes to store.
    ///
    /// # Panics
    /// With more than [`RECLAIM_FOLDERS_MAX`] folders, which would not fit.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        assert!(self.folders.len() <= RECLAIM_FOLDERS_MAX, "so many folders are never planned at once");
        let stored = StoredPlan {
            format: documents::FORMAT,
            reclaim: self.number,
            nonce: self.nonce.to_string(),
            manifest: self.manifest.get(),
            epoch: self.epoch.get(),
            table: StoredTable {
                version: self.table_version,
                lowest: self.table_lowest,
                versions: self.table_versions,
                writer: self.table_writer.chars().take(WRITER_CHARS_MAX).collect(),
                compacted: self.compacted.0,
            },
            folders: self.folders.iter().map(ToString::to_string).collect(),
        };
        documents::encode("a reclaim's plan", &stored).expect("its folders fit")
    }

    /// Reads the document of the reclaim of this number.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, expected: u64, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: StoredPlan = documents::decode(object, bytes)?;
        check_number(object, stored.reclaim, expected)?;
        Ok(Self {
            number: stored.reclaim,
            nonce: nonce(object, &stored.nonce)?,
            manifest: version(object, stored.manifest)?,
            epoch: documents::epoch(object, stored.epoch)?,
            table_version: stored.table.version,
            table_lowest: stored.table.lowest,
            table_versions: stored.table.versions,
            table_writer: stored.table.writer,
            compacted: Generation(stored.table.compacted),
            folders: folders(object, &stored.folders)?,
        })
    }
}

impl ReclaimEnd {
    /// The bytes to store.
    ///
    /// # Panics
    /// With more than [`RECLAIM_FOLDERS_MAX`] folders, which would not fit.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        assert!(self.folders.len() <= RECLAIM_FOLDERS_MAX, "so many folders are never planned at once");
        let stored = StoredEnd {
            format: documents::FORMAT,
            reclaim: self.number,
            nonce: self.nonce.to_string(),
            manifest: self.manifest.get(),
            folders: self.folders.iter().map(ToString::to_string).collect(),
        };
        documents::encode("a reclaim's end", &stored).expect("its folders fit")
    }

    /// Reads the document of the reclaim of this number.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, expected: u64, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: StoredEnd = documents::decode(object, bytes)?;
        check_number(object, stored.reclaim, expected)?;
        Ok(Self {
            number: stored.reclaim,
            nonce: nonce(object, &stored.nonce)?,
            manifest: version(object, stored.manifest)?,
            folders: folders(object, &stored.folders)?,
        })
    }
}

fn check_number(object: &str, found: u64, expected: u64) -> Result<(), FormatError> {
    if found == expected { Ok(()) } else { Err(documents::misplaced(object, "reclaim", found, expected)) }
}

fn nonce(object: &str, digits: &str) -> Result<Nonce, FormatError> {
    let nonce = u128::from_str_radix(digits, 16).map(Nonce);
    nonce
        .ok()
        .filter(|nonce| nonce.to_string() == digits)
        .ok_or_else(|| damaged(object, 0_u64, "the nonce is not 32 hexadecimal digits"))
}

fn version(object: &str, number: u64) -> Result<Version, FormatError> {
    Version::try_new(number).ok_or_else(|| damaged(object, 0_u64, "no such version"))
}

fn folders(object: &str, names: &[String]) -> Result<BTreeSet<SsTableName>, FormatError> {
    let parse = |name: &String| {
        let what = || format!("{:?} is no folder of an SSTable", name.escape_debug().to_string());
        SsTableName::parse(name).ok_or_else(|| damaged(object, 0_u64, what()))
    };
    names.iter().map(parse).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPlan {
    format: u64,
    reclaim: u64,
    nonce: String,
    manifest: u64,
    epoch: u64,
    table: StoredTable,
    folders: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTable {
    version: u64,
    lowest: u64,
    versions: u64,
    writer: String,
    compacted: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEnd {
    format: u64,
    reclaim: u64,
    nonce: String,
    manifest: u64,
    folders: Vec<String>,
}

/// The most folders of one reclaim: far fewer than fit into a document.
pub const RECLAIM_FOLDERS_MAX: usize = 1_000;
const WRITER_CHARS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<SsTableName> {
        names.iter().map(|name| SsTableName::parse(name).unwrap()).collect()
    }

    #[test]
    fn names_are_parsed_strictly() {
        let name = ReclaimName { number: 3, part: ReclaimPart::Plan };
        let text = "reclaim-00000000000000000003-plan.json";
        assert_eq!(name.object_name(), text);
        assert_eq!(ReclaimName::parse(text), Some(name));
        let end = ReclaimName { number: u64::MAX, part: ReclaimPart::End };
        assert_eq!(ReclaimName::parse(&end.object_name()), Some(end));
        for wrong in [
            "reclaim-3-plan.json",
            "reclaim-00000000000000000000-plan.json",
            &text.replace("plan", "p"),
            &text.replace(".json", ""),
        ] {
            assert_eq!(ReclaimName::parse(wrong), None, "{wrong}");
        }
    }

    /// The very bytes.
    // F-41, F-42.
    #[test]
    fn the_documents_of_a_reclaim_are_laid_out_as_documented() {
        let text = r#"{"format":1,"reclaim":3,"nonce":"000000000000000000000000000000ab","manifest":12,"epoch":4,"table":{"version":9,"lowest":7,"versions":3,"writer":"lance 14.0.2","compacted":5},"folders":["0a1b2c3d_gen_4","517a104b_gen_5"]}"#;
        let plan = ReclaimPlan {
            number: 3,
            nonce: Nonce(0xab),
            manifest: Version::new(12),
            epoch: Epoch::new(4),
            table_version: 9,
            table_lowest: 7,
            table_versions: 3,
            table_writer: "lance 14.0.2".to_owned(),
            compacted: Generation(5),
            folders: names(&["0a1b2c3d_gen_4", "517a104b_gen_5"]),
        };
        assert_eq!(plan.encode(), text);
        assert_eq!(ReclaimPlan::decode("plan", 3, text.as_bytes()).unwrap(), plan);
        let text = r#"{"format":1,"reclaim":3,"nonce":"000000000000000000000000000000ab","manifest":13,"folders":["0a1b2c3d_gen_4"]}"#;
        let end = ReclaimEnd {
            number: 3,
            nonce: Nonce(0xab),
            manifest: Version::new(13),
            folders: names(&["0a1b2c3d_gen_4"]),
        };
        assert_eq!(end.encode(), text);
        assert_eq!(ReclaimEnd::decode("end", 3, text.as_bytes()).unwrap(), end);
    }

    #[test]
    fn what_is_no_document_of_this_reclaim_is_an_error() {
        let decode = |text: &str| ReclaimEnd::decode("end", 3, text.as_bytes());
        let text = |number: u64, nonce: &str, folder: &str, more: &str| {
            format!(
                r#"{{"format":1,"reclaim":{number},"nonce":"{nonce}","manifest":13,"folders":["{folder}"]{more}}}"#
            )
        };
        let (nonce, folder) = ("000000000000000000000000000000ab", "0a1b2c3d_gen_4");
        assert!(decode(&text(3, nonce, folder, "")).is_ok());
        for wrong in [
            text(4, nonce, folder, ""),
            text(3, "ab", folder, ""),
            text(3, nonce, "wal", ""),
            text(3, nonce, folder, r#","more":1"#),
        ] {
            assert!(decode(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_fullest_plan_fits_into_a_document() {
        let name = |hash: usize| SsTableName { generation: Generation(u64::MAX), hash: hash as u32 };
        let end = ReclaimEnd {
            number: u64::MAX,
            nonce: Nonce(0),
            manifest: Version::FIRST,
            folders: (0..RECLAIM_FOLDERS_MAX).map(name).collect(),
        };
        assert!(end.encode().len() * 10 < crate::DOCUMENT_BYTES_MAX);
    }
}
