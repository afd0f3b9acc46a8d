//! Rounds: a writer, a standby, a consumer and a collector on a server, with faults between them and it; and
//! then the truth.

mod parties;
mod timeline;
mod writer;

use crate::check::numbers;
use crate::command::{Ended, Fencepost};
use crate::error::{Error, Result};
use crate::fault::Tally;
use crate::namespace::Namespace;
use crate::oracle::{Account, Oracle, Violation};
use crate::plan::{Plan, Plans};
use crate::proxy::{Late, Proxy};
use crate::server::{Access, Server};
use parties::Parties;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// All rounds on one server, and the log that they share.
#[derive(Debug)]
pub struct Rounds<'a> {
    server: &'a mut Server,
    proxy: Proxy,
    /// Patient, straight to the server: what the rounds are judged by.
    calm: Fencepost,
    /// Hasty, through the proxy.
    hasty: Fencepost,
    direct: Access,
    proxied: Access,
    /// Where a writer can be cut off, and its way to the proxy.
    apart: Option<(Namespace, Access)>,
    scratch: PathBuf,
    plans: Plans,
    oracle: Oracle,
    ranges: u64,
    /// The last position that the last truth was read up to.
    read_up_to: u64,
    /// What happened so far.
    pub outcome: Outcome,
}

/// What came of the rounds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// How many were played to the end.
    pub rounds: u64,
    /// Faults by kind.
    pub faults: Tally,
    /// Why nobody could be cut off by a partition, if so.
    pub no_partitions: Option<String>,
    /// Creates that arrived late.
    pub late: Late,
    /// Writers that were woken after a takeover and a collection.
    pub woken: Woken,
    /// Takeovers by a standby that nobody told to.
    pub takeovers: u64,
    /// Rows acknowledged.
    pub acknowledged: u64,
    /// Acknowledged and gone.
    pub lost: u64,
    /// There more than once.
    pub duplicated: u64,
    /// There in the wrong order.
    pub reordered: u64,
    /// Refused and there.
    pub undead: u64,
    /// Gaps that a reader saw.
    pub gaps: u64,
    /// Requests that came through the proxy.
    pub requests: u64,
}

/// What writers were told that were woken after a takeover and a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Woken {
    /// That another writer has the log.
    pub refused: u64,
    /// That nobody knows: they slept for longer than they are patient.
    pub unknown: u64,
    /// Nothing bad: all that they were given was acknowledged before they slept, and is there.
    pub idle: u64,
    /// That a request failed.
    pub failed: u64,
}

impl Outcome {
    fn blame(&mut self, violation: &Violation) {
        *match violation {
            Violation::Lost { .. } => &mut self.lost,
            Violation::Duplicated { .. } => &mut self.duplicated,
            Violation::Reordered { .. } => &mut self.reordered,
            Violation::Undead { .. } => &mut self.undead,
            Violation::Gap { .. } => &mut self.gaps,
        } += 1;
    }
}

impl<'a> Rounds<'a> {
    /// Sets the stage: a proxy before `server`, and an empty log.
    ///
    /// # Errors
    /// The log cannot be made.
    pub fn new(server: &'a mut Server, calm: Fencepost, scratch: PathBuf, seed: u64) -> Result<Self> {
        let proxy = Proxy::start(server.address())?;
        let name = format!("rounds-{seed}");
        let hasty = Fencepost {
            request_timeout: REQUEST_TIMEOUT_MIN,
            retry_timeout: RETRY_TIMEOUT,
            lease_ttl: LEASE_TTL,
            ..calm.clone()
        };
        let (apart, no_partitions) = match Namespace::new() {
            Ok(namespace) => {
                let via = proxy.also_at(namespace.address())?;
                (Some((namespace, server.access(&name, Some(via)))), None)
            }
            Err(why) => (None, Some(why)),
        };
        let mut rounds = Self {
            direct: server.access(&name, None),
            proxied: server.access(&name, Some(proxy.address())),
            plans: Plans::new(server.kind(), seed).with_partitions(apart.is_some()),
            oracle: Oracle::default(),
            outcome: Outcome { no_partitions, ..Outcome::default() },
            apart,
            ranges: 0,
            read_up_to: 0,
            server,
            proxy,
            calm,
            hasty,
            scratch,
        };
        rounds.heal()?;
        rounds.judge()?;
        rounds.judge_consumer(&[])?;
        Ok(rounds)
    }

    /// Plays one round.
    ///
    /// # Errors
    /// What must not be, or what did not heal.
    pub fn play(&mut self) -> Result<()> {
        let plan = self.plans.deal();
        let before = self.outcome.faults.happened.clone();
        let played = self.play_plan(&plan);
        self.count();
        // What found nobody to happen to is dealt again.
        let happened = |kind| self.outcome.faults.happened.get(&kind) != before.get(&kind);
        let missed = plan.events.iter().filter_map(|(_, event)| event.kind()).filter(|kind| !happened(*kind));
        let missed: Vec<_> = missed.collect();
        self.plans.put_back(missed);
        played
            .map_err(|error| Error::Wrong { what: format!("round {}: {error}; {plan}", self.outcome.rounds) })
    }

    fn play_plan(&mut self, plan: &Plan) -> Result<()> {
        for kind in plan.events.iter().filter_map(|(_, event)| event.kind()) {
            self.outcome.faults.schedule(kind);
        }
        let mut parties = Parties::start(self, plan)?;
        let played = self.run_timeline(plan, &mut parties);
        // Whatever happened, the server is up and nothing stands between it and the rest of the round.
        self.proxy.heal();
        self.server.thaw();
        self.server.up()?;
        played?;
        let (frozen, consumed) = parties.finish(self)?;
        self.heal()?;
        self.judge()?;
        self.judge_consumer(&consumed)?;
        if plan.checkpoint || frozen.is_some() {
            self.checkpoint()?;
        }
        if plan.collect || frozen.is_some() {
            self.calm.ok(&self.direct, &["gc", "run", "LOG"])?;
        }
        if let Some(frozen) = frozen {
            self.wake(frozen)?;
        }
        self.outcome.rounds += 1;
        Ok(())
    }

    /// After the last round: what is still held is delivered, and changes nothing.
    ///
    /// # Errors
    /// As of [`play`](Self::play).
    pub fn finish(&mut self) -> Result<()> {
        self.proxy.deliver_all();
        self.judge()?;
        self.count();
        let verified = self.calm.ok(&self.direct, &["verify", "LOG"])?.report();
        crate::check::ensure(verified["ok"] == true, || format!("verify said {verified}"))
    }

    fn count(&mut self) {
        for (kind, count) in self.proxy.take_happened() {
            *self.outcome.faults.happened.entry(kind).or_default() += count;
        }
        self.outcome.late = self.proxy.late();
        self.outcome.requests = self.proxy.requests();
        self.outcome.acknowledged = self.oracle.acknowledged();
    }

    fn next_range(&mut self) -> u64 {
        self.ranges += 1;
        self.ranges
    }

    /// A writer ended. Whatever it met, it neither panicked nor found damage.
    fn ended(&mut self, range: u64, account: Account, ended: &Ended) -> Result<()> {
        self.sane("a writer", ended)?;
        self.oracle.writer(range, account);
        Ok(())
    }

    fn sane(&self, who: &str, ended: &Ended) -> Result<()> {
        if ended.stderr.contains("panicked") || matches!(ended.code, Some(2 | 3 | 6 | 8)) {
            let what = format!("{who} ended with {:?}: {}", ended.code, ended.stderr);
            return Err(Error::Wrong { what });
        }
        Ok(())
    }

    /// The log heals without hands: whoever opens it next can append at once.
    fn heal(&mut self) -> Result<()> {
        let range = self.next_range();
        let first = range * crate::oracle::WRITER_ROWS;
        let file = crate::check::rows_file(&self.scratch, "heal.ndjson", first, HEAL_ROWS)?;
        let words = ["append", "LOG", "--from", &file, "--rows-per-entry", "1", "--takeover", "now"];
        let started = Instant::now();
        let healed = self.calm.ok(&self.direct, &words)?;
        // SUBTLE: a takeover makes 63 creates at once. On a machine that is busy a server may need longer for
        // them than a request may take, and then does little more than to carry out what everybody gave up
        // on.
        self.hasty.request_timeout = started.elapsed().clamp(REQUEST_TIMEOUT_MIN, REQUEST_TIMEOUT_MAX);
        self.ended(range, Account { acknowledged: HEAL_ROWS, possible: HEAL_ROWS }, &healed)
    }

    /// Reads everything above the checkpoint and lets the oracle decide; then the consumer, to the end.
    fn judge(&mut self) -> Result<()> {
        let read = self.calm.ok(&self.direct, &["tail", "LOG"])?;
        let summary: serde_json::Value =
            read.stderr.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        self.read_up_to = summary["next"].as_u64().unwrap_or(1) - 1;
        let rows = numbers(&read.stdout)?;
        let judged = self.oracle.read(&rows);
        self.blame(judged, "a fresh reader")
    }

    /// What the consumer got in the round, and what it gets now that it is left in peace.
    fn judge_consumer(&mut self, in_round: &[Vec<String>]) -> Result<()> {
        for run in in_round {
            let judged = self.oracle.consumer(&numbers(run)?);
            self.blame(judged, "the consumer")?;
        }
        let rest = self.calm.ok(&self.direct, &["tail", "LOG", "--cursor", CURSOR])?;
        let rest = numbers(&rest.stdout)?;
        let judged = self.oracle.consumer(&rest).and_then(|()| self.oracle.consumer_is_done());
        self.blame(judged, "the consumer")
    }

    fn blame(&mut self, judged: Result<(), Violation>, who: &str) -> Result<()> {
        let Err(violation) = judged else { return Ok(()) };
        self.outcome.blame(&violation);
        Err(Error::Wrong { what: format!("{who}: {violation}") })
    }

    fn checkpoint(&mut self) -> Result<()> {
        let position = self.read_up_to.to_string();
        self.calm.ok(&self.direct, &["checkpoint", "LOG", &position, "--takeover", "now"])?;
        self.oracle.checkpoint();
        Ok(())
    }

    /// A writer that was stopped before all this goes on, and is refused.
    fn wake(&mut self, frozen: writer::Writer) -> Result<()> {
        let range = frozen.range;
        frozen.running.thaw();
        let Some((_, account, ended)) = frozen.end_within(END) else {
            return crate::error::wrong("a writer that was woken did not end");
        };
        self.sane("a woken writer", &ended)?;
        let woken = &mut self.outcome.woken;
        *match ended.code {
            Some(0) => &mut woken.idle,
            Some(5) => &mut woken.refused,
            Some(7) => &mut woken.unknown,
            _ => &mut woken.failed,
        } += 1;
        // Its rows were decided while it slept; what it says now must agree with that.
        let judged = self.oracle.woken(range, account);
        self.blame(judged, "a woken writer")?;
        self.judge()
    }
}

const CURSOR: &str = "rounds";
const HEAL_ROWS: u64 = 2;
const REQUEST_TIMEOUT_MIN: Duration = Duration::from_millis(1_500);
const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(10);
const RETRY_TIMEOUT: Duration = Duration::from_secs(3);
const LEASE_TTL: Duration = Duration::from_millis(900);
/// Longer than every retry timeout in a round together: opening a writer, the appends and closing it have one
/// each.
const END: Duration = Duration::from_secs(180);
