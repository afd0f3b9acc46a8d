//! The second ring of the simulator: the facade itself, unchanged, on a single-threaded runtime with paused
//! time over a simulated store.
//!
//! One seed decides everything. It makes a [`Plan`]: writers, readers, consumers and collectors, what they
//! do, how their store treats them, and when they are frozen, cut off, killed and started again. [`run`]
//! carries the plan out in two phases: first chaos, then quiet, in which a fresh writer must get the log,
//! append, and be read. All the while an [`Oracle`] writes down what everybody was told, and judges at the
//! end. It knows neither fences nor epochs: only what a log is.
//!
//! The third ring is the same on a machine with a simulated [disk](SimDisk), on which the store of local
//! directories runs as it ships: a [plan on a disk](Plan::on_disk) has power cuts at single operations, after
//! which what was not flushed may be gone.
//!
//! A seed that fails is [minimised](minimise): parties, blows and faults are left out one by one while it
//! still fails in the same way.

mod clock;
mod disk;
mod history;
mod liveness;
mod minimise;
mod oracle;
mod party;
mod plan;
mod run;
mod world;

pub use disk::{Cut, DiskFaults, Machine, Op, SimDisk, Struck};
pub use minimise::minimise;
pub use oracle::{Broken, Oracle, Tally};
pub use plan::{DiskPlan, Plan, PowerCut, Role};
pub use run::{Outcome, run};
