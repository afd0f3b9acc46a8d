//! Performing the core's requests against a store. No decision of the protocol is made here.

use crate::{Cause, Environment};
use bytes::Bytes;
use fencepost_fence::{CreateReply, GaveUp, NewEntry, Params, ReadReply, Reply, Request, WriterId};
use fencepost_format::{
    DecodeLimits, EntryTail, FormatError, MANIFEST_BYTES_MAX, Manifest, Position, ShardPaths, TRAILER_BYTES,
    Version, decode_header, encode_marker, encode_version_hint, parse_boundary_name, parse_manifest_name,
};
use fencepost_store::{Listed, LogStore, Object, PutOutcome, ReadOutcome, Refusal, Retry, pause_before};
use std::time::Duration;

/// A store, a shard in it, and how to treat them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Io {
    pub(crate) store: LogStore,
    pub(crate) paths: ShardPaths,
    pub(crate) environment: Environment,
    pub(crate) params: Params,
    pub(crate) limits: DecodeLimits,
}

/// A request performed: the reply for the core, and what the core does not look at.
#[derive(Debug)]
pub(crate) struct Performed {
    pub(crate) reply: Reply,
    /// The bytes of an entry that was read and found sound.
    pub(crate) body: Option<Bytes>,
    /// Why the reply is not what one would wish for.
    pub(crate) cause: Option<Cause>,
}

impl Io {
    /// The same with a request counter of its own.
    pub(crate) fn scoped(&self) -> Self {
        Self { store: self.store.scoped(), ..self.clone() }
    }

    /// Performs `request`, after a pause if it is not the first attempt.
    pub(crate) async fn perform(&self, request: Request) -> Performed {
        self.perform_with(request, None).await
    }

    /// The same. An entry that is to be created consists of `rows`, if given; else it is one that has none.
    pub(crate) async fn perform_with(
        &self,
        request: Request,
        rows: Option<object_store::PutPayload>,
    ) -> Performed {
        self.pause(request.attempt()).await;
        match request {
            Request::ListManifests { .. } => self.list_manifests().await,
            Request::ReadManifest { version, .. } => self.read_manifest(version).await,
            Request::CreateManifest { manifest, .. } => self.create_manifest(&manifest).await,
            Request::ReadEntry { at, .. } => self.read_entry(at).await,
            Request::ListBoundaries { .. } => self.list_boundaries().await,
            Request::ReadCursor { .. } => unreachable!("a reader for a cursor reads it by its name"),
            Request::PeekEntry { at, .. } => self.peek_entry(at).await,
            Request::CreateEntry { entry, .. } => {
                let payload = rows.unwrap_or_else(|| marker(&entry));
                self.create_entry(entry.position, payload).await
            }
        }
    }

    /// The pause before an attempt of this number; none before the first, 0.
    pub(crate) async fn pause(&self, attempt: u32) {
        let pause = pause_before(attempt, self.patience(), self.environment.jitter_seed());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    /// What lies beneath the core's giving up, for people: the last thing that went wrong, or the object that is missing.
    pub(crate) fn cause_of(&self, why: GaveUp, last: Option<Cause>) -> Option<Cause> {
        match why {
            GaveUp::MissingManifest(version) => {
                Some(Cause::ListedNotThere { object: self.paths.manifest(version) })
            }
            GaveUp::LostEntry { at, .. } => Some(Cause::Lost { object: self.paths.entry(at) }),
            // What was found is the whole reason; what failed before has nothing to do with it.
            GaveUp::RolledBack { .. } | GaveUp::WentBack { .. } => None,
            _ => last,
        }
    }

    /// How long anything is tried again.
    pub(crate) const fn patience(&self) -> Duration {
        Duration::from_millis(self.params.patience)
    }

    /// The store for requests of the core, which repeats them itself and has a deadline: one attempt each, or both would wait.
    pub(crate) fn once(&self) -> LogStore {
        self.store.with_retry_budget(Duration::ZERO)
    }

    async fn list_manifests(&self) -> Performed {
        let dir = self.paths.manifest_dir();
        match self.once().list_all(&dir).await {
            Ok(listed) => {
                let highest = listed.iter().filter_map(version_of).max().unwrap_or(Version::NONE);
                Performed::plain(Reply::Listed(ReadReply::Found(highest)))
            }
            Err(error) => Performed::failed(Reply::Listed(ReadReply::Unknown), error.into()),
        }
    }

    async fn read_manifest(&self, version: Version) -> Performed {
        let path = self.paths.manifest(version);
        let outcome = self.once().get_up_to(&path, MANIFEST_BYTES_MAX as u64).await;
        let (read, cause) = read_as(outcome, |bytes| self.checked_manifest(&path, version, &bytes));
        Performed { reply: Reply::Manifest(version, read), body: None, cause }
    }

    /// Decodes a manifest; one that names another shard was copied here from somewhere else.
    fn checked_manifest(&self, path: &str, version: Version, bytes: &[u8]) -> Result<Manifest, Cause> {
        let manifest = Manifest::decode(path, version, bytes)?;
        match manifest.shard_id {
            Some(found) if found != self.paths.shard() => {
                Err(Cause::OtherShard { object: path.to_owned(), found, expected: self.paths.shard() })
            }
            _ => Ok(manifest),
        }
    }

    async fn create_manifest(&self, manifest: &Manifest) -> Performed {
        let outcome =
            self.store.put_new(self.paths.manifest(manifest.version), manifest.encode().into()).await;
        let (reply, cause) = created(outcome);
        Performed { reply: Reply::ManifestCreated(manifest.version, reply), body: None, cause }
    }

    async fn read_entry(&self, at: Position) -> Performed {
        let path = self.paths.entry(at);
        let outcome = self.once().get_up_to(&path, self.limits.object_bytes_max()).await;
        let mut body = None;
        let (read, cause) = read_as(outcome, |bytes| {
            let summary = decode_header(&path, at, &bytes, self.limits)?;
            body = Some(bytes);
            Ok::<_, FormatError>(summary.header)
        });
        Performed { reply: Reply::Entry(at, read), body, cause }
    }

    async fn list_boundaries(&self) -> Performed {
        match self.once().list_all(self.paths.gc_dir()).await {
            Ok(listed) => Performed::plain(Reply::Boundary(ReadReply::Found(highest_boundary(&listed)))),
            Err(error) => Performed::failed(Reply::Boundary(ReadReply::Unknown), error.into()),
        }
    }

    /// Its size first, then its last bytes: little is read, however large it is, and nothing where nothing is.
    async fn peek_entry(&self, at: Position) -> Performed {
        let path = self.paths.entry(at);
        let reply = |read| Reply::Peeked(at, read);
        let size = match self.once().head(&path).await {
            ReadOutcome::Absent => return Performed::plain(reply(ReadReply::Absent)),
            ReadOutcome::Found(info) => info.size,
            other => return Performed::unread(reply(ReadReply::Unknown), other),
        };
        let trailer = size.saturating_sub(TRAILER_BYTES as u64)..size;
        if trailer.is_empty() {
            return Performed::plain(reply(ReadReply::Damaged));
        }
        match self.once().get_range(&path, trailer).await {
            ReadOutcome::Absent => Performed::plain(reply(ReadReply::Absent)),
            ReadOutcome::Found(object) => match EntryTail::decode(&path, &object.bytes, size, at) {
                Ok(EntryTail::Ours(trailer)) => {
                    Performed::plain(reply(ReadReply::Found(Some(trailer.header()))))
                }
                Ok(EntryTail::Lances) => Performed::plain(reply(ReadReply::Found(None))),
                Err(error) => Performed::failed(reply(ReadReply::Damaged), error.into()),
            },
            other => Performed::unread(reply(ReadReply::Unknown), other),
        }
    }

    async fn create_entry(&self, at: Position, payload: object_store::PutPayload) -> Performed {
        let (reply, cause) = created(self.store.put_new(self.paths.entry(at), payload).await);
        Performed { reply: Reply::EntryCreated(at, reply), body: None, cause }
    }

    /// Writes the version hint, for Lance's readers only; nobody minds if that fails (P-8). An overwrite, as only
    /// hints and leases may be (P-71).
    pub(crate) async fn write_hint(&self, version: Version) {
        let hint = encode_version_hint(version);
        if let Err(refused) = self.store.put_overwrite(self.paths.version_hint(), hint.into()).await {
            tracing::debug!(shard = %self.paths.shard(), why = %refused.why, "the version hint was not written");
        }
    }
}

impl Performed {
    pub(crate) const fn plain(reply: Reply) -> Self {
        Self { reply, body: None, cause: None }
    }

    pub(crate) const fn failed(reply: Reply, cause: Cause) -> Self {
        Self { reply, body: None, cause: Some(cause) }
    }

    fn unread<T>(reply: Reply, outcome: ReadOutcome<T>) -> Self {
        let cause = outcome.into_result().err().map(Cause::from);
        Self { reply, body: None, cause }
    }
}

/// What the store says about a create, in the core's words.
pub(crate) fn created(outcome: PutOutcome) -> (CreateReply, Option<Cause>) {
    let Err(refused) = outcome else { return (CreateReply::Done, None) };
    match refused.why {
        Refusal::Exists => (CreateReply::Exists, None),
        Refusal::NotDone { retry, source } => {
            (CreateReply::NotDone { again: retry == Retry::Later }, Some(source.into()))
        }
        Refusal::Unknown { source } => (CreateReply::Unknown, Some(source.into())),
    }
}

/// What a read of a whole object says, in the core's words: what cannot be decoded is damaged, and so is what is larger than its kind may be.
pub(crate) fn read_as<T, E: Into<Cause>>(
    outcome: ReadOutcome<Object>,
    decode: impl FnOnce(Bytes) -> Result<T, E>,
) -> (ReadReply<T>, Option<Cause>) {
    match outcome {
        ReadOutcome::Absent => (ReadReply::Absent, None),
        ReadOutcome::Found(object) => match decode(object.bytes) {
            Ok(found) => (ReadReply::Found(found), None),
            Err(error) => (ReadReply::Damaged, Some(error.into())),
        },
        other => {
            let read = if other.is_too_large() { ReadReply::Damaged } else { ReadReply::Unknown };
            (read, other.into_result().err().map(Cause::from))
        }
    }
}

/// The boundary that counts, among the documents listed; `NONE` if there is none.
pub(crate) fn highest_boundary(listed: &[Listed]) -> Position {
    let positions = listed.iter().filter_map(|object| parse_boundary_name(object.path.filename()?));
    positions.max().unwrap_or(Position::NONE)
}

fn version_of(listed: &Listed) -> Option<Version> {
    parse_manifest_name(listed.path.filename()?)
}

fn marker(entry: &NewEntry) -> object_store::PutPayload {
    let NewEntry { position, kind, writer: WriterId { epoch, nonce } } = *entry;
    encode_marker(kind, position, epoch, nonce).into()
}
