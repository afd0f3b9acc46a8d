//! Damage is told by whoever meets it: a collection says what is lost (P-100), a reader and an opener what
//! was given up (P-102).

use crate::support::{World, append, append_all, options};
use fencepost::{CursorName, Gap, GiveUp, Position, ProblemKind, ReadFrom, Reader, Tail, TailEvent};
use fencepost_store::wrap::{Fault, Op};

/// `1:h1 2-6:d1 7:c1`, with the rows 2 to 6, and without these entries.
async fn closed_without(lost: &[u64]) -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    writer.close().await.unwrap();
    world.delete_entries(lost.iter().copied()).await;
    world
}

const fn at(position: u64) -> Position {
    Position::new(position)
}

async fn give_up(world: &World, choices: &[GiveUp]) {
    let found = world.wal.verify(|_, _| ()).await.unwrap();
    let plan = found.plan_repair(choices).unwrap();
    world.wal.repair(&plan, |_| ()).await.unwrap();
}

/// P-100: and the loss can be proven after any number of collections.
#[tokio::test(start_paused = true)]
async fn a_collection_says_what_is_lost_and_deletes_no_proof_of_it() {
    let world = closed_without(&[3, 5, 6]).await;
    let before = world.layout().await;
    let expect = [
        Gap { first: at(3), last: at(3), proof: Some(at(7)) },
        Gap { first: at(5), last: at(6), proof: Some(at(7)) },
    ];
    for _ in 0..2 {
        assert_eq!(world.wal.collector().plan().await.unwrap().losses.lost, expect);
        let collected = world.wal.collector().run().await.unwrap();
        assert_eq!((collected.losses.lost.as_slice(), collected.losses.failed), (&expect[..], None));
    }
    assert_eq!(world.layout().await, before);
    let found = world.wal.verify(|_, _| ()).await.unwrap();
    assert!(found.problems.iter().all(|problem| matches!(problem.kind, ProblemKind::Lost { .. })));
    assert_eq!(found.problems.len(), 2);

    give_up(&world, &[GiveUp::Gap { first: at(3), last: at(3) }, GiveUp::Gap { first: at(5), last: at(6) }])
        .await;
    assert_eq!(world.wal.collector().run().await.unwrap().losses, fencepost::Losses::default());
}

/// P-100: what it costs. Without a gap, nothing; with one, what stands above it, a LIST, and a manifest search.
#[tokio::test(start_paused = true)]
async fn looking_for_losses_costs_nothing_where_there_is_no_gap() {
    let whole = closed_without(&[]).await.wal.collector().run().await.unwrap().requests;
    // The manifest, the opener's record and its fence entry.
    assert_eq!((whole.list, whole.get), (4 + 1, 2 + 2));
    let with_gap = closed_without(&[3]).await.wal.collector().run().await.unwrap().requests;
    assert_eq!((with_gap.list, with_gap.get), (whole.list + 3, whole.get + 2 + 4));
}

/// What is not answered is not known, and never "nothing is lost".
#[tokio::test(start_paused = true)]
async fn a_collection_that_could_not_look_says_so() {
    let world = closed_without(&[3]).await;
    let denied = world.faults.on(Op::Get, world.entry(5), Fault::Deny);
    let collected = world.wal.collector().run().await.unwrap();
    assert!(collected.losses.lost.is_empty());
    let why = collected.losses.failed.unwrap();
    assert!(why.contains(&world.wal.paths().entry(at(5))), "{why}");
    denied.stop();
    assert_eq!(world.wal.collector().run().await.unwrap().losses.lost.len(), 1);
}

async fn read(reader: &mut Reader) -> (Vec<u64>, Vec<(u64, Vec<Position>)>) {
    let (mut read, mut told) = (Vec::new(), Vec::new());
    loop {
        let entry = reader.next().await.unwrap();
        let next = entry.as_ref().map_or(u64::MAX, |entry| entry.position().get());
        let given_up = reader.take_given_up();
        if !given_up.is_empty() {
            told.push((next, given_up));
        }
        if entry.is_none() {
            return (read, told);
        }
        read.push(next);
    }
}

/// P-102: before the entry that comes next, or at the end; each once; and again to whoever comes again from below.
#[tokio::test(start_paused = true)]
async fn a_reader_tells_where_an_entry_was_given_up() {
    let world = closed_without(&[3, 5, 6]).await;
    give_up(&world, &[GiveUp::Gap { first: at(3), last: at(3) }, GiveUp::Gap { first: at(5), last: at(6) }])
        .await;
    let told = vec![(4, vec![at(3)]), (u64::MAX, vec![at(5), at(6)])];
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(read(&mut reader).await, (vec![2, 4], told.clone()));
    assert_eq!(read(&mut reader).await, (vec![], vec![]), "once");

    let mut reader = world.wal.reader(ReadFrom::Position(at(4))).await.unwrap();
    assert_eq!(read(&mut reader).await, (vec![4], told[1..].to_vec()), "what lies below is not passed");

    // A consumer with a cursor, which comes back before it had moved past the position.
    let name = CursorName::parse("consumer").unwrap();
    let mut cursor = world.wal.cursor(name, at(2)).await.unwrap();
    for _ in 0..2 {
        let mut reader = world.wal.reader(cursor.read_from()).await.unwrap();
        assert_eq!(read(&mut reader).await, (vec![4], told.clone()));
    }
    let mut reader = world.wal.reader(cursor.read_from()).await.unwrap();
    read(&mut reader).await;
    cursor.advance(reader.resume_point()).await.unwrap();
    let mut reader = world.wal.reader(cursor.read_from()).await.unwrap();
    assert_eq!(read(&mut reader).await, (vec![], vec![]));
}

async fn polled(tail: &mut Tail) -> String {
    match tail.poll().await.unwrap() {
        TailEvent::Entry(entry) => format!("entry {}", entry.position()),
        TailEvent::GivenUp { at } => format!("given up {at}"),
        TailEvent::Waiting(_) => "waiting".to_owned(),
    }
}

/// P-102: in its place among the entries.
#[tokio::test(start_paused = true)]
async fn a_tail_tells_where_an_entry_was_given_up() {
    let world = closed_without(&[3, 5]).await;
    give_up(&world, &[GiveUp::Gap { first: at(3), last: at(3) }, GiveUp::Gap { first: at(5), last: at(5) }])
        .await;
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    let mut events = Vec::new();
    for _ in 0..6 {
        events.push(polled(&mut tail).await);
    }
    assert_eq!(events, ["entry 2", "given up 3", "entry 4", "given up 5", "entry 6", "waiting"]);
    assert!(tail.take_given_up().is_empty(), "it was told");

    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    for expect in [2, 4, 6] {
        assert_eq!(tail.next().await.unwrap().position(), at(expect));
    }
    assert_eq!(tail.take_given_up(), [at(3), at(5)]);
    assert!(tail.take_given_up().is_empty(), "once");
}

/// P-102: whoever replays learns it as well.
#[tokio::test(start_paused = true)]
async fn an_opener_tells_where_an_entry_was_given_up() {
    let world = closed_without(&[3]).await;
    give_up(&world, &[GiveUp::Gap { first: at(3), last: at(3) }]).await;
    let mut opening = world.wal.begin_writing(options()).await.unwrap();
    let mut recovered = Vec::new();
    while let Some(entry) = opening.next_recovered().await.unwrap() {
        recovered.push(entry.position().get());
    }
    assert_eq!((recovered, opening.given_up()), (vec![2, 4, 5, 6], &[at(3)][..]));
    append(&opening.finish().await.unwrap(), 9).await.unwrap();
}
