//! Listings must follow writes, also over several pages and while objects come and go.

use super::bench::{Bench, Found};
use super::report::Seen;
use fencepost_store::StoreError;
use futures::future::{join, join_all};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) async fn after_write(bench: Bench<'_>) -> Found {
    let (mut tried, mut ghosts) = (0, 0);
    for key in 0..bench.options.keys {
        if key > 0 && bench.time_is_up() {
            break;
        }
        let name = format!("listed/{key}");
        let sure = bench.make(&name, "x").await?;
        if !listed(bench, "listed", &name).await? {
            return Ok(Seen::failed(
                "a listing that began after a create was acknowledged lacks the object",
                UNSEEN,
            ));
        }
        if key % 2 == 1 {
            bench.scratch.delete(std::slice::from_ref(&name)).await?;
            ghosts += usize::from(sure && listed(bench, "listed", &name).await?);
        }
        tried += 1;
    }
    Ok(match ghosts {
        0 => Seen::passed(format!("{tried} objects listed at once, deleted ones no longer")),
        _ => Seen::warning(
            format!("{ghosts} objects were listed after their deletion was acknowledged"),
            "no rows: a collection meets objects that are gone, and continues",
        ),
    })
}

async fn listed(bench: Bench<'_>, folder: &str, name: &str) -> Result<bool, StoreError> {
    Ok(bench.store().list_all(folder).await?.iter().any(|listed| listed.path.as_ref() == name))
}

/// As a log's listings: names that sort anywhere, writers at work, deletions.
pub(super) async fn under_change(bench: Bench<'_>) -> Found {
    let state = State::default();
    let before = bench.options.list_objects as u64;
    stream::iter(0..before)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |number| async move {
            if bench.time_is_up() {
                return Ok(());
            }
            bench.make(&name(number), "x").await.map(drop)
        })
        .await?;
    let there = bench.store().list_all(FOLDER).await?;
    state.there().extend(there.iter().map(|listed| listed.path.to_string()));
    state.next.store(before, Ordering::SeqCst);
    let (few, of) = (there.len() as u64, before);
    drop(there);
    if few < of && !bench.time_is_up() {
        return Ok(Seen::failed(
            format!("a listing has {few} of {of} objects whose creates were acknowledged"),
            UNSEEN,
        ));
    }

    let last = before + bench.options.keys as u64 * 4;
    let writers = async {
        let outcomes = join_all((0..WRITERS).map(|_| write_on(bench, &state, last))).await;
        state.over.store(true, Ordering::SeqCst);
        outcomes
    };
    let listers = join_all((0..LISTERS).map(|_| list_on(bench, &state)));
    let (written, seen) = join(writers, listers).await;
    let mut duplicates = 0;
    for outcome in seen {
        match outcome? {
            Ok(more) => duplicates += more,
            Err(seen) => return Ok(seen),
        }
    }
    written.into_iter().collect::<Result<(), _>>()?;
    let objects = state.there().len();
    let lists = state.lists.load(Ordering::SeqCst);
    Ok(match duplicates {
        0 => Seen::passed(format!(
            "{lists} listings of about {objects} objects were complete while others came and went"
        )),
        _ => Seen::warning(
            format!("{duplicates} names were twice in one listing"),
            "no rows: objects that are listed twice are read or deleted twice",
        ),
    })
}

#[derive(Default)]
struct State {
    /// Names whose creates were acknowledged and whose deletions were not sent.
    there: Mutex<BTreeSet<String>>,
    next: AtomicU64,
    over: AtomicBool,
    lists: AtomicU64,
}

impl State {
    fn there(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates objects, and deletes every third of them.
async fn write_on(bench: Bench<'_>, state: &State, last: u64) -> Result<(), StoreError> {
    loop {
        let number = state.next.fetch_add(1, Ordering::SeqCst);
        if number >= last || bench.time_is_up() || state.over.load(Ordering::SeqCst) {
            return Ok(());
        }
        let name = name(number);
        bench.make(&name, "x").await?;
        state.there().insert(name.clone());
        tokio::time::sleep(PAUSE).await;
        if number.is_multiple_of(3) {
            state.there().remove(&name);
            bench.scratch.delete(&[name]).await?;
        }
    }
}

/// Lists until the writers are done, and once more. Returns the number of duplicates, or what is missing.
async fn list_on(bench: Bench<'_>, state: &State) -> Result<Result<usize, Seen>, StoreError> {
    let mut duplicates = 0;
    loop {
        let last = state.over.load(Ordering::SeqCst);
        let due = state.there().clone();
        let listed: Vec<_> = bench.store().list(FOLDER).map_ok(|listed| listed.path).try_collect().await?;
        let names: BTreeSet<&str> = listed.iter().map(AsRef::as_ref).collect();
        duplicates += listed.len() - names.len();
        let missing = {
            let still = state.there();
            due.iter().filter(|name| !names.contains(name.as_str()) && still.contains(*name)).count()
        };
        if missing > 0 {
            state.over.store(true, Ordering::SeqCst);
            let text = format!(
                "a listing lacks {missing} of {} objects whose creates were acknowledged before it began",
                due.len()
            );
            return Ok(Err(Seen::failed(text, UNSEEN)));
        }
        state.lists.fetch_add(1, Ordering::SeqCst);
        if last {
            return Ok(Ok(duplicates));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn name(number: u64) -> String {
    format!("{FOLDER}/{:064b}", number.reverse_bits())
}

const FOLDER: &str = "pages";
const AT_ONCE: usize = 16;
const WRITERS: usize = 4;
const LISTERS: usize = 2;
/// Between requests of one task. A clock that only moves while everybody waits, as in simulations, needs it.
const PAUSE: Duration = Duration::from_millis(1);
const UNSEEN: &str = "an old manifest could be taken for the latest, and a collection that misses a reader's cursor deletes what it has not read";
