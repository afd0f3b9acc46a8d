//! Running the suite: one check after the other, in bounded time, and cleaning up whatever happens.

use super::bench::{Bench, Found};
use super::check::Check;
use super::options::Options;
use super::price::Price;
use super::report::{CheckResult, Latency, Outcome, Report, Seen};
use super::scratch::Scratch;
use super::{bodies, clock, creates, deletes, disk, listings, metadata, overwriting, reads, settings, speed};
use fencepost_store::LogStore;
use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// What an examination is about to do, or has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A check begins.
    Begun(Check),
    /// A check is over.
    Ended(&'a CheckResult),
    /// All checks are over, and their objects are being deleted.
    CleaningUp,
}

/// An examination of a store. See the [module](super).
pub struct Examination<'a> {
    store: &'a LogStore,
    options: Options,
    stop: BoxFuture<'a, ()>,
    watch: Box<dyn FnMut(Progress<'_>) + Send + 'a>,
}

impl<'a> Examination<'a> {
    /// Of a store, in a new folder at its root. Makes no request.
    pub fn new(store: &'a LogStore, options: Options) -> Self {
        Self { store, options, stop: futures::future::pending().boxed(), watch: Box::new(|_| {}) }
    }

    /// Ends the examination early once `stop` is ready. It then cleans up and reports what it has.
    #[must_use]
    pub fn stop_when(mut self, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        self.stop = stop.boxed();
        self
    }

    /// Calls `watch` as it goes along.
    #[must_use]
    pub fn watched_by(mut self, watch: impl FnMut(Progress<'_>) + Send + 'a) -> Self {
        self.watch = Box::new(watch);
        self
    }

    /// Runs the checks, one after the other, and deletes what they made.
    ///
    /// Never fails: a check that cannot be carried out is [unknown](Outcome::Unknown). If the very first
    /// cannot, the others are not tried.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the objects of the suite where they are. Use [`stop_when`](Self::stop_when)
    /// instead.
    pub async fn run(mut self) -> Report {
        let started = Instant::now();
        let folder = format!("fencepost-doctor-{:032x}", self.options.seed);
        let store = self.store.scoped().with_retry_timeout(self.store.retry_timeout().min(RETRY_TIMEOUT));
        let scratch =
            Scratch::new(store.below(&folder).expect("letters, digits and dashes are a valid name"));
        let mut run = Run { results: Vec::new(), latency: None, stopped: false, cut_off: false };
        for check in self.options.checks.clone() {
            let why_not = run.why_not(started.elapsed() > self.options.time_max);
            if let Some(why) = why_not {
                run.results.push(result(check, Seen::unknown(why), Duration::ZERO));
                continue;
            }
            (self.watch)(Progress::Begun(check));
            let ended = run.carry_out(check, &scratch, &self.options, &mut self.stop).await;
            run.results.push(ended);
            (self.watch)(Progress::Ended(&run.results[run.results.len() - 1]));
        }
        (self.watch)(Progress::CleaningUp);
        let left_behind = scratch.clear(run.cut_off).await;
        Report {
            store: self.store.to_string(),
            backend: self.store.backend(),
            folder: scratch.store().root().to_string(),
            checks: run.results,
            latency: run.latency,
            price: self.options.price.or_else(|| Price::of(self.store.backend())),
            requests: store.counts(),
            left_behind,
            stopped: run.stopped,
            took: started.elapsed(),
        }
    }
}

impl fmt::Debug for Examination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examination").field("options", &self.options).finish_non_exhaustive()
    }
}

struct Run {
    results: Vec<CheckResult>,
    latency: Option<Latency>,
    stopped: bool,
    /// Whether requests may still be on their way.
    cut_off: bool,
}

impl Run {
    /// Why the next check is not to be tried.
    fn why_not(&self, late: bool) -> Option<&'static str> {
        if self.stopped {
            return Some("not tried: the examination was stopped before");
        }
        if late {
            return Some("not tried: the time was up");
        }
        match &self.results[..] {
            [first, ..] if first.outcome == Outcome::Unknown => {
                Some("not tried: the first check could not be carried out")
            }
            _ => None,
        }
    }

    async fn carry_out(
        &mut self,
        check: Check,
        scratch: &Scratch,
        options: &Options,
        stop: &mut BoxFuture<'_, ()>,
    ) -> CheckResult {
        let started = Instant::now();
        let bench = Bench { scratch, options, until: started + options.check_time };
        let limited = tokio::time::timeout(options.check_time + GRACE, one(check, bench));
        let seen = match select(Box::pin(limited), stop).await {
            Either::Left((Ok(Ok((seen, latency))), _)) => {
                self.latency = latency.or(self.latency);
                seen
            }
            Either::Left((Ok(Err(error)), _)) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                let cause = cause.filter(|cause| !error.to_string().contains(&cause[2..]));
                Seen::unknown(format!("{error}{}", cause.unwrap_or_default()))
            }
            Either::Left((Err(_), _)) => {
                self.cut_off = true;
                Seen::unknown(format!("it did not end within {:?}", options.check_time + GRACE))
            }
            Either::Right(((), _)) => {
                (self.stopped, self.cut_off) = (true, true);
                Seen::unknown("stopped before its end")
            }
        };
        result(check, seen, started.elapsed())
    }
}

fn result(check: Check, seen: Seen, took: Duration) -> CheckResult {
    CheckResult { check, outcome: seen.outcome, seen: seen.text, lost: seen.lost, took }
}

type One = Result<(Seen, Option<Latency>), fencepost_store::StoreError>;

fn one(check: Check, bench: Bench<'_>) -> BoxFuture<'_, One> {
    let found: BoxFuture<'_, Found> = match check {
        Check::CreateTwice => creates::twice(bench).boxed(),
        Check::CreateRace => creates::race(bench).boxed(),
        Check::ExistsOfNothing => creates::exists_of_nothing(bench).boxed(),
        Check::CreateAfterDelete => creates::after_delete(bench).boxed(),
        Check::ReadAfterWrite => reads::after_write(bench).boxed(),
        Check::ReadAfterAbsent => reads::after_absent(bench).boxed(),
        Check::ReadAfterDelete => reads::after_delete(bench).boxed(),
        Check::ReadWhileOverwritten => overwriting::reads(bench).boxed(),
        Check::ListAfterWrite => listings::after_write(bench).boxed(),
        Check::ListUnderChange => listings::under_change(bench).boxed(),
        Check::BulkDelete => deletes::bulk(bench).boxed(),
        Check::RangeReads => bodies::ranges(bench).boxed(),
        Check::LargeObject => bodies::large(bench).boxed(),
        Check::Metadata => metadata::agrees(bench).boxed(),
        Check::ConditionalUpdate => metadata::conditional_update(bench).boxed(),
        Check::Clock => clock::skew(bench).boxed(),
        Check::Fsync => futures::future::ready(disk::flushes(bench)).boxed(),
        Check::BucketSettings => settings::of_bucket(bench).boxed(),
        Check::Latency => return speed::latency(bench).boxed(),
    };
    found.map(|found| found.map(|seen| (seen, None))).boxed()
}

/// Reads that keep failing are given up sooner than a log would.
const RETRY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long after its time a check is ended by force.
const GRACE: Duration = Duration::from_secs(60);
