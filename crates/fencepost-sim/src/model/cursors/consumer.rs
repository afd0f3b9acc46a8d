//! A consumer, or whoever removes a cursor: the production machine, and what it was told.

use super::pages;
use crate::world::Store;
use fencepost_fence::{
    CreateReply, CursorCore, CursorDocuments, CursorEvent, CursorReply, CursorRequest, Machine, ReadReply,
    Tick,
};
use fencepost_format::{Epoch, Leash, Nonce, Position};
use std::collections::BTreeSet;

/// One party.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Consumer {
    pub(super) name: u8,
    core: CursorCore,
    request: Option<CursorRequest>,
    page: Option<Page>,
    /// Where it was told that everything above is kept.
    pub(super) kept: Option<Position>,
    /// Whether somebody removed the cursor by name since it began to open it.
    pub(super) removed: bool,
    /// The cursors that were broken when it began what it is about.
    pub(super) broken_before: BTreeSet<Nonce>,
}

/// The first page of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Page {
    Documents(CursorDocuments),
    Boundary(Position),
}

impl Consumer {
    /// With a leash, all but the first begin anew what was broken.
    pub(super) fn opening(name: u8, number: usize, at: Position, leash: Option<Leash>) -> Self {
        // Far enough apart for those that it draws later.
        let nonce = Nonce(10 * (number as u128 + 1));
        let core = CursorCore::open(NOW, RETRY_TIMEOUT, nonce, at.into());
        let core = match leash {
            Some(leash) if number > 0 => core.with_leash(leash).with_broken_remade(),
            Some(leash) => core.with_leash(leash),
            None => core,
        };
        Self::new(name, core)
    }

    pub(super) fn removing(name: u8) -> Self {
        Self::new(name, CursorCore::removal(NOW, RETRY_TIMEOUT))
    }

    fn new(name: u8, core: CursorCore) -> Self {
        let (request, page, kept, broken_before) = (None, None, None, BTreeSet::new());
        let mut consumer = Self { name, core, request, page, kept, removed: false, broken_before };
        consumer.request = consumer.core.poll_request();
        consumer
    }

    pub(super) const fn request(&self) -> Option<&CursorRequest> {
        self.request.as_ref()
    }

    pub(super) fn position(&self) -> Position {
        self.core.consumed().position
    }

    /// The cursors that it lives on, if it is open.
    pub(super) fn lives_on(&self) -> BTreeSet<Nonce> {
        self.core.lives_on().collect()
    }

    pub(super) fn advance(&mut self) {
        let consumed = self.core.consumed();
        self.core.advance(NOW, consumed.position.next().into());
        self.request = self.core.poll_request();
    }

    /// Performs its request, or the first half of it, and tells what happened.
    pub(super) fn act(&mut self, store: &mut Store) -> Vec<CursorEvent> {
        let request = self.request.take().expect("it asks for something");
        let reply = match (&request, self.page.take()) {
            (CursorRequest::List { .. }, None) => {
                self.page = Some(Page::Documents(pages::cursor_documents(store, self.name, 0)));
                self.request = Some(request);
                return Vec::new();
            }
            (CursorRequest::List { .. }, Some(Page::Documents(mut first))) => {
                first.absorb(pages::cursor_documents(store, self.name, 1));
                CursorReply::Listed(ReadReply::Found(first))
            }
            (CursorRequest::Boundary { .. }, None) => {
                self.page = Some(Page::Boundary(pages::boundary(store, 0)));
                self.request = Some(request);
                return Vec::new();
            }
            (CursorRequest::Boundary { .. }, Some(Page::Boundary(first))) => {
                CursorReply::Boundary(ReadReply::Found(first.max(pages::boundary(store, 1))))
            }
            (request, _) => store.perform_cursor(self.name, request),
        };
        self.core.handle(NOW, reply);
        let mut events = Vec::new();
        while let Some(event) = self.core.poll_event() {
            if matches!(event, CursorEvent::Held(_)) {
                self.core.grant(NOW, Epoch::FIRST);
            }
            events.push(event);
        }
        self.request = self.core.poll_request();
        events
    }
}

/// Whether a request changes anything, so that it matters if it lands late.
pub(super) const fn is_write(request: &CursorRequest) -> bool {
    matches!(
        request,
        CursorRequest::Create { .. } | CursorRequest::Decide { .. } | CursorRequest::Delete { .. }
    )
}

/// Whether the reply to a publication is that it is new.
pub(super) const fn is_done(reply: CreateReply) -> bool {
    matches!(reply, CreateReply::Done)
}

const NOW: Tick = Tick(0);
const RETRY_TIMEOUT: u64 = u64::MAX / 2;
