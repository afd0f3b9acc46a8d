//! Verification: reads everything in a log and reports what is wrong with it.

mod missing;

use crate::shard::{Io, Performed};
use crate::{Cause, ReadError, Staging, Wal};
use fencepost_fence::{FenceRanges, GaveUp, ReadReply, RulingEpoch, begins_fence_range};
use fencepost_format::{Entry, EntryHeader, EntryKind, Epoch, Manifest, Position, Version};
use fencepost_gc::Part;
use fencepost_store::{Escaped, ReadOutcome};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The findings of a verification.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Entries read, of all kinds.
    pub entries: u64,
    /// Rows in data entries: above the checkpoint, in those that count.
    pub rows: u64,
    /// Manifests read.
    pub manifests: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Findings that are no faults, such as a gap that a dead writer may have left behind.
    pub notes: Vec<Problem>,
    /// Where entries were given up.
    // P-93.
    pub given_up: Vec<Position>,
    /// Files that killed writers left in a local directory. They are no objects, nobody reads them, and a
    /// collection deletes them by age.
    // P-75.
    pub staging: Staging,
    /// Facts for [`Self::plan_repair`], which the next tombstone needs.
    pub(crate) survey: Survey,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The object, relative to the log's base.
    pub object: String,
    /// The byte in it, where one can be named.
    pub offset: Option<u64>,
    /// What is wrong, and what to do.
    pub what: String,
    /// Which kind of trouble it is, for programs.
    pub kind: ProblemKind,
}

/// Which kind of trouble something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The entries at these positions are gone, and another entry proves that they were there.
    // P-90.
    Lost {
        /// The first of them.
        first: Position,
        /// The last of them.
        last: Position,
        /// The position of the entry that proves it.
        proof: Position,
    },
    /// An entry occupies the position of a lost one, so no reader sees the acknowledged entries above it.
    // P-90.
    FencedOff {
        /// The entry's position.
        at: Position,
        /// What proves it.
        proof: Position,
    },
    /// These positions are empty, and it cannot be known whether anything ever was there.
    Gap {
        /// The first of them.
        first: Position,
        /// The last of them.
        last: Position,
    },
    /// The entry at this position is damaged.
    Damaged {
        /// The position.
        at: Position,
    },
    /// The entry at this position could not be read. That says nothing about its bytes.
    Unreadable {
        /// The position.
        at: Position,
    },
    /// Anything else.
    Other,
}

impl ProblemKind {
    /// A stable name, for JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "lost",
            Self::FencedOff { .. } => "fenced_off",
            Self::Gap { .. } => "gap",
            Self::Damaged { .. } => "damaged",
            Self::Unreadable { .. } => "unreadable",
            Self::Other => "other",
        }
    }
}

/// What was found above `replay_after`, for whoever gives up an entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// What stands there; `None` for what is damaged or could not be read.
    pub(crate) entries: BTreeMap<Position, Option<EntryHeader>>,
    /// `replay_after`, as last read.
    pub(crate) replay_after: Position,
    /// `writer_epoch`, as last read.
    pub(crate) epoch: Epoch,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Wal {
    /// Reads every manifest and every entry, including checksums and rows, and looks for gaps and misplaced
    /// objects. Writes nothing.
    ///
    /// A gap above the checkpoint is a problem only if another entry, however far above, proves that
    /// something was there . Otherwise it is a note: a writer that dies with several appends in flight leaves
    /// such gaps.
    ///
    /// `on_entry` hears how many entries were read, and of how many. Costs one GET for each object, two
    /// manifest searches and four LISTs; where something seems to be missing, another of each. Entries are in
    /// memory a few at a time.
    ///
    /// # Errors
    /// [`ReadError`] if the log could not be listed or has no manifest. Faulty objects are findings, not errors.
    // P-90, P-92.
    pub async fn verify(&self, on_entry: impl Fn(u64, u64)) -> Result<Verification, ReadError> {
        let io = self.io.scoped();
        let mut found = Verification::default();
        let latest = match io.manifest().await {
            // Nobody answers: asking for anything else would only wait once more.
            Err(error @ ReadError::GaveUp { why: GaveUp::Unread, .. }) => return Err(error),
            latest => latest,
        };
        found.check_manifests(&io).await?;
        if let Err(error) = latest {
            // A damaged manifest is among the problems; without it, nothing more can be said.
            return if found.problems.is_empty() { Err(error) } else { Ok(found) };
        }
        found.check_names(&io).await?;
        found.staging = io.count_staging().await;
        let listed = io.list_entries().await?;
        let (read, of) = (AtomicU64::new(0), listed.len() as u64);
        let entries = io.read_all(listed, |io, at, _| {
            let (read, on_entry) = (&read, &on_entry);
            async move {
                let checked = check_entry(io, at).await;
                on_entry(read.fetch_add(1, Ordering::Relaxed) + 1, of);
                checked
            }
        });
        let entries = entries.await;
        // P-49: after the entries. Those of an epoch that was claimed meanwhile are as they should be, and
        // what was covered meanwhile may have landed late.
        let (latest, boundary) = (io.manifest().await?, io.boundary().await?);
        found.check_entries(&io, &latest, boundary, entries);
        found.check_missing(&io, &latest).await?;
        found.check_seen(&io, &latest).await?;
        Ok(found)
    }
}

impl Verification {
    fn note(&mut self, object: impl Into<String>, offset: Option<u64>, what: impl Into<String>) {
        let (object, what, kind) = (object.into(), what.into(), ProblemKind::Other);
        self.problems.push(Problem { object, offset, what, kind });
    }

    fn note_cause(&mut self, object: String, cause: &Cause, kind: ProblemKind) {
        let offset = if let Cause::Format { source } = cause { source.offset() } else { None };
        let what = describe(&object, cause);
        self.problems.push(Problem { object, offset, what, kind });
    }

    async fn check_manifests(&mut self, io: &Io) -> Result<(), ReadError> {
        let listed = io.list(Part::Manifests).await?;
        for stranger in listed.not_understood {
            self.note(escaped(&stranger), None, "this is not a manifest; move it out of this folder");
        }
        let versions: Vec<Version> = listed.manifests.into_keys().collect();
        for pair in versions.windows(2) {
            if let [below, above] = pair
                && below.next() != *above
            {
                let what = format!(
                    "the next version is {above}: the versions between are missing, though only the oldest are ever pruned"
                );
                self.note(io.paths.manifest(*below), None, what);
            }
        }
        let mut epoch = Epoch::NONE;
        for version in versions {
            let path = io.paths.manifest(version);
            self.manifests += 1;
            let Performed { reply, cause, .. } = io.manifest_at(version).await;
            match (reply, cause) {
                (ReadReply::Found(manifest), _) if manifest.writer_epoch < epoch => {
                    let what = format!(
                        "its epoch {} is below epoch {epoch} of an earlier version",
                        manifest.writer_epoch
                    );
                    self.note(path, None, what);
                }
                (ReadReply::Found(manifest), _) => epoch = manifest.writer_epoch,
                // Pruned since it was listed.
                (ReadReply::Absent, _) => {}
                (_, cause) => {
                    let cause = cause.expect("what was not read has a cause");
                    self.note_cause(path, &cause, ProblemKind::Other);
                }
            }
        }
        Ok(())
    }

    async fn check_names(&mut self, io: &Io) -> Result<(), ReadError> {
        for stranger in io.list(Part::Entries).await?.not_understood {
            self.note(
                escaped(&stranger),
                None,
                "this is not the name of an entry; move it out of this folder",
            );
        }
        Ok(())
    }

    fn check_entries(
        &mut self,
        io: &Io,
        latest: &Manifest,
        boundary: Position,
        entries: Vec<((Position, u64), Result<Checked, Cause>)>,
    ) {
        let (mut ruling, mut below) = (RulingEpoch::NONE, RulingEpoch::NONE);
        let mut fence_ranges = FenceRanges::default();
        for ((at, _), checked) in entries {
            match checked {
                Ok(Checked { header, rows }) => {
                    self.entries += 1;
                    self.survey.entries.insert(at, Some(header));
                    if header.kind == EntryKind::Tombstone {
                        self.given_up.push(at);
                    }
                    // A fence entry at or below the boundary may have landed late; the fence ranges of those
                    // that did not end there too.
                    if begins_fence_range(&header, below.epoch()) && !header.is_by_lance() && at > boundary {
                        fence_ranges.note(at);
                    }
                    below.pass(&header);
                    // P-49: whether an entry at or below `replay_after` counted can't be told from those that
                    // lie there by now.
                    if at <= latest.replay_after || ruling.pass(&header) {
                        self.rows += rows;
                    }
                    if header.epoch > latest.writer_epoch {
                        let what = format!(
                            "its epoch {} is above epoch {} of the manifest: manifests were lost or rolled back",
                            header.epoch, latest.writer_epoch
                        );
                        self.note(io.paths.entry(at), None, what);
                    }
                }
                Err(Cause::Gone { .. }) => {}
                Err(cause) => {
                    self.survey.entries.insert(at, None);
                    self.note_cause(io.paths.entry(at), &cause, kind_of(at, &cause));
                }
            }
        }
        let rest = fence_ranges.round_down(latest.replay_after, io.params.window);
        if rest != latest.replay_after {
            let what = format!(
                "its checkpoint at position {} lies within a fence range; position {rest} would be right",
                latest.replay_after
            );
            self.note(io.paths.manifest(latest.version), None, what);
        }
    }
}

struct Checked {
    header: EntryHeader,
    rows: u64,
}

/// Reads one entry to its last row.
async fn check_entry(io: &Io, at: Position) -> Result<Checked, Cause> {
    let path = io.paths.entry(at);
    match io.entry_object(at).await {
        ReadOutcome::Found(object) => {
            let entry = Entry::decode(&path, at, &object.bytes, io.limits)?;
            Ok(Checked { header: entry.header(), rows: entry.summary().rows })
        }
        ReadOutcome::Absent => Err(Cause::Gone { object: path }),
        ReadOutcome::Unknown(error) => Err(error.into()),
    }
}

/// Only damage may be given up as such, and only what is withheld as unreadable: what is newer than this
/// program, or above its limits, is sound, and what the store did not answer may be.
fn kind_of(at: Position, cause: &Cause) -> ProblemKind {
    match cause {
        Cause::Format { source } if source.is_limit_of_reader() => ProblemKind::Other,
        Cause::Format { .. } => ProblemKind::Damaged { at },
        Cause::Store { source } if source.failure().withholds() => ProblemKind::Unreadable { at },
        Cause::Store { .. }
        | Cause::OtherShard { .. }
        | Cause::ListedNotThere { .. }
        | Cause::Gone { .. }
        | Cause::TornDown
        | Cause::Lost { .. } => ProblemKind::Other,
    }
}

/// What is wrong, without the object and the place in it, which are said beside it.
fn describe(object: &str, cause: &Cause) -> String {
    let text = cause.to_string();
    let Some(rest) = text.strip_prefix(object) else { return text };
    match (cause, rest.split_once(": ")) {
        (Cause::Format { .. }, Some((_, what))) => what.to_owned(),
        _ => rest.trim_start_matches(": ").to_owned(),
    }
}

fn escaped(name: &str) -> String {
    Escaped(name).to_string()
}
