//! What goes wrong with single requests.

use crate::support::{create, is, millis, path, plain, read, secs, slow, there, with};
use fencepost_simstore::{
    Failure, Fault, Faults, Happened, Latency, Loss, Match, Op, SimOptions, SimStore, StatusError,
};
use futures::{StreamExt, stream};
use object_store::{Error, ObjectStore, ObjectStoreExt};
use std::error::Error as _;
use tokio::time::{Instant, timeout};

fn any() -> Match {
    Match::op(Op::Create)
}

/// Carried out or not, and what the caller hears: the table of the front page.
#[tokio::test(start_paused = true)]
async fn each_fault_is_carried_out_or_not_as_it_says() {
    let (refused, busy) = (Failure::Refused, |status| Failure::Status(status));
    for (fault, carried_out, heard, counted) in [
        (Fault::Refused, false, refused, Happened::Refused),
        (Fault::Throttled, false, busy(429), Happened::Throttled),
        (Fault::Unavailable, false, busy(503), Happened::Unavailable),
        (Fault::FalseExists, false, Failure::Exists, Happened::FalseExistsOfNothing),
        (Fault::LoseRequest, false, Failure::TimedOut, Happened::RequestLost),
        (Fault::LoseReply, true, Failure::TimedOut, Happened::ReplyLost),
        (Fault::Late(millis(1)), true, Failure::TimedOut, Happened::Late),
    ] {
        let store = with(Faults::none().with_losses([Loss::TimedOut]));
        let rule = store.on(any(), fault).times(1);
        let told = create(&store.client("x"), "a", "1").await;
        assert!(is(&told, heard), "{fault:?}: {told:?}");
        assert_eq!(there(&store, "a").is_some(), carried_out, "{fault:?}");
        assert_eq!((rule.hits(), store.counts().of(counted)), (1, 1), "{fault:?}");
        let again = create(&store.client("x"), "a", "1").await;
        assert_eq!(again.is_ok(), !carried_out, "{fault:?}: the rule was for one request");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_carry_what_callers_look_for() {
    let store = with(Faults::none().with_losses([Loss::Reset]));
    store.on(any(), Fault::Throttled).times(1);
    store.on(any(), Fault::LoseReply).times(1);
    let client = store.client("x");
    let throttled = create(&client, "a", "1").await.unwrap_err();
    assert_eq!(throttled.source().unwrap().downcast_ref(), Some(&StatusError { status: 429 }));
    let reset = create(&client, "a", "1").await.unwrap_err();
    let cause = reset.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn latency_lies_before_and_after_the_effect() {
    let store = with(Faults::none().with_latency(slow(secs(5)), slow(secs(7))));
    let client = store.client("x");
    let started = Instant::now();
    let put = create(&client, "a", "1");
    tokio::pin!(put);
    assert!(timeout(secs(4), &mut put).await.is_err());
    assert_eq!(there(&store, "a"), None);
    assert!(timeout(secs(2), &mut put).await.is_err());
    assert!(there(&store, "a").is_some());
    put.await.unwrap();
    assert_eq!(started.elapsed(), secs(12));
}

/// The request that every log on object storage must survive: it lands a day after its sender gave up.
#[tokio::test(start_paused = true)]
async fn a_late_effect_comes_though_its_sender_is_gone() {
    let day = secs(86_400);
    let store = with(Faults::none().with_late(1.0, Latency::fixed(day)).with_losses([Loss::Hang]));
    {
        let client = store.client("x");
        assert!(timeout(secs(30), create(&client, "a", "1")).await.is_err());
    }
    tokio::time::sleep(day - secs(31)).await;
    assert_eq!((there(&store, "a"), store.pending()), (None, 1));
    tokio::time::sleep(secs(2)).await;
    assert_eq!(there(&store, "a").as_deref(), Some("1"));
    let counts = store.counts();
    assert!(
        counts.missing([Happened::Late, Happened::SenderLeft, Happened::LandedAfterSenderLeft]).is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_finds_its_own_object_or_creates_it_again() {
    for (deleted, then) in [(false, Happened::DuplicateRefused), (true, Happened::DuplicateCreated)] {
        let store = plain();
        store.on(any(), Fault::Duplicate(secs(60))).times(1);
        let client = store.client("x");
        create(&client, "a", "1").await.unwrap();
        if deleted {
            client.delete(&path("a")).await.unwrap();
        }
        tokio::time::sleep(secs(61)).await;
        assert_eq!(there(&store, "a").as_deref(), Some("1"));
        assert_eq!(store.counts().of(then), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn bulk_deletions_fail_for_some_names() {
    let store = SimStore::new(3, SimOptions::new().with_bulk(100));
    let client = store.client("x");
    let all: Vec<_> = (0..40).map(|n| path(&format!("n{n}"))).collect();
    for name in &all {
        client.put(name, "x".into()).await.unwrap();
    }
    client.set_faults(Faults::none().with_failed_deletions(0.3));
    let results: Vec<_> =
        client.delete_stream(stream::iter(all.clone().into_iter().map(Ok)).boxed()).collect().await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert_eq!((results.len(), store.objects().len()), (40, failed));
    assert!((4..25).contains(&failed), "{failed} of 40");
    assert_eq!(store.counts().of(Happened::DeletionFailed), failed as u64);
    assert_eq!(store.counts().requests(Op::Delete), 1, "one request");
}

#[tokio::test(start_paused = true)]
async fn chances_are_kept_and_all_that_happened_is_counted() {
    let faults = Faults::none()
        .with_refused(0.05)
        .with_throttled(0.05)
        .with_unavailable(0.05)
        .with_false_exists(0.05)
        .with_lost_requests(0.05)
        .with_lost_replies(0.05)
        .with_late(0.05, Latency::fixed(secs(1)))
        .with_duplicates(0.05, Latency::fixed(secs(1)));
    let store = with(faults);
    let client = store.client("x");
    let mut failed = 0;
    for n in 0..1_000 {
        failed += u64::from(create(&client, &format!("n{n}"), "x").await.is_err());
    }
    let counts = store.counts();
    let kinds = [
        Happened::Refused,
        Happened::Throttled,
        Happened::Unavailable,
        Happened::FalseExists,
        Happened::RequestLost,
        Happened::ReplyLost,
        Happened::Late,
        Happened::Duplicated,
    ];
    for kind in kinds {
        assert!((20..80).contains(&counts.of(kind)), "{kind:?}: {}", counts.of(kind));
    }
    assert_eq!(
        kinds.iter().map(|kind| counts.of(*kind)).sum::<u64>(),
        failed + counts.of(Happened::Duplicated)
    );
    assert_eq!(counts.missing([Happened::Refused, Happened::Held]), [Happened::Held]);
}

#[tokio::test(start_paused = true)]
async fn quiet_stops_faults_and_rules_and_keeps_latency() {
    let faults = Faults::none().with_lost_requests(1.0).with_latency(slow(secs(1)), slow(secs(1)));
    let store = with(faults);
    let client = store.client("x");
    client.cut();
    store.on(any(), Fault::Refused);
    store.quiet();
    let started = Instant::now();
    create(&client, "a", "1").await.unwrap();
    assert_eq!(started.elapsed(), secs(2));
    store.unquiet();
    assert!(create(&client, "b", "1").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_pending_can_be_landed_at_once() {
    let store = with(Faults::none().with_losses([Loss::Reset]));
    store.on(any(), Fault::Late(secs(1_000_000))).times(2);
    let client = store.client("x");
    assert!(create(&client, "a", "1").await.is_err());
    assert!(create(&client, "b", "1").await.is_err());
    assert_eq!(read(&client, "a").await, None);
    assert_eq!(store.land_pending(), 2);
    assert!(matches!(create(&client, "a", "2").await, Err(Error::AlreadyExists { .. })));
}
