//! The shapes of requests to Google Cloud Storage, against a fake of its XML API. No real service was asked.

use crate::fake_gcs::FakeGcs;
use fencepost_store::{Failure, ProbeError, ReadOutcome, Refusal, Retry};

/// Create-if-absent is the condition that the object's generation is 0: that there is none.
#[tokio::test]
async fn a_create_asks_for_generation_zero_and_is_sent_once() {
    let server = FakeGcs::new().await;
    let store = server.open();
    store.create("wal/1", "entry".into()).await.unwrap();
    let refused = store.create("wal/1", "other".into()).await.unwrap_err();
    assert!(matches!(refused.why, Refusal::Exists), "{refused:?}");
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "a refusal is final");
    for request in &seen {
        assert_eq!(request.line, "PUT /bucket/root%2Fwal%2F1");
        assert_eq!(request.field("x-goog-if-generation-match"), Some("0"));
    }
    let ReadOutcome::Found(object) = store.get("wal/1").await else { panic!("it was created") };
    assert_eq!(object.bytes, "entry", "the first one won");
}

#[tokio::test]
async fn an_overwrite_has_no_condition() {
    let server = FakeGcs::new().await;
    let store = server.open();
    store.put_overwrite("hint", "1".into()).await.unwrap();
    store.put_overwrite("hint", "2".into()).await.unwrap();
    assert!(server.seen().iter().all(|request| request.field("x-goog-if-generation-match").is_none()));
    let ReadOutcome::Found(object) = store.get("hint").await else { panic!("it was written") };
    assert_eq!(object.bytes, "2");
}

/// One create, one refusal, one request; and what is made of it.
#[tokio::test]
async fn refusals_of_a_create() {
    enum Told {
        Exists,
        NotDone(Retry, Failure),
        Unknown(Failure),
    }
    let cases = [
        (412, Told::Exists),
        (429, Told::NotDone(Retry::Later, Failure::Throttled)),
        (403, Told::NotDone(Retry::Never, Failure::Denied)),
        (401, Told::NotDone(Retry::Never, Failure::Denied)),
        (404, Told::NotDone(Retry::Never, Failure::NoBucket)),
        (400, Told::NotDone(Retry::Never, Failure::Refused { status: 400 })),
        (408, Told::Unknown(Failure::TimedOut)),
        (500, Told::Unknown(Failure::Server { status: 500 })),
        (503, Told::Unknown(Failure::Server { status: 503 })),
    ];
    for (status, told) in cases {
        let server = FakeGcs::new().await;
        let store = server.open();
        server.refuse(status);
        let refused = store.create("wal/1", "entry".into()).await.unwrap_err();
        match (&refused.why, told) {
            (Refusal::Exists, Told::Exists) => {}
            (Refusal::NotDone { retry, source }, Told::NotDone(expected, failure)) => {
                assert_eq!((*retry, source.failure()), (expected, failure), "{status}");
            }
            (Refusal::Unknown { source }, Told::Unknown(failure)) => {
                assert_eq!(source.failure(), failure, "{status}");
            }
            (why, _) => panic!("{status}: {why:?}"),
        }
        assert_eq!(server.seen().len(), 1, "{status}: one call, one attempt");
        // Nothing was done, so the name is free.
        store.create("wal/1", refused.payload).await.unwrap();
    }
}

#[tokio::test]
async fn reads_tell_absent_from_denied() {
    let server = FakeGcs::new().await;
    let store = server.open();
    store.create("wal/1", "0123456789".into()).await.unwrap();
    let ReadOutcome::Found(part) = store.get_range("wal/1", 2..5).await else { panic!("it is there") };
    assert_eq!(part.bytes, "234");
    let ReadOutcome::Found(info) = store.head("wal/1").await else { panic!("it is there") };
    assert_eq!(info.size, 10);
    assert!(store.get("wal/2").await.is_absent());
    assert!(store.head("wal/2").await.is_absent());
    server.refuse(403);
    assert!(matches!(store.get("wal/2").await, ReadOutcome::Unknown(_)), "denied is not absent");
}

#[tokio::test]
async fn listings_go_on_page_by_page_and_deletions_name_one_object_each() {
    let server = FakeGcs::new().await;
    let store = server.open();
    for name in ["wal/1", "wal/2", "wal/3", "wal/4", "wal/5", "other"] {
        store.create(name, "x".into()).await.unwrap();
    }
    let mut names: Vec<_> =
        store.list_all("wal").await.unwrap().into_iter().map(|object| object.path.to_string()).collect();
    names.sort_unstable();
    assert_eq!(names, ["wal/1", "wal/2", "wal/3", "wal/4", "wal/5"]);
    let pages = server.seen().iter().filter(|request| request.line.starts_with("GET /bucket?")).count();
    assert_eq!(pages, 3, "two a page");

    // One that is not there counts as deleted.
    for deletion in store.delete(["wal/1", "wal/2", "wal/9"]).await {
        deletion.result.unwrap();
    }
    let deletes = server.seen().iter().filter(|request| request.line.starts_with("DELETE ")).count();
    assert_eq!(deletes, 3);
    assert_eq!(store.list_all("wal").await.unwrap().len(), 3);
}

#[tokio::test]
async fn probe_passes_a_server_that_keeps_conditions_and_convicts_one_that_ignores_them() {
    let server = FakeGcs::new().await;
    let store = server.open();
    store.probe("probe", 7).await.unwrap();
    server.ignore_conditions();
    let verdict = store.probe("probe", 8).await;
    assert!(matches!(verdict, Err(ProbeError::Unsafe { .. })), "{verdict:?}");
}
