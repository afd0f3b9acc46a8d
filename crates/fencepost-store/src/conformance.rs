//! A suite of checks for a store that a log is to live on.
//!
//! [`LogStore::probe`](crate::LogStore::probe) asks the one question without which no writer opens. This suite asks the others: does a read find what was
//! acknowledged, does a listing, are bodies whole, whose clock is wrong, what does a create cost. Any `ObjectStore` can be put to it, with
//! or without a log:
//!
//! ```
//! use fencepost_store::conformance::{Examination, Options, Verdict};
//! use fencepost_store::{LogStore, Path, StoreOptions};
//! use object_store::memory::InMemory;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = LogStore::new(Arc::new(InMemory::new()), Path::ROOT, StoreOptions::new());
//! let seed = 0x5eed; // Draw it at random.
//! let report = Examination::new(&store, Options::quick(seed)).run().await;
//! assert_eq!(report.verdict(), Verdict::Safe);
//! println!("{}", report.conclusion());
//! # }
//! ```
//!
//! # What it can and cannot see
//!
//! It convicts and never acquits: a store that passes was not caught. What it cannot see at all: whether what was acknowledged survives a
//! loss of power, what happens while servers of the store fail, and what a client elsewhere sees. All its requests come from one process.
//!
//! # Costs
//!
//! With the defaults some 5,000 requests (of which 2,000 PUT) and 30 MiB of traffic, a cent or two at the price of S3; with
//! [`Options::quick`] some 1,000. The [report](Report::requests) has them exactly. Each check has a time limit, the whole another. Memory:
//! the large object twice, and a few listings of the objects it made.
//!
//! # What it leaves
//!
//! Nothing. All objects lie in one folder named after the seed, and are deleted at the end, also of an examination that was
//! [stopped](Examination::stop_when). What could not be deleted is [named](Report::left_behind). Dropping the future leaves the objects
//! where they are.

mod bench;
mod bodies;
mod check;
mod clock;
mod creates;
mod deletes;
mod disk;
mod examination;
mod json;
mod listings;
mod metadata;
mod options;
mod overwriting;
mod price;
mod reads;
mod report;
mod scratch;
mod settings;
mod speed;

pub use check::Check;
pub use examination::{Examination, Progress};
pub use options::Options;
pub use price::Price;
pub use report::{CheckResult, Latency, Outcome, Percentiles, Report, Verdict};
