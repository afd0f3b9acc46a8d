//! Objects, and the outcomes of requests, for logs on an object store.
//!
//! ```text
//!            create   put_overwrite   get   get_range   head   list   delete
//!               |            |          |        |         |      |       |
//!            PutOutcome: done,       ReadOutcome: found,          |   one answer
//!            exists, not done,       absent, unknown              |   per object
//!            unknown                                              |
//!   +-----------+------------+----------+--------+---------+------+-------+-----+
//!   | LogStore: one root, one attempt per write, time-outs, retries, counts      |
//!   +-----------------------------------------------------------------------------+
//!   | object_store: S3, Google Cloud Storage, Azure, local directories, memory    |
//! ```
//!
//! A log, a queue or a table format on an object store must answer the same questions at every request: did it
//! happen, may it still happen, is that object really not there? This crate answers them once, in types. It knows
//! objects and requests, but not the contents of objects.
//!
//! ```
//! use fencepost_store::{LogStore, ReadOutcome, Refusal, StoreOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = LogStore::open("memory://front-page/log", StoreOptions::new())?;
//! store.create("greeting", "hello".into()).await?;
//!
//! // Another create of the same name loses, and gets its bytes back.
//! let refused = store.create("greeting", "good bye".into()).await.unwrap_err();
//! assert!(matches!(refused.why, Refusal::Exists));
//! assert_eq!(refused.payload.content_length(), 8);
//!
//! let ReadOutcome::Found(object) = store.get("greeting").await else { panic!("it was written") };
//! assert_eq!(object.bytes, "hello");
//! assert_eq!(store.counts().put, 2);
//! # Ok(())
//! # }
//! ```
//!
//! # The contract: what a store must do
//!
//! A log on this crate is only as good as these promises. Most stores keep all of them; some that speak S3's
//! protocol do not.
//!
//! 1. **Create is exclusive.** Of any number of creates of one name, at once or spread over years, at most
//!    one MUST succeed for as long as the object is not deleted. [`probe`](LogStore::probe) checks this one,
//!    since servers exist that ignore the condition, and others that check and then write in two steps.
//! 2. **Objects are atomic.** A reader MUST see an object whole or not at all, with the bytes of one write.
//! 3. **Done means durable.** Once a write is answered with success, the object MUST survive any crash, and
//!    it MUST stay until it is deleted. No lifecycle rule may delete what the log has not.
//! 4. **Reads follow writes.** After a write is answered, a read by anyone MUST find it, and after a deletion
//!    is answered no read may. No cache in between may answer from memory that an object is absent.
//! 5. **Listings follow writes.** A listing that begins after a write was answered MUST include the object,
//!    if it is not deleted meanwhile. It need not be sorted, nor be a snapshot.
//! 6. **Refusals are honest.** A request refused as such (4xx other than 408 and 409) MUST have had no
//!    effect.
//!
//! Not needed: conditional updates, ETags, versions, sorted listings, multipart uploads, clocks that agree.
//!
//! # What it is not
//!
//! It has no cache, no buffer, no background task and no client of its own: `object_store` makes the
//! requests. It does not decide whether to try a write again, since only the caller can recognise its own
//! bytes. It cannot make a store safe that breaks the contract, but it can find out:
//! [`probe`](LogStore::probe) checks rule 1, and the crate `fencepost-doctor` checks most of the others.
//!
//! # Costs
//!
//! | call | requests |
//! |---|---|
//! | [`LogStore::open`], [`LogStore::new`] | none (a local directory is made and flushed) |
//! | [`create`](LogStore::create), [`put_overwrite`](LogStore::put_overwrite) | 1 PUT, always |
//! | [`get`](LogStore::get), [`get_range`](LogStore::get_range), [`head`](LogStore::head) | 1 for each attempt |
//! | [`list`](LogStore::list), [`list_dirs`](LogStore::list_dirs) | 1 for each page |
//! | [`delete`](LogStore::delete) | 1 for each 1,000 names on S3, 1 for each name elsewhere |
//! | [`probe`](LogStore::probe) | 26 PUT, 5 GET, 1 deletion of 4 names; once for each store |
//!
//! [`LogStore::counts`] counts the requests that were sent; [`RequestCounts`] says what counts as one.
//!
//! # Features
//!
//! * `cloud` (default): S3, Google Cloud Storage and Azure.
//! * `metrics`: requests, failures and durations for the recorder of the `metrics` crate that the program installed.
//! * `test-util`: the `wrap` module, with stores that inject faults, hold requests back, add latency and
//!   count; and the `disk` module, the disk beneath local directories, so that a simulated disk can take the
//!   real one's place.
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "cloud")]
mod bucket;
mod counts;
#[cfg(not(feature = "test-util"))]
#[expect(unreachable_pub, reason = "what tests may replace is public only for them")]
mod disk;
#[cfg(feature = "test-util")]
pub mod disk;
mod error;
#[cfg_attr(
    not(feature = "test-util"),
    expect(unreachable_pub, reason = "what tests may replace is public only for them")
)]
mod local;
mod open;
mod options;
mod outcome;
mod probe;
mod retry;
mod store;
mod telemetry;
mod text;

#[cfg(feature = "cloud")]
mod connector;
#[cfg(feature = "test-util")]
pub mod wrap;

#[cfg(feature = "cloud")]
pub use bucket::BucketSetting;
#[cfg(feature = "cloud")]
pub use connector::{DirectConnector, ReplyConnector};
pub use counts::RequestCounts;
pub use error::{Failure, Operation, StoreError};
#[cfg(feature = "test-util")]
pub use local::LocalDirectory;
pub use object_store::path::Path;
pub use object_store::{ObjectStore, PutPayload};
pub use open::OpenError;
pub use options::{ClientRetries, StoreOptions};
pub use outcome::{PutDone, PutOutcome, PutRefused, ReadOutcome, Refusal, Retry};
pub use probe::{ProbeError, ProbeVerdict, UnsafeStore};
pub use retry::pause_before;
pub use store::{
    Backend, Deletion, Listed, Listing, LogStore, Object, ObjectInfo, StagingFile, StagingSweep, WAITING,
};
pub use text::Escaped;

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
