//! Collections against consumers with cursors (P-53, P-54, P-95).

use super::*;
use crate::testing::Seen;
use fencepost_fence::{
    CreateReply, CursorCore, CursorDocuments, CursorEvent, CursorReply, CursorRequest, Machine,
};

fn name() -> CursorName {
    CursorName::parse("new").unwrap()
}

fn create(world: &mut World, document: CursorDocument) -> CursorReply {
    let done = world.cursors.insert((name(), document));
    CursorReply::Created(document, if done { CreateReply::Done } else { CreateReply::Exists })
}

/// Performs one request of a cursor.
fn perform(world: &mut World, request: CursorRequest) -> CursorReply {
    let documents = |world: &World| -> CursorDocuments {
        world.cursors.iter().filter(|(of, _)| *of == name()).map(|(_, document)| *document).collect()
    };
    match request {
        CursorRequest::List { .. } => CursorReply::Listed(ReadReply::Found(documents(world))),
        CursorRequest::Create { document, .. } => create(world, document),
        CursorRequest::Decide { nonce, .. } => create(world, CursorDocument::Decision(nonce)),
        CursorRequest::ReadDecision { nonce, .. } => panic!("nobody else decides about {nonce}"),
        CursorRequest::Find { document, .. } => {
            let there = documents(world).remove(&document);
            CursorReply::Found(document, if there { ReadReply::Found(()) } else { ReadReply::Absent })
        }
        CursorRequest::Boundary { .. } => {
            let boundary = world.boundaries.last_key_value().map_or(Position::NONE, |(at, _)| *at);
            CursorReply::Boundary(ReadReply::Found(boundary))
        }
        CursorRequest::Delete { documents, .. } => {
            let gone = |document: &CursorDocument| documents.contains(document);
            world.cursors.retain(|(of, document)| *of != name() || !gone(document));
            CursorReply::Deleted(true)
        }
    }
}

/// A consumer that opens a new cursor, and what it was told.
#[derive(Clone, Debug, Hash)]
struct Consumer {
    cursor: CursorCore,
    told: Option<CursorEvent>,
}

impl Consumer {
    fn new(at: Position) -> Self {
        Self { cursor: CursorCore::open(Tick(0), 100, Nonce(9), at.into()), told: None }
    }

    /// One request further; `false` if there is nothing to do.
    fn step(&mut self, world: &mut World) -> bool {
        let Some(request) = self.cursor.poll_request() else { return false };
        let reply = perform(world, request);
        self.cursor.handle(Tick(0), reply);
        while let Some(event) = self.cursor.poll_event() {
            match event {
                CursorEvent::Held(_) => self.cursor.grant(Tick(0), Epoch::NONE),
                event => self.told = Some(event),
            }
        }
        true
    }

    fn is_kept(&self) -> bool {
        matches!(self.told, Some(CursorEvent::Opened(_)))
    }
}

/// Every interleaving of a new consumer with two passes: one that is not told `Truncated` finds every entry
/// above its cursor.
///
/// Fails if the cursors are not read after the boundary is published, or the boundary is looked at before the
/// cursor is written.
#[test]
fn a_consumer_that_is_not_told_truncated_misses_nothing() {
    let at = Position::new(6);
    let start = World::new(LOG, 3, 11);
    let expected: Vec<_> = start.entries.range(at.next()..).map(|(at, _)| *at).collect();
    let mut seen = Seen::default();
    let mut open = vec![(start, collection(), collection(), Consumer::new(at))];
    let (mut truncated, mut held) = (false, false);
    while let Some(state) = open.pop() {
        if !seen.insert(&state) {
            continue;
        }
        let (world, one, two, consumer) = state;
        if consumer.is_kept() {
            let there = world.entries.range(at.next()..).map(|(at, _)| *at);
            assert_eq!(there.collect::<Vec<_>>(), expected, "{one:#?}");
        }
        truncated |= matches!(consumer.told, Some(CursorEvent::Truncated { .. }));
        held |= consumer.is_kept() && world.boundaries.contains_key(&Position::new(11));
        for mover in 0..3 {
            let (mut world, mut one, mut two, mut consumer) =
                (world.clone(), one.clone(), two.clone(), consumer.clone());
            let moved = match mover {
                0 => consumer.step(&mut world),
                1 => step(&mut world, &mut one).is_some(),
                _ => step(&mut world, &mut two).is_some(),
            };
            while one.poll_event().is_some() || two.poll_event().is_some() {}
            if moved {
                open.push((world, one, two, consumer));
            }
        }
    }
    assert!(truncated && held, "both sides of the race are reached");
}

#[test]
fn a_cursor_that_moves_on_while_the_pass_runs_frees_no_more_than_the_boundary() {
    let mut world = World::new(LOG, 3, 11);
    world.cursor("a", 6);
    let mut pass = collection();
    while world.boundaries.is_empty() {
        step(&mut world, &mut pass);
    }
    world.cursor("a", 9);
    run(&mut world, &mut pass);
    assert_eq!(world.positions(), [4, 7, 8, 9, 10, 11, 12, 13]);
}

/// What the first listing showed holds for this pass, even if the second one shows nothing.
#[test]
fn a_cursor_that_the_second_listing_misses_still_holds() {
    let mut world = World::new(LOG, 3, 11);
    world.cursor("a", 8);
    world.cursor("b", 10);
    let mut pass = collection();
    while world.boundaries.is_empty() {
        step(&mut world, &mut pass);
    }
    world.cursors.clear();
    run(&mut world, &mut pass);
    assert_eq!(world.positions(), [4, 9, 10, 11, 12, 13]);
}

/// P-95: a listing that is neither sorted nor a snapshot may show none of the positions of a cursor that
/// moves meanwhile. It does show the cursor itself.
#[test]
fn a_cursor_without_a_position_holds_where_it_was_made() {
    let mut world = World::new(LOG, 3, 11);
    let cursor = CursorDocument::Cursor(Nonce(9), Position::new(8).into());
    world.cursors.extend([cursor, CursorDocument::Decision(Nonce(9))].map(|document| (name(), document)));
    run(&mut world, &mut collection());
    assert_eq!(world.positions(), [4, 9, 10, 11, 12, 13]);
}
