//! Integration tests, one binary. All of them run on the public API over stores in memory that misbehave on
//! cue; time is virtual.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not reach")]

mod api;
mod backpressure;
mod cancel;
mod damage_told;
mod driver;
mod faults;
mod hazards;
mod lance_generations;
mod leases;
mod lost;
#[cfg(feature = "metrics")]
mod metrics;
mod requests;
mod restore;
mod round_trips;
mod send_sync;
mod support;
mod takeover_rounds;
