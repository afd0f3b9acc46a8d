//! Hazard 10: a PUT times out but landed, or a client repeats it by itself; the retry is told "already exists".

use crate::support::{World, append, append_all, submit, wal_on};
use fencepost::AppendError;
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;

/// P-22: "exists" is read back, and our own entry is a success, once.
#[tokio::test(start_paused = true)]
async fn h10_our_own_entry_is_recognised() {
    let world = World::new().await;
    let writer = world.writer().await;
    let lost: Vec<_> =
        (2..=21).map(|at| world.faults.on(Op::Put, world.entry(at), Fault::LoseReply).times(1)).collect();
    append_all(&writer, 1..=20).await;
    assert!(lost.iter().all(|lost| lost.hits() == 1));
    assert_eq!(world.layout().await, "1:h1 2-21:d1");
    assert_eq!(world.rows().await, (1..=20).collect::<Vec<_>>());
}

/// The same on a first attempt, as with a client that retries by itself: nobody saw a time-out.
#[tokio::test(start_paused = true)]
async fn h10_exists_on_a_first_attempt_may_be_ours_too() {
    let world = World::new().await;
    let store = retrying::Client::new(Arc::clone(world.faults.inner()));
    let wal = wal_on(Arc::new(store)).await;
    let writer = wal.open_writer(crate::support::options()).await.unwrap();
    append_all(&writer, 1..=5).await;
    assert_eq!(writer.status().repeated, 0);
    assert_eq!(world.layout().await, "1:h1 2-6:d1");
}

/// P-14, P-17: fence entries and fillers.
#[tokio::test(start_paused = true)]
async fn h10_fences_and_fillers_are_recognised() {
    let world = World::new().await;
    drop(world.writer().await);
    let lost: Vec<_> =
        (2..=65).map(|at| world.faults.on(Op::Put, world.entry(at), Fault::LoseReply).times(1)).collect();
    let writer = world.writer().await;
    assert!(lost.iter().all(|lost| lost.hits() == 1));
    assert_eq!(append(&writer, 1).await.unwrap(), 66);
    assert_eq!(world.layout().await, "1:h1 2:p2 3-65:f2 66:d2");
}

/// Without the read back, "exists" could only be taken for success or for failure. Both are wrong: the one is
/// here, the other above.
#[tokio::test(start_paused = true)]
async fn h10_exists_may_be_somebody_elses() {
    let world = World::new().await;
    let a = world.writer().await;
    let held = world.faults.hold(Op::Put, world.entry(2)).times(1);
    let ticket = submit(&a, 1).await;
    held.arrived().await;
    let b = world.writer().await;
    held.release();
    assert!(matches!(ticket.await, Err(AppendError::Fenced { by, .. }) if by == b.epoch()));
}

/// A client that sends every create twice, and tells the answer to the second.
mod retrying {
    use futures::stream::BoxStream;
    use object_store::path::Path;
    use object_store::{
        CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
        PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    };
    use std::sync::Arc;

    #[derive(Debug)]
    pub(super) struct Client(Arc<dyn ObjectStore>);

    impl Client {
        pub(super) fn new(inner: Arc<dyn ObjectStore>) -> Self {
            Self(inner)
        }
    }

    impl std::fmt::Display for Client {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a client that retries")
        }
    }

    #[async_trait::async_trait]
    impl ObjectStore for Client {
        async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
            if options.mode == PutMode::Create && to.as_ref().contains("/wal/") {
                let _ = self.0.put_opts(to, payload.clone(), options.clone()).await;
            }
            self.0.put_opts(to, payload, options).await
        }

        async fn put_multipart_opts(
            &self,
            to: &Path,
            options: PutMultipartOptions,
        ) -> Result<Box<dyn MultipartUpload>> {
            self.0.put_multipart_opts(to, options).await
        }

        async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
            self.0.get_opts(from, options).await
        }

        fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
            self.0.delete_stream(paths)
        }

        fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
            self.0.list(prefix)
        }

        async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
            self.0.list_with_delimiter(prefix).await
        }

        async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
            self.0.copy_opts(from, to, options).await
        }
    }
}
