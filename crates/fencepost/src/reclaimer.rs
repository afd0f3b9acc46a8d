//! Taking compacted SSTables of Lance's out of a shard's manifest, so that a collection may delete them.
// P-83 to P-85, P-88.

mod perform;

use crate::drive::Driver;
use crate::error::{caused, gave_up_text};
use crate::shard::Io;
use crate::{Cause, ErrorKind, Wal};
use fencepost_fence::GaveUp;
use fencepost_format::{ReclaimEnd, ReclaimName, ReclaimPart, ReclaimPlan, SsTableName};
use fencepost_gc::{Compaction, Mode, Reclaim, ReclaimEvent, Reclaimed, Refused};
use fencepost_store::RequestCounts;
use snafu::Snafu;
use std::collections::BTreeMap;

/// Reclaims SSTables of one shard: those that the table has in every version that exists.
///
/// It takes their names out of the shard's manifest, under the epoch of whoever holds the shard, and deletes nothing. A
/// [`Collector`](crate::Collector) deletes the folders later, once nobody goes by a manifest that names them. Whoever
/// reads with an older manifest until then finds all it names.
///
/// It may run at any time, beside live writers, and be cut off anywhere: the next one finishes what it began.
#[derive(Clone, Debug)]
#[must_use]
pub struct Reclaimer {
    io: Io,
}

/// What a reclaim did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReclaimReport {
    /// What it planned; `None` if there was nothing to plan.
    pub plan: Option<ReclaimPlan>,
    /// Whether the plan is that of an earlier reclaim, which was cut off.
    pub resumed: bool,
    /// What is out of the manifest now; `None` if it only planned, or there was nothing to do.
    pub end: Option<ReclaimEnd>,
    /// What holds back the other SSTables that the manifest names. Empty where an earlier reclaim was finished.
    pub held: BTreeMap<SsTableName, Compaction>,
    /// Why there was nothing to do at all.
    pub nothing: Option<NothingToReclaim>,
    /// The requests made.
    pub requests: RequestCounts,
}

/// Why there was nothing to reclaim, besides what held back each SSTable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NothingToReclaim {
    /// The manifest names no SSTable.
    NoSsTables,
    /// The shard is sealed, or in a state that this version does not know.
    NotActive,
    /// There is no Lance table at the log's base.
    NoTable,
    /// Something holds back each of them.
    AllHeld,
}

/// A reclaim that ended without a result. The next one goes on from there.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum ReclaimError {
    /// There is no manifest: this is not a shard, or nobody has opened it yet.
    #[snafu(display(
        "{root}: no log here, because there is no manifest; nothing was changed. Check the path"
    ))]
    NoLog {
        /// The shard's folder.
        root: String,
    },
    /// The table's latest version cannot be understood.
    #[snafu(display(
        "{root}: the table cannot be read, so nothing more was taken out of the manifest{}",
        caused(cause)
    ))]
    Table {
        /// The shard's folder.
        root: String,
        /// What is wrong with it.
        cause: Option<Cause>,
    },
    /// A document of an earlier reclaim is missing or cannot be understood. No other begins before that is mended.
    #[snafu(display(
        "{object}: it is missing or cannot be understood, and no reclaim begins before that; nothing was changed. If the manifest is as it should be, create `{end}` by hand{}",
        caused(cause)
    ))]
    Document {
        /// The document.
        object: String,
        /// The document that ends the reclaim.
        end: String,
        /// What is wrong with it.
        cause: Option<Cause>,
    },
    /// It ended without an answer.
    #[snafu(display(
        "{root}: {}{}; SSTables may be out of the manifest, and none was deleted. Reclaim again, which is safe",
        gave_up_text(why),
        caused(cause)
    ))]
    GaveUp {
        /// The shard's folder.
        root: String,
        /// Where it ended.
        why: GaveUp,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
}

impl ReclaimError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoLog { .. } => ErrorKind::Missing,
            Self::Table { cause, .. } | Self::Document { cause, .. } | Self::GaveUp { cause, .. } => {
                cause.as_ref().map_or(ErrorKind::Unavailable, Cause::kind)
            }
        }
    }
}

impl Wal {
    /// A reclaimer of this shard.
    pub fn reclaimer(&self) -> Reclaimer {
        Reclaimer { io: self.io.clone() }
    }
}

impl Reclaimer {
    /// Finds out what could be reclaimed, and what holds back the rest. Writes nothing.
    ///
    /// Costs one LIST, one search for the manifest, and the reading of the table's versions.
    ///
    /// # Errors
    /// [`ReclaimError`].
    pub async fn plan(&self) -> Result<ReclaimReport, ReclaimError> {
        self.go(Mode::PlanOnly).await
    }

    /// Finishes what an earlier reclaim left, or takes what could be reclaimed out of the manifest.
    ///
    /// [`Reclaim`] says which requests it makes.
    ///
    /// # Errors
    /// [`ReclaimError`]. Whatever it is, no SSTable was deleted.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await. What was begun is finished by the next reclaim.
    pub async fn run(&self) -> Result<ReclaimReport, ReclaimError> {
        self.go(Mode::Delete).await
    }

    #[tracing::instrument(name = "reclaim", level = "info", skip_all, fields(shard = %self.io.paths.shard(), ?mode))]
    async fn go(&self, mode: Mode) -> Result<ReclaimReport, ReclaimError> {
        let io = self.io.scoped();
        let (now, nonce) = (io.environment.now(), io.environment.nonce());
        let reclaim = Reclaim::new(io.paths.shard(), io.params.retry_timeout, now, nonce, mode);
        let mut driver = Driver::new(reclaim, &io.environment);
        let mut report = ReclaimReport {
            plan: None,
            resumed: false,
            end: None,
            held: BTreeMap::new(),
            nothing: None,
            requests: RequestCounts::default(),
        };
        let root = io.paths.root();
        let document = |number, part| io.paths.reclaim(&ReclaimName { number, part });
        loop {
            match driver.outcome(|request| io.clone().perform_reclaim(request)).await {
                ReclaimEvent::Planned { plan, held } => {
                    (report.plan, report.held) = (Some(plan), held);
                    if mode == Mode::Delete {
                        continue;
                    }
                }
                ReclaimEvent::Unfinished(plan) => (report.plan, report.resumed) = (Some(plan), true),
                ReclaimEvent::Done(Reclaimed { plan, end }) => {
                    report.resumed = report.plan.as_ref() != Some(&plan);
                    tracing::info!(shard = %io.paths.shard(), reclaim = plan.number, folders = end.folders.len(), manifest = %end.manifest, "SSTables are out of the manifest");
                    (report.plan, report.end) = (Some(plan), Some(end));
                }
                ReclaimEvent::Nothing(why) => {
                    report.nothing = Some(match why {
                        Refused::NoSsTables => NothingToReclaim::NoSsTables,
                        Refused::NotActive => NothingToReclaim::NotActive,
                        Refused::NoTable => NothingToReclaim::NoTable,
                        Refused::Held(held) => {
                            report.held = held;
                            NothingToReclaim::AllHeld
                        }
                    });
                }
                ReclaimEvent::NoLog => return Err(ReclaimError::NoLog { root }),
                ReclaimEvent::TableUnread => {
                    return Err(ReclaimError::Table { root, cause: driver.take_cause() });
                }
                ReclaimEvent::DamagedPlan(number) => {
                    return Err(ReclaimError::Document {
                        object: document(number, ReclaimPart::Plan),
                        end: document(number, ReclaimPart::End),
                        cause: driver.take_cause(),
                    });
                }
                ReclaimEvent::DamagedEnd(number) => {
                    let end = document(number, ReclaimPart::End);
                    return Err(ReclaimError::Document {
                        object: end.clone(),
                        end,
                        cause: driver.take_cause(),
                    });
                }
                ReclaimEvent::GaveUp(why) => {
                    let cause = io.cause_of(why, driver.take_cause());
                    return Err(ReclaimError::GaveUp { root, why, cause });
                }
            }
            report.requests = io.store.counts();
            return Ok(report);
        }
    }
}
