//! The network and the store of the core ring: what becomes of a request.

use super::collector;
use super::event::{Answer, Asked, Event};
use super::party::Role;
use super::{Fault, Ring};
use fencepost_fence::{CreateReply, ReadReply, Reply, Request};
use fencepost_format::{Manifest, Version};
use fencepost_gc::{CollectReply, CollectRequest, Object};
use std::sync::Arc;

impl Ring {
    /// Puts a request on its way, and decides what becomes of it.
    pub(super) fn send(&mut self, index: usize, asked: Asked) {
        let (calm, rate) = (self.calm, self.plan.fault_rate);
        let plan = &self.plan;
        let party = &mut self.parties[index];
        let net = &mut party.net;
        // Every decision is drawn, whether its fault is in the plan or not: leaving one fault out leaves the
        // others alone.
        let mut meets = |fault| net.happens(rate) && plan.has(fault) && !calm;
        let lost = meets(Fault::Losses);
        let dropped = meets(Fault::Drops);
        let doubled = meets(Fault::Duplicates);
        let again = meets(Fault::Duplicates);
        let conflict = meets(Fault::Conflicts);
        let refused = meets(Fault::Refusals);
        let long = plan.has(Fault::Delays) && !calm;
        let attempt = asked.attempt();
        let pause = if attempt == 0 { 0 } else { 100_000 << attempt.min(6) };
        let (mut there, mut back, late) = (net.delay(long), net.delay(long), net.delay(true));
        if calm {
            (there, back) = (there % CALM_DELAY, back % CALM_DELAY);
        }
        let call = party.calls;
        party.calls += 1;
        party.waiting.insert(call);
        let sent = self.now + pause;
        let arrives = sent + there;
        let gives_up = sent + REQUEST_TIMEOUT;
        self.schedule(gives_up, Event::Answered { party: index, call, answer: asked.unanswered() });
        let refusal = if conflict { CreateReply::Exists } else { CreateReply::NotDone { again: true } };
        let refusal = asked.created(refusal);
        let is_create = refusal.is_some();
        if let Some(answer) = refusal.filter(|_| conflict || refused) {
            return self.schedule(arrives + back, Event::Answered { party: index, call, answer });
        }
        if is_create && doubled {
            // A copy whose reply nobody hears.
            let event =
                Event::Arrive { party: index, call, asked: asked.clone(), reply: None, honest: false };
            self.schedule(sent + late, event);
        }
        if is_create && again {
            // Somebody on the way lost the reply and tries again by himself.
            let event =
                Event::Arrive { party: index, call, asked: asked.clone(), reply: None, honest: false };
            self.schedule(sent + there / 2, event);
        }
        if !dropped {
            let reply = (!lost).then_some(back);
            self.schedule(arrives, Event::Arrive { party: index, call, asked, reply, honest: true });
        }
    }

    /// A request is performed.
    pub(super) fn arrive(&mut self, index: usize, call: u64, asked: Asked, reply: Option<u64>, honest: bool) {
        let answer = match &asked {
            Asked::Core(request) => {
                if self.plan.has(Fault::Pages)
                    && !self.calm
                    && matches!(request, Request::ListManifests { .. })
                {
                    return self.turn_page(index, call, asked, reply);
                }
                let answer = self.perform(request);
                self.note_read(index, &answer);
                Answer::Core(answer)
            }
            Asked::Collect(CollectRequest::List { .. }) if self.plan.has(Fault::Pages) && !self.calm => {
                return self.turn_page(index, call, asked, reply);
            }
            Asked::Collect(CollectRequest::Delete { batch, objects }) => {
                let failed = self.delete_batch(index, objects);
                Answer::Collect(CollectReply::Deleted { batch: *batch, failed })
            }
            Asked::Collect(request) => {
                let answer = collector::answer(&mut self.store, request);
                Answer::Collect(answer.expect("anything but a deletion is answered"))
            }
        };
        if honest {
            self.reply(index, call, answer, reply);
        }
    }

    fn perform(&mut self, request: &Request) -> Reply {
        match request {
            Request::CreateEntry { entry, .. } => {
                let entry = entry.header();
                let reply = self.store.create_entry(entry);
                if reply == CreateReply::Done {
                    self.oracle.landed(&self.store, &entry);
                }
                Reply::EntryCreated(entry.position, reply)
            }
            Request::CreateManifest { manifest, .. } => {
                let reply = self.create_manifest(&Arc::new(manifest.clone()));
                Reply::ManifestCreated(manifest.version, reply)
            }
            read => self.store.read(read).expect("the rest are reads"),
        }
    }

    fn turn_page(&mut self, index: usize, call: u64, asked: Asked, reply: Option<u64>) {
        let first = self.page(&asked, 0);
        let pause = self.parties[index].net.delay(self.plan.has(Fault::Delays));
        self.schedule(self.now + pause, Event::Page { party: index, call, asked, reply, first });
    }

    pub(super) fn page(&self, asked: &Asked, page: u64) -> Answer {
        match asked {
            Asked::Collect(CollectRequest::List { part, .. }) => {
                let inventory = collector::list(&self.store, *part, Some(page));
                Answer::Collect(CollectReply::Listed(*part, ReadReply::Found(inventory)))
            }
            _ => {
                let versions = self.store.manifests().map(|manifest| manifest.version);
                let highest = versions.filter(|version| version.get() % 2 == page).max();
                Answer::Core(Reply::Listed(ReadReply::Found(highest.unwrap_or(Version::NONE))))
            }
        }
    }

    pub(super) fn reply(&mut self, party: usize, call: u64, answer: Answer, reply: Option<u64>) {
        if let Some(back) = reply {
            self.schedule(self.now + back, Event::Answered { party, call, answer });
        }
    }

    fn note_read(&mut self, index: usize, answer: &Reply) {
        if let Role::Reader(Some(reader)) = &mut self.parties[index].role {
            reader.note_read(answer, &self.store, &self.oracle);
        }
    }

    fn create_manifest(&mut self, manifest: &Arc<Manifest>) -> CreateReply {
        let before = self.store.latest().cloned();
        let reply = self.store.create_manifest(Arc::clone(manifest));
        let is_latest = before.as_ref().is_none_or(|before| manifest.version > before.version);
        if reply == CreateReply::Done && is_latest {
            let by = manifest.nonce.expect("every commit here has a nonce").0 as u64;
            if let Role::Writer(Some(writer)) = &self.parties[by as usize - 1].role {
                let (nonce, view) = (writer.nonce(), writer.view());
                self.oracle.committed(&self.store, before.as_deref(), manifest, nonce, view);
            }
            self.judge();
        }
        reply
    }

    fn delete_batch(&mut self, index: usize, objects: &[Object]) -> Vec<(Object, String)> {
        let (partial, rate) = (self.plan.has(Fault::PartialDeletes) && !self.calm, self.plan.fault_rate);
        let long = self.plan.has(Fault::Delays);
        let mut failed = Vec::new();
        for object in objects {
            let net = &mut self.parties[index].net;
            let (fails, later, pause) = (net.happens(rate), net.happens(rate), net.delay(long));
            if partial && fails {
                failed.push((object.clone(), "not now".to_owned()));
            } else if partial && later && matches!(object, Object::Entry(_)) {
                failed.push((object.clone(), "no answer".to_owned()));
                self.schedule(self.now + pause, Event::Delete { at: object.clone() });
            } else {
                self.delete(object);
            }
        }
        failed
    }

    pub(super) fn delete(&mut self, object: &Object) {
        match object {
            Object::Entry(at) => {
                if self.store.delete_entry(*at).is_some() {
                    self.oracle.deleted(&self.store, *at);
                }
            }
            Object::Manifest(version) => drop(self.store.delete_manifest(*version)),
            Object::Boundary(at) => drop(self.store.boundaries.remove(at)),
            Object::Lease(epoch) => drop(self.store.leases.remove(epoch)),
            Object::Opening(epoch) => drop(self.store.openings.remove(epoch)),
            Object::Cursor(_) | Object::Other(_) => unreachable!("a plan never deletes these"),
            _ => unreachable!("no other kind of object is in this store"),
        }
    }
}

/// Microseconds after which a client library stops waiting for a reply.
const REQUEST_TIMEOUT: u64 = 30_000_000;
/// Microseconds that a request or a reply takes at most once faults have stopped.
const CALM_DELAY: u64 = 50_000;
