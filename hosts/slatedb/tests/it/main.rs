//! What SlateDB's users see: puts that are there after a crash, the older of two databases, readers, collections, and
//! the drills of `docs/slatedb.md`.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod collections;
mod databases;
mod drills;
mod readers;
mod support;
