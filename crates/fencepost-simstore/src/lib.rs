//! A simulated object store: it obeys, and misbehaves on command.
//!
//! Whoever builds on object storage has to be right when replies get lost, when a request that timed out
//! lands a day later, when "already exists" is said of nothing, when a listing goes on while objects come and
//! go. Waiting for a real store to do these things is no way to test. This one does them at once, as often as
//! you like, and the same way again for the same seed.
//!
//! ```text
//!   SimStore ── client("writer-1") ──► SimClient: ObjectStore    cut, heal, freeze, thaw, kill, faults of its own
//!      │     └─ client("reader")   ──► SimClient: ObjectStore
//!      ├── quiet, crash, land_pending       what happens to the store
//!      ├── on(match, fault), hold(match)    what happens to single requests
//!      └── counts, trace                    what happened
//! ```
//!
//! # Example
//!
//! A client creates an object, and the reply is lost. It tries again and is told that the name is taken: by
//! itself.
//!
//! ```
//! use fencepost_simstore::{Fault, Happened, Match, Op, SimOptions, SimStore};
//! use object_store::{ObjectStore, ObjectStoreExt, PutMode, path::Path};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let store = SimStore::new(1, SimOptions::new());
//! store.on(Match::op(Op::Create), Fault::LoseReply).times(1);
//!
//! let client = store.client("writer");
//! let path = Path::from("log/1");
//! let create = || client.put_opts(&path, "entry".into(), PutMode::Create.into());
//! create().await.expect_err("no answer");
//! assert!(matches!(create().await, Err(object_store::Error::AlreadyExists { .. })));
//! assert_eq!(client.get(&path).await.unwrap().bytes().await.unwrap(), "entry");
//!
//! assert_eq!(store.counts().of(Happened::ReplyLost), 1);
//! println!("{}", store.trace());
//! # }
//! ```
//!
//! # Time
//!
//! All time is tokio's. On a `current_thread` runtime that starts
//! [paused](https://docs.rs/tokio/latest/tokio/time/fn.pause.html), days pass in no time, and nothing depends
//! on the machine: the same seed and the same program give the same trace. Effects happen at the nanosecond;
//! callers wake at the millisecond, which is as fine as tokio's timers are. On an ordinary runtime the store
//! works as well, and is as slow as it says.
//!
//! Effects need no task and nobody who waits. A request whose caller was dropped, or whose client was killed,
//! stands in a queue and lands when it is due.
//!
//! # What goes wrong
//!
//! | by chance or by rule | carried out | caller |
//! |---|---|---|
//! | [`Fault::Refused`], [`Throttled`](Fault::Throttled), [`Unavailable`](Fault::Unavailable) | no | an error |
//! | [`Fault::FalseExists`] | no | "already exists" |
//! | [`Fault::LoseRequest`] | no | no answer: time-out, reset, 5xx, or nothing for ever ([`Loss`]) |
//! | [`Fault::LoseReply`] | yes | no answer |
//! | [`Fault::Late`] | later, up to days | no answer |
//! | [`Fault::Duplicate`] | twice, the second time later | the first answer |
//! | [`Faults::with_failed_deletions`] | but for some names | an error for each of these |
//! | pages of a listing, with a gap between them | while objects come and go | each object that stayed, and perhaps others |
//! | [`StoreClock`] | | wrong `last_modified`, each object by its own amount |
//! | [`SimClient::freeze`], [`cut`](SimClient::cut), [`kill`](SimClient::kill) | what had left | nothing, or an error |
//! | [`SimStore::hold`] | when released | waits |
//! | [`Lies`] | other than promised | as if promised |
//!
//! Everything is off by default, and everything that happens is [counted](Counts): a fault that never
//! happened tested nothing.
//!
//! # Limits
//!
//! Everything is in memory, the trace too ([`SimOptions::with_trace`] turns that off and keeps the hash).
//! Versions and tags are not kept. A listing comes in the order of its names. Stale reads and lists copy the
//! map of objects each time.

mod client;
mod clock;
mod counts;
mod failure;
mod faults;
mod held;
mod latency;
mod lies;
mod matching;
mod object;
mod objects;
mod random;
mod request;
mod shared;
mod state;
mod store;
mod trace;

pub use client::SimClient;
pub use clock::StoreClock;
pub use counts::{Counts, Happened};
pub use failure::{Failure, StatusError};
pub use faults::{Fault, Faults, Loss};
pub use held::{Held, Rule};
pub use latency::Latency;
pub use lies::Lies;
pub use matching::Match;
pub use request::Op;
pub use store::{SimOptions, SimStore};
pub use trace::{Event, Trace, What};

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
