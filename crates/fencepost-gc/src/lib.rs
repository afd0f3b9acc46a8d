//! Decides which objects of a log may be deleted, and why.
//!
//! A log on object storage grows until somebody deletes what is no longer needed. The hard part is not to
//! delete too much: an object that nobody reads any more may still be the one object that a stalled writer
//! must collide with. This crate knows these objects (`docs/protocol.md`, clauses
//! [P-50](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-50) to
//! [P-59](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-59),
//! [P-80](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-80) to
//! [P-89](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-89)).
//!
//! ```text
//!        1   2   3   4   5   6   7   8   9  10  11  12  13
//!        D   D   P   F   F   D   D   D   C   H   D   D   D
//!        ───────────────────────────────────┬───────────────
//!        may go, except the guarding fence P   │ live
//!                                           └ bound: min(R, cursors, retention)
//! ```
//!
//! It has three parts, each useful by itself:
//!
//! * [`plan`]: a pure function from an [`Inventory`] to a verdict with a reason for every object.
//! * [`Collection`]: the sans-IO machine of one pass. Requests out, replies in; no clock, no randomness,
//!   plain data. `fencepost::Collector` drives one against a store.
//! * [`Reclaim`]: the same for taking compacted SSTables of Lance's out of a shard's manifest, before a
//!   collection deletes them. `fencepost::Reclaimer` drives one.
//!
//! ```
//! use fencepost_gc::{Inventory, Known, Listed, ManifestFacts, Object, Policy, Reason, Verdict, plan};
//! use fencepost_format::{EntryHeader, EntryKind, Epoch, Generation, Nonce, Position, Version};
//!
//! let mut inventory = Inventory::default();
//! for (at, kind, epoch) in [(1, EntryKind::Data, 1), (2, EntryKind::Fence, 2), (3, EntryKind::Data, 2), (4, EntryKind::Data, 2)] {
//!     let position = Position::new(at);
//!     let (epoch, nonce) = (Epoch::new(epoch), Some(Nonce(1)));
//!     let header = EntryHeader { position, epoch, kind, nonce, generation: None };
//!     inventory.entries.insert(position, Listed::default());
//!     inventory.known.insert(position, Known::Header(header));
//! }
//! let facts = ManifestFacts {
//!     version: Version::new(3),
//!     epoch: Epoch::new(2),
//!     replay_after: Position::new(3),
//!     last_seen: Position::new(3),
//!     generation: Generation(1),
//!     by_lance: false,
//!     lance_before: false,
//! };
//! let plan = plan(&inventory, &facts, &Policy::new());
//! let verdict = |at| plan.verdict(&Object::Entry(Position::new(at)));
//! assert_eq!(verdict(1), Some(&Verdict::Delete));
//! assert_eq!(verdict(2), Some(&Verdict::Keep(Reason::GuardingFence)));
//! assert_eq!(verdict(3), Some(&Verdict::Delete));
//! assert_eq!(verdict(4), Some(&Verdict::Keep(Reason::Live)));
//! ```
//!
//! # What it promises
//!
//! Deleting is idempotent and monotone. A collection may be cut off anywhere, run twice, run at the same time
//! as another, or wake after a week: it only deletes what was deletable when it looked, and that stays so. It
//! depends on no clock: ages only decide to keep *more* than safety requires. There is one exception, for
//! shards that Lance itself writes to; see [`Policy::with_lance_opener_age`].
//!
//! # What it is not
//!
//! It has no schedule (call it when you like) and no lock, and it does not question the replay point
//! `replay_after`: what the owner of the log has checkpointed counts as safe elsewhere. It does not delete
//! cursors, SSTables that any manifest names and nobody took out of it, or anything that it does not understand.
//!
//! # Costs
//!
//! See [`Collection`] for requests. Memory: some 13 bytes for each entry listed, and some 150 for each that is read.

mod bound;
mod collection;
mod cursor;
mod entries;
mod fenced_off;
mod guarding_fence;
mod inventory;
mod lance;
mod leash;
mod losses;
mod plan;
mod policy;
mod receipt;
mod reclaim;
mod report;
mod runs;
#[cfg(test)]
mod testing;
mod verdict;
mod vocabulary;
mod vouched;

pub use collection::{CollectParams, Collection, Mode};
pub use cursor::Floor;
pub use entries::Entries;
pub use guarding_fence::{fences_to_record, guarding_fences};
pub use inventory::{Inventory, Known, Listed, ManifestFacts, ReclaimListed, StoreTime};
pub use lance::{Claim, ClaimState, Claims, Compaction, Hold, SsTableFolder, TableHistory, claims};
pub use leash::{Held, LeashOutcome, OverLeash, held_above, over_leash};
pub use losses::{LossSearch, LossesFound};
pub use plan::{Plan, plan, plan_within};
pub use policy::Policy;
pub use receipt::receipt;
pub use reclaim::{Reclaim, ReclaimEvent, ReclaimReply, ReclaimRequest, Reclaimed, Refused, drain};
pub use report::{Deleted, Progress, Report};
pub use runs::EntryRun;
pub use verdict::{Object, Reason, Verdict};
pub use vocabulary::{CollectEvent, CollectReply, CollectRequest, Part};

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
