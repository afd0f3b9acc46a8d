//! The names of all metrics, for recorders, dashboards and alerts.
//!
//! With the feature `metrics`, this crate counts and measures through the [`metrics`](https://docs.rs/metrics)
//! facade: install a recorder before you open a log, and call [`describe`]. Without the feature nothing is
//! measured, and only this list is there. [The book](crate::book::metrics) has the list with examples.
//!
//! Counters and histograms are of the whole process. Gauges that say how a log stands have the label `shard`,
//! which is bounded: the first [`SHARDS_MAX`] shards of a process have them, and a warning says when there are
//! more.

/// A metric that this crate may record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, as Prometheus wants it.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// What it counts or measures: `seconds`, `bytes`, `positions`, or a plural such as `entries`.
    pub unit: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in a sentence.
    pub says: &'static str,
}

/// The kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// How much there is now.
    Gauge,
    /// How values are distributed.
    Histogram,
}

impl MetricKind {
    /// The word that Prometheus has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// How many shards of a process have gauges of their own.
pub const SHARDS_MAX: usize = 1_000;

/// Upper ends of buckets that suit the histograms of `seconds`: from a local disk to a store that struggles.
pub const SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// Upper ends of buckets that suit the histograms of sizes and numbers.
pub const SIZES: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Tells the recorder the description and the unit of every metric. Call it once, after installing the recorder.
#[cfg(feature = "metrics")]
pub fn describe() {
    use ::metrics::{Unit, with_recorder};
    for metric in ALL {
        let unit = match metric.unit {
            "seconds" => Some(Unit::Seconds),
            "bytes" => Some(Unit::Bytes),
            _ => Some(Unit::Count),
        };
        let (name, says) = (metric.name.into(), metric.says.into());
        with_recorder(|recorder| match metric.kind {
            MetricKind::Counter => recorder.describe_counter(name, unit, says),
            MetricKind::Gauge => recorder.describe_gauge(name, unit, says),
            MetricKind::Histogram => recorder.describe_histogram(name, unit, says),
        });
    }
}

macro_rules! metrics {
    ($($id:ident: $kind:ident of $unit:literal, $name:literal [$($label:literal)*] $says:literal;)*) => {
        $(pub(crate) const $id: Metric = Metric {
            name: $name, kind: MetricKind::$kind, unit: $unit, labels: &[$($label),*], says: $says,
        };)*

        /// All of them, by what they are about.
        pub const ALL: &[Metric] = &[$($id),*, STORE_REQUESTS, STORE_FAILURES, STORE_SECONDS];
    };
}

metrics! {
    APPEND_ENTRIES: Counter of "entries", "fencepost_append_entries_total" []
        "Data entries that were acknowledged.";
    APPEND_SUBMISSIONS: Counter of "submissions", "fencepost_append_submissions_total" []
        "Submissions that were acknowledged; those that waited together share an entry.";
    APPEND_BYTES: Counter of "bytes", "fencepost_append_bytes_total" []
        "Bytes of the entries that were acknowledged.";
    APPEND_SECONDS: Histogram of "seconds", "fencepost_append_seconds" []
        "From the first submission of an entry to its acknowledgement.";
    APPEND_PUT_SECONDS: Histogram of "seconds", "fencepost_append_put_seconds" []
        "From an entry's first attempt to the store's word that it is there; what lies between this and the acknowledgement was spent waiting for entries below.";
    ENTRY_BYTES: Histogram of "bytes", "fencepost_append_entry_bytes" []
        "The size of an entry that is sent.";
    ENTRY_SUBMISSIONS: Histogram of "submissions", "fencepost_append_entry_submissions" []
        "How many submissions share an entry.";
    APPEND_REPEATS: Counter of "attempts", "fencepost_append_repeats_total" []
        "Attempts to write an entry that were repeated, since the store did not say what became of the one before.";
    APPEND_CONFLICTS: Counter of "entries", "fencepost_append_conflicts_total" ["found"]
        "Positions that turned out to be taken: by the writer's `own` earlier attempt, by a `foreign` entry, by one that is `damaged`, or by nothing (`absent`).";
    APPEND_FAILURES: Counter of "entries", "fencepost_append_failed_entries_total" ["reason"]
        "Entries that were on their way when their writer stopped, and whose submissions were told that they failed.";
    APPENDS_PARKED: Gauge of "submissions", "fencepost_append_parked" []
        "Submissions that wait now for room in their writer's buffer.";
    WRITERS: Gauge of "writers", "fencepost_writers" []
        "Writers of this process that run now.";
    WRITER_STOPS: Counter of "writers", "fencepost_writer_stops_total" ["reason"]
        "Writers that stopped by themselves: `fenced` by a successor, or poisoned, since an outcome stayed `unknown`, an entry was `obstructed`, the store refused (`not_done`) or the bucket was `rolled_back`.";
    WRITER_EPOCH: Gauge of "epochs", "fencepost_writer_epoch" ["shard"]
        "The epoch of the writer.";
    WRITER_IN_FLIGHT: Gauge of "entries", "fencepost_writer_in_flight" ["shard"]
        "Entries whose outcome is not decided yet.";
    WRITER_WAITING_BYTES: Gauge of "bytes", "fencepost_writer_waiting_bytes" ["shard"]
        "Submitted bytes that have no position yet.";
    WRITER_ACKNOWLEDGED: Gauge of "positions", "fencepost_writer_acknowledged_position" ["shard"]
        "Everything up to this position is acknowledged.";
    WRITER_CHECKPOINT: Gauge of "positions", "fencepost_writer_checkpoint_position" ["shard"]
        "The checkpoint as the writer last knew it; what lies between it and the acknowledged position is replayed by the next opener.";
    CHECKPOINTS: Counter of "checkpoints", "fencepost_checkpoints_total" ["outcome"]
        "Checkpoints that were asked for: `done`, or the kind of error.";
    CHECKPOINT_SECONDS: Histogram of "seconds", "fencepost_checkpoint_seconds" []
        "How long a checkpoint took.";
    OPENS: Counter of "writers", "fencepost_opens_total" ["outcome"]
        "Writers that were to be opened: `opened`, or the kind of error.";
    OPEN_SECONDS: Histogram of "seconds", "fencepost_open_seconds" []
        "From the claim of an epoch to a writer that is ready: replay and fence.";
    CLAIMS: Counter of "epochs", "fencepost_claims_total" []
        "Epochs that were claimed.";
    TAKEOVERS: Counter of "writers", "fencepost_takeovers_total" ["after"]
        "Writers that opened after one that had closed (`close`), or by fencing one that had not (`crash`).";
    RECOVERED_ENTRIES: Counter of "entries", "fencepost_recovered_entries_total" []
        "Data entries that openings replayed.";
    GIVEN_UP: Counter of "entries", "fencepost_given_up_entries_total" ["by"]
        "Entries given up by a repair that a `reader` or an `opening` passed: their rows are lost.";
    LEASE_RENEWALS: Counter of "leases", "fencepost_lease_renewals_total" ["outcome"]
        "Writes of a lease: `done`, or `failed`, after which a candidate may take the writer for dead.";
    READER_ENTRIES: Counter of "entries", "fencepost_reader_entries_total" []
        "Data entries that readers handed out.";
    READER_POLLS: Counter of "polls", "fencepost_reader_polls_total" ["found"]
        "Polls of readers that follow a log: with an `entry`, or with `nothing` new.";
    READER_ERRORS: Counter of "errors", "fencepost_reader_errors_total" ["kind"]
        "Errors of readers, by kind; `truncated` is a hold that was lost, or a reader without one that was too slow.";
    CURSOR_MOVES: Counter of "moves", "fencepost_cursor_moves_total" ["outcome"]
        "Moves of cursors: `done`, or `failed`.";
    GC_RUNS: Counter of "collections", "fencepost_gc_runs_total" ["mode" "outcome"]
        "Collections that deleted (`run`) or only planned (`plan`): `done`, or the kind of error.";
    GC_SECONDS: Histogram of "seconds", "fencepost_gc_seconds" ["mode"]
        "How long a collection took.";
    GC_DELETED: Counter of "objects", "fencepost_gc_deleted_objects_total" ["class"]
        "Objects that collections deleted, by class.";
    GC_DELETED_BYTES: Counter of "bytes", "fencepost_gc_deleted_bytes_total" []
        "Bytes of the entries and SSTables that collections deleted.";
    GC_FAILED: Counter of "objects", "fencepost_gc_failed_objects_total" []
        "Objects that could not be deleted, or are not known to be; the next collection tries again.";
    GC_STALE: Counter of "entries", "fencepost_gc_stale_entries_total" []
        "Stale entries that collections deleted: refused appends of dead writers.";
    GC_BOUNDARY: Gauge of "positions", "fencepost_gc_boundary_position" ["shard"]
        "Entries up to this position may be gone.";
    GC_HELD_BACK: Gauge of "positions", "fencepost_gc_held_back_positions" ["shard"]
        "How far the last collection had to stay below the checkpoint, because of cursors, retention or damage.";
    GC_SUCCESS: Gauge of "seconds", "fencepost_gc_last_success_timestamp_seconds" ["shard"]
        "When the last collection ended well, since 1970.";
    GC_KEPT: Gauge of "objects", "fencepost_gc_kept_objects" ["shard"]
        "Objects that the last collection kept.";
    LOST: Gauge of "gaps", "fencepost_log_lost_ranges" ["shard"]
        "Ranges above the checkpoint that acknowledged entries are missing from, as the last collection found: damage.";
    FENCED_OFF: Gauge of "ranges", "fencepost_log_fenced_off_ranges" ["shard"]
        "Ranges of acknowledged entries that a loss fenced off, as the last collection found: damage.";
    LOG_TAIL: Gauge of "positions", "fencepost_log_tail_position" ["shard"]
        "The last position of the unbroken run above the checkpoint, as the last overview found it.";
    LOG_CHECKPOINT: Gauge of "positions", "fencepost_log_checkpoint_position" ["shard"]
        "The checkpoint, as the last overview found it.";
    LOG_ENTRIES: Gauge of "entries", "fencepost_log_entries" ["shard"]
        "Entries that are there, as the last overview found them.";
    LOG_BYTES: Gauge of "bytes", "fencepost_log_bytes" ["shard"]
        "Their bytes.";
    LOG_UNCOVERED_ENTRIES: Gauge of "entries", "fencepost_log_uncovered_entries" ["shard"]
        "Entries above the checkpoint, which the next opener replays.";
    LOG_UNCOVERED_BYTES: Gauge of "bytes", "fencepost_log_uncovered_bytes" ["shard"]
        "Their bytes.";
    LOG_CURSORS: Gauge of "cursors", "fencepost_log_cursors" ["shard"]
        "Cursors that hold the log.";
    LOG_CURSOR_LAG: Gauge of "positions", "fencepost_log_cursor_lag_positions" ["shard"]
        "How far the slowest cursor is behind the tail.";
    LOG_SSTABLES: Gauge of "generations", "fencepost_log_sstables" ["shard"]
        "SSTables of Lance's that the manifest names, compacted or not, as the last overview found them.";
    LOG_PENDING: Gauge of "generations", "fencepost_log_pending_generations" ["shard"]
        "Those that are not known to be compacted into the table: each query reads them.";
    LOG_PENDING_BYTES: Gauge of "bytes", "fencepost_log_pending_bytes" ["shard"]
        "The rows of these in memory, as Lance accounted for them; those of which it did not say are left out.";
    LOG_PENDING_AGE: Gauge of "seconds", "fencepost_log_pending_age_seconds" ["shard"]
        "How long ago, by the store's clock and this machine's, the oldest of these was written; 0 if there is none, or it is not known.";
    GC_CLAIMS: Gauge of "claims", "fencepost_gc_unsettled_claims" ["shard"]
        "Claims by Lance that hold entries back, as the last collection or its plan found them.";
    GC_CLAIM_AGE: Gauge of "seconds", "fencepost_gc_unsettled_claim_age_seconds" ["shard"]
        "How long the oldest of these claims has been silent.";
    GC_OVER_LEASH: Gauge of "cursors", "fencepost_gc_over_leash_cursors" ["shard"]
        "Cursors over their leash that hold all the same, as the last collection or its plan found them.";
    CURSORS_BROKEN: Counter of "cursors", "fencepost_cursors_broken_total" []
        "Cursors over their leash that collections broke.";
}

/// Those of `fencepost-store`, which records them itself.
const STORE_REQUESTS: Metric = Metric {
    name: "fencepost_store_requests_total",
    kind: MetricKind::Counter,
    unit: "requests",
    labels: &["class"],
    says: "Requests that were sent, by the classes that stores bill: `put`, `get`, `head`, `list`, `delete`.",
};
const STORE_FAILURES: Metric = Metric {
    name: "fencepost_store_failures_total",
    kind: MetricKind::Counter,
    unit: "requests",
    labels: &["operation", "failure"],
    says: "Requests that failed, by operation and kind of failure.",
};
const STORE_SECONDS: Metric = Metric {
    name: "fencepost_store_request_seconds",
    kind: MetricKind::Histogram,
    unit: "seconds",
    labels: &["operation"],
    says: "Time to the answer, or to a time-out, of `create`, `overwrite`, `get` and `head`.",
};
