//! The wrappers do what they say, and the store above them makes the right thing of it.

use fencepost_store::wrap::{Fault, FaultStore, LatencyStore, Op};
use fencepost_store::{ClientRetries, Failure, LogStore, Path, ReadOutcome, Refusal, Retry, StoreOptions};
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn over(faults: &FaultStore) -> LogStore {
    let options = StoreOptions::new().with_client_retries(ClientRetries::Off).with_jitter_seed(1);
    LogStore::new(Arc::new(faults.clone()), Path::from("root"), options)
}

async fn bytes(store: &LogStore, path: &str) -> Option<bytes::Bytes> {
    store.get(path).await.into_result().unwrap().map(|found| found.bytes)
}

#[tokio::test]
async fn each_fault_happens_or_not_and_is_told_or_not() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    for (fault, landed) in [
        (Fault::Refuse, false),
        (Fault::Deny, false),
        (Fault::Drop, false),
        (Fault::LoseReply, true),
        (Fault::FalseExists, false),
    ] {
        let path = format!("{fault:?}");
        let rule = faults
            .on(
                Op::Put,
                {
                    let path = path.clone();
                    move |at| at.ends_with(&path)
                },
                fault,
            )
            .times(1);
        let refused = store.create(&path, "x".into()).await.unwrap_err();
        match (fault, refused.why) {
            (Fault::Refuse, Refusal::NotDone { retry: Retry::Later, .. })
            | (Fault::Deny, Refusal::NotDone { retry: Retry::Never, .. })
            | (Fault::Drop | Fault::LoseReply, Refusal::Unknown { .. })
            | (Fault::FalseExists, Refusal::Exists) => {}
            (_, other) => panic!("{fault:?}: {other:?}"),
        }
        assert_eq!(bytes(&store, &path).await.is_some(), landed, "{fault:?}");
        assert_eq!(rule.hits(), 1);
        // Used up: the next one passes.
        assert_eq!(store.create(&path, "y".into()).await.is_ok(), !landed);
    }
    let lies = faults.on(Op::Put, |at| at == "root/Drop", Fault::IgnoreCondition);
    store.create("Drop", "z".into()).await.unwrap();
    assert_eq!((bytes(&store, "Drop").await.unwrap(), lies.hits()), ("z".into(), 1));
}

#[tokio::test(start_paused = true)]
async fn reads_are_repeated_through_faults_and_a_false_absence_is_believed() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    store.create("a", "x".into()).await.unwrap();
    let lost = faults.on(Op::Get, |_| true, Fault::LoseReply).after(1).times(3);
    assert!(bytes(&store, "a").await.is_some());
    assert_eq!(lost.hits(), 0);
    assert!(bytes(&store, "a").await.is_some());
    assert_eq!(lost.hits(), 3);
    let _ = faults.on(Op::Get, |_| true, Fault::FalseAbsent).times(1);
    assert!(store.get("a").await.is_absent());
    let _ = faults.on(Op::Head, |_| true, Fault::Drop);
    let started = Instant::now();
    let ReadOutcome::Unknown(error) = store.head("a").await else { panic!() };
    assert_eq!(error.failure(), Failure::TimedOut);
    let waited = started.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(90)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn listings_and_deletions_have_faults_too() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    for name in ["a", "b", "c"] {
        store.create(name, "x".into()).await.unwrap();
    }
    let hidden = faults.on(Op::List, |path| path == "root/b", Fault::FalseAbsent).times(1);
    assert_eq!(store.list_all("").await.unwrap().len(), 2);
    assert_eq!((store.list_all("").await.unwrap().len(), hidden.hits()), (3, 1));
    let dropped = faults.on(Op::List, |prefix| prefix == "root", Fault::Drop).times(2);
    assert_eq!((store.list_all("").await.unwrap().len(), dropped.hits()), (3, 2));

    let denied = faults.on(Op::Delete, |path| path == "root/b", Fault::Deny);
    let lost = faults.on(Op::Delete, |path| path == "root/c", Fault::LoseReply).times(2);
    let results: Vec<_> = store.delete(["a", "b", "c"]).await.iter().map(|d| d.result.is_ok()).collect();
    assert_eq!(results, [true, false, true]);
    assert_eq!((denied.hits(), lost.hits()), (1, 2), "only what may pass is repeated");
    assert_eq!(store.list_all("").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_listing_may_come_from_its_end() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    for name in ["a/1", "b/2", "c"] {
        store.create(name, "x".into()).await.unwrap();
    }
    let names = async || {
        let (objects, folders) = (store.list_all("").await.unwrap(), store.list_dirs("").await.unwrap());
        let objects: Vec<_> = objects.into_iter().map(|object| object.path.to_string()).collect();
        (objects, folders.into_iter().map(|folder| folder.to_string()).collect::<Vec<_>>())
    };
    let (mut objects, mut folders) = names().await;
    assert_eq!((objects.len(), folders.len()), (3, 2));
    let reversed = faults.on(Op::List, |prefix| prefix == "root", Fault::Reverse);
    objects.reverse();
    folders.reverse();
    assert_eq!((names().await, reversed.hits()), ((objects, folders), 2));
}

#[tokio::test]
async fn a_held_create_lands_at_its_release_even_if_its_caller_has_gone() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    let held = faults.hold(Op::Put, |path| path.contains("slow")).times(2);
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.create("slow/1", "x".into()).await.is_ok() }
    });
    let leaving = tokio::spawn({
        let store = store.clone();
        async move { store.create("slow/2", "x".into()).await.is_ok() }
    });
    held.arrivals(2).await;
    store.create("quick", "x".into()).await.unwrap();
    store.create("slow/3", "x".into()).await.unwrap();
    assert!(store.get("slow/1").await.is_absent());
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    held.release();
    assert!(waiting.await.unwrap());
    while store.get("slow/2").await.is_absent() {
        tokio::task::yield_now().await;
    }
    assert_eq!(held.hits(), 2);
}

/// The write that every rule of a fenced log is about: timed out, given up, and landing when nobody thinks of
/// it.
#[tokio::test]
async fn a_stranded_create_arrives_when_it_is_delivered() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    let late = faults.strand(|_| true).times(2);
    for name in ["taken", "free"] {
        let refused = store.create(name, "late".into()).await.unwrap_err();
        assert!(matches!(refused.why, Refusal::Unknown { .. }));
        assert!(store.get(name).await.is_absent());
    }
    late.arrived().await;
    store.create("taken", "other".into()).await.unwrap();
    let results = late.deliver().await;
    assert!(results[0].is_err() && results[1].is_ok());
    assert_eq!(bytes(&store, "taken").await.unwrap(), "other");
    assert_eq!(bytes(&store, "free").await.unwrap(), "late");
    assert!(late.deliver().await.is_empty());
}

/// Why nothing that matters may be overwritten.
#[tokio::test]
async fn an_echo_of_an_overwrite_wins_over_what_came_since() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    let echo = faults.echo(|_| true).times(1);
    store.put_overwrite("hint", "old".into()).await.unwrap();
    store.put_overwrite("hint", "new".into()).await.unwrap();
    assert!(echo.deliver().await[0].is_ok());
    assert_eq!(bytes(&store, "hint").await.unwrap(), "old");
}

#[tokio::test(start_paused = true)]
async fn latency_is_exact_and_the_time_out_is_ours() {
    let slow = LatencyStore::new(Arc::new(InMemory::new()), Duration::from_millis(20))
        .with(Op::Put, Duration::from_secs(40));
    let store =
        LogStore::new(Arc::new(slow), Path::ROOT, StoreOptions::new().with_retry_timeout(Duration::ZERO));
    let started = Instant::now();
    assert!(store.get("a").await.is_absent());
    assert_eq!(started.elapsed(), Duration::from_millis(20));
    let refused = store.create("a", "x".into()).await.unwrap_err();
    let Refusal::Unknown { source } = refused.why else { panic!() };
    assert_eq!((source.failure(), source.elapsed()), (Failure::TimedOut, Duration::from_secs(30)));
    // Half of the time had passed before the store saw it, so it landed.
    assert!(!store.get("a").await.is_absent());
}

/// A client that repeats overwrites may have been carried out the first time. Only a client that does not is
/// believed.
#[tokio::test]
async fn an_overwrite_that_a_client_may_repeat_is_never_certainly_not_done() {
    for (retries, definite) in [(ClientRetries::Possible, false), (ClientRetries::Off, true)] {
        let faults = FaultStore::in_memory();
        let _ = faults.on(Op::Put, |_| true, Fault::Deny);
        let options = StoreOptions::new().with_client_retries(retries);
        let store = LogStore::new(Arc::new(faults), Path::ROOT, options);
        for refused in [store.put_overwrite("a", "x".into()).await, store.create("a", "x".into()).await] {
            assert_eq!(matches!(refused.unwrap_err().why, Refusal::NotDone { .. }), definite, "{retries:?}");
        }
    }
}

/// As any listing.
#[tokio::test(start_paused = true)]
async fn a_listing_of_folders_is_repeated() {
    let faults = FaultStore::in_memory();
    let store = over(&faults);
    store.create("a/b", "x".into()).await.unwrap();
    let dropped = faults.on(Op::List, |_| true, Fault::Drop).times(3);
    assert_eq!(store.list_dirs("").await.unwrap(), [Path::from("a")]);
    assert_eq!(dropped.hits(), 3);
}
