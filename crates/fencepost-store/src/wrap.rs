//! Stores around a store, for tests: one that misbehaves on cue, one that is slow, one that counts.
//!
//! They stand *below* [`LogStore`](crate::LogStore), where the network would be:
//!
//! ```
//! use fencepost_store::wrap::{Fault, FaultStore, Op};
//! use fencepost_store::{LogStore, Path, Refusal, StoreOptions};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let faults = FaultStore::in_memory();
//! let store = LogStore::new(Arc::new(faults.clone()), Path::ROOT, StoreOptions::new());
//!
//! let lost = faults.on(Op::Put, |path| path.starts_with("wal/"), Fault::LoseReply).times(1);
//! let refused = store.create("wal/1", "entry".into()).await.unwrap_err();
//! assert!(matches!(refused.why, Refusal::Unknown { .. }));
//! assert_eq!(lost.hits(), 1);
//!
//! // It had landed.
//! let refused = store.create("wal/1", refused.payload).await.unwrap_err();
//! assert!(matches!(refused.why, Refusal::Exists));
//! # }
//! ```

mod count;
mod fault;
mod gate;
mod latency;
mod rule;

pub use count::CountStore;
pub use fault::{Fault, FaultStore};
pub use gate::{Held, Late};
pub use latency::LatencyStore;
pub use rule::Rule;

/// The requests that wrappers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Creates and overwrites.
    Put,
    /// Reads, ranged or whole.
    Get,
    /// Reads of metadata.
    Head,
    /// Listings. The path is the prefix.
    List,
    /// Deletions, one for each object.
    Delete,
}

impl Op {
    fn of_get(options: &object_store::GetOptions) -> Self {
        if options.head { Self::Head } else { Self::Get }
    }
}
