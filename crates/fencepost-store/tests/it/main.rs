//! Integration tests, one binary.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not reach")]

mod contract;
#[expect(dead_code, reason = "the tests of another crate use the rest")]
mod fake_gcs;
mod fake_s3;
mod gcs;
mod local;
mod memory;
mod odd;
mod open;
mod probe;
mod s3_outcomes;
mod s3_reads;
mod strangers;
mod wrap;
