//! What is told of gaps above `replay_after`, what it costs, and that a healthy log is never called damaged
//! whatever happens between the looks.

use super::*;
use crate::testing::{ManifestBody, World, header, run, step};
use crate::{CollectEvent, Collection, Mode};
use fencepost_fence::{ReadReply, Reply};
use fencepost_format::Version;

const PARAMS: CollectParams =
    CollectParams { retry_timeout: 100, reads_in_flight: 8, batch: 3, deletes_in_flight: 1 };

fn policy() -> Policy {
    Policy::new().with_window_for_models(Window::for_models(4))
}

/// The look after a collection of `world`.
fn search(world: &mut World) -> Option<LossSearch> {
    let mut pass = Collection::new(PARAMS, Tick(0), policy(), Mode::Delete);
    let (_, events) = run(world, &mut pass);
    assert!(matches!(events.last(), Some(CollectEvent::Done(_))));
    LossSearch::new(PARAMS, Tick(0), pass.inventory(), pass.facts().unwrap(), &policy())
}

/// Runs a look, and `between` before its request of that number; tells what was lost, as text, and how many
/// requests it took.
fn look(
    mut search: LossSearch,
    world: &mut World,
    mut between: impl FnMut(usize, &mut World),
) -> (String, usize) {
    for number in 0.. {
        between(number, world);
        let request = search.poll_request().expect("it asks until it knows");
        let reply = world.perform(request);
        if let Some(found) = search.handle(Tick(0), reply) {
            assert!(search.poll_request().is_none(), "it has ended");
            let lost = found.unwrap().into_iter();
            let lost = lost.map(|gap| format!("{}-{}:by{}", gap.first, gap.last, gap.proof.unwrap()));
            return (lost.collect::<Vec<_>>().join(" "), number + 1);
        }
    }
    unreachable!()
}

fn check(log: &str, replay_after: u64, expect: &str) -> usize {
    let mut world = World::new(log, 9, replay_after);
    match search(&mut world) {
        None => {
            assert_eq!("", expect, "{log}");
            0
        }
        Some(search) => {
            let (lost, requests) = look(search, &mut world, |_, _| ());
            assert_eq!(lost, expect, "{log}");
            requests
        }
    }
}

/// P-100. One LIST and two LISTs and two GETs of the manifest search, and a GET for each entry within a
/// window above a gap.
#[test]
fn a_gap_that_something_proves_is_lost() {
    assert_eq!(check("1:h1 2:d1 4:d1 5:d1 6:d1 7:c1", 1, "3-3:by7"), 5 + 4);
    assert_eq!(check("1:h1 2:d1 4:d1 5:d1 6:d1 7:d1 8:d1 9:d1 10:d1", 2, "3-3:by7"), 5 + 4);
    assert_eq!(check("1:h1 2:d1 5:p2 6:f2 9:d2", 0, "3-4:by5"), 5 + 3);
    assert_eq!(check("1:h1 2:d1 3:c1 5:h2 6:d2", 2, "4-4:by5"), 5 + 2);
    assert_eq!(check("1:h1 2:d1 4:? 5:c1", 1, "3-3:by5"), 5 + 2);
}

/// P-90: what writers at work or dead ones leave, and what was collected.
#[test]
fn other_gaps_are_none() {
    assert_eq!(check("1:h1 2:d1 3:d1", 1, ""), 0, "no gap, no request");
    assert_eq!(check("1:h1 2:d1", 2, ""), 0);
    check("1:h1 2:d1 4:d1 5:d1 6:d1", 1, "");
    check("1:h1 2:d1 4:D1 5:P2 6:D2 7:D2 8:D2", 1, "");
    check("4:h1 6:d1 7:c1", 6, "");
}

/// P-92, in each place between two requests of the look: the gap fills, or is covered and collected. In a
/// healthy log nothing is lost.
#[test]
fn what_happens_between_the_looks_is_no_loss() {
    // A writer at work: position 3 is on its way, and those above are not acknowledged before it is there.
    for cut in 0..=7 {
        let mut world = World::new("1:h1 2:d1 4:d1 5:d1 6:d1", 1, 1);
        let search = search(&mut world).unwrap();
        let (lost, _) = look(search, &mut world, |number, world| {
            if number == cut {
                for (at, what) in [(3, "d1"), (7, "c1")] {
                    world.entries.insert(Position::new(at), Some(header(Position::new(at), what)));
                }
            }
        });
        assert_eq!(lost, "", "filled before request {cut}");
    }
    // Then a checkpoint, and another collection.
    for cut in 0..=7 {
        let mut world = World::new("1:h1 2:d1 4:d1 5:d1 6:d1", 1, 1);
        let search = search(&mut world).unwrap();
        let (lost, _) = look(search, &mut world, |number, world| {
            if number == cut {
                world.entries.insert(Position::new(7), Some(header(Position::new(7), "c1")));
                world.manifest(2, ManifestBody { epoch: 1, replay_after: 7, modified: 0, by_lance: false });
                world.entries.retain(|at, _| at.get() == 7);
            }
        });
        assert_eq!(lost, "", "collected before request {cut}");
    }
}

/// P-92: what stands above is read before it is said what is absent. An entry that came with the gap filled,
/// and the gap as it was before, make no loss.
#[test]
fn the_proof_is_read_before_the_gap_is_looked_at_again() {
    let mut world = World::new("1:h1 2:d1 4:d1 5:d1 6:d1 7:d1", 1, 1);
    let mut search = search(&mut world).unwrap();
    let mut order = Vec::new();
    while let Some(request) = search.poll_request() {
        order.push(match request {
            CollectRequest::ReadHeader { .. } => 'p',
            CollectRequest::List { .. } => 'l',
            _ => 'm',
        });
        let reply = world.perform(request);
        search.handle(Tick(0), reply);
    }
    assert_eq!(order.iter().collect::<String>(), "pppplmmmm");
}

/// Nobody calls a log sound that could not be looked at.
#[test]
fn what_is_not_answered_is_not_known() {
    let world = || World::new("1:h1 2:d1 4:d1 5:c1", 1, 1);
    for silent in ["header", "list", "manifest"] {
        let mut world = world();
        let mut search = search(&mut world).unwrap();
        let (mut now, mut asked) = (0, 0);
        let found = loop {
            let request = search.poll_request().unwrap();
            let reply = match &request {
                CollectRequest::ReadHeader { at, .. } if silent == "header" => {
                    CollectReply::Header(*at, ReadReply::Unknown)
                }
                CollectRequest::List { part, .. } if silent == "list" => {
                    CollectReply::Listed(*part, ReadReply::Unknown)
                }
                CollectRequest::Manifest(_) if silent == "manifest" => {
                    CollectReply::Manifest(Reply::Listed(ReadReply::Unknown))
                }
                _ => {
                    let reply = world.perform(request);
                    search.handle(Tick(now), reply);
                    continue;
                }
            };
            (now, asked) = (now + 60, asked + 1);
            if let Some(found) = search.handle(Tick(now), reply) {
                break found;
            }
        };
        assert_eq!((found, asked), (Err(GaveUp::Unread), 2), "{silent}: as long as the retry timeout lasts");
    }
}

/// Answers that nobody waits for change nothing.
#[test]
fn stray_answers_are_ignored() {
    let mut world = World::new("1:h1 2:d1 4:d1 5:c1", 1, 1);
    let mut search = search(&mut world).unwrap();
    let stray = [
        CollectReply::Header(Position::new(9), ReadReply::Found(header(Position::new(9), "c1"))),
        CollectReply::Listed(Part::Entries, ReadReply::Found(Inventory::default())),
        CollectReply::Manifest(Reply::Manifest(Version::FIRST, ReadReply::Absent)),
    ];
    let before = search.clone();
    for reply in stray {
        assert_eq!(search.handle(Tick(0), reply), None);
    }
    assert_eq!(search, before);
    assert_eq!(look(search, &mut world, |_, _| ()).0, "3-3:by5");
}

/// A collection deletes nothing above `replay_after`, so nothing that proves a loss there; and one below it
/// is covered.
#[test]
fn a_loss_stays_provable_whatever_is_collected() {
    for lost in 1..=7 {
        for replay_after in 0..=7 {
            let mut world = World::new("1:h1 2:d1 3:d1 4:p2 5:d2 6:c2 7:h3 8:d3", 3, replay_after);
            world.entries.remove(&Position::new(lost));
            for _ in 0..3 {
                let found = search(&mut world).map(|search| look(search, &mut world, |_, _| ()).0);
                assert_eq!(found.is_some_and(|found| !found.is_empty()), lost > replay_after && lost != 7);
            }
        }
    }
    let mut world = World::new("1:h1 2:d1 4:d1 5:c1", 1, 1);
    let mut pass = Collection::new(PARAMS, Tick(0), policy(), Mode::Delete);
    while step(&mut world, &mut pass).is_some() {}
    assert_eq!(world.positions(), [2, 4, 5]);
}
