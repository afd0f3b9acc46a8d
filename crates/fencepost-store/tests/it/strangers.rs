//! Answers that are not the store's: redirects, and pages of whoever stands between.
//!
//! A login page once answered a redirected PUT with 200 and an ETag, and the row was acknowledged and nowhere.

use crate::fake_s3::{self, FakeS3, OBJECT_HEADERS, Reply, refusal, success};
use fencepost_store::{Failure, LogStore, PutOutcome, ReadOutcome, Refusal, StoreError, StoreOptions};
use std::error::Error;
use std::time::Duration;

const PAGE: &str = "<!DOCTYPE html>\n<html><body>Please log in.</body></html>";
const REDIRECTS: [u16; 7] = [300, 301, 302, 303, 305, 307, 308];
const LOCATION: &str = "Location: /login?token=SECRET\r\n";

/// A store of each cloud at one address, with no retry timeout.
fn clouds(server: &FakeS3) -> [LogStore; 3] {
    let plain = || {
        StoreOptions::new()
            .with_request_timeout(Duration::from_secs(20))
            .with_retry_timeout(Duration::ZERO)
            .with_client_option("allow_http", "true")
    };
    let key = format!(
        r#"{{"gcs_base_url":"{}","disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}}"#,
        server.address()
    );
    let azure = plain()
        .with_client_option("account_name", "account")
        .with_client_option("skip_signature", "true")
        .with_client_option("endpoint", server.address());
    [
        server.open(fake_s3::options(server.address()).with_retry_timeout(Duration::ZERO)),
        LogStore::open("gs://bucket/base", plain().with_client_option("service_account_key", key)).unwrap(),
        LogStore::open("az://container/base", azure).unwrap(),
    ]
}

fn page(status: u16) -> Reply {
    let headers =
        "ETag: \"page\"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nContent-Type: text/html\r\n";
    Reply::Status(status, headers, PAGE.to_owned())
}

fn refused(outcome: PutOutcome) -> Refusal {
    outcome.expect_err("nothing was stored").why
}

fn unknown<T: std::fmt::Debug>(outcome: ReadOutcome<T>) -> StoreError {
    match outcome {
        ReadOutcome::Unknown(error) => error,
        other => panic!("{other:?}"),
    }
}

/// One request each, and none to where it was sent.
#[tokio::test]
async fn no_redirect_is_followed_on_any_cloud() {
    for status in REDIRECTS {
        for cloud in 0..3 {
            let redirect = || Reply::Status(status, LOCATION, String::new());
            let server = FakeS3::new([redirect(), redirect(), redirect(), redirect(), redirect()]).await;
            let store = &clouds(&server)[cloud];
            let expected = Failure::Redirected { status };

            let why = refused(store.create("wal/1", "entry".into()).await);
            assert_eq!(why.error().map(StoreError::failure), Some(expected), "{store}: {why:?}");
            // A server that says "see other" may have done what it was asked.
            let not_done = matches!(why, Refusal::NotDone { .. });
            assert_eq!(not_done, matches!(status, 301 | 307 | 308), "{store}, {status}");
            assert_eq!(unknown(store.get("wal/1").await).failure(), expected, "{store}");
            assert_eq!(unknown(store.head("wal/1").await).failure(), expected, "{store}");
            assert_eq!(store.list_all("wal").await.unwrap_err().failure(), expected, "{store}");
            let deletion = store.delete(["wal/1"]).await.remove(0);
            assert_eq!(deletion.result.unwrap_err().failure(), expected, "{store}");

            let seen = server.seen();
            assert!(!seen.iter().any(|line| line.contains("login")), "{store}, {status}: {seen:?}");
            assert!(server.script_is_done() && seen.len() == 5, "{store}, {status}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_told_with_both_hosts_and_no_secret() {
    let location = "Location: https://portal.example/login?token=SECRET\r\n";
    let server = FakeS3::new([Reply::Status(303, location, String::new())]).await;
    let why = refused(server.open(server.options()).create("wal/1", "entry".into()).await);
    let error = why.error().unwrap();
    let text = format!("{error}: {}", error.source().unwrap());
    for expected in ["wal/1", "HTTP 303", "127.0.0.1", "redirects to `portal.example`"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("SECRET") && !text.contains("login"), "{text}");
}

#[tokio::test]
async fn a_page_is_no_acknowledgement() {
    for cloud in 0..3 {
        let server =
            FakeS3::new([page(200), page(201), success("<Error><Code>InternalError</Code></Error>")]).await;
        let store = &clouds(&server)[cloud];
        for _ in 0..3 {
            let why = refused(store.create("wal/1", "entry".into()).await);
            assert!(
                matches!(&why, Refusal::Unknown { source } if source.failure() == Failure::Malformed),
                "{why:?}"
            );
        }
    }
}

/// Proxies answer 404 with a page of their own; at the end of a log that would be the end of the log.
#[tokio::test]
async fn a_page_is_no_object_and_no_absence() {
    for cloud in 0..3 {
        let proxy = || Reply::Status(404, "Content-Type: text/plain\r\n", "404 page not found\n".to_owned());
        let server = FakeS3::new([page(200), page(404), proxy(), page(404), refusal(404, "NoSuchKey")]).await;
        let store = &clouds(&server)[cloud];
        for _ in 0..3 {
            assert_eq!(unknown(store.get("wal/1").await).failure(), Failure::Malformed, "{store}");
        }
        let deletion = store.delete(["wal/1"]).await.remove(0);
        assert!(deletion.result.is_err(), "{store}");
        assert!(store.get("wal/1").await.is_absent(), "{store}: the store's own 404");
    }
}

/// An object that calls itself a page, and is none, is an object: some servers guess kinds from names.
#[tokio::test]
async fn an_object_with_the_kind_of_a_page_is_read() {
    let headers =
        "ETag: \"1\"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nContent-Type: text/html\r\n";
    let server = FakeS3::new([Reply::Status(200, headers, "entry".to_owned())]).await;
    let ReadOutcome::Found(object) = server.open(server.options()).get("wal/1").await else { panic!() };
    assert_eq!(object.bytes, "entry");
}

/// To the client's parser any well-formed document is a listing with nothing in it.
#[tokio::test]
async fn a_document_that_is_no_listing_is_no_empty_folder() {
    let documents = [
        "<html><body>Please log in.</body></html>",
        "<Error><Code>InternalError</Code><Message>try again</Message></Error>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "",
    ];
    for document in documents {
        for cloud in 0..3 {
            let server = FakeS3::new([success(document), success(document)]).await;
            let store = &clouds(&server)[cloud];
            let error = store.list_all("wal").await.expect_err(document);
            assert!(error.is_retryable() && !error.is_definite(), "{store}, {document}: {error}");
            assert!(store.list_dirs("").await.is_err(), "{store}, {document}");
        }
    }
}

#[tokio::test]
async fn a_document_that_is_no_result_of_deletions_deletes_nothing() {
    // The client itself would take the last one for a success.
    let alike = "<Deletions><Deleted><Key>base/a</Key></Deleted></Deletions>";
    for document in ["<html><body>Please log in.</body></html>", "<Ok/>", "", alike] {
        let server = FakeS3::new([success(document)]).await;
        let store = server.open(server.options().with_retry_timeout(Duration::ZERO));
        for deletion in store.delete(["a", "b"]).await {
            assert!(deletion.result.is_err(), "{document}: {}", deletion.path);
        }
    }
}

/// A reply to a ranged read with the whole object, with less, or with another part than was asked for.
#[tokio::test]
async fn another_range_than_was_asked_for_is_not_read() {
    let part = |range| Reply::Status(206, range, "3456".to_owned());
    let replies = [
        success("0123456789"),
        part(concat!(
            "Content-Range: bytes 3-6/10\r\n",
            "ETag: \"1\"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n"
        )),
        part(OBJECT_HEADERS),
        Reply::CutBody(200, OBJECT_HEADERS, "0123"),
    ];
    for reply in replies {
        let shown = format!("{reply:?}");
        let server = FakeS3::new([reply]).await;
        let store = server.open(server.options().with_retry_timeout(Duration::ZERO));
        let read = store.get_range("wal/1", 2..6).await;
        assert!(matches!(read, ReadOutcome::Unknown(_)), "{shown}: {read:?}");
    }
}
