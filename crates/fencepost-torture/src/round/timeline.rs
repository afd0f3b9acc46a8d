//! The events of a round, one after the other.

use super::parties::Parties;
use super::{HEAL_ROWS, Rounds};
use crate::command::Running;
use crate::error::{Error, Result};
use crate::fault::FaultKind;
use crate::oracle::WRITER_ROWS;
use crate::plan::{Event, Plan};
use crate::server::access;
use std::time::{Duration, Instant};

impl Rounds<'_> {
    pub(super) fn run_timeline(&mut self, plan: &Plan, parties: &mut Parties) -> Result<()> {
        let started = Instant::now();
        for (at, event) in &plan.events {
            std::thread::sleep(at.saturating_sub(started.elapsed()));
            match event {
                Event::Collect => self.collect(parties)?,
                Event::Party { kind, time } => {
                    if self.strike(*kind, *time, parties)? {
                        self.outcome.faults.happen(*kind);
                    }
                }
                Event::Proxy { .. } if plan.from_the_start => {}
                Event::Proxy { .. } => event.as_proxy_fault().into_iter().for_each(|f| self.proxy.arm(f)),
            }
        }
        std::thread::sleep(plan.length.saturating_sub(started.elapsed()));
        Ok(())
    }

    /// Starts a collection, unless one is under way.
    fn collect(&self, parties: &mut Parties) -> Result<()> {
        if let Some(collector) = &mut parties.collector {
            if !collector.has_ended() {
                return Ok(());
            }
            let ended = parties.collector.take().and_then(|collector| collector.end_within(Duration::ZERO));
            ended.map_or(Ok(()), |ended| self.sane("a collector", &ended))?;
        }
        parties.collector = Some(Running::start(self.hasty.line(&self.proxied, &["gc", "run", "LOG"]))?);
        Ok(())
    }

    /// Strikes a process or the server, and says whether there was anybody to strike.
    fn strike(&mut self, kind: FaultKind, time: Duration, parties: &mut Parties) -> Result<bool> {
        match kind {
            FaultKind::KillWriter => {
                let victim = parties.writer.take().or_else(|| parties.standby.take());
                let Some(mut victim) = victim else { return Ok(false) };
                let alive = !victim.running.has_ended();
                let (range, account, ended) = victim.kill();
                self.ended(range, account, &ended)?;
                return Ok(alive);
            }
            FaultKind::FreezeWriter => {
                let Some(mut victim) = parties.writer.take() else { return Ok(false) };
                if victim.running.has_ended() || victim.running.freeze().is_err() {
                    parties.writer = Some(victim);
                    return Ok(false);
                }
                parties.frozen = Some(victim);
            }
            FaultKind::Partition => {
                let (Some(writer), Some((namespace, _))) = (&mut parties.writer, &self.apart) else {
                    return Ok(false);
                };
                let alive = !writer.running.has_ended();
                let failed = |what| Error::Wrong { what };
                namespace.cut().map_err(failed)?;
                std::thread::sleep(self.hasty.request_timeout + time);
                namespace.mend().map_err(failed)?;
                return Ok(alive);
            }
            FaultKind::KillCollector => {
                self.collect(parties)?;
                std::thread::sleep(time);
                let Some(mut collector) = parties.collector.take() else { return Ok(false) };
                let alive = !collector.has_ended();
                let _ = collector.kill();
                return Ok(alive);
            }
            FaultKind::KillConsumer => {
                let Some(mut consumer) = parties.consumer.take() else { return Ok(false) };
                let alive = !consumer.has_ended();
                parties.consumed.push(consumer.kill().stdout);
                parties.consumer = Some(self.consumer()?);
                return Ok(alive);
            }
            FaultKind::FreezeServer => {
                self.server.freeze();
                std::thread::sleep(self.hasty.request_timeout + time);
                self.server.thaw();
            }
            FaultKind::KillServer => {
                self.server.kill();
                std::thread::sleep(time);
                self.server.up()?;
            }
            FaultKind::WrongSecret | FaultKind::NoSuchHost => {
                let name = self.direct.location.rsplit('/').next().unwrap_or_default().to_owned();
                let access = match kind {
                    FaultKind::WrongSecret => self.direct.clone().with_wrong_secret(),
                    _ => access(self.server.kind(), &name, &no_such_host()),
                };
                let range = self.next_range();
                let file = format!("shut-out-{range}.ndjson");
                let file = crate::check::rows_file(&self.scratch, &file, range * WRITER_ROWS, HEAL_ROWS)?;
                let words = ["append", "LOG", "--from", &file, "--takeover", "now"];
                parties.shut_out.push((range, Running::start(self.hasty.line(&access, &words))?));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// An address whose name cannot be resolved. No resolver is asked: a label of a name has at most 63
/// characters, so the library of the system refuses it by itself.
fn no_such_host() -> String {
    format!("http://{}.invalid:9", "nobody".repeat(12))
}
