//! The core ring: the production machines under virtual time, over a store that delays, loses, repeats and
//! reorders.
//!
//! One seed decides everything. The first phase is chaos, and promises are judged all along; in the second,
//! faults stop, and the log must heal: a fresh writer opens and appends, a fresh reader sees everything that
//! was acknowledged.

pub mod chance;
pub mod collector;
pub mod core;
mod event;
mod network;
mod party;
pub mod plan;

pub use self::core::{Ring, Verdict};
pub use chance::Chance;
pub use plan::{Fault, Plan};
