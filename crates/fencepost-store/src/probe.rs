//! Does this store keep its word about creates? Ask it.

use crate::error::StoreError;
use crate::outcome::{PutOutcome, ReadOutcome, Refusal};
use crate::store::{Backend, LogStore};
use crate::text::Escaped;
use futures::future::join_all;
use object_store::PutPayload;
use snafu::Snafu;

impl LogStore {
    /// Checks that creates are exclusive, by making some objects under `folder` and racing for others.
    ///
    /// Two kinds of server get this wrong. One ignores the condition and lets every create win: a second
    /// create of one name shows it. The other looks whether the object exists and then writes, in two steps:
    /// alone each create is right, and only creates that race show it, with luck. So the probe does both: one
    /// name twice, then three names with eight racers each. It can convict a store and never acquit one; what
    /// it takes for safe may still lose a rarer race.
    ///
    /// `seed` names the objects (`probe-` and the seed in hexadecimal); draw it at random, so that probes do
    /// not meet. A store that fails may be left with them; they mean nothing and can be deleted.
    ///
    /// Costs 26 PUT, 5 GET and the deletion of 4 objects. Some stores serialise racing creates and take
    /// seconds.
    ///
    /// # Errors
    /// [`ProbeError::Unsafe`]: do not use this store for a log. [`ProbeError::Failed`]: nothing was learned.
    pub async fn probe(&self, folder: impl AsRef<str>, seed: u128) -> Result<ProbeVerdict, ProbeError> {
        let name = |object: usize| format!("{}/probe-{seed:032x}-{object}", folder.as_ref());
        let verdict = self.probe_objects(name).await;
        let _ = self.delete((0..=ROUNDS).map(name)).await;
        verdict
    }

    /// As [`probe`](Self::probe), unless an earlier probe is on record in the object `marker`. If the store
    /// turns out safe, it is put on record, in JSON with the probe's version and verdict.
    ///
    /// An unsafe store is not put on record (what it stores is worth little), so it is probed every time. A
    /// record that cannot be read, or is of an older probe, is replaced. The record says nothing about
    /// *which* store it was: copied with a bucket to another service, it vouches for one it has never seen.
    /// Leave the marker out of copies.
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
        let marker = marker.as_ref();
        match self.get_up_to(marker, MARKER_BYTES_MAX).await {
            ReadOutcome::Found(found) if vouches(&found.bytes) => return Ok(ProbeVerdict::OnRecord),
            found if found.is_too_large() => {}
            ReadOutcome::Unknown(source) => return Err(ProbeError::Failed { source }),
            ReadOutcome::Found(_) | ReadOutcome::Absent => {}
        }
        let verdict = self.probe(folder, seed).await?;
        // An overwrite, since a record may be replaced; if a late one puts an older record back, a probe is
        // run again.
        let _ = self.put_overwrite(marker, record().into()).await;
        Ok(verdict)
    }

    async fn probe_objects(&self, name: impl Fn(usize) -> String) -> Result<ProbeVerdict, ProbeError> {
        let first = name(0);
        for _ in 0..FIRST_CREATES_MAX {
            // "Exists" of a name that nobody else uses: our own, after a retry by the client; or of nothing, as some stores answer at times.
            if created(self.put_new(&first, payload(FIRST)).await)? || !self.get(&first).await.is_absent() {
                break;
            }
        }
        self.expect(&first, |bytes| bytes == FIRST).await?;
        if created(self.put_new(&first, payload("second")).await)? {
            return Err(Seen::BothWon.at(first));
        }
        self.expect(&first, |bytes| bytes == FIRST).await?;
        for round in 1..=ROUNDS {
            self.race(&name(round)).await?;
        }
        Ok(ProbeVerdict::Probed)
    }

    /// Many creates of one name at once. At most one may win, and what it wrote must be what is read.
    async fn race(&self, name: &str) -> Result<(), ProbeError> {
        let racers = (0..RACERS).map(|racer| async move {
            let text = format!("{RACER}{racer}");
            (self.put_new(name, payload(&text)).await, text)
        });
        let mut winners = Vec::new();
        let mut failure = None;
        for (outcome, text) in join_all(racers).await {
            match outcome {
                Ok(_) => winners.push(text),
                Err(refused) => failure = refused.why.error().cloned().or(failure),
            }
        }
        match &winners[..] {
            // Replies may get lost, and a client that retries hears that its own object is in the way. Then a
            // winner's bytes are there all the same. If they are not, it is the store's fault only if all
            // replies came.
            [] => match (self.expect(name, |bytes| bytes.starts_with(RACER)).await, failure) {
                (Err(_), Some(source)) => Err(ProbeError::Failed { source }),
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

/// Why a store was taken for safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProbeVerdict {
    /// The probe ran and found nothing wrong.
    Probed,
    /// The probe ran once before, here or elsewhere, and found nothing wrong.
    OnRecord,
    /// Memory or a local directory, opened by this crate.
    Known,
}

/// Why a store was not taken for safe.
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
    #[snafu(display("whether this store is safe for a log could not be found out"))]
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
            Self::Nothing => {
                "a reader could take what was acknowledged for not there, and lose it with all that follows"
            }
        };
        ProbeError::Unsafe { source: UnsafeStore { object: object.into(), seen, lost } }
    }
}

/// Whether a create succeeded. A refusal that says nothing about the name ends the probe.
fn created(outcome: PutOutcome) -> Result<bool, ProbeError> {
    match outcome.map_err(|refused| refused.why) {
        Ok(_) => Ok(true),
        Err(Refusal::Exists) => Ok(false),
        Err(Refusal::NotDone { source, .. } | Refusal::Unknown { source }) => {
            Err(ProbeError::Failed { source })
        }
    }
}

fn payload(text: &str) -> PutPayload {
    PutPayload::from(text.to_owned())
}

fn record() -> String {
    serde_json::json!({ "probe": PROBE_VERSION, "verdict": "safe" }).to_string()
}

/// Whether a record is of this probe or a later one and found the store safe.
fn vouches(record: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(record).is_ok_and(|record| {
        record["probe"].as_u64().is_some_and(|version| version >= PROBE_VERSION)
            && record["verdict"] == "safe"
    })
}

/// Raise it when the probe learns to see more, so that stores are probed again.
const PROBE_VERSION: u64 = 1;
const ROUNDS: usize = 3;
const FIRST_CREATES_MAX: usize = 5;
const RACERS: usize = 8;
const FIRST: &str = "first";
const RACER: &str = "racer ";
const MARKER_BYTES_MAX: u64 = 4096;
