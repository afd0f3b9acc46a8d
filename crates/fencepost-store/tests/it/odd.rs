//! A store that answers oddly: bodies of another length than said; deletions that hang, have no end, or are
//! answered in part.

use fencepost_store::{Failure, LogStore, Path, ReadOutcome, StoreOptions};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Oddity {
    /// A body has a byte more than the reply's headers say.
    Longer,
    /// A body has a byte less.
    Shorter,
    /// Deletions are not answered.
    Hangs,
    /// Nor do their answers end, and they name something else.
    Endless,
    /// The answers end at once.
    Silent,
    /// The last object is named as deleted, and nothing is said of the others.
    NamesTheLast,
    /// The same, and then the rest is denied.
    DeniesTheOthers,
}

#[derive(Clone, Debug)]
struct Odd {
    inner: Arc<InMemory>,
    oddity: Oddity,
    answers: Arc<AtomicUsize>,
}

impl Odd {
    fn new(oddity: Oddity) -> Self {
        Self { inner: Arc::default(), oddity, answers: Arc::default() }
    }

    fn store(&self) -> LogStore {
        let options = StoreOptions::new().with_retry_timeout(Duration::ZERO).with_request_timeout(TIMEOUT);
        LogStore::new(Arc::new(self.clone()), Path::ROOT, options)
    }

    /// What became of three objects that were to be deleted.
    async fn deleted(&self) -> Vec<std::result::Result<(), Failure>> {
        let deletions = self.store().delete(["a", "b", "c"]).await;
        assert!(deletions.iter().map(|deletion| deletion.path.as_ref()).eq(["a", "b", "c"]));
        for deletion in &deletions {
            if let Err(error) = &deletion.result {
                assert!(error.to_string().contains(deletion.path.as_ref()), "{error}");
            }
        }
        deletions.into_iter().map(|deletion| deletion.result.map_err(|error| error.failure())).collect()
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.oddity)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Odd {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(to, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, options).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        let found = self.inner.get_opts(from, options).await?;
        let (meta, range, attributes) = (found.meta.clone(), found.range.clone(), found.attributes.clone());
        let mut bytes = found.bytes().await?.to_vec();
        match self.oddity {
            Oddity::Longer => bytes.push(b'!'),
            Oddity::Shorter => drop(bytes.pop()),
            _ => {}
        }
        let payload = GetResultPayload::Stream(stream::once(async { Ok(bytes.into()) }).boxed());
        Ok(GetResult { payload, meta, range, attributes, extensions: Default::default() })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let Self { oddity, answers, .. } = self.clone();
        let counted = move |answer| {
            answers.fetch_add(1, Ordering::Relaxed);
            answer
        };
        let last = locations.try_fold(None, |_, path| async { Ok(Some(path)) });
        let last = stream::once(async { last.await.map(|last| last.expect("something is to be deleted")) });
        let denied = Error::PermissionDenied { path: String::new(), source: "odd".into() };
        match oddity {
            Oddity::Hangs => stream::pending().boxed(),
            Oddity::Endless => stream::repeat_with(|| Ok(Path::from("other"))).take(100).map(counted).boxed(),
            Oddity::NamesTheLast => last.boxed(),
            Oddity::DeniesTheOthers => last.chain(stream::once(async { Err(denied) })).boxed(),
            Oddity::Silent | Oddity::Longer | Oddity::Shorter => stream::empty().boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Something cut it off, or it changed meanwhile. It may be read again, and is never handed out.
#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_said_is_no_body() {
    for oddity in [Oddity::Longer, Oddity::Shorter] {
        let odd = Odd::new(oddity);
        odd.inner.put(&Path::from("a"), "12345".into()).await.unwrap();
        let store = odd.store();
        for read in [store.get("a").await, store.get_up_to("a", 5).await, store.get_range("a", 1..3).await] {
            let ReadOutcome::Unknown(error) = read else { panic!("{oddity:?}: {read:?}") };
            assert_eq!(error.failure(), Failure::Interrupted, "{oddity:?}");
            assert!(error.is_retryable());
        }
    }
}

/// One time-out for all of them, not one for each.
#[tokio::test(start_paused = true)]
async fn deletions_that_hang_are_waited_for_once() {
    let started = Instant::now();
    assert_eq!(Odd::new(Oddity::Hangs).deleted().await, [const { Err(Failure::TimedOut) }; 3]);
    assert_eq!(started.elapsed(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn answers_without_an_end_are_read_up_to_one_too_many() {
    let odd = Odd::new(Oddity::Endless);
    assert_eq!(odd.deleted().await, [const { Err(Failure::Malformed) }; 3]);
    assert_eq!(odd.answers.load(Ordering::Relaxed), 4);
}

/// What was not named may be there or not.
#[tokio::test(start_paused = true)]
async fn only_what_is_named_counts_as_deleted_where_answers_are_missing() {
    assert_eq!(Odd::new(Oddity::Silent).deleted().await, [const { Err(Failure::Malformed) }; 3]);
    let part = |failure: Failure| [Err(failure), Err(failure), Ok(())];
    assert_eq!(Odd::new(Oddity::NamesTheLast).deleted().await, part(Failure::Malformed));
    assert_eq!(Odd::new(Oddity::DeniesTheOthers).deleted().await, part(Failure::Denied));
}

/// A listing of 1,000 is one page on most stores, and of one more is two.
#[tokio::test]
async fn listings_are_counted_by_the_page() {
    let memory = Arc::new(InMemory::new());
    let store = LogStore::new(Arc::clone(&memory) as Arc<dyn ObjectStore>, Path::ROOT, StoreOptions::new());
    let asked = async |expected: usize| {
        let (objects, folders) = (store.scoped(), store.scoped());
        assert_eq!(objects.list_all("p").await.unwrap().len(), expected);
        assert_eq!(folders.list_dirs("p").await.unwrap().len(), expected);
        (objects.counts().list, folders.counts().list)
    };
    let put = async |at: u32| memory.put(&Path::from(format!("p/{at}/x")), "x".into()).await.map(drop);
    assert_eq!(asked(0).await, (1, 1));
    for at in 1..=1_000 {
        put(at).await.unwrap();
    }
    assert_eq!(asked(1_000).await, (1, 1));
    put(1_001).await.unwrap();
    assert_eq!(asked(1_001).await, (2, 2));
    for at in 1_002..=2_001 {
        put(at).await.unwrap();
    }
    assert_eq!(asked(2_001).await, (3, 3));
}

const TIMEOUT: Duration = Duration::from_secs(5);
