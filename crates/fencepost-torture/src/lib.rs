//! Rounds of faults against fencepost on object-store servers that others wrote.
//!
//! ```text
//!   writers, standby, consumer, collector: processes of the `fencepost` command
//!        │  │  │  │
//!      proxy: cuts, delays, throttles, loses replies, holds PUTs, answers in the server's stead
//!        │  │  │  │
//!      server: a real one, killed and frozen          oracle: every acknowledged row once and in order
//! ```
//!
//! `cargo xtask stores` builds and runs this crate's program. It is of no use outside this workspace.

pub mod check;
pub mod command;
pub mod conformance;
mod error;
pub mod fault;
pub mod group;
pub mod install;
pub mod kind;
mod launch;
pub mod matrix;
pub mod namespace;
pub mod oracle;
pub mod plan;
mod ports;
pub mod proxy;
pub mod round;
pub mod run;
pub mod server;
mod signed;

pub use error::{Error, Result};
