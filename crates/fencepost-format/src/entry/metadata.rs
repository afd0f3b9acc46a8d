//! The keys that a log keeps in an entry's schema metadata, and telling them from the user's.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use super::limits::Fault;
use crate::{EntryKind, Epoch, FormatError, Generation};

/// Decimal; in every entry.
// F-5.
pub(super) const WRITER_EPOCH: &str = "writer_epoch";
/// In fence entries and other markers: `true`.
pub(super) const FENCE_SENTINEL: &str = "fence_sentinel";
/// Ours, in markers only: what the marker is for.
pub(super) const KIND: &str = "fencepost_kind";

/// What the metadata of a schema message says about its entry.
#[derive(Clone, Debug)]
pub(super) struct EntryMetadata {
    pub(super) epoch: Epoch,
    pub(super) generation: Option<Generation>,
    pub(super) is_sentinel: bool,
    /// Whether `fence_sentinel` is there at all, whatever it says.
    pub(super) has_sentinel_key: bool,
    pub(super) kind: Option<EntryKind>,
}

impl EntryMetadata {
    pub(super) fn of(schema: &Schema) -> Result<Self, Fault> {
        let value = |key: &str| schema.metadata().get(key).map(String::as_str);
        let Some(epoch) = value(WRITER_EPOCH) else {
            return Err(Fault::Damaged(format!("the schema has no `{WRITER_EPOCH}`: not an entry of a log")));
        };
        let kind = match value(KIND) {
            None => None,
            Some(name) => Some(kind_of_name(name).ok_or_else(|| {
                Fault::Damaged(format!(
                    "`{KIND}` is `{}`, which no version up to this one writes",
                    name.escape_debug()
                ))
            })?),
        };
        let generation = value(GENERATION)
            .map(|number| decimal(number).map(Generation).ok_or_else(|| not_a_number(GENERATION, number)));
        Ok(Self {
            epoch: decimal(epoch)
                .and_then(Epoch::try_new)
                .filter(|epoch| !epoch.is_none())
                .ok_or_else(|| not_a_number(WRITER_EPOCH, epoch))?,
            generation: generation.transpose()?,
            is_sentinel: value(FENCE_SENTINEL) == Some("true"),
            has_sentinel_key: value(FENCE_SENTINEL).is_some(),
            kind,
        })
    }

    /// What an entry by Lance is for; `is_bare` says that it has neither fields nor batches.
    ///
    /// SUBTLE: the key alone does not make a sentinel. Older Lance let users put it into their schemas, and taking
    /// such an entry for a fence entry would lose its rows.
    // F-11.
    pub(super) const fn kind_by_lance(&self, is_bare: bool) -> EntryKind {
        if self.has_sentinel_key && is_bare { EntryKind::Fence } else { EntryKind::Data }
    }
}

/// The schema as its user knows it: without the keys that Lance's reader takes out, and, for a marker, which
/// has no user, without those that make it one.
// F-6.
pub(super) fn user_schema(stored: &Schema, kind: EntryKind) -> SchemaRef {
    let mut metadata = stored.metadata().clone();
    for &key in TAKEN_OUT {
        metadata.remove(key);
    }
    if !kind.is_data() {
        metadata.remove(FENCE_SENTINEL);
        metadata.remove(KIND);
    }
    Arc::new(Schema::new_with_metadata(stored.fields().clone(), metadata))
}

/// The schema to store for a user's: with the epoch, and nothing else of ours.
// F-5.
pub(super) fn stored_schema(user: &Schema, epoch: Epoch) -> Schema {
    let mut metadata = user.metadata().clone();
    metadata.insert(WRITER_EPOCH.to_owned(), epoch.to_string());
    Schema::new_with_metadata(user.fields().clone(), metadata)
}

/// The schema of a marker.
// F-7.
pub(super) fn marker_schema(kind: EntryKind, epoch: Epoch) -> Schema {
    let metadata = [
        (WRITER_EPOCH.to_owned(), epoch.to_string()),
        (FENCE_SENTINEL.to_owned(), "true".to_owned()),
        (KIND.to_owned(), name_of_kind(kind).to_owned()),
    ];
    Schema::new_with_metadata(arrow_schema::Fields::empty(), std::collections::HashMap::from(metadata))
}

/// Refuses a user's schema that carries a key which a log uses itself.
///
/// Lance drops such keys from what it writes; here the caller is told instead.
// F-6.
pub(super) fn check_user_schema(user: &Schema) -> Result<(), FormatError> {
    for key in TAKEN_OUT.iter().copied().chain([FENCE_SENTINEL, KIND]) {
        if user.metadata().contains_key(key) {
            let reason = format!("the schema's metadata has the key `{key}`, which logs use themselves");
            return Err(FormatError::Refused { reason: reason.into() });
        }
    }
    Ok(())
}

fn name_of_kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Data => "data",
        EntryKind::Fence => "fence",
        EntryKind::CleanFence => "clean_fence",
        EntryKind::Filler => "filler",
        EntryKind::Close => "close",
        EntryKind::Tombstone => "tombstone",
    }
}

fn kind_of_name(name: &str) -> Option<EntryKind> {
    use EntryKind::{CleanFence, Close, Fence, Filler, Tombstone};
    [Fence, CleanFence, Filler, Close, Tombstone].into_iter().find(|kind| name_of_kind(*kind) == name)
}

/// Digits only: no sign, no spaces.
fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn not_a_number(key: &str, value: &str) -> Fault {
    Fault::Damaged(format!("`{key}` is `{}`, which is not a valid number", value.escape_debug()))
}

const GENERATION: &str = "generation";

/// What Lance 14's reader takes out of the schema that it hands to its users. Not `fence_sentinel`: older
/// Lance let users write that, so a data entry may have it.
const TAKEN_OUT: &[&str] = &[
    WRITER_EPOCH,
    GENERATION,
    "mem_wal_target_generation",
    "mem_wal_target_generation_dir",
    "mem_wal_target_data_file",
    "mem_wal_target_creator_epoch",
    "mem_wal_target_batch_capacity",
];
