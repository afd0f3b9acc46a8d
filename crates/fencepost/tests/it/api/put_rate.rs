//! The cap on PUTs a second.

use crate::support::{World, options, submit};
use fencepost::{PutRate, WriterOptions};
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::{Instant, sleep};

fn capped(per_second: u32) -> WriterOptions {
    options().with_puts_per_second_max(PutRate::AtMost(NonZeroU32::new(per_second).unwrap()))
}

/// Submits so many at once and returns how long they took.
async fn time_for(writer: &fencepost::Writer, submissions: i64) -> Duration {
    let started = Instant::now();
    let mut tickets = Vec::new();
    for number in 0..submissions {
        tickets.push(submit(writer, number).await);
    }
    futures::future::try_join_all(tickets).await.unwrap();
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn capped_puts_are_evenly_spaced() {
    let world = World::new().await;
    let writer = world.wal.open_writer(capped(10)).await.unwrap();
    let took = time_for(&writer, 21).await;
    assert!((2_000..2_100).contains(&took.as_millis()), "21 PUTs, 100 ms apart: {took:?}");
}

/// A pause must not save up PUTs to be spent at once.
#[tokio::test(start_paused = true)]
async fn a_pause_saves_nothing_up() {
    let world = World::new().await;
    let writer = world.wal.open_writer(capped(10)).await.unwrap();
    time_for(&writer, 1).await;
    sleep(Duration::from_secs(60)).await;
    let took = time_for(&writer, 3).await;
    assert!((200..300).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn above_the_cap_submissions_share_entries() {
    let world = World::new().await;
    let writer = world.wal.open_writer(capped(10).with_group_bytes_max(1 << 20)).await.unwrap();
    let first = submit(&writer, 1).await;
    first.await.unwrap();
    let took = time_for(&writer, 50).await;
    assert!(took.as_millis() <= 200, "{took:?}");
    assert_eq!(writer.status().requests.put, 2);
}

/// The period of so high a rate rounds to nothing, which the timer does not take.
#[tokio::test(start_paused = true)]
async fn the_highest_rate_is_no_error() {
    let world = World::new().await;
    let writer = world.wal.open_writer(capped(u32::MAX)).await.unwrap();
    time_for(&writer, 3).await;
}
