//! Is this store safe for a log? A suite of checks, and a verdict.
//!
//! [`LogStore::probe`](fencepost_store::LogStore::probe) asks the one question that must be answered before a writer
//! opens. This suite asks the others: do reads and listings find what was acknowledged, are bodies whole,
//! whose clock is wrong, what does a create cost? It examines any `ObjectStore`, with or without a log:
//!
//! ```
//! use fencepost_doctor::{Examination, Options, Verdict};
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
//! A failure is proof; a pass is not. The suite cannot see whether acknowledged objects survive a loss of
//! power, what happens while servers of the store fail, or what a client elsewhere sees. All its requests
//! come from one process.
//!
//! # Costs
//!
//! With the defaults it makes about 5,000 requests (2,000 of them PUT) and 30 MiB of traffic, which costs a
//! cent or two on S3; with [`Options::quick`], about 1,000 requests. The [report](Report::requests) has the
//! exact numbers. Each check has a time limit, and so has the whole. Memory: twice the large object, and a
//! few listings of the test objects.
//!
//! # What it leaves
//!
//! Nothing. All objects lie in one folder named after the seed. They are deleted at the end, also if the
//! examination was [stopped](Examination::stop_when). The report [names](Report::left_behind) objects that
//! could not be deleted. Dropping the future leaves the objects where they are.

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

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
