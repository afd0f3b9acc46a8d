//! The probe: finds out whether a store keeps its promise about creates.

use crate::error::{Failure, Operation, StoreError};
use crate::outcome::{ReadOutcome, Refusal};
use crate::store::{Backend, LogStore};
use crate::text::Escaped;
use futures::future::join_all;
use object_store::PutPayload;
use serde_json::Value;
use snafu::Snafu;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl LogStore {
    /// Checks that creates are exclusive, by making some objects under `folder` and racing for others.
    ///
    /// Two kinds of server get this wrong. One ignores the condition and lets every create win: a second
    /// create of one name shows it. The other looks whether the object exists and then writes, in two steps:
    /// alone each create is right, and only creates that race show it, with luck. So the probe does both: one
    /// name twice, then three names with eight racers each. A failure is proof; a pass is not: a store that
    /// passes may still lose a rarer race.
    ///
    /// `seed` names the objects (`probe-` and the seed in hexadecimal); draw it at random, so that probes do
    /// not meet. A store that fails may be left with them; they mean nothing and can be deleted.
    ///
    /// Costs 26 PUT, 5 GET and the deletion of 4 objects. Creates without an answer, of which these are the
    /// first that a store gets from a new log, are tried again with the [retry
    /// timeout](crate::StoreOptions::with_retry_timeout) of reads. Some stores serialise racing creates and
    /// take seconds.
    ///
    /// # Errors
    /// [`ProbeError::Unsafe`]: do not use this store for a log. [`ProbeError::Failed`]: nothing was learned.
    pub async fn probe(&self, folder: impl AsRef<str>, seed: u128) -> Result<ProbeVerdict, ProbeError> {
        let name = |object: usize| format!("{}/probe-{seed:032x}-{object}", folder.as_ref());
        let verdict = self.probe_objects(name).await;
        // A store that used up the retry timeout once gets no more of it.
        let tidying = match verdict {
            Err(ProbeError::Failed { .. }) => self.with_retry_timeout(Duration::ZERO),
            _ => self.clone(),
        };
        let _ = tidying.delete((0..=ROUNDS).map(name)).await;
        verdict
    }

    /// As [`probe`](Self::probe), unless an earlier probe *of this very place* is on record in the object
    /// `marker`. If the store turns out safe, it is put on record, in JSON with the probe's version, the
    /// verdict and the place.
    ///
    /// The place is the address at which the marker is read: endpoint, bucket, prefix and name, without anything
    /// secret. A marker that was copied with its bucket to another service vouches for nothing there. A place
    /// can have several addresses (a bucket in the path or in the host), so a record holds some.
    ///
    /// A store that was [handed in](Self::new) tells its address only if it was built with a
    /// [`ReplyConnector`](crate::ReplyConnector). Otherwise its caller may
    /// [say where it is](crate::StoreOptions::with_address); if nobody does, no record is read or written, and the
    /// verdict is kept in this `LogStore` and its clones.
    ///
    /// An unsafe store is not put on record (what it stores is worth little), so it is probed every time. A
    /// record that cannot be read, or is of an older probe, is replaced.
    ///
    /// Stores in memory and local directories opened by [`open`](Self::open) are known to be exclusive: here
    /// a lock in this process decides, there link(2) does, which is atomic. They are not probed and get no
    /// marker; [`probe`](Self::probe) works on them all the same.
    ///
    /// Costs 1 GET if the probe is on record, otherwise a probe and 1 PUT.
    ///
    /// # Errors
    /// As [`probe`](Self::probe). That the marker could not be written is no error: the next open probes
    /// again.
    pub async fn probe_once(
        &self,
        folder: impl AsRef<str>,
        marker: impl AsRef<str>,
        seed: u128,
    ) -> Result<ProbeVerdict, ProbeError> {
        if matches!(self.backend(), Backend::Memory | Backend::Local) {
            return Ok(ProbeVerdict::Known);
        }
        if self.probed().load(Ordering::Relaxed) {
            return Ok(ProbeVerdict::OnRecord);
        }
        let marker = marker.as_ref();
        let (found, address) = self.get_noting(marker, MARKER_BYTES_MAX).await;
        let record = match found {
            ReadOutcome::Found(found) => Record::parse(&found.bytes),
            ref found if found.is_too_large() => Record::default(),
            ReadOutcome::Unknown(source) => return Err(ProbeError::Failed { source }),
            ReadOutcome::Absent => Record::default(),
        };
        let place = address.map(|address| format!("{:?} {address}", self.backend()));
        if place.as_ref().is_some_and(|place| record.places.contains(place)) {
            return Ok(ProbeVerdict::OnRecord);
        }
        let what = "checking once whether it lets two writers create the same object, with about 30 requests";
        tracing::info!(target: crate::WAITING, long = true, "{what} at {}", self.place());
        let verdict = self.probe(folder, seed).await?;
        match place {
            // An overwrite, since a record may be replaced; if a late one puts an older record back, a probe is
            // run again.
            Some(place) => drop(self.put_overwrite(marker, record.with(place).to_json().into()).await),
            None => self.probed().store(true, Ordering::Relaxed),
        }
        Ok(verdict)
    }

    async fn probe_objects(&self, name: impl Fn(usize) -> String) -> Result<ProbeVerdict, ProbeError> {
        let first = name(0);
        self.make_first(&first).await?;
        self.expect(&first, |bytes| bytes == FIRST).await?;
        if self.create_probed(&first, "second").await? {
            return Err(Seen::BothWon.at(first));
        }
        self.expect(&first, |bytes| bytes == FIRST).await?;
        for round in 1..=ROUNDS {
            self.race(&name(round)).await?;
        }
        Ok(ProbeVerdict::Probed)
    }

    /// Creates the object that the second create will find.
    async fn make_first(&self, name: &str) -> Result<(), ProbeError> {
        let mut retry_timeout = self.begin_retrying();
        for attempt in 1.. {
            // "Exists" of a name that nobody else uses: our own, after a reply that was lost; or of nothing,
            // as some stores answer at times.
            if self.create_probed(name, FIRST).await? || !self.get(name).await.is_absent() {
                break;
            }
            let nothing = StoreError::new(Operation::Create, name, Duration::ZERO, Failure::Conflict);
            match retry_timeout.pause_after(&nothing) {
                Some(pause) => tokio::time::sleep(pause).await,
                None if attempt < FIRST_CREATES_MIN => {}
                None => return Err(ProbeError::Failed { source: nothing }),
            }
        }
        Ok(())
    }

    /// Whether a create succeeded, or the name is taken. Asked again while there is no answer.
    async fn create_probed(&self, name: &str, text: &str) -> Result<bool, ProbeError> {
        let mut retry_timeout = self.begin_retrying();
        loop {
            let source = match self.create(name, payload(text)).await.map_err(|refused| refused.why) {
                Ok(_) => return Ok(true),
                Err(Refusal::Exists) => return Ok(false),
                Err(Refusal::NotDone { source, .. } | Refusal::Unknown { source }) => source,
            };
            match retry_timeout.pause_after(&source) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(ProbeError::Failed { source }),
            }
        }
    }

    /// Many creates of one name at once. At most one may win, and what it wrote must be what is read.
    async fn race(&self, name: &str) -> Result<(), ProbeError> {
        let racers = (0..RACERS).map(|racer| async move {
            let text = format!("{RACER}{racer}");
            (self.create_probed(name, &text).await, text)
        });
        let mut winners = Vec::new();
        let mut failure = None;
        for (outcome, text) in join_all(racers).await {
            match outcome {
                Ok(true) => winners.push(text),
                Ok(false) => {}
                Err(failed) => failure = Some(failed),
            }
        }
        match &winners[..] {
            // Replies may get lost, and a client that retries hears that its own object is in the way. Then a
            // winner's bytes are there all the same. If they are not, it is the store's fault only if all
            // replies came.
            [] => match (self.expect(name, |bytes| bytes.starts_with(RACER)).await, failure) {
                (Err(_), Some(failed)) => Err(failed),
                (result, _) => result,
            },
            [winner] => self.expect(name, |bytes| bytes == winner).await,
            many => Err(Seen::ManyWon { winners: many.len() }.at(name)),
        }
    }

    async fn expect(&self, name: &str, right: impl Fn(&str) -> bool) -> Result<(), ProbeError> {
        match self.get_up_to(name, MARKER_BYTES_MAX).await {
            ReadOutcome::Found(found) if std::str::from_utf8(&found.bytes).is_ok_and(right) => Ok(()),
            ReadOutcome::Found(_) => Err(Seen::OtherBytes.at(name)),
            ReadOutcome::Absent => Err(Seen::Nothing.at(name)),
            ReadOutcome::Unknown(source) => Err(ProbeError::Failed { source }),
        }
    }
}

/// Why a store is considered safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProbeVerdict {
    /// The probe ran and found nothing wrong.
    Probed,
    /// The probe ran once before, at this very place, and found nothing wrong.
    OnRecord,
    /// Memory or a local directory, opened by this crate.
    Known,
}

/// Why a store is not considered safe.
#[derive(Clone, Debug, Snafu)]
#[non_exhaustive]
pub enum ProbeError {
    /// The store broke its word. Do not keep a log on it.
    #[snafu(display("this store is not safe for a log"))]
    Unsafe {
        /// What was seen.
        source: UnsafeStore,
    },
    /// The probe could not be carried out.
    #[snafu(display("it could not be found out whether this store is safe for a log"))]
    Failed {
        /// The request that failed.
        source: StoreError,
    },
}

/// What a store did that it must not, and what a log on it would lose.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[snafu(display("at `{}`, {seen}; {lost}", Escaped(object)))]
#[non_exhaustive]
pub struct UnsafeStore {
    /// The object concerned, relative to the store's root.
    pub object: String,
    /// What was seen.
    pub seen: String,
    /// What a log on this store would lose.
    pub lost: &'static str,
}

/// What can be seen of an unsafe store.
enum Seen {
    BothWon,
    ManyWon { winners: usize },
    OtherBytes,
    Nothing,
}

impl Seen {
    fn at(self, object: impl Into<String>) -> ProbeError {
        let seen = match self {
            Self::BothWon => "a second create of an existing object succeeded".to_owned(),
            Self::ManyWon { winners } => format!("{winners} of {RACERS} racing creates succeeded"),
            Self::OtherBytes => "a read returned other bytes than were written".to_owned(),
            Self::Nothing => "an object just written was reported absent".to_owned(),
        };
        let lost = match self {
            Self::BothWon | Self::ManyWon { .. } | Self::OtherBytes => {
                "two writers could both be told that a name is theirs, and what one of them wrote, \
                 acknowledged, would be overwritten"
            }
            Self::Nothing => "a reader could miss acknowledged rows, and everything after them",
        };
        ProbeError::Unsafe { source: UnsafeStore { object: object.into(), seen, lost } }
    }
}

fn payload(text: &str) -> PutPayload {
    PutPayload::from(text.to_owned())
}

/// What a marker says: where this probe, or a later one, found the store safe.
#[derive(Debug, Default)]
struct Record {
    places: Vec<String>,
}

impl Record {
    /// Whatever cannot be understood says nothing.
    fn parse(bytes: &[u8]) -> Self {
        let record: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let recent = record["probe"].as_u64().is_some_and(|version| version >= PROBE_VERSION);
        if !recent || record["verdict"] != "safe" {
            return Self::default();
        }
        let places = record["places"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self { places: places.iter().filter_map(Value::as_str).map(str::to_owned).collect() }
    }

    /// With one place more, the oldest ones gone that are too many.
    fn with(mut self, place: String) -> Self {
        self.places.push(place);
        let length = |places: &[String]| places.iter().map(String::len).sum::<usize>();
        while self.places.len() > 1 && length(&self.places) > PLACES_BYTES_MAX {
            self.places.remove(0);
        }
        self
    }

    fn to_json(&self) -> String {
        serde_json::json!({ "probe": PROBE_VERSION, "verdict": "safe", "places": self.places }).to_string()
    }
}

/// Raise it when the probe learns to see more, so that stores are probed again. Version 1 did not name the place.
const PROBE_VERSION: u64 = 2;
const ROUNDS: usize = 3;
/// So often even without any retry timeout.
const FIRST_CREATES_MIN: u32 = 5;
const RACERS: usize = 8;
const FIRST: &str = "first";
const RACER: &str = "racer ";
const MARKER_BYTES_MAX: u64 = 4096;
const PLACES_BYTES_MAX: usize = 2048;
