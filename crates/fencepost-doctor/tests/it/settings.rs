//! What the doctor reads of a bucket's settings, against servers that answer by script.

use crate::fake_gcs::FakeGcs;
use crate::fake_s3::{FakeS3, Reply, refusal};
use fencepost_doctor::{Check, CheckResult, Examination, Options, Outcome, Report, Verdict};
use fencepost_store::{LogStore, StoreOptions};

async fn examine(store: &LogStore) -> Report {
    Examination::new(store, Options::quick(7).with_checks([Check::BucketSettings])).run().await
}

fn settings(report: &Report) -> &CheckResult {
    report.of(Check::BucketSettings).unwrap()
}

fn ok(body: &str) -> Reply {
    Reply::Status(200, "", body.to_owned())
}

const NOTHING: &str = "<ListBucketResult><Name>bucket</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";

#[tokio::test]
async fn bucket_of_s3_that_expires_what_is_in_the_log_is_condemned() {
    let lifecycle = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ID>tidy</ID><Filter>\
                     <Prefix>base/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>7</Days></Expiration></Rule>\
                     </LifecycleConfiguration>";
    let script = [
        ok(NOTHING),
        ok("<VersioningConfiguration/>"),
        ok(lifecycle),
        refusal(404, "ObjectLockConfigurationNotFoundError"),
        ok(NOTHING),
    ];
    let server = FakeS3::new(script).await;
    let report = examine(&server.open(server.options())).await;
    let found = settings(&report);
    assert_eq!((found.outcome, report.verdict()), (Outcome::Failed, Verdict::Unsafe), "{found}");
    assert!(found.seen.contains("`tidy` deletes objects below `base/`, 7 days after"), "{found}");
    assert!(report.conclusion().starts_with("NOT safe for a log"), "{}", report.conclusion());
    let seen = server.seen();
    let asked: Vec<_> = seen.iter().filter(|line| !line.contains("list-type")).collect();
    assert_eq!(asked, ["GET /bucket?versioning", "GET /bucket?lifecycle", "GET /bucket?object-lock"]);
    assert!(server.script_is_done());
    assert_eq!(report.requests.get, 3, "they are counted");
}

#[tokio::test]
async fn settings_that_may_not_be_read_change_no_verdict() {
    let denied = || refusal(403, "AccessDenied");
    let server = FakeS3::new([ok(NOTHING), denied(), denied(), denied(), ok(NOTHING)]).await;
    let report = examine(&server.open(server.options())).await;
    let found = settings(&report);
    assert_eq!((found.outcome, report.verdict()), (Outcome::Unknown, Verdict::Safe), "{found}");
    assert!(found.seen.contains("lifecycle rules could not be read (403)"), "{found}");
    assert!(found.seen.contains("by hand: `aws s3api"), "{found}");
    assert!(!found.seen.contains("TOKEN"), "a refusal may repeat the request: {found}");
}

#[tokio::test]
async fn versioning_of_s3_is_a_warning_about_costs() {
    let script = [
        ok(NOTHING),
        ok("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        refusal(404, "NoSuchLifecycleConfiguration"),
        refusal(501, "NotImplemented"),
        ok(NOTHING),
    ];
    let server = FakeS3::new(script).await;
    let report = examine(&server.open(server.options())).await;
    let found = settings(&report);
    assert_eq!((found.outcome, report.verdict()), (Outcome::Warning, Verdict::SafeWithWarnings), "{found}");
    assert!(found.seen.contains("object lock could not be read (501 NotImplemented)"), "{found}");
}

#[tokio::test]
async fn bucket_of_gcs_is_asked_over_its_xml_interface() {
    let server = FakeGcs::new().await;
    server.set("versioning", "<VersioningConfiguration/>");
    server.set(
        "lifecycle",
        "<LifecycleConfiguration><Rule><Action><Delete/></Action><Condition><Age>30</Age></Condition></Rule>\
         </LifecycleConfiguration>",
    );
    let report = examine(&server.open()).await;
    let found = settings(&report);
    assert_eq!((found.outcome, report.verdict()), (Outcome::Failed, Verdict::Unsafe), "{found}");
    assert!(found.seen.contains("deletes all objects of the bucket, 30 days after"), "{found}");
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.line).collect();
    assert!(asked.contains(&"GET /bucket?versioning".to_owned()), "{asked:?}");
}

#[tokio::test]
async fn container_of_azure_cannot_tell_and_memory_has_none() {
    let nothing = "<?xml version=\"1.0\"?><EnumerationResults><Blobs/><NextMarker/></EnumerationResults>";
    // Asked once: whether anything of the examination is left.
    let server = FakeS3::new([ok(nothing)]).await;
    let azure = StoreOptions::new()
        .with_client_option("endpoint", server.address())
        .with_client_option("allow_http", "true")
        .with_client_option("account_name", "account")
        .with_client_option("access_key", "c2VjcmV0");
    for (location, options, saying) in [
        ("az://container/root", azure, "belong to the account"),
        ("memory://settings", StoreOptions::new(), "there are none"),
    ] {
        let report = examine(&LogStore::open(location, options).unwrap()).await;
        let found = settings(&report);
        assert_eq!(found.outcome, Outcome::NotApplicable, "{found}");
        assert!(found.seen.contains(saying), "{found}");
    }
    assert!(server.script_is_done());
}
