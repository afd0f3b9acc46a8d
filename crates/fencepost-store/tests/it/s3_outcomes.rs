//! Every reply an S3 can give to a create, through the real client, and what is made of it.

use crate::fake_s3::{self, FakeS3, OBJECT_HEADERS, Reply, refusal, success};
use fencepost_store::{
    ClientRetries, DirectConnector, Failure, LogStore, Path, PutOutcome, ReadOutcome, Refusal,
    ReplyConnector, Retry, StoreOptions,
};
use object_store::aws::AmazonS3Builder;
use object_store::{BackoffConfig, RetryConfig};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Done,
    Exists,
    NotDone(Retry, Failure),
    Unknown(Failure),
}

fn told(outcome: PutOutcome) -> Told {
    let Err(refused) = outcome else { return Told::Done };
    assert_eq!(refused.payload.content_length(), 5, "the payload comes back");
    match refused.why {
        Refusal::Exists => Told::Exists,
        Refusal::NotDone { retry, source } => {
            assert!(source.is_definite());
            assert_eq!(source.is_retryable(), retry == Retry::Later);
            Told::NotDone(retry, source.failure())
        }
        Refusal::Unknown { source } => {
            assert!(!source.is_definite());
            Told::Unknown(source.failure())
        }
    }
}

/// One create, one reply; and never more than one request.
async fn check(reply: Reply, expected: Told) {
    let shown = format!("{reply:?}");
    let server = FakeS3::new([reply]).await;
    let store = server.open(server.options());
    assert_eq!(told(store.create("wal/1", "entry".into()).await), expected, "{shown}");
    assert_eq!(server.seen(), ["PUT /bucket/base/wal/1"], "{shown}");
    assert_eq!(store.counts().put, 1);
}

#[tokio::test]
async fn replies_to_a_create() {
    let never = |failure| Told::NotDone(Retry::Never, failure);
    let cases = [
        (success(""), Told::Done),
        (refusal(412, "PreconditionFailed"), Told::Exists),
        (Reply::Status(304, "", String::new()), Told::Exists),
        (Reply::Status(409, "", String::new()), Told::Exists),
        (refusal(409, "BlobAlreadyExists"), Told::Exists),
        // S3 answers so while another create of the name is under way, which may yet fail.
        (refusal(409, "ConditionalRequestConflict"), Told::Unknown(Failure::Conflict)),
        (refusal(409, "OperationAborted"), Told::Unknown(Failure::Conflict)),
        (refusal(403, "AccessDenied"), never(Failure::Denied)),
        (refusal(401, "Unauthorized"), never(Failure::Denied)),
        (refusal(400, "ExpiredToken"), never(Failure::Denied)),
        (refusal(404, "NoSuchBucket"), never(Failure::NoBucket)),
        (Reply::Status(404, "", String::new()), never(Failure::NoBucket)),
        (refusal(400, "InvalidArgument"), never(Failure::Refused { status: 400 })),
        (refusal(413, "EntityTooLarge"), never(Failure::Refused { status: 413 })),
        (refusal(301, "PermanentRedirect"), never(Failure::Redirected { status: 301 })),
        (refusal(501, "NotImplemented"), never(Failure::Unsupported)),
        (refusal(429, "TooManyRequests"), Told::NotDone(Retry::Later, Failure::Throttled)),
        (refusal(400, "RequestTimeout"), Told::Unknown(Failure::TimedOut)),
        (refusal(408, "RequestTimeout"), Told::Unknown(Failure::TimedOut)),
        (refusal(500, "InternalError"), Told::Unknown(Failure::Server { status: 500 })),
        (refusal(502, ""), Told::Unknown(Failure::Server { status: 502 })),
        (refusal(503, "SlowDown"), Told::Unknown(Failure::Server { status: 503 })),
        (refusal(507, "StorageFull"), Told::Unknown(Failure::Server { status: 507 })),
        (Reply::CutBody(500, "", "<Error>"), Told::Unknown(Failure::Server { status: 500 })),
        (Reply::CutBefore, Told::Unknown(Failure::Interrupted)),
        (Reply::CutStatusLine, Told::Unknown(Failure::Interrupted)),
    ];
    for (reply, expected) in cases {
        check(reply, expected).await;
    }
}

/// The client demands an ETag of every success. A store that gives none has written all the same.
#[tokio::test]
async fn a_success_that_the_client_cannot_read_is_unknown() {
    let reply = Reply::Status(200, "", String::new());
    check(reply, Told::Unknown(Failure::Unrecognised)).await;
}

#[tokio::test]
async fn no_reply_in_time_is_unknown() {
    let server = FakeS3::new([Reply::Hang]).await;
    let store = server.open(server.options().with_request_timeout(Duration::from_millis(200)));
    assert_eq!(told(store.create("a", "entry".into()).await), Told::Unknown(Failure::TimedOut));
}

#[tokio::test]
async fn a_refused_connection_is_not_done() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let store = LogStore::open("s3://bucket", fake_s3::options(&address)).unwrap();
    let expected = Told::NotDone(Retry::Later, Failure::Unreachable);
    assert_eq!(told(store.create("a", "entry".into()).await), expected);
}

#[tokio::test]
async fn an_overwrite_is_attempted_once_too() {
    let server = FakeS3::new([refusal(503, "SlowDown"), refusal(409, "OperationAborted")]).await;
    let store = server.open(server.options());
    let first = store.put_overwrite("hint", "entry".into()).await;
    assert_eq!(told(first), Told::Unknown(Failure::Server { status: 503 }));
    let second = store.put_overwrite("hint", "entry".into()).await;
    assert_eq!(told(second), Told::Unknown(Failure::Conflict));
    assert_eq!(server.seen().len(), 2);
}

/// Where the client may have tried before, a refusal of the last attempt says nothing about the first.
#[tokio::test]
async fn with_possible_retries_a_refusal_proves_nothing() {
    let server = FakeS3::new([refusal(403, "AccessDenied"), refusal(412, "PreconditionFailed")]).await;
    let store = server.open(server.options().with_client_retries(ClientRetries::Possible));
    let refused = store.create("a", "entry".into()).await.unwrap_err();
    let Refusal::Unknown { source } = refused.why else { panic!("{:?}", refused.why) };
    assert_eq!(source.failure(), Failure::Denied);
    assert!(!source.is_definite() && !source.is_retryable());
    assert_eq!(told(store.create("a", "entry".into()).await), Told::Exists);
}

/// How it comes to that: the first attempt lands, its reply is a 500, the client tries again by itself, and
/// by then the token has expired. The error that surfaces is a plain "denied", for an object that exists.
#[tokio::test]
async fn a_client_that_retries_by_itself_turns_a_landed_write_into_denied() {
    let server = FakeS3::new([refusal(500, "InternalError"), refusal(403, "ExpiredToken")]).await;
    let retries = RetryConfig {
        max_retries: 3,
        backoff: BackoffConfig { init_backoff: Duration::from_millis(1), ..Default::default() },
        ..Default::default()
    };
    let store = LogStore::new(
        Arc::new(client(&server).with_retry(retries).build().unwrap()),
        Path::ROOT,
        StoreOptions::new(),
    );
    assert_eq!(told(store.create("a", "entry".into()).await), Told::Unknown(Failure::Denied));
    assert_eq!(server.seen().len(), 2, "one call, two attempts");
}

/// A client built elsewhere can be as good as one of ours.
#[tokio::test]
async fn the_connector_keeps_statuses_for_foreign_clients() {
    let server = FakeS3::new([refusal(429, "SlowDown"), refusal(429, "SlowDown")]).await;
    let retries = RetryConfig { max_retries: 0, ..Default::default() };
    let plain = client(&server).with_retry(retries.clone());
    let better = plain.clone().with_http_connector(ReplyConnector::<DirectConnector>::default());
    let off = StoreOptions::new().with_client_retries(ClientRetries::Off);
    let plain = LogStore::new(Arc::new(plain.build().unwrap()), Path::ROOT, off.clone());
    let better = LogStore::new(Arc::new(better.build().unwrap()), Path::ROOT, off);
    assert_eq!(told(plain.create("a", "entry".into()).await), Told::Unknown(Failure::Unrecognised));
    let expected = Told::NotDone(Retry::Later, Failure::Throttled);
    assert_eq!(told(better.create("a", "entry".into()).await), expected);
}

/// S3 repeats the request's headers in the body of some refusals.
#[tokio::test]
async fn errors_show_no_credentials() {
    let server = FakeS3::new([refusal(403, "SignatureDoesNotMatch"), refusal(500, "InternalError")]).await;
    let store = server.open(server.options().with_client_option("session_token", "TOKEN"));
    for code in ["SignatureDoesNotMatch", "InternalError"] {
        let refused = store.create("a\u{202e}b", "entry".into()).await.unwrap_err();
        let error = refused.why.error().unwrap();
        let mut text = format!("{refused} {error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(" {cause}"));
            source = cause.source();
        }
        assert!(text.contains(code) && text.contains("because"), "{text}");
        assert!(!text.contains("TOKEN") && !text.contains("secret"), "{text}");
        assert!(error.to_string().contains("create of `a\\u{202e}b`"), "{error}");
        assert_eq!(error.object(), "a\u{202e}b");
        assert!(!text.replace("object: \"a\\u{202e}b", "").contains('\u{202e}'), "{text}");
    }
}

/// A reply that is cut leaves the caller in the dark about an object that is there: the next create finds
/// out.
#[tokio::test]
async fn a_lost_reply_is_found_out_by_the_same_create() {
    let server = FakeS3::new([Reply::CutBefore, refusal(412, "PreconditionFailed"), success("entry")]).await;
    let store = server.open(server.options());
    let refused = store.create("wal/1", "entry".into()).await.unwrap_err();
    assert!(matches!(refused.why, Refusal::Unknown { .. }));
    assert_eq!(told(store.create("wal/1", refused.payload).await), Told::Exists);
    let ReadOutcome::Found(found) = store.get("wal/1").await else { panic!() };
    assert_eq!(found.bytes, "entry");
    assert!(OBJECT_HEADERS.contains("ETag") && server.script_is_done());
}

fn client(server: &FakeS3) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_endpoint(server.address())
        .with_allow_http(true)
        .with_bucket_name("bucket")
        .with_region("us-east-1")
        .with_access_key_id("id")
        .with_secret_access_key("secret")
}
