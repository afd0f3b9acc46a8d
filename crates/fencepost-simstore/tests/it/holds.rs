//! Holding single requests back, and letting them go in the order that a test wants.

use crate::support::{create, plain, read, secs, there};
use fencepost_simstore::{Happened, Match, Op};
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn a_held_request_lands_when_it_is_released() {
    let store = plain();
    let client = store.client("slow");
    let held = store.hold(Match::op(Op::Create).of_client("slow").at("a")).times(1);
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { create(&client, "a", "held").await }
    });
    held.arrived(1).await;
    assert_eq!((held.waiting(), there(&store, "a")), (1, None));
    create(&store.client("quick"), "b", "1").await.unwrap();
    create(&client, "b2", "1").await.unwrap();
    assert!(held.release_one());
    waiting.await.unwrap().unwrap();
    assert_eq!(read(&client, "a").await.as_deref(), Some("held"));
    assert!(!held.release_one());
    assert_eq!(store.counts().of(Happened::Held), 1);
}

#[tokio::test(start_paused = true)]
async fn a_held_request_outlives_its_caller() {
    let store = plain();
    let client = store.client("x");
    let held = store.hold(Match::op(Op::Create));
    assert!(timeout(secs(1), create(&client, "a", "1")).await.is_err());
    assert!(timeout(secs(1), create(&client, "b", "1")).await.is_err());
    held.release_all();
    assert!(there(&store, "a").is_some() && there(&store, "b").is_some());
    create(&client, "c", "1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn held_requests_can_be_lost() {
    let store = plain();
    let held = store.hold(Match::any().path(|path| path.starts_with('a')));
    assert!(timeout(secs(1), create(&store.client("x"), "a", "1")).await.is_err());
    held.lose_all();
    assert_eq!((there(&store, "a"), store.pending()), (None, 0));
    create(&store.client("x"), "a", "1").await.unwrap();
}
