//! Integration tests, one binary.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not reach")]

mod examines;
#[expect(dead_code, reason = "the tests of another crate use the rest")]
#[path = "../../../fencepost-store/tests/it/fake_gcs.rs"]
mod fake_gcs;
#[expect(dead_code, reason = "the tests of another crate use the rest")]
#[path = "../../../fencepost-store/tests/it/fake_s3.rs"]
mod fake_s3;
mod settings;
