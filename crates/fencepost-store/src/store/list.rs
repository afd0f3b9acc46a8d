//! Listings: as a stream, or whole.

use super::{Backend, Failed, LogStore};
use crate::counts::Class;
use crate::error::{Operation, StoreError};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use std::time::SystemTime;

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// Its name relative to the store's root, verbatim: names in a bucket are anybody's, so put it through
    /// [`Escaped`](crate::Escaped) before printing it.
    pub path: Path,
    /// Size in bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub last_modified: SystemTime,
}

/// A listing in progress.
pub type Listing<'a> = BoxStream<'a, Result<Listed, StoreError>>;

impl LogStore {
    /// Lists all objects below `prefix`, at any depth, in no particular order.
    ///
    /// Order differs between stores (local directories have none). A listing is no snapshot: objects that
    /// come or go meanwhile may or may not be in it. A prefix that does not exist lists nothing. An object
    /// that is named exactly like the prefix is not below it.
    ///
    /// Costs one LIST for each page. The stream does not retry, since it could not take back what it has
    /// handed out; it ends at its first error. See [`list_all`](Self::list_all) for one that does.
    ///
    /// One foreign name can spoil a listing. A key with an empty, `.` or `..` segment or a control character,
    /// a file name that is no UTF-8, a directory that cannot be read: each makes the client fail the whole,
    /// and so does this. Better than to leave it out without a word, but whoever may write to the bucket can
    /// do it.
    pub fn list(&self, prefix: impl AsRef<str>) -> Listing<'_> {
        let prefix = prefix.as_ref().to_owned();
        let location = match self.locate(Operation::List, &prefix) {
            Ok(location) => location,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        self.count(Class::List, 1);
        let pages = Pages { page: self.backend.page(), seen: 0 };
        let state = (self.inner.list(some(&location)), pages, prefix, location);
        let items = stream::try_unfold(state, move |(mut items, mut pages, prefix, location)| async move {
            let next = self.attempt(Operation::List, &prefix, async { items.try_next().await });
            match next.await {
                Ok(None) => Ok(None),
                Ok(Some(meta)) => {
                    self.count(Class::List, pages.begun_by_next());
                    Ok(Some((meta, (items, pages, prefix, location))))
                }
                Err(Failed::Error(error)) => Err(error),
                Err(_) => unreachable!("a listing's answer is neither `Exists` nor `Absent`"),
            }
        });
        let listed = items.try_filter_map(move |meta| async move {
            Ok(self.relative(meta.location).map(|path| Listed {
                path,
                size: meta.size,
                last_modified: meta.last_modified.into(),
            }))
        });
        listed.boxed()
    }

    /// Lists as [`list`](Self::list) does, to the end, and from the beginning again after a failure that may
    /// pass. Holds the whole listing in memory, some 200 bytes for each object. Costs one LIST for each page.
    ///
    /// # Errors
    /// The last failure, once repeating does not help or the budget is spent. Never a part of the listing.
    pub async fn list_all(&self, prefix: impl AsRef<str>) -> Result<Vec<Listed>, StoreError> {
        let prefix = prefix.as_ref();
        self.repeat(|| self.list(prefix).try_collect::<Vec<_>>()).await
    }

    /// Lists as [`list_all`](Self::list_all) does, and notes each object in a value as it comes in: nothing else is
    /// held in memory. After a failure that may pass, it begins again with a new value. Costs one LIST for each page.
    ///
    /// # Errors
    /// As [`list_all`](Self::list_all).
    pub async fn list_into<T: Default>(
        &self,
        prefix: impl AsRef<str>,
        note: impl Fn(&mut T, Listed),
    ) -> Result<T, StoreError> {
        let (prefix, note) = (prefix.as_ref(), &note);
        let once = || async move {
            let (mut found, mut objects) = (T::default(), self.list(prefix));
            while let Some(object) = objects.try_next().await? {
                note(&mut found, object);
            }
            Ok(found)
        };
        self.repeat(once).await
    }

    /// Whether an object below `prefix` is `wanted`. Reads no further than the first that is, and from the
    /// beginning again after a failure that may pass. Costs one LIST for each page read.
    ///
    /// # Errors
    /// As [`list_all`](Self::list_all).
    pub async fn any_below(
        &self,
        prefix: impl AsRef<str>,
        wanted: impl Fn(&Listed) -> bool,
    ) -> Result<bool, StoreError> {
        let (prefix, wanted) = (prefix.as_ref(), &wanted);
        self.repeat(|| self.list(prefix).try_any(move |object| std::future::ready(wanted(&object)))).await
    }

    /// Lists the names directly below `prefix` that have something below themselves: its folders, relative to
    /// the root, each once. Costs one LIST for each page of folders *and* objects directly below the prefix.
    ///
    /// Local directories count even if they are empty.
    ///
    /// # Errors
    /// As [`list_all`](Self::list_all).
    pub async fn list_dirs(&self, prefix: impl AsRef<str>) -> Result<Vec<Path>, StoreError> {
        let prefix = prefix.as_ref();
        let location = self.locate(Operation::List, prefix)?;
        let once = || async {
            self.count(Class::List, 1);
            let request = self.inner.list_with_delimiter(some(&location));
            match self.attempt(Operation::List, prefix, request).await {
                Ok(found) => {
                    let items = (found.common_prefixes.len() + found.objects.len()) as u64;
                    self.count(Class::List, items.saturating_sub(1) / self.backend.page());
                    Ok(found.common_prefixes)
                }
                Err(Failed::Error(error)) => Err(error),
                Err(_) => unreachable!("a listing's answer is neither `Exists` nor `Absent`"),
            }
        };
        let found = self.repeat(once).await?;
        Ok(found.into_iter().filter_map(|path| self.relative(path)).collect())
    }
}

/// `object_store` takes no prefix as the root.
fn some(location: &Path) -> Option<&Path> {
    (!location.as_ref().is_empty()).then_some(location)
}

/// Reckons pages from items.
struct Pages {
    page: u64,
    seen: u64,
}

impl Pages {
    /// How many pages the next item begins, the first page not counted: one or none.
    fn begun_by_next(&mut self) -> u64 {
        let begins = self.seen > 0 && self.seen.is_multiple_of(self.page);
        self.seen = self.seen.saturating_add(1);
        u64::from(begins)
    }
}

impl Backend {
    /// Most items in one page of a listing.
    fn page(self) -> u64 {
        match self {
            Self::Memory | Self::Local => u64::MAX,
            Self::S3 | Self::Gcs | Self::Other => 1000,
            Self::Azure => 5000,
        }
    }
}
