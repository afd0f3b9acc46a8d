//! The requests of a search for the tail.
// P-126 to P-128.

use super::answer::{listed, read};
use super::{Io, Performed, name_in};
use crate::drive::Driver;
use crate::{Cause, ReadError};
use fencepost_fence::{FindTail, TailFound, TailReply, TailRequest};
use fencepost_format::{Position, parse_entry_name};
use futures::{StreamExt, TryStreamExt};

impl Io {
    /// The tail, found without a listing of the whole log; `None` where only reading, or listing, can tell.
    pub(crate) async fn find_tail(&self) -> Result<Option<Position>, ReadError> {
        let search = FindTail::new(self.params, self.environment.now());
        let mut driver = Driver::new(search, &self.environment);
        match driver.outcome(|request| self.clone().perform_tail(request)).await {
            Ok(TailFound::Tail { next, .. }) => Ok(Some(next.prev())),
            Ok(TailFound::Unproven) => Ok(None),
            Ok(TailFound::NoLog) => Err(self.no_manifest().await),
            Err(why) => {
                let cause = self.cause_of(why, driver.take_cause());
                Err(ReadError::GaveUp { at: Position::NONE, why, cause })
            }
        }
    }

    async fn perform_tail(self, request: TailRequest) -> Performed<TailReply> {
        match request {
            TailRequest::Shard(request) => self.perform(request).await.map(TailReply::Shard),
            TailRequest::Probe { at, attempt } => {
                self.pause(attempt).await;
                let found = self.once().head(self.paths.entry(at)).await;
                read(found, |_| Ok::<_, Cause>(())).map(|there| TailReply::Probed(at, there))
            }
            TailRequest::Hint { attempt } => {
                self.pause(attempt).await;
                listed(self.listed_first().await).map(TailReply::Hinted)
            }
        }
    }

    /// The highest entry of the first page of a listing.
    ///
    /// Names are positions with their bits reversed, so that the first thousand of a large log in order of
    /// their names are, say, all multiples of 128: the highest is not far below the tail. Where a store lists
    /// in another order, it is the highest of a thousand others.
    async fn listed_first(&self) -> Result<Position, fencepost_store::StoreError> {
        let (store, folder) = (self.once(), self.paths.wal_dir());
        let names = store.list(&folder).take(PAGE).try_filter_map(|object| {
            let at = name_in(&folder, &object).and_then(parse_entry_name);
            std::future::ready(Ok(at))
        });
        names.try_fold(Position::NONE, |highest, at| std::future::ready(Ok(highest.max(at)))).await
    }
}

/// What stores list with one request.
const PAGE: usize = 1_000;
