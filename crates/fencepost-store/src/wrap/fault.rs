//! A store that misbehaves on cue.

use super::gate::{Gate, Held, Late, Queue};
use super::{Op, Rule};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// What goes wrong. Two questions tell faults apart: was the request carried out, and did its caller learn.
///
/// | fault | carried out | caller is told |
/// |---|---|---|
/// | [`Refuse`](Self::Refuse) | no | connection refused: not done |
/// | [`Deny`](Self::Deny) | no | permission denied: not done |
/// | [`Drop`](Self::Drop) | no | time-out: unknown |
/// | [`LoseReply`](Self::LoseReply) | yes | time-out: unknown |
/// | [`FalseExists`](Self::FalseExists) | no | already exists |
/// | [`IgnoreCondition`](Self::IgnoreCondition) | yes, overwriting | done |
/// | [`FalseAbsent`](Self::FalseAbsent) | no | not found |
/// | [`Reverse`](Self::Reverse) | yes | the listing, its objects in the opposite order |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// No connection is made.
    Refuse,
    /// The store denies it.
    Deny,
    /// The request is lost on its way.
    Drop,
    /// The reply is lost on its way.
    LoseReply,
    /// A create is told that the name is taken, as S3 answers to racing creates at times.
    FalseExists,
    /// A create overwrites, as on stores that do not know the condition.
    IgnoreCondition,
    /// A read finds nothing, as if from a cache. In a listing, of which the rule then sees each object
    /// instead of the prefix, the object is left out.
    FalseAbsent,
    /// A listing is handed out from its end, as listings may be in any order. It happens besides whatever
    /// another rule does.
    Reverse,
}

/// A store that misbehaves on cue. Cloning it shares rules and data.
///
/// Rules apply in the order in which they were made; the first that applies to a request decides. Their paths
/// are those of the store beneath, root included.
#[derive(Clone, Debug)]
pub struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    rules: Arc<Mutex<Vec<(Rule, Action)>>>,
}

impl FaultStore {
    /// Around a store.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, rules: Arc::default() }
    }

    /// Around a new, empty store in memory.
    pub fn in_memory() -> Self {
        Self::new(Arc::new(InMemory::new()))
    }

    /// The store beneath, which behaves.
    pub fn inner(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    /// Lets `fault` happen to requests of kind `op` whose path `matches`; see [`Rule`] to limit it.
    pub fn on(&self, op: Op, matches: impl Fn(&str) -> bool + Send + Sync + 'static, fault: Fault) -> Rule {
        let rule = Rule::new(op, matches);
        self.add(rule.clone(), Action::Fault(fault));
        rule
    }

    /// Holds requests back before they reach the store, until they are released. Their callers wait.
    pub fn hold(&self, op: Op, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Held {
        let rule = Rule::new(op, matches);
        let (held, gate) = Held::new(rule.clone());
        self.add(rule, Action::Hold(gate));
        held
    }

    /// Keeps writes back and tells their callers at once that they timed out: the writes arrive when they are
    /// delivered.
    pub fn strand(&self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Late {
        let rule = Rule::new(Op::Put, matches);
        let (late, queue) = Late::new(rule.clone(), Arc::clone(&self.inner));
        self.add(rule, Action::Strand(queue));
        late
    }

    /// Lets writes happen as usual and once more when they are delivered: duplicates in a network.
    pub fn echo(&self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Late {
        let rule = Rule::new(Op::Put, matches);
        let (late, queue) = Late::new(rule.clone(), Arc::clone(&self.inner));
        self.add(rule, Action::Echo(queue));
        late
    }

    fn add(&self, rule: Rule, action: Action) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push((rule, action));
    }

    fn action(&self, op: Op, path: &str) -> Option<Action> {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let apart = |action: &Action| matches!(action, Action::Fault(Fault::FalseAbsent | Fault::Reverse));
        let applies = |(rule, action): &&(Rule, Action)| {
            // Rules that hide objects from listings are asked about each object, and those that reverse
            // listings by themselves.
            !(op == Op::List && apart(action)) && rule.applies(op, path)
        };
        rules.iter().find(applies).map(|(_, action)| action.clone())
    }

    fn is_hidden(&self, path: &Path) -> bool {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let hides = |(rule, action): &(Rule, Action)| {
            matches!(action, Action::Fault(Fault::FalseAbsent)) && rule.applies(Op::List, path.as_ref())
        };
        rules.iter().any(hides)
    }

    fn is_reversed(&self, prefix: &str) -> bool {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let reverses = |(rule, action): &(Rule, Action)| {
            matches!(action, Action::Fault(Fault::Reverse)) && rule.applies(Op::List, prefix)
        };
        rules.iter().any(reverses)
    }

    /// Does what a rule says around `request`, which is anything but a write.
    async fn around<T>(
        &self,
        op: Op,
        path: &str,
        request: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.action(op, path) {
            None | Some(Action::Strand(_) | Action::Echo(_)) => request.await,
            Some(Action::Hold(gate)) => {
                gate.pass().await;
                request.await
            }
            Some(Action::Fault(Fault::LoseReply)) => {
                let _ = request.await;
                Err(timed_out())
            }
            Some(Action::Fault(fault)) => match fault.error(path) {
                Some(error) => Err(error),
                None => request.await,
            },
        }
    }

    /// Does what a rule says before a listing, then leaves out what is hidden.
    fn listing(
        &self,
        prefix: Option<&Path>,
        list: impl FnOnce(&dyn ObjectStore) -> BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let this = self.clone();
        let prefix = prefix.map_or_else(String::new, ToString::to_string);
        let items = list(&*self.inner);
        let first = async move {
            this.around(Op::List, &prefix, async { Ok(()) }).await?;
            let items = match this.is_reversed(&prefix) {
                true => stream::iter(items.try_collect::<Vec<_>>().await?.into_iter().rev().map(Ok)).boxed(),
                false => items,
            };
            Ok::<_, Error>(items.try_filter(move |item| std::future::ready(!this.is_hidden(&item.location))))
        };
        first.into_stream().try_flatten().boxed()
    }
}

impl Fault {
    /// What the caller is told, if it is an error and the request is not carried out.
    fn error(self, path: &str) -> Option<Error> {
        let path = path.to_owned();
        Some(match self {
            Self::Refuse => generic(io::ErrorKind::ConnectionRefused),
            Self::Deny => Error::PermissionDenied { path, source: "injected".into() },
            Self::Drop => timed_out(),
            Self::FalseExists => Error::AlreadyExists { path, source: "injected".into() },
            Self::FalseAbsent => Error::NotFound { path, source: "injected".into() },
            Self::LoseReply | Self::IgnoreCondition | Self::Reverse => return None,
        })
    }
}

#[derive(Clone, Debug)]
enum Action {
    Fault(Fault),
    Hold(Gate),
    Strand(Queue),
    Echo(Queue),
}

fn timed_out() -> Error {
    generic(io::ErrorKind::TimedOut)
}

fn generic(kind: io::ErrorKind) -> Error {
    Error::Generic { store: "FaultStore", source: Box::new(io::Error::new(kind, "injected")) }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for FaultStore {
    async fn put_opts(&self, to: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        match self.action(Op::Put, to.as_ref()) {
            Some(Action::Hold(gate)) => {
                // A task of its own, so that the write lands even if its caller has gone.
                let (inner, to) = (Arc::clone(&self.inner), to.clone());
                let write = tokio::spawn(async move {
                    gate.pass().await;
                    inner.put_opts(&to, payload, options).await
                });
                return write.await?;
            }
            Some(Action::Strand(queue)) => {
                queue.keep(to, &payload, &options);
                return Err(timed_out());
            }
            Some(Action::Echo(queue)) => queue.keep(to, &payload, &options),
            Some(Action::Fault(Fault::LoseReply)) => {
                let _ = self.inner.put_opts(to, payload, options).await;
                return Err(timed_out());
            }
            Some(Action::Fault(Fault::IgnoreCondition)) => options.mode = PutMode::Overwrite,
            Some(Action::Fault(fault)) => {
                if let Some(error) = fault.error(to.as_ref()) {
                    return Err(error);
                }
            }
            None => {}
        }
        self.inner.put_opts(to, payload, options).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.around(Op::of_get(&options), from.as_ref(), self.inner.get_opts(from, options)).await
    }

    async fn get_ranges(&self, from: &Path, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.around(Op::Get, from.as_ref(), self.inner.get_ranges(from, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        let delete = move |path: Path| {
            let this = this.clone();
            async move {
                let one = stream::once(std::future::ready(Ok(path.clone()))).boxed();
                let request = async { this.inner.delete_stream(one).try_collect::<Vec<_>>().await };
                this.around(Op::Delete, path.as_ref(), request).await.map(|_| path)
            }
        };
        locations
            .then(move |path| {
                let delete = delete.clone();
                async move { delete(path?).await }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, |inner| inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, |inner| inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map_or("", |prefix| prefix.as_ref());
        let mut found = self.around(Op::List, path, self.inner.list_with_delimiter(prefix)).await?;
        found.objects.retain(|object| !self.is_hidden(&object.location));
        if self.is_reversed(path) {
            found.objects.reverse();
            found.common_prefixes.reverse();
        }
        Ok(found)
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, options).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}
