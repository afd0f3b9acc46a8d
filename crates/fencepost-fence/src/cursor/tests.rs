//! Scripts of one cursor against a small store.

mod leash;

use super::*;
use fencepost_format::Epoch;
use std::fmt::Write as _;

/// The documents of one name, a boundary, and what the store does wrong.
#[derive(Default)]
struct World {
    documents: CursorDocuments,
    decisions: BTreeMap<Nonce, CursorDecision>,
    boundary: u64,
}

impl World {
    fn perform(&mut self, request: &CursorRequest) -> CursorReply {
        match request {
            CursorRequest::List { .. } => CursorReply::Listed(ReadReply::Found(self.documents.clone())),
            CursorRequest::Create { document, .. } => self.create(*document),
            CursorRequest::Decide { nonce, decision, .. } => {
                self.decisions.entry(*nonce).or_insert(*decision);
                self.create(CursorDocument::Decision(*nonce))
            }
            CursorRequest::ReadDecision { nonce, .. } => {
                let decision = self.decisions.get(nonce).copied();
                CursorReply::Decision(*nonce, decision.map_or(ReadReply::Absent, ReadReply::Found))
            }
            CursorRequest::Find { document, .. } => {
                let there = self.documents.contains(document);
                CursorReply::Found(*document, if there { ReadReply::Found(()) } else { ReadReply::Absent })
            }
            CursorRequest::Boundary { .. } => {
                CursorReply::Boundary(ReadReply::Found(Position::new(self.boundary)))
            }
            CursorRequest::Delete { documents, .. } => {
                for document in documents {
                    self.documents.remove(document);
                    if let CursorDocument::Decision(nonce) = document {
                        self.decisions.remove(nonce);
                    }
                }
                CursorReply::Deleted(true)
            }
        }
    }

    fn create(&mut self, document: CursorDocument) -> CursorReply {
        let exists = self.documents.contains(&document);
        self.documents.insert(document);
        CursorReply::Created(document, if exists { CreateReply::Exists } else { CreateReply::Done })
    }

    /// With a cursor that was opened, and dropped.
    fn opened(nonce: u128, position: u64) -> Self {
        let mut world = Self::default();
        world.run(&mut open(nonce, position));
        world
    }

    /// Runs until nothing is asked for, granting what is held. Returns the requests as text, and what was told.
    fn run(&mut self, cursor: &mut CursorCore) -> (String, Vec<CursorEvent>) {
        self.run_with(cursor, |world, request| world.perform(request))
    }

    fn run_with(
        &mut self,
        cursor: &mut CursorCore,
        mut perform: impl FnMut(&mut Self, &CursorRequest) -> CursorReply,
    ) -> (String, Vec<CursorEvent>) {
        let (mut asked, mut told) = (String::new(), Vec::new());
        let mut now = Tick(0);
        while let Some(request) = cursor.poll_request() {
            write!(asked, "{} ", text(&request)).unwrap();
            let reply = perform(self, &request);
            now = now.plus(10);
            cursor.handle(now, reply);
            while let Some(event) = cursor.poll_event() {
                match event {
                    CursorEvent::Held(_) => cursor.grant(now, Epoch::new(2)),
                    event => told.push(event),
                }
            }
        }
        (asked.trim_end().to_owned(), told)
    }

    fn layout(&self) -> String {
        let all: Vec<_> = self.documents.iter().map(document_text).collect();
        all.join(" ")
    }
}

fn document_text(document: &CursorDocument) -> String {
    let placed = |kind: char, nonce: &Nonce, consumed: &Consumed| {
        format!("{kind}{:x}@{}e{}", nonce.0, consumed.position, consumed.epoch)
    };
    match document {
        CursorDocument::Cursor(nonce, made) => placed('c', nonce, made),
        CursorDocument::Decision(nonce) => format!("d{:x}", nonce.0),
        CursorDocument::Position(nonce, consumed) => placed('p', nonce, consumed),
        CursorDocument::Leash(nonce, _) => format!("l{:x}", nonce.0),
        CursorDocument::Broken(nonce) => format!("b{:x}", nonce.0),
    }
}

fn text(request: &CursorRequest) -> String {
    match request {
        CursorRequest::List { attempt } => format!("LIST#{attempt}"),
        CursorRequest::Create { document, attempt } => format!("PUT:{}#{attempt}", document_text(document)),
        CursorRequest::Decide { nonce, decision, attempt } => match decision {
            CursorDecision::Granted(epoch) => format!("GRANT:{:x}e{epoch}#{attempt}", nonce.0),
            CursorDecision::Leashed(epoch) => format!("LEASH:{:x}e{epoch}#{attempt}", nonce.0),
            CursorDecision::GivenUp => format!("GIVE-UP:{:x}#{attempt}", nonce.0),
        },
        CursorRequest::ReadDecision { nonce, attempt } => format!("GET:{:x}#{attempt}", nonce.0),
        CursorRequest::Find { document, attempt } => format!("HEAD:{}#{attempt}", document_text(document)),
        CursorRequest::Boundary { attempt } => format!("LOOK#{attempt}"),
        CursorRequest::Delete { documents, attempt } => {
            let all: Vec<_> = documents.iter().map(document_text).collect();
            format!("DELETE:{}#{attempt}", all.join("+"))
        }
    }
}

fn open(nonce: u128, at: u64) -> CursorCore {
    CursorCore::open(Tick(0), 1_000, Nonce(nonce), Position::new(at).into())
}

fn at(position: u64, epoch: u64) -> Consumed {
    Consumed { position: Position::new(position), epoch: Epoch::new(epoch) }
}

/// P-54: written, then looked; only then is it granted.
#[test]
fn a_new_cursor_is_written_then_looks_then_is_granted() {
    let mut world = World { boundary: 5, ..World::default() };
    let mut cursor = open(7, 5);
    let (asked, told) = world.run(&mut cursor);
    assert_eq!(asked, "LIST#0 PUT:c7@5e0#0 LOOK#0 GRANT:7e2#0");
    assert_eq!(told, [CursorEvent::Opened(at(5, 2))]);
    assert_eq!((cursor.poll_request(), cursor.consumed()), (None, at(5, 2)));
}

/// P-54: the boundary says what may be gone, up to and including itself. Nothing is left of a cursor that
/// came too late.
#[test]
fn a_new_cursor_whose_next_position_may_be_gone_is_too_late() {
    for (start, boundary, holds) in [(4, 3, true), (4, 4, true), (4, 5, false), (0, 0, true), (0, 1, false)] {
        let mut world = World { boundary, ..World::default() };
        let (_, told) = world.run(&mut open(7, start));
        if holds {
            assert_eq!(told, [CursorEvent::Opened(at(start, 2))], "{start} {boundary}");
        } else {
            let (at, first) = (Position::new(start + 1), Position::new(boundary + 1));
            assert_eq!(told, [CursorEvent::Truncated { at, first }], "{start} {boundary}");
            assert!(world.documents.is_empty());
        }
    }
}

/// P-97: what it holds decides, not the boundary.
#[test]
fn a_cursor_that_was_granted_is_opened_without_a_look() {
    let mut world = World { boundary: 9, ..World::opened(7, 5) };
    let (asked, told) = world.run(&mut open(8, 1));
    assert_eq!(asked, "LIST#0 LIST#1 GET:7#0", "it may have moved while it was listed");
    assert_eq!(told, [CursorEvent::Opened(at(5, 2))]);
}

/// P-97: whoever wants a cursor that is there makes none, and one that was given up is none.
#[test]
fn a_cursor_that_must_be_there_is_opened_or_missed_and_never_made() {
    let existing = || CursorCore::existing(Tick(0), 1_000);
    let mut world = World { boundary: 9, ..World::opened(7, 5) };
    let (asked, told) = world.run(&mut existing());
    assert_eq!((asked.as_str(), told), ("LIST#0 LIST#1 GET:7#0", vec![CursorEvent::Opened(at(5, 2))]));

    let mut world = World::default();
    let (asked, told) = world.run(&mut existing());
    assert_eq!((asked.as_str(), told), ("LIST#0", vec![CursorEvent::Missing]));
    assert!(world.documents.is_empty());

    let half_made = CursorDocument::Cursor(Nonce(7), at(5, 0));
    world.documents.insert(half_made);
    let (asked, told) = world.run(&mut existing());
    assert_eq!((asked.as_str(), told), ("LIST#0 LIST#1 GIVE-UP:7#0", vec![CursorEvent::Missing]));
    let (asked, told) = world.run(&mut open(8, 5));
    assert!(asked.contains("DELETE:c7@5e0") && told == [CursorEvent::Opened(at(5, 2))], "{asked} {told:?}");
}

/// P-95: the cursor stays where it is, the positions move.
#[test]
fn a_move_writes_the_new_place_and_then_deletes_the_old_one() {
    let mut world = World::default();
    let mut cursor = open(7, 5);
    world.run(&mut cursor);
    cursor.advance(Tick(0), at(8, 3));
    let (asked, told) = world.run(&mut cursor);
    assert_eq!(asked, "PUT:p7@8e3#0");
    assert_eq!(told, [CursorEvent::Advanced(at(8, 3))]);
    cursor.advance(Tick(0), at(9, 3));
    assert_eq!(world.run(&mut cursor).0, "PUT:p7@9e3#0 DELETE:p7@8e3#0");
    assert_eq!(world.layout(), "c7@5e0 d7 p7@9e3");
    for lower in [9, 2] {
        cursor.advance(Tick(0), at(lower, 9));
        assert_eq!(cursor.poll_event(), Some(CursorEvent::Advanced(at(9, 3))));
        assert_eq!(cursor.poll_request(), None);
    }
}

/// It may belong to somebody who moves it right now: then another listing shows where it is.
#[test]
fn a_cursor_without_a_position_is_listed_again() {
    let mut world = World::opened(7, 5);
    let mut lists = 0;
    let (asked, told) = world.run_with(&mut open(8, 6), |world, request| {
        lists += 1;
        if lists == 2 {
            world.create(CursorDocument::Position(Nonce(7), at(6, 3)));
        }
        world.perform(request)
    });
    assert_eq!((asked.as_str(), &told[..]), ("LIST#0 LIST#1 GET:7#0", &[CursorEvent::Opened(at(6, 3))][..]));
}

/// P-97: its process died before it was granted. The decision stays, in case that it did not.
#[test]
fn a_cursor_left_half_made_is_given_up_and_made_anew() {
    let mut world = World::default();
    world.create(CursorDocument::Cursor(Nonce(7), at(3, 0)));
    let (asked, told) = world.run(&mut open(8, 6));
    assert_eq!(asked, "LIST#0 LIST#1 GIVE-UP:7#0 DELETE:c7@3e0#0 PUT:c8@6e0#0 LOOK#0 GRANT:8e2#0");
    assert_eq!((told, world.layout()), (vec![CursorEvent::Opened(at(6, 2))], "c8@6e0 d7 d8".to_owned()));
}

/// P-46, P-97: what was given up is still there where its deletion was cut off. To a reader it proves nothing.
#[test]
fn a_cursor_that_was_given_up_grants_nothing() {
    let mut world = World::default();
    let granted = |world: &World| world.documents.granted(|nonce| world.decisions.get(&nonce).copied());
    for document in [CursorDocument::Cursor(Nonce(7), at(3, 0)), CursorDocument::Decision(Nonce(7))] {
        world.documents.insert(document);
    }
    world.decisions.insert(Nonce(7), CursorDecision::GivenUp);
    assert_eq!((granted(&world), world.documents.held()), (None, Some(Position::new(3))));
    for document in [
        CursorDocument::Cursor(Nonce(9), at(6, 0)),
        CursorDocument::Decision(Nonce(9)),
        CursorDocument::Position(Nonce(9), at(8, 2)),
    ] {
        world.documents.insert(document);
    }
    assert_eq!(granted(&world), None);
    world.decisions.insert(Nonce(9), CursorDecision::Granted(Epoch::new(2)));
    assert_eq!(granted(&world), Some(Position::new(8)));
}

/// P-97: it was not dead, only slow. Whoever decides first has it.
#[test]
fn of_two_that_decide_the_first_one_wins() {
    // Ours was given up between look and grant, and another one was made.
    let mut world = World::default();
    let (asked, told) = world.run_with(&mut open(7, 5), |world, request| {
        if matches!(request, CursorRequest::Boundary { .. }) {
            world.run(&mut open(0x9a, 4));
        }
        world.perform(request)
    });
    assert_eq!(
        asked,
        "LIST#0 PUT:c7@5e0#0 LOOK#0 GRANT:7e2#0 GET:7#0 DELETE:c7@5e0#0 LIST#1 LIST#2 GET:9a#0"
    );
    assert_eq!((told, world.layout()), (vec![CursorEvent::Opened(at(4, 2))], "c9a@4e0 d7 d9a".to_owned()));

    // The other one is granted a moment before we give it up.
    let mut world = World::default();
    world.create(CursorDocument::Cursor(Nonce(9), at(4, 0)));
    let (asked, told) = world.run_with(&mut open(7, 5), |world, request| {
        if matches!(request, CursorRequest::Decide { .. }) {
            world.decisions.insert(Nonce(9), CursorDecision::Granted(Epoch::new(1)));
            world.documents.insert(CursorDocument::Decision(Nonce(9)));
        }
        world.perform(request)
    });
    assert_eq!(asked, "LIST#0 LIST#1 GIVE-UP:9#0 GET:9#0");
    assert_eq!(told, [CursorEvent::Opened(at(4, 1))]);
}

/// Two made it at the same moment, and neither saw the other. Both hold; who comes later moves both.
#[test]
fn two_cursors_of_one_name_are_moved_together() {
    let mut world = World::opened(7, 5);
    let other = World::opened(9, 6);
    world.documents.absorb(other.documents);
    world.decisions.extend(other.decisions);
    let mut cursor = open(8, 0);
    let (_, told) = world.run(&mut cursor);
    assert_eq!((told, world.documents.held()), (vec![CursorEvent::Opened(at(6, 2))], Some(Position::new(5))));
    cursor.advance(Tick(0), at(8, 2));
    assert_eq!(world.run(&mut cursor).0, "PUT:p7@8e2#0 PUT:p9@8e2#0");
    assert_eq!(world.documents.held(), Some(Position::new(8)));
}

/// A decision that is listed and cannot be read: somebody removes at this very moment, or the store lies. It
/// is not asked for ever.
#[test]
fn a_decision_that_is_never_found_ends_the_opening() {
    let mut world = World::opened(7, 5);
    world.decisions.clear();
    let (_, told) = world.run(&mut open(8, 0));
    assert_eq!(told, [CursorEvent::GaveUp(GaveUp::Unread)]);
}

/// The cursor first: what is left of a removal that breaks off holds nothing.
#[test]
fn anything_of_a_name_can_be_removed() {
    let mut world = World::opened(7, 5);
    let (asked, told) = world.run(&mut CursorCore::removal(Tick(0), 1_000));
    assert_eq!(asked, "LIST#0 DELETE:c7@5e0#0 DELETE:d7#0");
    assert_eq!(told, [CursorEvent::Removed { found: true }]);
    let (_, told) = world.run(&mut CursorCore::removal(Tick(0), 1_000));
    assert_eq!(told, [CursorEvent::Removed { found: false }]);
    let mut cursor = open(8, 5);
    world.run(&mut cursor);
    cursor.remove(Tick(0));
    world.run(&mut cursor);
    assert!(world.documents.is_empty());
}

/// What may have landed is never reported as not done, and what broke off may be followed by anything.
#[test]
fn unclear_answers_are_asked_for_again_and_then_given_up() {
    let mut world = World::default();
    let mut cursor = open(7, 5);
    world.run(&mut cursor);
    cursor.advance(Tick(0), at(6, 2));
    let (asked, told) = world.run_with(&mut cursor, |_, request| match request {
        CursorRequest::Create { document, attempt: 0 } => {
            CursorReply::Created(*document, CreateReply::Unknown)
        }
        CursorRequest::Create { document, .. } => {
            CursorReply::Created(*document, CreateReply::NotDone { again: false })
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(asked, "PUT:p7@6e2#0 PUT:p7@6e2#1");
    assert_eq!(told, [CursorEvent::GaveUp(GaveUp::Unknown)]);
    assert_eq!(cursor.consumed(), at(5, 2));
    // It landed after all. The next move sweeps it.
    world.create(CursorDocument::Position(Nonce(7), at(6, 2)));
    cursor.advance(Tick(0), at(9, 2));
    let (asked, _) = world.run(&mut cursor);
    assert_eq!(asked, "PUT:p7@9e2#0 DELETE:p7@6e2#0");

    cursor.advance(Tick(0), at(10, 2));
    let lies = |_: &mut World, request: &CursorRequest| match request {
        CursorRequest::Create { document, .. } => CursorReply::Created(*document, CreateReply::Exists),
        CursorRequest::Find { document, .. } => CursorReply::Found(*document, ReadReply::Absent),
        other => panic!("{other:?}"),
    };
    let (_, told) = world.run_with(&mut cursor, lies);
    assert_eq!(told, [CursorEvent::GaveUp(GaveUp::Unknown)], "the retry timeout is over");

    let (_, told) = world.run_with(&mut open(8, 0), |_, _| CursorReply::Listed(ReadReply::Unknown));
    assert_eq!(told, [CursorEvent::GaveUp(GaveUp::Unread)]);
}

/// P-95, P-98: what a collector makes of the documents of one name.
#[test]
fn the_documents_of_a_name_tell_what_is_held() {
    let documents = |text: &str| -> CursorDocuments {
        let document = |word: &str| {
            let (kind, rest) = word.split_at(1);
            let (nonce, position) = rest.split_once('@').unwrap_or((rest, "0"));
            let (nonce, consumed) = (Nonce(nonce.parse().unwrap()), at(position.parse().unwrap(), 0));
            match kind {
                "c" => CursorDocument::Cursor(nonce, consumed),
                "d" => CursorDocument::Decision(nonce),
                _ => CursorDocument::Position(nonce, consumed),
            }
        };
        text.split_whitespace().map(document).collect()
    };
    for (text, held, in_the_making) in [
        ("", None, false),
        ("d1 p1@7", None, false),
        ("c1@5", Some(5), true),
        ("c1@5 d1", Some(5), false),
        ("c1@5 d1 p1@8 p1@7", Some(8), false),
        ("c1@5 p1@8", Some(8), true),
        ("c1@5 d1 p2@8", Some(5), false),
        ("c1@5 d1 p1@8 c2@6 d2", Some(6), false),
        ("c1@5 d1 p1@8 c2@3", Some(3), true),
    ] {
        let documents = documents(text);
        assert_eq!(documents.held().map(Position::get), held, "{text}");
        assert_eq!(documents.is_in_the_making(), in_the_making, "{text}");
    }
}
