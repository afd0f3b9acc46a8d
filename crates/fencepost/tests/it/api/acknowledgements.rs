//! The ordered stream of what is durable, and its end.

use crate::support::{World, append, settle, submit};
use fencepost::{Acknowledgement, Acknowledgements, AppendError};
use fencepost_store::wrap::Op;

async fn through(acknowledgements: &mut Acknowledgements) -> u64 {
    match acknowledgements.next().await {
        Some(Acknowledgement::Through(position)) => position.get(),
        other => panic!("{other:?}"),
    }
}

async fn ended(acknowledgements: &mut Acknowledgements) -> (bool, Option<AppendError>) {
    let Some(Acknowledgement::Ended { closed, why }) = acknowledgements.next().await else {
        panic!("it goes on");
    };
    assert!(acknowledgements.next().await.is_none());
    (closed, why)
}

/// P-21: what is durable is told only once everything below is durable too.
#[tokio::test(start_paused = true)]
async fn positions_are_told_in_order_and_the_close_comes_last() {
    let world = World::new().await;
    let writer = world.writer().await;
    let mut acknowledgements = writer.acknowledgements();
    assert_eq!(through(&mut acknowledgements).await, 1, "the fence entry");
    let held = world.faults.hold(Op::Put, world.entry(2));
    let tickets = [submit(&writer, 1).await, submit(&writer, 2).await];
    held.arrived().await;
    settle().await;
    assert!(
        futures::poll!(std::pin::pin!(acknowledgements.next())).is_pending(),
        "3 is durable, and 2 is not"
    );
    held.release();
    let mut told = Vec::new();
    while told.last() != Some(&3) {
        told.push(through(&mut acknowledgements).await);
    }
    assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
    for ticket in tickets {
        ticket.await.unwrap();
    }
    writer.close().await.unwrap();
    assert_eq!(through(&mut acknowledgements).await, 4, "the close entry");
    assert!(matches!(ended(&mut acknowledgements).await, (true, None)));
}

/// P-22.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_fenced_writer_says_so() {
    let world = World::new().await;
    let old = world.writer().await;
    append(&old, 1).await.unwrap();
    let mut acknowledgements = old.acknowledgements();
    assert_eq!(through(&mut acknowledgements).await, 2);
    let _new = world.writer().await;
    append(&old, 2).await.unwrap_err();
    let (closed, why) = ended(&mut acknowledgements).await;
    assert!(!closed);
    assert!(matches!(why, Some(AppendError::Fenced { .. })), "{why:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_writer_ends_once_everything_is_decided() {
    let world = World::new().await;
    let writer = world.writer().await;
    let mut acknowledgements = writer.acknowledgements();
    let ticket = submit(&writer, 1).await;
    drop(writer);
    let mut last = 0;
    let end = loop {
        match acknowledgements.next().await {
            Some(Acknowledgement::Through(position)) => last = position.get(),
            other => break other,
        }
    };
    assert_eq!(ticket.await.unwrap().position.get(), last);
    assert!(matches!(end, Some(Acknowledgement::Ended { closed: false, why: None })), "{end:?}");
}
