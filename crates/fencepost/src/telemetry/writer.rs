//! The meters of one writer, looked up once.

use super::meter::{Counter, Gauge, Histogram, Stopwatch, counter, gauge, histogram, shard_gauge};
use crate::metrics as m;
use crate::writer::Progress;
use fencepost_fence::{CreateReply, ReadReply, Reply, WriterId};
use fencepost_format::{Epoch, Position, ShardId};

/// What a writer's task records. Ends with it: what the writer no longer has is zero then.
#[derive(Debug)]
pub(crate) struct WriterMeter {
    entries: Counter,
    submissions: Counter,
    bytes: Counter,
    repeats: Counter,
    seconds: Histogram,
    put_seconds: Histogram,
    entry_bytes: Histogram,
    entry_submissions: Histogram,
    writers: Gauge,
    epoch: Gauge,
    in_flight: Gauge,
    waiting_bytes: Gauge,
    acknowledged: Gauge,
    checkpoint: Gauge,
}

impl WriterMeter {
    pub(crate) fn new(shard: ShardId) -> Self {
        let meter = Self {
            entries: counter(&m::APPEND_ENTRIES, &[]),
            submissions: counter(&m::APPEND_SUBMISSIONS, &[]),
            bytes: counter(&m::APPEND_BYTES, &[]),
            repeats: counter(&m::APPEND_REPEATS, &[]),
            seconds: histogram(&m::APPEND_SECONDS, &[]),
            put_seconds: histogram(&m::APPEND_PUT_SECONDS, &[]),
            entry_bytes: histogram(&m::ENTRY_BYTES, &[]),
            entry_submissions: histogram(&m::ENTRY_SUBMISSIONS, &[]),
            writers: gauge(&m::WRITERS),
            epoch: shard_gauge(&m::WRITER_EPOCH, shard),
            in_flight: shard_gauge(&m::WRITER_IN_FLIGHT, shard),
            waiting_bytes: shard_gauge(&m::WRITER_WAITING_BYTES, shard),
            acknowledged: shard_gauge(&m::WRITER_ACKNOWLEDGED, shard),
            checkpoint: shard_gauge(&m::WRITER_CHECKPOINT, shard),
        };
        meter.writers.increment(1.0);
        meter
    }

    /// So many submissions became an entry of so many bytes.
    pub(crate) fn placed(&self, bytes: usize, submissions: usize) {
        self.entry_bytes.record(bytes as f64);
        self.entry_submissions.record(submissions as f64);
    }

    /// An attempt to write an entry was sent; the first one has the number 0.
    pub(crate) fn sent(&self, attempt: u32) {
        self.repeats.increment(u64::from(attempt > 0));
    }

    /// The store said something. `placed` tells when an entry that is on its way was placed.
    pub(crate) fn replied(
        &self,
        reply: &Reply,
        id: WriterId,
        placed: impl Fn(Position) -> Option<Stopwatch>,
    ) {
        match reply {
            Reply::EntryCreated(at, CreateReply::Done) => {
                if let Some(placed) = placed(*at) {
                    placed.record(&self.put_seconds);
                }
            }
            Reply::Entry(at, read) if placed(*at).is_some() => {
                let found = match read {
                    ReadReply::Found(header) if id.wrote(header) => "own",
                    ReadReply::Found(_) => "foreign",
                    ReadReply::Absent => "absent",
                    ReadReply::Damaged => "damaged",
                    // It is asked again.
                    ReadReply::Unknown => return,
                };
                counter(&m::APPEND_CONFLICTS, &[("found", found)]).increment(1);
            }
            _ => {}
        }
    }

    /// An entry of so many bytes was acknowledged to those who submitted it.
    pub(crate) fn acknowledged(&self, begun: Stopwatch, bytes: usize, submissions: usize) {
        self.entries.increment(1);
        self.submissions.increment(submissions as u64);
        self.bytes.increment(bytes as u64);
        begun.record(&self.seconds);
    }

    pub(crate) fn publish(&self, epoch: Epoch, progress: &Progress) {
        self.epoch.set(epoch.get() as f64);
        self.in_flight.set(progress.in_flight as f64);
        self.waiting_bytes.set(progress.waiting_bytes as f64);
        self.acknowledged.set(progress.acknowledged.get() as f64);
        self.checkpoint.set(progress.replay_after.get() as f64);
    }
}

impl Drop for WriterMeter {
    fn drop(&mut self) {
        self.writers.decrement(1.0);
        self.in_flight.set(0.0);
        self.waiting_bytes.set(0.0);
    }
}

/// A submission that waits for room, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Parked(Gauge);

impl Parked {
    pub(crate) fn begin() -> Self {
        let parked = gauge(&m::APPENDS_PARKED);
        parked.increment(1.0);
        Self(parked)
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
