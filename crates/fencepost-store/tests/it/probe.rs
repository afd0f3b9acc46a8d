//! The probe: stores it must convict, and stores it must not.

use crate::fake_gcs::FakeGcs;
use fencepost_store::wrap::{CountStore, Fault, FaultStore, LatencyStore, Op};
use fencepost_store::{
    ClientRetries, LogStore, ObjectStore, Path, ProbeError, ProbeVerdict, StoreOptions, UnsafeStore,
};
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;

fn over(store: Arc<dyn ObjectStore>) -> LogStore {
    let options =
        StoreOptions::new().with_client_retries(ClientRetries::Off).with_retry_timeout(Duration::ZERO);
    LogStore::new(store, Path::ROOT, options)
}

async fn convicted(faults: &FaultStore) -> UnsafeStore {
    match over(Arc::new(faults.clone())).probe("probe", 7).await {
        Err(ProbeError::Unsafe { source }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn good_stores_pass_and_are_left_clean() {
    let directory = tempfile::tempdir().unwrap();
    let local = LogStore::open(directory.path().to_str().unwrap(), StoreOptions::new()).unwrap();
    let memory = LogStore::open("memory://probe", StoreOptions::new()).unwrap();
    for store in [local, memory, over(Arc::new(InMemory::new()))] {
        assert_eq!(store.probe("probe", 7).await.unwrap(), ProbeVerdict::Probed);
        let counts = store.counts();
        assert_eq!((counts.put, counts.get, counts.delete), (26, 5, 4), "as documented");
        assert!(store.list_all("").await.unwrap().is_empty());
    }
}

/// Garage, rclone and others answer 200 to every conditional write.
#[tokio::test]
async fn a_store_that_ignores_the_condition_is_convicted() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Put, |_| true, Fault::IgnoreCondition);
    let seen = convicted(&faults).await;
    assert_eq!(seen.seen, "a second create of an existing object succeeded");
    assert!(seen.to_string().contains("acknowledged"), "{seen}");
}

/// s3s-fs looks and then writes: one create after the other is right, and creates that race all win.
#[tokio::test(start_paused = true)]
async fn a_store_that_checks_and_then_writes_is_convicted() {
    let racy = RacyStore(LatencyStore::new(Arc::new(InMemory::new()), Duration::from_millis(10)));
    let store = over(Arc::new(racy));
    store.create("a", "x".into()).await.unwrap();
    assert!(store.create("a", "y".into()).await.is_err(), "alone it is right");
    match store.probe("probe", 7).await {
        Err(ProbeError::Unsafe { source }) => assert_eq!(source.seen, "8 of 8 racing creates succeeded"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_store_that_forgets_is_convicted() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Get, |_| true, Fault::FalseAbsent);
    assert_eq!(convicted(&faults).await.seen, "an object just written was reported absent");
}

/// S3 answers "conflict" where nothing stands at times, and clients report that as "exists".
#[tokio::test]
async fn exists_of_nothing_convicts_nobody() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Put, |path| path.ends_with("-0"), Fault::FalseExists).times(2);
    assert_eq!(over(Arc::new(faults)).probe("probe", 7).await.unwrap(), ProbeVerdict::Probed);
}

/// Lost replies are no crime: whoever did not hear may have won.
#[tokio::test]
async fn lost_replies_convict_nobody() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Put, |path| !path.ends_with("-0"), Fault::LoseReply);
    assert_eq!(over(Arc::new(faults)).probe("probe", 7).await.unwrap(), ProbeVerdict::Probed);
}

#[tokio::test]
async fn a_probe_that_cannot_write_learns_nothing() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Put, |_| true, Fault::Deny);
    let result = over(Arc::new(faults)).probe("probe", 7).await;
    assert!(matches!(result, Err(ProbeError::Failed { .. })), "{result:?}");
}

/// A store handed in that says where it is.
fn at(address: &str, store: Arc<dyn ObjectStore>) -> LogStore {
    let options =
        StoreOptions::new().with_client_retries(ClientRetries::Off).with_retry_timeout(Duration::ZERO);
    LogStore::new(store, Path::ROOT, options.with_address(address))
}

#[tokio::test]
async fn a_safe_verdict_is_remembered() {
    let counted = CountStore::new(Arc::new(InMemory::new()));
    let store = at("here", Arc::new(counted.clone()));
    let probe = async |seed| store.probe_once("probe", "marker.json", seed).await.unwrap();
    assert_eq!(probe(1).await, ProbeVerdict::Probed);
    let before = counted.counts();
    assert_eq!(probe(2).await, ProbeVerdict::OnRecord);
    assert_eq!((counted.counts() - before).total(), 1);
    assert_eq!(counted.counts(), store.counts(), "the built-in counts are right");

    // The second one is a record of the probe's first version, which said nothing about the place.
    for junk in [
        "",
        r#"{"probe":1,"verdict":"safe"}"#,
        r#"{"probe":1,"verdict":"safe","places":["Other here /marker.json"]}"#,
        r#"{"probe":2,"verdict":"unsafe","places":["Other here /marker.json"]}"#,
        &"x".repeat(9999),
    ] {
        store.put_overwrite("marker.json", junk.to_owned().into()).await.unwrap();
        assert_eq!(probe(3).await, ProbeVerdict::Probed, "{junk:.20}");
        assert_eq!(probe(4).await, ProbeVerdict::OnRecord);
    }
}

/// One bucket may have several addresses; each is remembered, and there is an end to it.
#[tokio::test]
async fn a_marker_holds_several_places_and_stays_small() {
    let data = Arc::new(InMemory::new());
    let probe =
        async |address: &str| at(address, data.clone()).probe_once("probe", "marker", 1).await.unwrap();
    for _ in 0..2 {
        for address in ["https://bucket.host/", "https://host/bucket"] {
            probe(address).await;
        }
    }
    assert_eq!(probe("https://bucket.host/").await, ProbeVerdict::OnRecord);
    assert_eq!(probe("https://host/bucket").await, ProbeVerdict::OnRecord);
    for n in 0..200 {
        assert_eq!(probe(&format!("https://host-{n}.example/some/bucket")).await, ProbeVerdict::Probed);
    }
    let marker = at("x", data.clone()).get("marker").await.into_result().unwrap().unwrap();
    assert!(marker.size < 4096, "{}", marker.size);
    assert_eq!(probe("https://host-199.example/some/bucket").await, ProbeVerdict::OnRecord);
}

/// A bucket copied to a service that ignores the condition, marker and all: two writers were let onto it.
#[tokio::test]
async fn a_marker_that_was_copied_vouches_for_nothing() {
    let (good, bad) = (FakeGcs::new().await, FakeGcs::new().await);
    let first = good.open();
    assert_eq!(first.probe_once("probe", "marker", 1).await.unwrap(), ProbeVerdict::Probed);
    assert_eq!(good.open().probe_once("probe", "marker", 2).await.unwrap(), ProbeVerdict::OnRecord);
    let marker = first.get("marker").await.into_result().unwrap().unwrap().bytes;
    let text = String::from_utf8(marker.to_vec()).unwrap();
    assert!(text.contains("/bucket/root") && !text.contains("private_key") && !text.contains('?'), "{text}");

    bad.ignore_conditions();
    let copy = bad.open();
    copy.put_overwrite("marker", marker.clone().into()).await.unwrap();
    let verdict = copy.probe_once("probe", "marker", 3).await;
    assert!(matches!(verdict, Err(ProbeError::Unsafe { .. })), "{verdict:?}");

    // Another prefix of the same bucket may be another store's behind a gateway.
    let below = first.below("copy").unwrap();
    below.put_overwrite("marker", marker.into()).await.unwrap();
    assert_eq!(below.probe_once("probe", "marker", 4).await.unwrap(), ProbeVerdict::Probed);
}

/// A store that does not say where it is cannot leave a record that means anything.
#[tokio::test]
async fn without_an_address_a_verdict_is_kept_in_the_process_only() {
    let data = Arc::new(InMemory::new());
    let store = over(data.clone());
    assert_eq!(store.probe_once("probe", "marker", 1).await.unwrap(), ProbeVerdict::Probed);
    let before = store.counts();
    assert_eq!(store.scoped().probe_once("probe", "marker", 2).await.unwrap(), ProbeVerdict::OnRecord);
    assert_eq!(store.counts(), before);
    assert!(store.get("marker").await.is_absent());
    assert_eq!(over(data).probe_once("probe", "marker", 3).await.unwrap(), ProbeVerdict::Probed);
}

/// The first request that a new log makes met one 503, and the command ended after a tenth of a second.
#[tokio::test]
async fn a_probe_is_as_patient_as_any_other_request() {
    for status in [503, 429, 409, 408, 500] {
        let server = FakeGcs::new().await;
        let store = server.open().with_retry_timeout(Duration::from_secs(60));
        // The first is the read of the marker, the next ones are creates.
        for _ in 0..4 {
            server.refuse(status);
        }
        let verdict = store.probe_once("probe", "marker", 1).await;
        assert_eq!(verdict.unwrap_or_else(|error| panic!("{status}: {error:?}")), ProbeVerdict::Probed);
    }
}

#[tokio::test(start_paused = true)]
async fn racers_that_hear_nothing_try_again() {
    let faults = FaultStore::in_memory();
    let options = StoreOptions::new().with_client_retries(ClientRetries::Off);
    let store = LogStore::new(Arc::new(faults.clone()), Path::ROOT, options);
    let lost = faults.on(Op::Put, |path| path.ends_with("-2"), Fault::Drop).times(20);
    assert_eq!(store.probe("probe", 7).await.unwrap(), ProbeVerdict::Probed);
    assert_eq!(lost.hits(), 20);
    let gone = faults.on(Op::Put, |_| true, Fault::Drop);
    let started = tokio::time::Instant::now();
    assert!(matches!(store.probe("probe", 8).await, Err(ProbeError::Failed { .. })));
    assert!((60..70).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!(gone.hits() > 10);
}

#[tokio::test]
async fn an_unsafe_verdict_is_not_and_known_stores_are_not_asked() {
    let faults = FaultStore::in_memory();
    let lies = faults.on(Op::Put, |_| true, Fault::IgnoreCondition);
    let store = over(Arc::new(faults));
    for _ in 0..2 {
        assert!(store.probe_once("probe", "marker", 1).await.is_err());
    }
    lies.stop();
    assert_eq!(store.probe_once("probe", "marker", 1).await.unwrap(), ProbeVerdict::Probed);

    let known = LogStore::open("memory://known", StoreOptions::new()).unwrap();
    assert_eq!(known.probe_once("probe", "marker", 1).await.unwrap(), ProbeVerdict::Known);
    assert_eq!(known.counts().total(), 0);
}

/// Looks first, then writes.
#[derive(Debug)]
struct RacyStore(LatencyStore);

impl std::fmt::Display for RacyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RacyStore({})", self.0)
    }
}

#[async_trait::async_trait]
impl ObjectStore for RacyStore {
    async fn put_opts(
        &self,
        to: &Path,
        payload: object_store::PutPayload,
        mut options: object_store::PutOptions,
    ) -> object_store::Result<object_store::PutResult> {
        use object_store::{Error, ObjectStoreExt, PutMode};
        if options.mode == PutMode::Create {
            if self.0.head(to).await.is_ok() {
                return Err(Error::AlreadyExists { path: to.to_string(), source: "there".into() });
            }
            options.mode = PutMode::Overwrite;
        }
        self.0.put_opts(to, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: object_store::PutMultipartOptions,
    ) -> object_store::Result<Box<dyn object_store::MultipartUpload>> {
        self.0.put_multipart_opts(to, options).await
    }

    async fn get_opts(
        &self,
        from: &Path,
        options: object_store::GetOptions,
    ) -> object_store::Result<object_store::GetResult> {
        self.0.get_opts(from, options).await
    }

    fn delete_stream(
        &self,
        locations: futures::stream::BoxStream<'static, object_store::Result<Path>>,
    ) -> futures::stream::BoxStream<'static, object_store::Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(
        &self,
        prefix: Option<&Path>,
    ) -> futures::stream::BoxStream<'static, object_store::Result<object_store::ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&Path>,
    ) -> object_store::Result<object_store::ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: object_store::CopyOptions,
    ) -> object_store::Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

/// Not every racer need win: two are enough for two writers to hold the same position.
#[tokio::test]
async fn a_store_that_lets_two_of_eight_win_is_convicted() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Put, |path| path.ends_with("-1"), Fault::IgnoreCondition).after(1).times(1);
    assert_eq!(convicted(&faults).await.seen, "2 of 8 racing creates succeeded");
}

/// One is told that it won, and what is read was written by another, whose reply was lost.
#[tokio::test]
async fn a_store_that_overwrites_the_winner_is_convicted() {
    let overwriting = FaultStore::in_memory();
    let _ = overwriting.on(Op::Put, |path| path.ends_with("-1"), Fault::IgnoreCondition);
    let silent = FaultStore::new(Arc::new(overwriting));
    let _ = silent.on(Op::Put, |path| path.ends_with("-1"), Fault::LoseReply).after(1);
    assert_eq!(convicted(&silent).await.seen, "a read returned other bytes than were written");
}

/// Nothing is there because nothing arrived, which is no crime.
#[tokio::test]
async fn a_race_that_nobody_hears_of_convicts_nobody() {
    let faults = FaultStore::in_memory();
    let _ = faults.on(Op::Put, |path| path.ends_with("-1"), Fault::Drop);
    let result = over(Arc::new(faults)).probe("probe", 7).await;
    assert!(matches!(result, Err(ProbeError::Failed { .. })), "{result:?}");
}

/// A record that cannot be read may be there; and a store that cannot be read is not fit for a log today.
#[tokio::test]
async fn a_record_that_cannot_be_read_is_not_taken_for_none() {
    let faults = FaultStore::in_memory();
    let store = at("here", Arc::new(faults.clone()));
    let _ = faults.on(Op::Get, |path| path == "marker.json", Fault::Deny);
    let result = store.probe_once("probe", "marker.json", 7).await;
    assert!(matches!(result, Err(ProbeError::Failed { .. })), "{result:?}");
    assert_eq!(store.counts().put, 0);
}

/// A store with many addresses does not fill its record until it can't be read any more.
#[tokio::test]
async fn a_record_holds_some_places_and_forgets_the_oldest() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let place = |n: usize| at(&format!("{n}-{}", "long".repeat(50)), Arc::clone(&store));
    let probe = async |n| place(n).probe_once("probe", "marker.json", 7).await.unwrap();
    for n in 0..30 {
        assert_eq!(probe(n).await, ProbeVerdict::Probed);
        assert_eq!(probe(n).await, ProbeVerdict::OnRecord);
    }
    assert_eq!(probe(25).await, ProbeVerdict::OnRecord, "several are on record");
    let size = place(0).head("marker.json").await.into_result().unwrap().unwrap().size;
    assert!(size < 4096, "{size}");
}

/// Cleaning up after a probe that failed asks once more, and does not wait once more.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_gone_costs_one_retry_timeout() {
    let faults = FaultStore::in_memory();
    for op in [Op::Put, Op::Get, Op::Delete] {
        let _ = faults.on(op, |_| true, Fault::Refuse);
    }
    let retry_timeout = Duration::from_secs(60);
    let options =
        StoreOptions::new().with_client_retries(ClientRetries::Off).with_retry_timeout(retry_timeout);
    let started = tokio::time::Instant::now();
    let result = LogStore::new(Arc::new(faults), Path::ROOT, options).probe("probe", 7).await;
    assert!(matches!(result, Err(ProbeError::Failed { .. })), "{result:?}");
    assert!(started.elapsed() < retry_timeout * 3 / 2, "{:?}", started.elapsed());
}
