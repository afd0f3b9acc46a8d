//! Questions to logs, and what they cost. One binary, on the public API alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not reach")]

mod answers;
mod collected;
mod hold;
mod plans;
mod positions;
mod schemas;
mod support;
mod tail;
