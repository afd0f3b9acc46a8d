//! What the store promises, behaviour by behaviour. Time is virtual.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not reach")]

mod clients;
mod faults;
mod holds;
mod lies;
mod listings;
mod obeys;
mod support;
mod traces;
