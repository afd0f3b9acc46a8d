//! Cursors in the model store, and the production machine run against it.

use super::Store;
use fencepost_fence::{
    CreateReply, CursorCore, CursorDocuments, CursorEvent, CursorReply, CursorRequest, Machine, ReadReply,
    Tick,
};
use fencepost_format::{Consumed, CursorDecision, CursorDocument, Nonce, Position};

impl Store {
    /// The position above which a granted cursor of this name holds.
    #[must_use]
    pub fn cursor(&self, name: u8) -> Option<Position> {
        let decision = |nonce| self.decisions.get(&(name, nonce)).copied();
        self.cursors.get(&name)?.granted(decision)
    }

    /// Opens a cursor without anybody in between; `None` if it came too late.
    pub fn open_cursor(&mut self, name: u8, nonce: Nonce, start: Consumed) -> Option<Consumed> {
        let mut core = CursorCore::open(Tick(0), 0, nonce, start);
        loop {
            match core.poll_event() {
                Some(CursorEvent::Held(_)) => core.grant(Tick(0), start.epoch),
                Some(CursorEvent::Opened(consumed)) => return Some(consumed),
                Some(_) => return None,
                None => {
                    let request = core.poll_request().expect("it asks until something happens");
                    let reply = self.perform_cursor(name, &request);
                    core.handle(Tick(0), reply);
                }
            }
        }
    }

    /// Performs what a cursor asks for.
    pub fn perform_cursor(&mut self, name: u8, request: &CursorRequest) -> CursorReply {
        match request {
            CursorRequest::List { .. } => {
                CursorReply::Listed(ReadReply::Found(self.cursors.get(&name).cloned().unwrap_or_default()))
            }
            CursorRequest::Boundary { .. } => CursorReply::Boundary(ReadReply::Found(self.boundary())),
            CursorRequest::Create { document, .. } => {
                CursorReply::Created(*document, self.create_cursor(name, *document))
            }
            CursorRequest::Decide { nonce, decision, .. } => {
                let reply = self.decide_cursor(name, *nonce, *decision);
                CursorReply::Created(CursorDocument::Decision(*nonce), reply)
            }
            CursorRequest::Find { document, .. } => {
                let there = self.cursors.get(&name).is_some_and(|documents| documents.contains(document));
                CursorReply::Found(*document, if there { ReadReply::Found(()) } else { ReadReply::Absent })
            }
            CursorRequest::ReadDecision { nonce, .. } => {
                let there = self.decisions.get(&(name, *nonce)).copied();
                CursorReply::Decision(*nonce, there.map_or(ReadReply::Absent, ReadReply::Found))
            }
            CursorRequest::Delete { documents, .. } => {
                documents.iter().for_each(|document| self.delete_cursor(name, document));
                CursorReply::Deleted(true)
            }
        }
    }

    fn create_cursor(&mut self, name: u8, document: CursorDocument) -> CreateReply {
        let documents = self.cursors.entry(name).or_default();
        if documents.contains(&document) {
            return CreateReply::Exists;
        }
        documents.insert(document);
        CreateReply::Done
    }

    fn decide_cursor(&mut self, name: u8, nonce: Nonce, decision: CursorDecision) -> CreateReply {
        self.decisions.entry((name, nonce)).or_insert(decision);
        self.create_cursor(name, CursorDocument::Decision(nonce))
    }

    /// Marks a cursor as broken.
    pub fn break_cursor(&mut self, name: u8, nonce: Nonce) -> CreateReply {
        self.create_cursor(name, CursorDocument::Broken(nonce))
    }

    /// Whether it is marked.
    #[must_use]
    pub fn is_broken(&self, name: u8, nonce: Nonce) -> bool {
        let documents = self.cursors.get(&name);
        documents.is_some_and(|documents| documents.contains(&CursorDocument::Broken(nonce)))
    }

    fn delete_cursor(&mut self, name: u8, document: &CursorDocument) {
        self.cursors.entry(name).or_default().remove(document);
        if let CursorDocument::Decision(nonce) = document {
            self.decisions.remove(&(name, *nonce));
        }
        if self.cursors.get(&name).is_some_and(CursorDocuments::is_empty) {
            self.cursors.remove(&name);
        }
    }
}
