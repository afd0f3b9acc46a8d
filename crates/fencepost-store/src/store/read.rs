//! Reads: repeated while that may help.

use super::{Failed, LogStore};
use crate::counts::Class;
use crate::error::{Failure, Operation, StoreError};
use crate::outcome::ReadOutcome;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta};
use std::ops::Range;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// An object, read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// What was read: all of it, or the part asked for.
    pub bytes: Bytes,
    /// Size of the whole object in bytes, also when a part was read.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub last_modified: SystemTime,
}

/// What a store tells about an object without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// Size in bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub last_modified: SystemTime,
}

impl LogStore {
    /// Reads an object whole, however large it is. Prefer [`get_up_to`](Self::get_up_to) for objects that
    /// others may have written. Costs one GET for each attempt.
    pub async fn get(&self, path: impl AsRef<str>) -> ReadOutcome<Object> {
        self.get_up_to(path, u64::MAX).await
    }

    /// Reads an object whole if it has at most `bytes_max` bytes.
    ///
    /// The size is checked when the reply's headers are in and before its body is read, so a huge object
    /// costs no memory; it is then [`Unknown`](ReadOutcome::Unknown) with [`Failure::TooLarge`]. Costs one
    /// GET for each attempt.
    pub async fn get_up_to(&self, path: impl AsRef<str>, bytes_max: u64) -> ReadOutcome<Object> {
        self.get_when(path, bytes_max, |_| std::future::ready(())).await
    }

    /// As [`get_up_to`](Self::get_up_to), and reads the body only when `admit` returns, which is told the
    /// object's size. So a caller can bound the memory of many reads at once.
    ///
    /// To wait there is part of the request: if it takes longer than the [time-out of a
    /// request](crate::StoreOptions::with_request_timeout), the attempt counts as unanswered.
    pub async fn get_when<F: Future<Output = ()>>(
        &self,
        path: impl AsRef<str>,
        bytes_max: u64,
        admit: impl Fn(u64) -> F,
    ) -> ReadOutcome<Object> {
        self.read_when(path.as_ref(), GetOptions::new(), bytes_max, u64::MAX, admit).await
    }

    /// As [`get_up_to`](Self::get_up_to), and says where the object is: at the address that the request went
    /// to, or else where the options say that the store is.
    pub(crate) async fn get_noting(
        &self,
        path: &str,
        bytes_max: u64,
    ) -> (ReadOutcome<Object>, Option<String>) {
        let said = || Some(format!("{} {}/{path}", self.options.address.as_ref()?, self.root));
        #[cfg(feature = "cloud")]
        {
            let sent_to = crate::connector::SentTo::default();
            let mut extensions = object_store::Extensions::new();
            extensions.insert(sent_to.clone());
            let options = GetOptions::new().with_extensions(extensions);
            let found = self.read(path, options, bytes_max, u64::MAX).await;
            (found, sent_to.address().or_else(said))
        }
        #[cfg(not(feature = "cloud"))]
        (self.get_up_to(path, bytes_max).await, said())
    }

    /// Reads the bytes in `range`, or as many of them as the object has. Costs one GET for each attempt.
    ///
    /// A range that begins at or behind the object's end is a failure ([`Failure::BadRange`] where the store
    /// says so clearly). An empty range is one everywhere, and costs no request.
    pub async fn get_range(&self, path: impl AsRef<str>, range: Range<u64>) -> ReadOutcome<Object> {
        let path = path.as_ref();
        if range.is_empty() {
            return ReadOutcome::Unknown(StoreError::new(
                Operation::Get,
                path,
                Duration::ZERO,
                Failure::BadRange,
            ));
        }
        let length = range.end - range.start;
        self.read(path, GetOptions::new().with_range(Some(range)), u64::MAX, length).await
    }

    /// Reads an object's metadata. Costs one HEAD for each attempt.
    pub async fn head(&self, path: impl AsRef<str>) -> ReadOutcome<ObjectInfo> {
        let path = path.as_ref();
        let found = self.read_repeatedly(Operation::Head, path, |location| async move {
            self.count(Class::Head, 1);
            let options = GetOptions::new().with_head(true);
            Ok(self.inner.get_opts(&location, options).await.map(|found| ObjectInfo::from(&found.meta)))
        });
        found.await
    }

    async fn read(
        &self,
        path: &str,
        options: GetOptions,
        size_max: u64,
        body_max: u64,
    ) -> ReadOutcome<Object> {
        self.read_when(path, options, size_max, body_max, |_| std::future::ready(())).await
    }

    /// Reads a body of at most `body_max` bytes of an object of at most `size_max` bytes, when it is admitted.
    async fn read_when<F: Future<Output = ()>>(
        &self,
        path: &str,
        options: GetOptions,
        size_max: u64,
        body_max: u64,
        admit: impl Fn(u64) -> F,
    ) -> ReadOutcome<Object> {
        let (options, admit) = (&options, &admit);
        let read = self.read_repeatedly(Operation::Get, path, |location| async move {
            self.count(Class::Get, 1);
            let found = match self.inner.get_opts(&location, options.clone()).await {
                Ok(found) => found,
                Err(error) => return Ok(Err(error)),
            };
            let ObjectInfo { size, last_modified } = ObjectInfo::from(&found.meta);
            if size > size_max {
                return Err(Failure::TooLarge { size, limit: size_max });
            }
            let expected = found.range.end.saturating_sub(found.range.start);
            if expected > body_max {
                return Err(Failure::Malformed); // More than was asked for. It is not worth the memory.
            }
            admit(expected).await;
            match found.bytes().await {
                // A file that shrank under our eyes. Objects are never changed in place; this one was.
                Ok(bytes) if bytes.len() as u64 != expected => Err(Failure::Interrupted),
                Ok(bytes) => Ok(Ok(Object { bytes, size, last_modified })),
                Err(error) => Ok(Err(error)),
            }
        });
        read.await
    }

    /// Repeats a read. The outer result of `request` carries a failure seen by us, the inner one the
    /// client's.
    async fn read_repeatedly<T, F>(
        &self,
        operation: Operation,
        path: &str,
        request: impl Fn(Path) -> F,
    ) -> ReadOutcome<T>
    where
        F: Future<Output = Result<object_store::Result<T>, Failure>>,
    {
        let location = match self.locate_object(operation, path) {
            Ok(location) => location,
            Err(error) => return ReadOutcome::Unknown(error),
        };
        let once = || async {
            let started = Instant::now();
            let mut ours = None;
            let attempt = async {
                match request(location.clone()).await {
                    Ok(theirs) => theirs.map(Some),
                    Err(failure) => {
                        ours = Some(failure);
                        Ok(None)
                    }
                }
            };
            match self.attempt(operation, path, attempt).await {
                Ok(Some(found)) => Ok(Some(found)),
                Ok(None) => {
                    let failure = ours.expect("nothing found and no error of the client's");
                    Err(StoreError::new(operation, path, started.elapsed(), failure))
                }
                Err(Failed::Absent) => Ok(None),
                Err(Failed::Exists) => unreachable!("a read's answer is never `Exists`"),
                Err(Failed::Error(error)) => Err(error),
            }
        };
        ReadOutcome::from_result(self.repeat(once).await)
    }
}

impl From<&ObjectMeta> for ObjectInfo {
    fn from(meta: &ObjectMeta) -> Self {
        Self { size: meta.size, last_modified: meta.last_modified.into() }
    }
}
