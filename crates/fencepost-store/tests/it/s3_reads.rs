//! Reads, listings and deletions through the real S3 client.

use crate::fake_s3::{FakeS3, OBJECT_HEADERS, Reply, refusal, success};
use fencepost_store::{Failure, ReadOutcome, StoreError};
use std::time::Duration;

fn failure<T: std::fmt::Debug>(outcome: ReadOutcome<T>) -> Failure {
    match outcome {
        ReadOutcome::Unknown(error) => error.failure(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_a_missing_object_is_absent() {
    let server = FakeS3::new([
        refusal(404, "NoSuchKey"),
        Reply::Status(404, "", String::new()),
        refusal(404, "NoSuchBucket"),
        refusal(403, "AccessDenied"),
    ])
    .await;
    let store = server.open(server.options());
    assert!(store.get("a").await.is_absent());
    assert!(store.head("a").await.is_absent());
    assert_eq!(failure(store.get("a").await), Failure::NoBucket);
    assert_eq!(failure(store.get("a").await), Failure::Denied);
    assert_eq!((store.counts().get, store.counts().head), (3, 1), "none of these is tried again");
}

#[tokio::test]
async fn a_read_is_repeated_until_it_succeeds() {
    let server = FakeS3::new([
        refusal(503, "SlowDown"),
        Reply::CutBefore,
        Reply::CutBody(200, OBJECT_HEADERS, "hal"),
        success("whole"),
    ])
    .await;
    let store = server.open(server.options());
    let ReadOutcome::Found(found) = store.get("a").await else { panic!() };
    assert_eq!((&found.bytes[..], found.size), (&b"whole"[..], 5));
    assert_eq!(store.counts().get, 4);
}

#[tokio::test]
async fn a_spent_budget_ends_the_repeating() {
    let server = FakeS3::new([refusal(503, "SlowDown")]).await;
    let store = server.open(server.options().with_retry_timeout(Duration::ZERO));
    assert_eq!(failure(store.get("a").await), Failure::Server { status: 503 });
    assert_eq!(server.seen().len(), 1);
}

/// The reply promises a megabyte and sends nothing of it: had the body been waited for, this would time out.
#[tokio::test]
async fn a_large_object_is_refused_before_its_body_is_read() {
    let server = FakeS3::new([Reply::CutBody(200, OBJECT_HEADERS, "")]).await;
    let store = server.open(server.options());
    let outcome = store.get_up_to("a", 999_999).await;
    assert!(outcome.is_too_large());
    assert_eq!(failure(outcome), Failure::TooLarge { size: 1_000_000, limit: 999_999 });
}

#[tokio::test]
async fn a_range_reports_the_size_of_the_whole() {
    let partial =
        "ETag: \"1\"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nContent-Range: bytes 2-4/100\r\n";
    let server = FakeS3::new([Reply::Status(206, partial, "cde".into()), refusal(416, "InvalidRange")]).await;
    let store = server.open(server.options());
    let ReadOutcome::Found(found) = store.get_range("a", 2..5).await else { panic!() };
    assert_eq!((&found.bytes[..], found.size), (&b"cde"[..], 100));
    assert_eq!(failure(store.get_range("a", 100..105).await), Failure::BadRange);
    assert_eq!(failure(store.get_range("a", 5..5).await), Failure::BadRange);
    assert_eq!(server.seen().len(), 2, "an empty range is not asked for");
}

#[tokio::test]
async fn pages_of_a_listing_are_counted_and_paths_are_relative() {
    let page = |from: usize, to: usize, more: &str| {
        let keys: String = (from..to)
            .map(|n| {
                format!(
                    "<Contents><Key>base/wal/{n:04}</Key><Size>{n}</Size>\
                     <LastModified>2025-01-01T00:00:00.000Z</LastModified></Contents>"
                )
            })
            .collect();
        Reply::Status(200, "", format!("<ListBucketResult>{keys}{more}</ListBucketResult>"))
    };
    let more = "<NextContinuationToken>next</NextContinuationToken>";
    let server = FakeS3::new([
        page(0, 1000, more),
        refusal(500, "InternalError"),
        page(0, 1000, more),
        page(1000, 1200, ""),
        page(0, 0, ""),
    ])
    .await;
    let store = server.open(server.options());
    let listed = store.list_all("wal").await.unwrap();
    assert_eq!(listed.len(), 1200, "once each, though the first listing broke off");
    assert!(listed.iter().all(|item| item.path.as_ref() == format!("wal/{:04}", item.size)));
    // The page that failed was begun by no item, so it is not reckoned.
    assert_eq!(store.counts().list, 3);
    assert_eq!(store.list_all("none").await.unwrap(), []);
    assert_eq!(store.counts().list, 4);
}

/// `object_store` cannot express a key with an empty segment; one such key makes it fail the page.
#[tokio::test]
async fn a_key_that_cannot_be_expressed_is_an_error_and_not_left_out() {
    let key = "<Contents><Key>base/a//b</Key><Size>1</Size><LastModified>2025-01-01T00:00:00Z</LastModified></Contents>";
    let server =
        FakeS3::new([Reply::Status(200, "", format!("<ListBucketResult>{key}</ListBucketResult>"))]).await;
    let store = server.open(server.options());
    assert_eq!(store.list_all("").await.unwrap_err().failure(), Failure::BadPath);
}

/// Names are handed on relative to the root, so one that leads out of it, or lies beside it, must never get
/// that far.
#[tokio::test]
async fn keys_that_lead_out_of_the_root_are_refused_and_those_beside_it_passed_over() {
    let page = |key: &str| {
        let entry = |key: &str| {
            format!(
                "<Contents><Key>{key}</Key><Size>1</Size><LastModified>2025-01-01T00:00:00Z</LastModified></Contents>"
            )
        };
        let (key, sound) = (entry(key), entry("base/sound"));
        Reply::Status(200, "", format!("<ListBucketResult>{key}{sound}</ListBucketResult>"))
    };
    for key in ["base/../other/x", "base/./x", "base/wal/../../../etc/passwd", "../x", "base/a//b"] {
        let server = FakeS3::new([page(key)]).await;
        let error = server.open(server.options()).list_all("").await.unwrap_err();
        assert_eq!(error.failure(), Failure::BadPath, "{key}: {error}");
    }
    for key in ["other/x", "bas", "baseless/x", "base2"] {
        let server = FakeS3::new([page(key)]).await;
        let listed = server.open(server.options()).list_all("").await.unwrap();
        let names: Vec<_> = listed.iter().map(|item| item.path.as_ref()).collect();
        assert_eq!(names, ["sound"], "{key}");
    }
}

/// The client makes one error of all failed listings. A denied one is none that may pass, and is not repeated.
#[tokio::test]
async fn a_denied_listing_is_denied() {
    let server = FakeS3::new([refusal(403, "AccessDenied"), refusal(401, "Unauthorized")]).await;
    let store = server.open(server.options());
    assert_eq!(store.list_all("").await.unwrap_err().failure(), Failure::Denied);
    assert_eq!(store.list_dirs("").await.unwrap_err().failure(), Failure::Denied);
    assert!(server.script_is_done() && server.seen().len() == 2);
}

#[tokio::test]
async fn a_bulk_deletion_that_fails_for_some_repeats_those_only() {
    let some = "<DeleteResult><Deleted><Key>base/a</Key></Deleted>\
                <Error><Key>base/b</Key><Code>Busy</Code><Message>later</Message></Error></DeleteResult>";
    let rest = "<DeleteResult><Deleted><Key>base/b</Key></Deleted></DeleteResult>";
    let ok = |body: &str| Reply::Status(200, "", body.to_owned());
    let server = FakeS3::new([ok(some), refusal(503, "SlowDown"), ok(rest)]).await;
    let store = server.open(server.options());
    let deletions = store.delete(["a", "b"]).await;
    assert!(deletions.iter().all(|deletion| deletion.result.is_ok()), "{deletions:?}");
    assert_eq!(store.counts().delete, 3);
    assert_eq!(server.seen(), vec!["POST /bucket?delete"; 3]);
}

/// When a whole batch is refused, the client has one error for all its names.
#[tokio::test]
async fn a_batch_that_fails_as_a_whole_fails_for_each_object() {
    let server = FakeS3::new([refusal(403, "AccessDenied")]).await;
    let store = server.open(server.options());
    let deletions = store.delete(["a", "../b", "c"]).await;
    let found: Vec<_> = deletions
        .iter()
        .map(|deletion| {
            deletion.result.as_ref().map_err(|error| (error.failure(), StoreError::object(error)))
        })
        .collect();
    assert_eq!(
        found,
        [Err((Failure::Denied, "a")), Err((Failure::BadPath, "../b")), Err((Failure::Denied, "c"))]
    );
    assert_eq!(server.seen().len(), 1);
}
