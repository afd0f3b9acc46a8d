//! What happens to parties: partitions, freezes, deaths.

use crate::support::{create, is, millis, plain, read, secs, slow, there, with};
use fencepost_simstore::{Failure, Faults, Happened, Loss};
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn a_partition_is_of_one_client_and_loses_replies_too() {
    let store = with(Faults::none().with_latency(slow(secs(1)), slow(secs(1))).with_losses([Loss::Reset]));
    let (one, two) = (store.client("one"), store.client("two"));
    let (told, ()) = tokio::join!(create(&one, "a", "1"), async {
        tokio::time::sleep(millis(1_500)).await;
        one.cut();
    });
    assert!(is(&told, Failure::Reset), "its effect came, and its reply did not: {told:?}");
    assert!(create(&one, "b", "1").await.is_err());
    assert_eq!((read(&two, "a").await.as_deref(), read(&two, "b").await), (Some("1"), None));
    one.heal();
    create(&one, "b", "1").await.unwrap();
    assert_eq!(store.counts().of(Happened::CutOff), 2);
}

/// A stopped process: what it sent goes on, what it sends waits, and it hears nothing.
#[tokio::test(start_paused = true)]
async fn a_frozen_client_sends_at_the_thaw_what_it_has_given_up_meanwhile() {
    let store = plain();
    let client = store.client("zombie");
    client.freeze();
    assert!(timeout(secs(30), create(&client, "a", "late")).await.is_err());
    tokio::time::sleep(secs(86_400)).await;
    assert_eq!(there(&store, "a"), None);
    client.thaw();
    assert_eq!(there(&store, "a").as_deref(), Some("late"));
    create(&client, "b", "1").await.unwrap();
    let counts = store.counts();
    assert_eq!((counts.of(Happened::Parked), counts.of(Happened::LandedAfterSenderLeft)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn replies_to_a_frozen_client_wait_for_it() {
    let store = with(Faults::none().with_latency(slow(secs(1)), slow(secs(1))));
    let client = store.client("x");
    let (told, ()) = tokio::join!(create(&client, "a", "1"), async {
        tokio::time::sleep(millis(500)).await;
        client.freeze();
        tokio::time::sleep(secs(100)).await;
        assert!(there(&store, "a").is_some(), "it had left");
        client.thaw();
    });
    told.unwrap();
    assert_eq!(store.now(), millis(100_500));
    assert_eq!(store.counts().of(Happened::ReplyParked), 1);
}

#[tokio::test(start_paused = true)]
async fn of_a_killed_client_some_requests_still_land() {
    let store = with(Faults::none().with_latency(slow(secs(10)), slow(secs(1))));
    let client = store.client("x");
    let names: Vec<_> = (0..40).map(|n| format!("n{n}")).collect();
    let all = futures::future::join_all(names.iter().map(|name| create(&client, name, "1")));
    assert!(timeout(secs(1), all).await.is_err());
    client.kill(0.5);
    assert!(timeout(secs(1_000), create(&client, "after", "1")).await.is_err(), "the dead hear nothing");
    let landed = store.objects().len() as u64;
    assert!((10..30).contains(&landed), "{landed} of 40");
    assert!(there(&store, "after").is_none());
    let counts = store.counts();
    assert_eq!(
        (counts.of(Happened::LandedAfterKill), counts.of(Happened::LostWithKill)),
        (landed, 40 - landed)
    );
}

#[tokio::test(start_paused = true)]
async fn clients_have_faults_of_their_own() {
    let store = plain();
    let (good, bad) = (store.client("good"), store.client("bad"));
    bad.set_faults(Faults::none().with_refused(1.0));
    create(&good, "a", "1").await.unwrap();
    assert!(is(&create(&bad, "b", "1").await, Failure::Refused));
}
