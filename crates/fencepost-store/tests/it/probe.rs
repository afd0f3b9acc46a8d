//! The probe: stores it must convict, and stores it must not.

use fencepost_store::wrap::{CountStore, Fault, FaultStore, LatencyStore, Op};
use fencepost_store::{
    ClientRetries, LogStore, ObjectStore, Path, ProbeError, ProbeVerdict, StoreOptions, UnsafeStore,
};
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;

fn over(store: Arc<dyn ObjectStore>) -> LogStore {
    let options =
        StoreOptions::new().with_client_retries(ClientRetries::Off).with_retry_budget(Duration::ZERO);
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
    store.put_new("a", "x".into()).await.unwrap();
    assert!(store.put_new("a", "y".into()).await.is_err(), "alone it is right");
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

#[tokio::test]
async fn a_safe_verdict_is_remembered() {
    let counted = CountStore::new(Arc::new(InMemory::new()));
    let store = over(Arc::new(counted.clone()));
    let probe = async |seed| store.probe_once("probe", "marker.json", seed).await.unwrap();
    assert_eq!(probe(1).await, ProbeVerdict::Probed);
    let before = counted.counts();
    assert_eq!(probe(2).await, ProbeVerdict::OnRecord);
    assert_eq!((counted.counts() - before).total(), 1);
    assert_eq!(counted.counts(), store.counts(), "the built-in counts are right");

    for junk in
        ["", "{", r#"{"probe":0,"verdict":"safe"}"#, r#"{"probe":1,"verdict":"unsafe"}"#, &"x".repeat(9999)]
    {
        store.put_overwrite("marker.json", junk.to_owned().into()).await.unwrap();
        assert_eq!(probe(3).await, ProbeVerdict::Probed, "{junk:.20}");
        assert_eq!(probe(4).await, ProbeVerdict::OnRecord);
    }
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
