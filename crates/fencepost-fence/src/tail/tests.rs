//! The tail of logs of many shapes, in a small store that answers a round of requests at the same moment.

use super::*;
use crate::testing::manifest;
use fencepost_format::{EntryKind, Epoch, Generation, Nonce, Version};

const RETRY_TIMEOUT: u64 = 100;

/// What stands where, and how far it was covered.
#[derive(Clone, Default)]
struct World {
    entries: BTreeMap<u64, Option<EntryHeader>>,
    replay_after: u64,
    hint: Option<u64>,
    now: u64,
    rounds: u64,
    requests: u64,
}

fn header(at: u64, kind: EntryKind, epoch: u64) -> EntryHeader {
    let (position, epoch) = (Position::new(at), Epoch::new(epoch));
    EntryHeader { position, epoch, kind, nonce: Some(Nonce(epoch.get().into())), generation: None }
}

impl World {
    /// Data from above `replay_after` to `last`.
    fn of(replay_after: u64, last: u64) -> Self {
        let mut world = Self { replay_after, ..Self::default() };
        world.fill(replay_after + 1, last, EntryKind::Data);
        world
    }

    fn fill(&mut self, first: u64, last: u64, kind: EntryKind) {
        self.entries.extend((first..=last).map(|at| (at, Some(header(at, kind, 1)))));
    }

    fn with_hint(mut self, hint: u64) -> Self {
        self.hint = Some(hint);
        self
    }

    fn manifest(&self) -> Manifest {
        manifest(3, &format!("e1r{}", self.replay_after))
    }

    fn answer(&self, request: &TailRequest) -> TailReply {
        match request {
            TailRequest::Hint { .. } => TailReply::Hinted(
                self.hint.map_or(ReadReply::Unknown, |at| ReadReply::Found(Position::new(at))),
            ),
            TailRequest::Probe { at, .. } => {
                let there = self.entries.contains_key(&at.get());
                TailReply::Probed(*at, if there { ReadReply::Found(()) } else { ReadReply::Absent })
            }
            TailRequest::Shard(Request::ListManifests { .. }) => {
                TailReply::Shard(Reply::Listed(ReadReply::Found(Version::new(3))))
            }
            TailRequest::Shard(Request::ReadManifest { version, .. }) => {
                let read =
                    if version.get() == 3 { ReadReply::Found(self.manifest()) } else { ReadReply::Absent };
                TailReply::Shard(Reply::Manifest(*version, read))
            }
            TailRequest::Shard(Request::PeekEntry { at, .. }) => {
                TailReply::Shard(Reply::Peeked(*at, self.read(*at).map(Some)))
            }
            TailRequest::Shard(Request::ReadEntry { at, .. }) => {
                TailReply::Shard(Reply::Entry(*at, self.read(*at)))
            }
            TailRequest::Shard(other) => panic!("{other:?}"),
        }
    }

    fn takes_two(&self, request: &TailRequest) -> bool {
        let TailRequest::Shard(Request::PeekEntry { at, .. }) = request else { return false };
        self.entries.contains_key(&at.get())
    }

    fn read(&self, at: Position) -> ReadReply<EntryHeader> {
        match self.entries.get(&at.get()) {
            Some(Some(header)) => ReadReply::Found(*header),
            Some(None) => ReadReply::Damaged,
            None => ReadReply::Absent,
        }
    }

    /// Searches. After each round of requests, `meanwhile` happens; `fate` may answer in the store's place.
    fn search(
        &mut self,
        mut fate: impl FnMut(&TailRequest) -> Option<TailReply>,
        mut meanwhile: impl FnMut(&mut Self),
    ) -> Result<TailFound, GaveUp> {
        let params = Params { retry_timeout: RETRY_TIMEOUT, ..Params::default() };
        let mut search = FindTail::new(params, Tick(self.now));
        loop {
            let round: Vec<_> = std::iter::from_fn(|| search.poll_request()).collect();
            assert!(!round.is_empty(), "it waits for nothing: {search:?}");
            // A peek at what is there takes a second request, after the first.
            let peeks = round.iter().filter(|request| self.takes_two(request)).count();
            self.rounds += 1 + u64::from(peeks > 0);
            self.requests += u64::try_from(round.len() + peeks).unwrap();
            self.now += 10;
            let answers: Vec<_> =
                round.iter().map(|request| fate(request).unwrap_or_else(|| self.answer(request))).collect();
            meanwhile(self);
            for answer in answers {
                search.handle(Tick(self.now), answer);
                if let Some(outcome) = search.poll_event() {
                    return outcome;
                }
            }
        }
    }

    fn tail(&mut self) -> Result<u64, GaveUp> {
        match self.search(|_| None, |_| ())? {
            TailFound::Tail { next, manifest } => {
                assert!(manifest.replay_after < next);
                Ok(next.get())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A hundred thousand entries that no checkpoint covers.
#[test]
fn a_hundred_thousand_entries_take_a_hundred_requests_and_twelve_round_trips() {
    for last in [100_001, 99_968, 100_095, 99_999] {
        // As the first page of a listing shows it: the multiples of 128.
        let mut world = World::of(0, last).with_hint(last / 128 * 128);
        assert_eq!(world.tail(), Ok(last + 1));
        assert!(world.requests <= 100 && world.rounds <= 12, "{} in {}", world.requests, world.rounds);
    }
}

/// P-126.
#[test]
fn the_tail_of_every_short_log_is_found_with_and_without_a_hint() {
    for replay_after in [0, 1, 1_000] {
        for entries in (0..140).chain([1_000, 5_000]) {
            let last = replay_after + entries;
            assert_eq!(World::of(replay_after, last).tail(), Ok(last + 1), "{replay_after} to {last}");
            for hint in [0, 1, replay_after, last / 2, last, last + 1, last + 5_000] {
                let mut hinted = World::of(replay_after, last).with_hint(hint);
                assert_eq!(hinted.tail(), Ok(last + 1), "{replay_after} to {last}, hint {hint}");
            }
        }
    }
}

/// P-41: a writer that died with several appends in flight leaves holes in its last window. The first one is
/// the tail, wherever the probes fell.
#[test]
fn the_first_hole_of_the_last_window_is_the_tail() {
    for first_hole in (438..500).step_by(3).chain([200, 300]) {
        let last = first_hole + 63;
        for pattern in 0..6_u64 {
            let mut world = World::of(0, first_hole - 1);
            let holes = |at: u64| at.is_multiple_of(pattern + 1) && at != last;
            world.fill(first_hole + 1, last, EntryKind::Data);
            world.entries.retain(|at, _| *at < first_hole || *at == last || !holes(*at));
            for hint in [0, first_hole - 1, first_hole + 7, last] {
                let mut world = world.clone().with_hint(hint);
                assert_eq!(world.tail(), Ok(first_hole), "hole {first_hole}, pattern {pattern}, hint {hint}");
            }
        }
    }
}

/// P-92: what stands a window above proves that something stood there.
#[test]
fn an_entry_that_was_lost_near_the_tail_is_no_tail() {
    for lost in 440..=500 {
        for (kind, last) in [(EntryKind::Data, lost + 64), (EntryKind::Close, lost + 5)] {
            let mut world = World::of(0, last - 1);
            world.fill(last, last, kind);
            world.entries.remove(&lost);
            for hint in [0, lost - 1, lost, last] {
                let mut world = world.clone().with_hint(hint);
                let found = world.tail();
                // Where the last entry proves all below it, its proof may be taken at its word, or the loss is noticed.
                let noticed = matches!(found, Err(GaveUp::LostEntry { at, .. }) if at.get() == lost);
                assert!(noticed || found == Ok(last + 1), "{lost} {kind:?} {hint}: {found:?}");
            }
        }
    }
}

/// A damaged entry stands where it stands. It proves nothing, so the search says that it cannot tell.
#[test]
fn damage_is_never_taken_for_absence() {
    for damaged in [100, 450, 470, 499, 500] {
        let mut world = World::of(0, 500);
        world.entries.insert(damaged, None);
        for hint in [0, damaged, 500] {
            match world.clone().with_hint(hint).search(|_| None, |_| ()) {
                Ok(TailFound::Tail { next, .. }) => assert_eq!(next.get(), 501, "{damaged} {hint}"),
                Ok(TailFound::Unproven) => assert!(damaged > 400, "{damaged} {hint}"),
                other => panic!("{damaged} {hint}: {other:?}"),
            }
        }
    }
}

/// What Lance wrote proves nothing, and neither does a tombstone.
#[test]
fn nothing_is_concluded_from_what_lance_wrote() {
    let mut world = World::of(0, 500);
    for entry in world.entries.values_mut().flatten() {
        (entry.nonce, entry.generation) = (None, Some(Generation(1)));
    }
    assert_eq!(world.search(|_| None, |_| ()), Ok(TailFound::Unproven));
    let mut world = World::of(0, 500);
    world.fill(400, 500, EntryKind::Tombstone);
    assert_eq!(world.search(|_| None, |_| ()), Ok(TailFound::Unproven));
}

/// P-127: a read that failed is unknown, and never absent: each is asked again, and if that does not help, the search
/// ends without an answer.
#[test]
fn a_failed_read_is_asked_again_and_never_taken_for_absence() {
    for nth in 0..120 {
        let mut asked = 0;
        let mut world = World::of(0, 500).with_hint(480);
        let found = world.search(
            |request| {
                asked += 1;
                (asked == nth + 1).then(|| unanswered(request))
            },
            |_| (),
        );
        assert!(matches!(found, Ok(TailFound::Tail { next, .. }) if next.get() == 501), "{nth}: {found:?}");
    }
    for silent in [1, 480, 500, 501] {
        let is_about = |request: &TailRequest| matches!(request, TailRequest::Probe { at, .. } | TailRequest::Shard(Request::PeekEntry { at, .. }) if at.get() == silent);
        let mut world = World::of(0, 500).with_hint(480);
        let found = world.search(|request| is_about(request).then(|| unanswered(request)), |_| ());
        let not_needed = silent == 1;
        assert_eq!(found.is_ok(), not_needed, "{silent}: {found:?}");
        assert!(not_needed || found == Err(GaveUp::Unread), "{silent}: {found:?}");
    }
}

fn unanswered(request: &TailRequest) -> TailReply {
    match request {
        TailRequest::Shard(request) => TailReply::Shard(request.unanswered()),
        TailRequest::Probe { at, .. } => TailReply::Probed(*at, ReadReply::Unknown),
        TailRequest::Hint { .. } => TailReply::Hinted(ReadReply::Unknown),
    }
}

/// P-128: what was covered and collected under the search is no tail.
#[test]
fn a_log_that_is_covered_and_collected_meanwhile_has_its_tail_above_that() {
    for round in 1..14 {
        let (mut world, mut passed) = (World::of(0, 500).with_hint(480), 0);
        let found = world.search(
            |_| None,
            |world| {
                passed += 1;
                if passed == round {
                    world.fill(501, 700, EntryKind::Data);
                    world.replay_after = 650;
                    world.entries.retain(|at, _| *at > 640);
                }
            },
        );
        match found {
            Ok(TailFound::Tail { next, manifest }) => assert!(
                (next.get(), manifest.replay_after.get()) == (701, 650)
                    || (next.get(), manifest.replay_after.get()) == (501, 0),
                "{round}: {next} {manifest:?}"
            ),
            other => panic!("{round}: {other:?}"),
        }
    }
}

/// A writer that appends all the time: the search ends, and its answer was true at some moment.
#[test]
fn a_log_that_grows_all_the_time_has_a_tail() {
    for rate in [1, 10, 60, 100, 300] {
        let (mut world, mut last) = (World::of(0, 500).with_hint(480), 500);
        let found = world.search(
            |_| None,
            |world| {
                world.fill(last + 1, last + rate, EntryKind::Data);
                last += rate;
            },
        );
        match found {
            Ok(TailFound::Tail { next, .. }) => assert!(next.get() > 500 && next.get() <= last + 1, "{rate}"),
            other => panic!("{rate}: {other:?}"),
        }
        assert!(world.rounds <= 60, "{rate}: {}", world.rounds);
    }
}

#[test]
fn where_there_is_no_log_there_is_no_tail() {
    let nothing = |request: &TailRequest| match request {
        TailRequest::Shard(Request::ListManifests { .. }) => {
            Some(TailReply::Shard(Reply::Listed(ReadReply::Found(Version::NONE))))
        }
        TailRequest::Shard(Request::ReadManifest { version, .. }) => {
            Some(TailReply::Shard(Reply::Manifest(*version, ReadReply::Absent)))
        }
        _ => None,
    };
    assert_eq!(World::default().search(nothing, |_| ()), Ok(TailFound::NoLog));
}
