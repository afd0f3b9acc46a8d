//! Effects: requests that arrive at the objects.

use super::State;
use crate::counts::Happened;
use crate::objects::{found, list};
use crate::random::Random;
use crate::request::{Op, Reply, Request, Sent};
use crate::trace::What;
use object_store::PutMode;
use std::sync::Arc;
use std::time::Duration;

/// A request that is due to take effect.
#[derive(Debug)]
pub(super) struct Landing {
    pub(super) sent: Arc<Sent>,
    /// Of a bulk deletion, the names that stay.
    left_out: Vec<usize>,
    again: bool,
    /// The second half of a create whose look and write are apart.
    unconditional: bool,
}

impl Landing {
    pub(super) const fn new(sent: Arc<Sent>, left_out: Vec<usize>) -> Self {
        Self { sent, left_out, again: false, unconditional: false }
    }

    pub(super) fn again(self) -> Self {
        Self { again: true, ..self }
    }
}

impl State {
    pub(super) fn queue(&mut self, at: Duration, landing: Landing) {
        let order = self.next_order();
        self.landings.insert((at, order), landing);
    }

    /// Lands everything that is due, in order.
    pub(crate) fn drain(&mut self, now: Duration) {
        while let Some(entry) = self.landings.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), landing) = entry.remove_entry();
            self.land(at, landing);
        }
    }

    /// Lands everything that is on its way, whenever it would have come.
    pub(crate) fn drain_all(&mut self, now: Duration) -> usize {
        self.drain(now);
        let rest = std::mem::take(&mut self.landings);
        let count = rest.len();
        for landing in rest.into_values() {
            self.land(now, landing);
        }
        count
    }

    /// Forgets everything that is on its way, and undoes what the lies say.
    pub(crate) fn crash(&mut self, now: Duration) {
        self.drain(now);
        let pending = std::mem::take(&mut self.landings);
        for landing in pending.into_values() {
            self.happened(now, &landing.sent, Happened::RequestLost);
            self.lose(now, &landing.sent);
        }
        if self.lies.forgets > Duration::ZERO {
            let undone = self.objects.roll_back(now, self.lies.forgets);
            self.counts.note(Happened::Forgotten, undone);
        }
    }

    /// How many requests are on their way.
    pub(crate) fn pending(&self) -> usize {
        self.landings.len()
    }

    fn land(&mut self, at: Duration, landing: Landing) {
        let sent = Arc::clone(&landing.sent);
        let killed = self.clients.get(&sent.client).is_some_and(|client| client.killed);
        if sent.request.op().has_effect() {
            if killed {
                self.counts.note(Happened::LandedAfterKill, 1);
            } else if !self.callers.contains_key(&sent.id) && !landing.again {
                self.counts.note(Happened::LandedAfterSenderLeft, 1);
            }
        }
        let Some(reply) = self.carry_out(at, &landing) else { return };
        self.event(at, &sent, What::Landed { outcome: reply.to_string(), again: landing.again });
        if landing.again && sent.request.op() == Op::Create {
            let refused = matches!(reply, Reply::Failed(_));
            self.counts
                .note(if refused { Happened::DuplicateRefused } else { Happened::DuplicateCreated }, 1);
        }
        if let Reply::Deleted(names) = &reply {
            let left = names.iter().filter(|(_, deleted)| !deleted).count();
            self.counts.note(Happened::DeletionFailed, left as u64);
        }
        if let Some(caller) = self.callers.get_mut(&sent.id).filter(|caller| !caller.lost && !landing.again) {
            caller.reply.get_or_insert(reply);
        }
    }

    /// Applies a request to the objects, as honestly as the store is. `None` if it is only half done.
    fn carry_out(&mut self, at: Duration, landing: &Landing) -> Option<Reply> {
        let sent = &landing.sent;
        let mut random = Random::new(self.seed, &sent.client, sent.nth | LIES);
        let lies = self.lies;
        match &sent.request {
            Request::Put { path, payload, mode: PutMode::Create, attributes } => {
                let there = self.objects.map().contains_key(path);
                if landing.unconditional {
                    if there {
                        self.happened(at, sent, Happened::ConditionRaced);
                    }
                    return Some(self.objects.write(
                        at,
                        path,
                        payload.clone(),
                        attributes.clone(),
                        &self.clock,
                    ));
                }
                if there && random.happens(lies.ignored_conditions) {
                    self.happened(at, sent, Happened::ConditionIgnored);
                    return Some(self.objects.write(
                        at,
                        path,
                        payload.clone(),
                        attributes.clone(),
                        &self.clock,
                    ));
                }
                if let (false, Some(gap)) = (there, lies.racy_conditions) {
                    let (sent, left_out) = (Arc::clone(sent), Vec::new());
                    if let Some(caller) = self.callers.get_mut(&sent.id) {
                        caller.due = caller.due.map(|due| due + gap);
                    }
                    self.queue(
                        at + gap,
                        Landing { sent, left_out, again: landing.again, unconditional: true },
                    );
                    return None;
                }
            }
            Request::Get { path, .. } if random.happens(lies.stale_reads.0) => {
                self.happened(at, sent, Happened::StaleRead);
                return Some(found(&self.objects.as_of(at, lies.stale_reads.1), path));
            }
            Request::List { prefix, after } if random.happens(lies.stale_lists.0) => {
                self.happened(at, sent, Happened::StaleList);
                let past = self.objects.as_of(at, lies.stale_lists.1);
                return Some(list(&past, prefix, after.as_ref(), self.page, self.objects.changes()));
            }
            _ => {}
        }
        Some(self.objects.apply(at, &sent.request, self.page, &landing.left_out, &self.clock))
    }
}

/// Streams above this decide about lies.
const LIES: u64 = 3 << 62;
