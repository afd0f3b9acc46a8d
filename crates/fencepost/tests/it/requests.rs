//! P-25: a durable append is exactly one PUT, and up to 64 of them are on their way at once.

use crate::support::{World, any_entry, append_all, batch, options, settle, submit, wal_on};
use fencepost::{Position, ReadFrom, WriterOptions};
use fencepost_store::wrap::{CountStore, Op};
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;

/// Counted beneath everything, where the network would be.
async fn counted(options: WriterOptions) -> (CountStore, fencepost::Writer) {
    let store = CountStore::new(Arc::new(InMemory::new()));
    let writer = wal_on(Arc::new(store.clone())).await.open_writer(options).await.unwrap();
    settle().await;
    (store, writer)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_appends_are_a_thousand_puts_and_nothing_else() {
    let (store, writer) = counted(options()).await;
    let before = store.counts();
    append_all(&writer, 0..1_000).await;
    let cost = store.counts() - before;
    assert_eq!((cost.put, cost.total()), (1_000, 1_000));
    assert_eq!(writer.status().requests, cost, "and the writer's own count agrees");
}

#[tokio::test(start_paused = true)]
async fn grouped_appends_are_fewer_puts() {
    let (store, writer) = counted(options().with_group_bytes_max(1 << 20)).await;
    let before = store.counts();
    let mut tickets = Vec::new();
    for number in 0..1_000 {
        tickets.push(submit(&writer, number).await);
    }
    futures::future::try_join_all(tickets).await.unwrap();
    let cost = store.counts() - before;
    assert_eq!(cost.put, cost.total());
    assert!(cost.put < 20, "{cost:?}");
}

/// The costs of everything else, as the README states them.
#[tokio::test(start_paused = true)]
async fn opening_and_checkpoints_cost_what_is_documented() {
    let store = CountStore::new(Arc::new(InMemory::new()));
    let wal = wal_on(Arc::new(store.clone())).await;
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, 0..3).await;
    writer.close().await.unwrap();

    let writer = wal.open_writer(options()).await.unwrap();
    let clean = writer.status().open_requests;
    assert_eq!((clean.list, clean.put), (4, 3), "a look for a table; claim, hint and fence entry: {clean:?}");
    let replayed = 5;
    assert!((6..=6 + 2 * replayed + 3).contains(&clean.get), "{clean:?}");

    // P-135: the opener's record is written meanwhile, and nobody waits for it.
    settle().await;
    let before = store.counts();
    writer.checkpoint(writer.status().acknowledged).await.unwrap();
    let cost = store.counts() - before;
    assert_eq!((cost.list, cost.get, cost.put, cost.total()), (2, 4, 2, 8));
    drop(writer);

    let unclean = wal.open_writer(options()).await.unwrap().status().open_requests;
    assert_eq!((unclean.list, unclean.put), (5, 3 + 63), "a look and the fillers more: {unclean:?}");
}

/// P-45: a reader pays one GET for each entry and for the first absent ones, and two manifest searches;
/// nothing more where nothing changes hands, and one LIST for each change of hands.
#[tokio::test(start_paused = true)]
async fn reading_costs_one_list_more_for_each_change_of_hands() {
    let store = CountStore::new(Arc::new(InMemory::new()));
    let wal = wal_on(Arc::new(store.clone())).await;
    let cost = async |rows: i64| {
        let before = store.counts();
        let mut reader = wal.reader(ReadFrom::Checkpoint).await.unwrap();
        let (mut read, mut last) = (0, Position::NONE);
        while let Some(entry) = reader.next().await.unwrap() {
            (read, last) = (read + 1, entry.position());
        }
        assert_eq!(read, rows);
        let cost = store.counts() - before;
        assert_eq!(cost.list + cost.get, cost.total(), "a reader writes nothing");
        (cost.list, cost.get, last.get())
    };
    let first = wal.open_writer(options()).await.unwrap();
    append_all(&first, 0..100).await;
    let (list, get, last) = cost(100).await;
    assert_eq!((list, last), (4, 101));
    assert!((4 + 102..=4 + 102 + 23).contains(&get), "{get}: up to 23 are read ahead of the tail");

    first.checkpoint(Position::new(50)).await.unwrap();
    assert_eq!(cost(51).await.0, 4, "from a checkpoint within an epoch");
    first.close().await.unwrap();
    append_all(&wal.open_writer(options()).await.unwrap(), [100]).await;
    assert_eq!(cost(52).await.0, 5, "after a clean fence");
    append_all(&wal.open_writer(options()).await.unwrap(), [101]).await;
    assert!(matches!(cost(53).await, (6, _, 169)), "after a takeover with a fence range of its own");
}

/// P-61: the lease is renewed beside the appends, and counted apart.
#[tokio::test(start_paused = true)]
async fn the_lease_costs_its_own_puts_only() {
    let (store, writer) = counted(options().with_lease_ttl(Some(Duration::from_secs(9)))).await;
    let (before, status) = (store.counts(), writer.status());
    for number in 0..60 {
        append_all(&writer, [number]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    append_all(&writer, [60]).await;
    let (cost, lease) = (store.counts() - before, writer.status().lease_requests - status.lease_requests);
    assert_eq!(writer.status().requests.put, 61);
    assert_eq!((lease.put, lease.total()), (20, 20), "every third of 9 s for a minute");
    assert_eq!(cost.total(), 61 + 20);
}

/// P-115: an idle writer renews its lease, and glances at the manifest once in each lease period. Without a lease it
/// asks for nothing.
#[tokio::test(start_paused = true)]
async fn an_idle_writer_costs_a_glance_for_each_lease_period() {
    for (ttl, puts, gets) in [(None, 0, 0), (Some(Duration::from_secs(9)), 30, 10)] {
        let (store, writer) = counted(options().with_lease_ttl(ttl)).await;
        let before = store.counts();
        tokio::time::sleep(Duration::from_secs(91)).await;
        let cost = store.counts() - before;
        assert_eq!((cost.put, cost.get, cost.total()), (puts, gets, puts + gets));
        assert_eq!(writer.status().requests.total(), 0);
    }
}

/// P-20.
#[tokio::test(start_paused = true)]
async fn sixty_four_puts_are_in_flight_and_the_next_one_waits() {
    let world = World::new().await;
    let writer = world.writer().await;
    let held = world.faults.hold(Op::Put, any_entry);
    let mut tickets = Vec::new();
    for number in 0..100 {
        tickets.push(submit(&writer, number).await);
    }
    held.arrivals(64).await;
    settle().await;
    assert_eq!((held.hits(), writer.status().in_flight), (64, 64));
    held.release();
    let positions = futures::future::try_join_all(tickets).await.unwrap();
    assert!(positions.iter().map(|done| done.position.get()).eq(2..102));
    assert_eq!(world.rows().await, (0..100).collect::<Vec<_>>());
}

/// P-20 and P-21: nothing is acknowledged, and the window does not move, before the lowest one is there.
#[tokio::test(start_paused = true)]
async fn answers_in_reverse_are_acknowledged_in_order() {
    let world = World::new().await;
    let writer = world.writer().await;
    let held: Vec<_> = (2..=66).map(|at| world.faults.hold(Op::Put, world.entry(at))).collect();
    let mut tickets = Vec::new();
    for number in 0..65 {
        tickets.push(Box::pin(submit(&writer, number).await));
    }
    settle().await;
    for at in (3..=65).rev() {
        held[at - 2].release();
        settle().await;
        assert_eq!(writer.status().acknowledged.get(), 1, "{at} is there, and 2 is not");
    }
    assert_eq!(held[64].hits(), 0, "the 65th is not sent while the first is undecided");
    for ticket in &mut tickets {
        assert!(futures::poll!(ticket).is_pending());
    }
    held[0].release();
    settle().await;
    assert_eq!((writer.status().acknowledged.get(), held[64].hits()), (65, 1));
    held[64].release();
    for (ticket, at) in tickets.into_iter().zip(2..) {
        assert_eq!(ticket.await.unwrap().position.get(), at);
    }
}

/// What several callers submit meanwhile shares the next entry. A store that has not answered yet gets two.
#[tokio::test(start_paused = true)]
async fn what_waits_for_an_answer_makes_larger_groups() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_group_bytes_max(1 << 20)).await.unwrap();
    let held = world.faults.hold(Op::Put, any_entry);
    let mut tickets = Vec::new();
    for number in 0..1_000 {
        tickets.push(writer.submit(vec![batch([number])]).await.unwrap());
        settle_a_little().await;
    }
    assert_eq!(held.hits(), 2);
    held.release();
    futures::future::try_join_all(tickets).await.unwrap();
    assert_eq!(writer.status().requests.put, 3);
    assert_eq!(world.rows().await, (0..1_000).collect::<Vec<_>>());
}

async fn settle_a_little() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}
