//! Checks whether a store is safe for a log, and gives a verdict.
//!
//! ```
//! use fencepost::doctor::{Options, Verdict, examine};
//! use fencepost::{LogStore, StoreOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = LogStore::open("memory://surgery", StoreOptions::new())?;
//! let report = examine(&store).run().await;
//! assert_eq!(report.verdict(), Verdict::Safe);
//! # Ok(())
//! # }
//! ```

use crate::{Environment, LogStore};

pub use fencepost_doctor::{
    Check, CheckResult, Examination, Latency, Options, Outcome, Percentiles, Price, Progress, Report, Verdict,
};

/// An examination of a store with the default [options], in a folder with a random name.
///
/// It costs about 5,000 requests and leaves nothing behind.
#[must_use]
pub fn examine(store: &LogStore) -> Examination<'_> {
    Examination::new(store, options())
}

/// The default options with a random seed.
pub fn options() -> Options {
    Options::new(seed())
}

/// A random seed for [`Options`].
#[must_use]
pub fn seed() -> u128 {
    Environment::system().nonce().0
}
