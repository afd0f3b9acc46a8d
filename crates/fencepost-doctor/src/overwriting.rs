//! Reads while an object is overwritten: whole, and never older than what was acknowledged.

use super::bench::{Bench, Found};
use super::report::Seen;
use fencepost_store::StoreError;
use futures::future::join_all;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

pub(super) async fn reads(bench: Bench<'_>) -> Found {
    bench.scratch.note(NAME);
    let state =
        State { acknowledged: AtomicUsize::new(0), over: AtomicBool::new(false), reads: AtomicUsize::new(0) };
    write(bench, 1).await?;
    state.acknowledged.store(1, Ordering::SeqCst);
    let readers = join_all((0..READERS).map(|_| read_on(bench, &state)));
    let (written, read) = futures::future::join(write_on(bench, &state), readers).await;
    for outcome in read {
        if let Some(seen) = outcome? {
            return Ok(seen);
        }
    }
    written?;
    let (writes, reads) = (state.acknowledged.into_inner(), state.reads.into_inner());
    Ok(Seen::passed(format!("{reads} reads during {writes} overwrites, all whole and fresh")))
}

struct State {
    /// The number of the last acknowledged overwrite.
    acknowledged: AtomicUsize,
    over: AtomicBool,
    reads: AtomicUsize,
}

/// Stops at the first overwrite without a clear answer: it may land late, and then older bytes are no fault
/// of the store.
async fn write_on(bench: Bench<'_>, state: &State) -> Result<(), StoreError> {
    let mut written = Ok(());
    for number in 2..=bench.options.keys * WRITES_PER_KEY {
        if bench.time_is_up() || state.over.load(Ordering::SeqCst) {
            break;
        }
        written = write(bench, number).await;
        if written.is_err() {
            break;
        }
        state.acknowledged.store(number, Ordering::SeqCst);
        tokio::time::sleep(PAUSE).await;
    }
    state.over.store(true, Ordering::SeqCst);
    written
}

async fn write(bench: Bench<'_>, number: usize) -> Result<(), StoreError> {
    let outcome = bench.store().put_overwrite(NAME, body(number).into()).await;
    outcome
        .map(drop)
        .map_err(|refused| refused.why.error().cloned().expect("an overwrite is not refused as existing"))
}

async fn read_on(bench: Bench<'_>, state: &State) -> Result<Option<Seen>, StoreError> {
    while !state.over.load(Ordering::SeqCst) {
        let least = state.acknowledged.load(Ordering::SeqCst);
        let found = bench.read(NAME).await;
        let wrong = match &found {
            Ok(Some(bytes)) => judge(bytes, least),
            Ok(None) => {
                Some(Seen::failed("an object that is only ever overwritten was reported absent", STALE))
            }
            Err(_) => None,
        };
        if wrong.is_some() || found.is_err() {
            state.over.store(true, Ordering::SeqCst);
            return found.map(|_| wrong);
        }
        state.reads.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(None)
}

fn judge(bytes: &[u8], least: usize) -> Option<Seen> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let number: Option<usize> = text.lines().next().and_then(|line| line.parse().ok());
    match number {
        Some(number) if text == body(number) && number >= least => None,
        Some(number) if text == body(number) => {
            let text = format!(
                "a read returned the bytes of overwrite {number} after {least} had been acknowledged"
            );
            Some(Seen::failed(text, STALE))
        }
        _ => {
            let lost = "an entry that was read in part would seem damaged, and the log would stop there";
            Some(Seen::failed("a read returned a mixture of two writes, or a part of one", lost))
        }
    }
}

/// The number on each of many lines, so that a mixture shows. Sizes differ from one to the next.
fn body(number: usize) -> String {
    format!("{number}\n").repeat(16 + (number * 769) % 4096)
}

const NAME: &str = "overwritten/x";
const READERS: usize = 4;
/// Between reads of one reader. A clock that only moves while everybody waits, as in simulations, needs it.
const PAUSE: Duration = Duration::from_millis(1);
const WRITES_PER_KEY: usize = 4;
const STALE: &str = "a reader could see an older state of the log, and miss rows acknowledged since";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn torn_and_stale_bodies_are_told_from_good_ones() {
        assert!(judge(body(7).as_bytes(), 7).is_none());
        assert!(judge(body(8).as_bytes(), 7).is_none());
        let stale = judge(body(6).as_bytes(), 7).unwrap();
        assert!(stale.outcome == Outcome::Failed && stale.text.contains("overwrite 6 after 7"), "{stale:?}");
        let torn = format!("{}{}", &body(7)[..20], &body(8)[20..]);
        for bytes in [torn.as_bytes(), &body(7).as_bytes()[..30], b"", b"x\n"] {
            assert!(judge(bytes, 1).unwrap().text.contains("mixture"));
        }
    }
}
