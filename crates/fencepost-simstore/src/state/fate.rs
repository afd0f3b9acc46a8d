//! What becomes of a request that left its client: when it lands, how often, and what its caller hears.

use super::{Landing, State};
use crate::Failure;
use crate::counts::Happened;
use crate::faults::Fault;
use crate::random::Random;
use crate::request::{Op, Reply, Sent};
use std::sync::Arc;
use std::time::Duration;

impl State {
    /// Decides a request's fate: by the first rule that fits, else by the client's luck.
    pub(super) fn travel(&mut self, now: Duration, sent: Arc<Sent>) {
        let mut random = Random::new(self.seed, &sent.client, sent.nth);
        let faults = if self.quiet {
            self.faults_of(&sent.client).calmed()
        } else {
            self.faults_of(&sent.client).clone()
        };
        let (before, after) = (faults.before.sample(&mut random), faults.after.sample(&mut random));
        let drawn = faults.draw(sent.request.op(), &mut random);
        let left_out = match sent.request {
            crate::request::Request::Delete { ref paths } => faults.leave_out(paths.len(), &mut random),
            _ => Vec::new(),
        };
        let fault = if self.quiet { None } else { self.rule_for(&sent).or(drawn) };

        let arrives = now + before;
        let mut due = Some(arrives + after);
        let land = |at| Some((at, Landing::new(Arc::clone(&sent), left_out.clone())));
        let mut landings = [None, None];
        match fault {
            None => landings[0] = land(arrives),
            Some(Fault::Refused) => self.turn_away(now, due, &sent, Happened::Refused, Failure::Refused),
            Some(Fault::Throttled) => {
                self.turn_away(now, due, &sent, Happened::Throttled, Failure::Status(429))
            }
            Some(Fault::Unavailable) => {
                self.turn_away(now, due, &sent, Happened::Unavailable, Failure::Status(503))
            }
            Some(Fault::FalseExists) if sent.request.op() == Op::Create => {
                let there = self.objects.map().keys().any(|path| path.as_ref() == sent.request.path());
                self.turn_away(now, due, &sent, Happened::FalseExists, Failure::Exists);
                if !there {
                    self.counts.note(Happened::FalseExistsOfNothing, 1);
                }
            }
            Some(Fault::FalseExists) => landings[0] = land(arrives),
            Some(Fault::LoseRequest) => {
                self.happened(now, &sent, Happened::RequestLost);
                return self.lose(now, &sent);
            }
            Some(Fault::LoseReply) => {
                self.happened(now, &sent, Happened::ReplyLost);
                landings[0] = land(arrives);
                due = None;
            }
            Some(Fault::Late(by)) => {
                self.happened(now, &sent, Happened::Late);
                landings[0] = land(now + by);
                due = None;
            }
            Some(Fault::Duplicate(by)) => {
                self.happened(now, &sent, Happened::Duplicated);
                landings[0] = land(arrives);
                landings[1] = land(arrives + by).map(|(at, landing)| (at, landing.again()));
            }
        }
        if due.is_none() {
            self.lose(now, &sent);
        } else if let Some(caller) = self.callers.get_mut(&sent.id) {
            caller.due = due;
        }
        for (at, landing) in landings.into_iter().flatten() {
            self.queue(at, landing);
        }
        // What takes no time is done at once.
        self.drain(now);
    }

    fn rule_for(&mut self, sent: &Sent) -> Option<Fault> {
        let rule = self.rules.values_mut().find(|rule| rule.left > 0 && rule.matches.fits(sent))?;
        rule.left -= 1;
        rule.hits += 1;
        Some(rule.fault)
    }

    fn turn_away(
        &mut self,
        now: Duration,
        due: Option<Duration>,
        sent: &Sent,
        what: Happened,
        failure: Failure,
    ) {
        self.happened(now, sent, what);
        if let Some(caller) = self.callers.get_mut(&sent.id) {
            (caller.due, caller.reply) = (due, Some(Reply::Failed(failure)));
        }
    }

    /// Lets the caller see what callers see when no answer comes.
    pub(super) fn lose(&mut self, now: Duration, sent: &Sent) {
        let mut random = Random::new(self.seed, &sent.client, sent.nth | LOSSES);
        let shows = self.faults_of(&sent.client).lose(&mut random);
        let Some(caller) = self.callers.get_mut(&sent.id) else { return };
        caller.lost = true;
        (caller.due, caller.reply) = match shows {
            Some((after, failure)) => (Some(now + after), Some(Reply::Failed(failure))),
            None => (None, None),
        };
    }
}

/// Streams above this decide what losses look like.
const LOSSES: u64 = 1 << 63;
