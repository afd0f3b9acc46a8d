//! The crate from outside: fixtures, round trips, damage.

#![expect(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod damage;
mod encoding;
mod fixtures;

mod records;
mod round_trips;
mod support;
mod tables;
