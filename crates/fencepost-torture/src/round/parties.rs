//! Who takes part in a round, and how they end.

use super::writer::{Input, Writer};
use super::{CURSOR, END, Rounds};
use crate::command::{Ended, Fencepost, Running};
use crate::error::{Result, wrong};
use crate::fault::FaultKind;
use crate::plan::{Event, Plan};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The processes of one round. Whoever is still there when this is dropped is killed.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) writer: Option<Writer>,
    pub(super) frozen: Option<Writer>,
    pub(super) standby: Option<Writer>,
    pub(super) consumer: Option<Running>,
    pub(super) collector: Option<Running>,
    /// Clients that are not to get anywhere, with the range of the rows that they tried.
    pub(super) shut_out: Vec<(u64, Running)>,
    /// What each consumer said that is gone.
    pub(super) consumed: Vec<Vec<String>>,
}

impl Parties {
    /// The consumer, then the writer, and once that one is at work, the standby.
    pub(super) fn start(rounds: &mut Rounds<'_>, plan: &Plan) -> Result<Self> {
        if plan.from_the_start {
            plan.events
                .iter()
                .filter_map(|(_, event)| event.as_proxy_fault())
                .for_each(|f| rounds.proxy.arm(f));
        }
        let consumer = rounds.consumer()?;
        let hasty = Fencepost { retry_timeout: plan.retry_timeout, ..rounds.hasty.clone() };
        let (first, second) = (rounds.next_range(), rounds.next_range());
        let input = Input { rows: WRITER_ROWS_MAX, pace: plan.pace };
        let partition = |(_, event): &(Duration, Event)| event.kind() == Some(FaultKind::Partition);
        let writer = match &rounds.apart {
            Some((namespace, access)) if plan.events.iter().any(partition) => {
                let apart = Fencepost { within: namespace.enter(), ..hasty.clone() };
                Writer::start(&apart, access, "now", first, input)?
            }
            _ => Writer::start(&hasty, &rounds.proxied, "now", first, input)?,
        };
        let mut parties = Self {
            writer: Some(writer),
            frozen: None,
            standby: None,
            consumer: Some(consumer),
            collector: None,
            shut_out: Vec::new(),
            consumed: Vec::new(),
        };
        let until = Instant::now() + OPENING;
        while let Some(writer) = &mut parties.writer {
            if writer.acknowledged() >= 3 || writer.running.has_ended() || Instant::now() > until {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let input = Input { rows: STANDBY_ROWS_MAX, pace: plan.pace };
        parties.standby = Some(Writer::start(&hasty, &rounds.proxied, "expired", second, input)?);
        Ok(parties)
    }

    /// Everybody ends, but for a writer that is stopped, which is handed back.
    pub(super) fn finish(mut self, rounds: &mut Rounds<'_>) -> Result<(Option<Writer>, Vec<Vec<String>>)> {
        let left_alone = self.writer.is_some();
        let writers = [&self.writer, &self.frozen, &self.standby];
        writers.into_iter().flatten().for_each(Writer::stop_feeding);
        if let Some(writer) = self.writer.take() {
            let Some((range, account, ended)) = writer.end_within(END) else {
                return wrong("the writer did not end once nothing was in its way");
            };
            rounds.ended(range, account, &ended)?;
        }
        if let Some(frozen) = &mut self.frozen {
            frozen.end_input();
        }
        if let Some(standby) = self.standby.take() {
            let Some((range, account, ended)) = standby.end_within(END) else {
                return wrong("the standby did not end once nothing was in its way");
            };
            rounds.outcome.takeovers += u64::from(!left_alone && account.acknowledged > 0);
            rounds.ended(range, account, &ended)?;
        }
        if let Some(frozen) = &self.frozen {
            rounds.oracle.writer(frozen.range, frozen.account_so_far());
        }
        if let Some(collector) = self.collector.take() {
            let Some(ended) = collector.end_within(END) else { return wrong("the collector did not end") };
            rounds.sane("a collector", &ended)?;
        }
        if let Some(consumer) = self.consumer.take() {
            consumer.signal(Signal::TERM);
            let Some(ended) = consumer.end_within(END) else { return wrong("the consumer did not end") };
            rounds.sane("the consumer", &ended)?;
            self.consumed.push(ended.stdout);
        }
        for (range, running) in std::mem::take(&mut self.shut_out) {
            let ended = running.kill();
            rounds.was_shut_out(range, &ended)?;
        }
        Ok((self.frozen, self.consumed))
    }
}

impl Rounds<'_> {
    /// Follows the log, through the proxy, and moves a cursor along.
    pub(super) fn consumer(&self) -> Result<Running> {
        Running::start(self.hasty.line(&self.proxied, &["tail", "LOG", "--follow", "--cursor", CURSOR]))
    }

    /// A client without the right secret, or without the server's address, changed nothing and told no secret.
    fn was_shut_out(&mut self, range: u64, ended: &Ended) -> Result<()> {
        let acknowledged = ended.stdout.iter().any(|line| line.contains("\"closed\":true"));
        if acknowledged || ended.code == Some(0) {
            return wrong(format!("a client that was to be shut out got in: {:?}", ended.stdout));
        }
        let nothing = crate::oracle::Account { acknowledged: 0, possible: 0 };
        self.sane("a client that was shut out", ended)?;
        self.oracle.writer(range, nothing);
        Ok(())
    }
}

const WRITER_ROWS_MAX: u64 = 80;
const STANDBY_ROWS_MAX: u64 = 20;
const OPENING: Duration = Duration::from_secs(15);
