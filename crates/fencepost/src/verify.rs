//! Reading everything in a log, and saying what is wrong with it.

use crate::inspect::{list_entries, read_all, tail};
use crate::io::Io;
use crate::reader::{boundary, manifest};
use crate::{Cause, ReadError, Wal};
use fencepost_fence::{GaveUp, Zones};
use fencepost_format::{
    Entry, EntryHeader, EntryKind, Epoch, FormatError, MANIFEST_BYTES_MAX, Manifest, Position, Version,
    parse_entry_name, parse_manifest_name,
};
use fencepost_store::{Escaped, ReadOutcome};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a verification found.
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
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Wal {
    /// Reads every manifest and every entry, checksums and rows included, and looks for gaps and misplaced objects. Writes nothing.
    ///
    /// `on_entry` is told how many entries were read, and of how many. Costs one GET for each object, two manifest searches and four LISTs; entries are in memory a few at a time.
    ///
    /// # Errors
    /// [`ReadError`] if the log could not be listed or has no manifest. What is wrong with its objects is no error.
    pub async fn verify(&self, on_entry: impl Fn(u64, u64)) -> Result<Verification, ReadError> {
        let io = self.io.scoped();
        let mut found = Verification::default();
        let latest = match manifest(&io).await {
            // Nobody answers: asking for anything else would only wait once more.
            Err(error @ ReadError::GaveUp { why: GaveUp::Unread, .. }) => return Err(error),
            latest => latest,
        };
        found.check_manifests(&io).await?;
        let latest = match latest {
            Ok(latest) => latest,
            Err(error) if found.problems.is_empty() => return Err(error),
            // The damaged manifest is among the problems; without it, nothing more can be said.
            Err(_) => return Ok(found),
        };
        found.check_names(&io).await?;
        let listed = list_entries(&io).await?;
        found.check_gaps(&io, &latest, &listed);
        let (read, of) = (AtomicU64::new(0), listed.len() as u64);
        let entries = read_all(&io, listed, |io, at, _| {
            let (read, on_entry) = (&read, &on_entry);
            async move {
                let checked = check_entry(io, at).await;
                on_entry(read.fetch_add(1, Ordering::Relaxed) + 1, of);
                checked
            }
        });
        let entries = entries.await;
        // P-49: after the entries. Those of an epoch that was claimed meanwhile are as they should be, and what was covered meanwhile may have landed late.
        let (latest, boundary) = (manifest(&io).await?, boundary(&io).await?);
        found.check_entries(&io, &latest, boundary, entries);
        Ok(found)
    }
}

impl Verification {
    fn note(&mut self, object: impl Into<String>, offset: Option<u64>, what: impl Into<String>) {
        self.problems.push(Problem { object: object.into(), offset, what: what.into() });
    }

    fn note_cause(&mut self, object: String, cause: &Cause) {
        match cause {
            Cause::Format { source } => {
                self.note(
                    source.object().map_or(object, ToOwned::to_owned),
                    source.offset(),
                    describe(source),
                );
            }
            other => self.note(object, None, other.to_string()),
        }
    }

    async fn check_manifests(&mut self, io: &Io) -> Result<(), ReadError> {
        let mut versions: Vec<Version> = Vec::new();
        for object in io.store.list_all(io.paths.manifest_dir()).await? {
            let name = object.path.filename().unwrap_or_default().to_owned();
            match parse_manifest_name(&name) {
                Some(version) => versions.push(version),
                None if name == "version_hint.json" => {}
                None => self.note(
                    escaped(object.path.as_ref()),
                    None,
                    "nothing that belongs among manifests; move it away",
                ),
            }
        }
        versions.sort_unstable();
        for pair in versions.windows(2) {
            if let [below, above] = pair
                && below.next() != *above
            {
                let what = format!(
                    "the next version is {above}: versions between are missing, though only the oldest are ever pruned"
                );
                self.note(io.paths.manifest(*below), None, what);
            }
        }
        let mut epoch = Epoch::NONE;
        for version in versions {
            let path = io.paths.manifest(version);
            self.manifests += 1;
            match io.store.get_up_to(&path, MANIFEST_BYTES_MAX as u64).await {
                ReadOutcome::Found(object) => match Manifest::decode(&path, version, &object.bytes) {
                    Ok(manifest) if manifest.writer_epoch < epoch => {
                        let what = format!(
                            "its epoch {} is below {epoch} of an earlier version",
                            manifest.writer_epoch
                        );
                        self.note(path, None, what);
                    }
                    Ok(manifest) => epoch = manifest.writer_epoch,
                    Err(error) => self.note_cause(path, &error.into()),
                },
                // Pruned since it was listed.
                ReadOutcome::Absent => {}
                ReadOutcome::Unknown(error) => self.note_cause(path, &error.into()),
            }
        }
        Ok(())
    }

    async fn check_names(&mut self, io: &Io) -> Result<(), ReadError> {
        for object in io.store.list_all(io.paths.wal_dir()).await? {
            if object.path.filename().and_then(parse_entry_name).is_none() {
                self.note(escaped(object.path.as_ref()), None, "no entry's name; move it away");
            }
        }
        Ok(())
    }

    fn check_gaps(&mut self, io: &Io, latest: &Manifest, listed: &[(Position, u64)]) {
        let tail = tail(latest, listed.iter().map(|(at, _)| *at));
        let above = listed.iter().map(|(at, _)| *at).find(|at| *at > tail.next());
        if let Some(above) = above {
            let what = format!(
                "missing, though position {above} is there: the log ends before it. A writer that died with several appends in flight leaves \
                 this behind, and the next writer's post closes it; if none was lost that way, entries were deleted by hand"
            );
            self.note(io.paths.entry(tail.next()), None, what);
        }
    }

    fn check_entries(
        &mut self,
        io: &Io,
        latest: &Manifest,
        boundary: Position,
        entries: Vec<((Position, u64), Result<Checked, Cause>)>,
    ) {
        let mut highest = Epoch::NONE;
        let mut zones = Zones::default();
        for ((at, _), checked) in entries {
            match checked {
                Ok(Checked { header, rows }) => {
                    self.entries += 1;
                    // P-49: whether an entry at or below `R` counted can't be told from those that lie there by now.
                    if at <= latest.replay_after {
                        self.rows += rows;
                    } else if header.epoch >= highest {
                        highest = header.epoch;
                        self.rows += rows;
                    }
                    // A post at or below the boundary may have landed late; the zones of those that did not end there too.
                    if header.kind == EntryKind::Post && !header.is_by_lance() && at > boundary {
                        zones.note(at);
                    }
                    if header.epoch > latest.writer_epoch {
                        let what = format!(
                            "its epoch {} is above the manifest's {}: manifests were lost or rolled back",
                            header.epoch, latest.writer_epoch
                        );
                        self.note(io.paths.entry(at), None, what);
                    }
                }
                Err(Cause::Gone { .. }) => {}
                Err(cause) => self.note_cause(io.paths.entry(at), &cause),
            }
        }
        let rest = zones.round_down(latest.replay_after, io.params.window);
        if rest != latest.replay_after {
            let what =
                format!("its checkpoint {} lies within a zone; {rest} would be right", latest.replay_after);
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
    match io.store.get_up_to(&path, io.limits.object_bytes_max()).await {
        ReadOutcome::Found(object) => {
            let entry = Entry::decode(&path, at, &object.bytes, io.limits)?;
            Ok(Checked { header: entry.header(), rows: entry.summary().rows })
        }
        ReadOutcome::Absent => Err(Cause::Gone { object: path }),
        ReadOutcome::Unknown(error) => Err(error.into()),
    }
}

fn describe(error: &FormatError) -> String {
    error.to_string()
}

fn escaped(name: &str) -> String {
    Escaped(name).to_string()
}
