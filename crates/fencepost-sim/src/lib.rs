//! Model checker and simulator over the production state machines of fencepost.
//!
//! Not published. It runs the machines of `fencepost-fence` and `fencepost-gc` themselves, not a copy, in two
//! ways:
//!
//! * [`model`]: every state that a few parties can reach within stated bounds, by exhaustive search.
//! * [`ring`]: long random runs under virtual time, each decided by one seed, with every fault that a store,
//!   a network, a clock or a process can show.
//!
//! Both are judged by the same [oracle](world::Oracle), which knows what clients were told and what each
//! checkpoint covered, and asks the machines nothing. [`mutations`] takes out each rule of the protocol in
//! turn, and some check must notice.
//!
//! ```text
//! fencepost-sim model [--only NAME] [--large] [--json]
//! fencepost-sim sim --seeds N [--from S] [--json]
//! fencepost-sim mutations [--only RULE] [--json]      (RUSTFLAGS="--cfg fencepost_mutations")
//! ```
//!
//! # What it is not
//!
//! The driver, the async code around the machines, does not run here; nor do bytes: entries are headers,
//! manifests are values.

pub mod model;
pub mod mutations;
pub mod ring;
pub mod run;
pub mod world;
