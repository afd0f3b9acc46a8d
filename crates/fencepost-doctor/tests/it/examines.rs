//! The suite: it passes stores that keep their word, and condemns each that does not, for the
//! right reason.
//!
//! Each lying store here has an honest twin that differs in the lie alone, and passes.

use fencepost_doctor::{Check, Examination, Options, Outcome, Price, Progress, Report, Verdict};
use fencepost_simstore::{Faults, Latency, Lies, SimClient, SimOptions, SimStore, StoreClock};
use fencepost_store::{ClientRetries, LogStore, ObjectStore, Path, StoreOptions};
use object_store::limit::LimitStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

fn over(store: Arc<dyn ObjectStore>) -> LogStore {
    LogStore::new(store, Path::ROOT, StoreOptions::new().with_client_retries(ClientRetries::Off))
}

/// On virtual time, with a clock that is right when the simulated store's is.
fn simulated_options() -> Options {
    let start = tokio::time::Instant::now();
    Options::quick(7).with_clock(move || EPOCH() + start.elapsed())
}

const EPOCH: fn() -> SystemTime = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);

fn simulated(options: SimOptions) -> (SimStore, LogStore) {
    let store = SimStore::new(3, options.with_trace(false));
    let client: SimClient = store.client("doctor");
    (store, over(Arc::new(client)))
}

/// What the suite says of a simulated store, and that it leaves nothing there.
async fn examined(options: SimOptions) -> Report {
    let (sim, store) = simulated(options);
    let report = Examination::new(&store, simulated_options()).run().await;
    assert_eq!(sim.objects().len(), 0, "{:?}", report.left_behind);
    report
}

#[track_caller]
fn assert_condemned(report: &Report, check: Check, seen: &str, lost: &str) {
    let result = report.of(check).unwrap();
    assert_eq!(result.outcome, Outcome::Failed, "{result}");
    assert!(result.seen.contains(seen), "`{seen}` is not in: {result}");
    assert!(result.lost.unwrap().contains(lost), "`{lost}` is not in: {result}");
    assert_eq!(report.verdict(), Verdict::Unsafe);
    let conclusion = report.conclusion();
    assert!(conclusion.starts_with("NOT safe for a log") && conclusion.contains(seen), "{conclusion}");
}

/// Only these failed.
#[track_caller]
fn assert_only(report: &Report, checks: &[Check]) {
    let failed: Vec<_> = report.failures().map(|result| result.check).collect();
    assert_eq!(failed, checks, "{}", report.conclusion());
}

/// Every check must have an answer, and only those that cannot apply may say so.
#[track_caller]
fn assert_sound(report: &Report, verdict: Verdict, not_applicable: &[Check]) {
    assert_eq!(report.verdict(), verdict, "{}", report.conclusion());
    assert!(report.left_behind.is_empty(), "{:?}", report.left_behind);
    assert_eq!(report.checks.len(), Check::ALL.len());
    for result in &report.checks {
        let expected = not_applicable.contains(&result.check);
        assert_eq!(result.outcome == Outcome::NotApplicable, expected, "{result}");
    }
    assert!(report.latency.is_some());
}

#[tokio::test]
async fn memory_passes_and_nothing_is_left() {
    let store = LogStore::open("memory://conformance/some/base", StoreOptions::new()).unwrap();
    store.create("mine", "stays".into()).await.unwrap();
    let report = Examination::new(&store, Options::quick(1)).run().await;
    assert_sound(&report, Verdict::Safe, &[Check::Fsync, Check::BucketSettings]);
    assert_eq!(report.folder, "some/base/fencepost-doctor-00000000000000000000000000000001");
    let left = store.list_all("").await.unwrap();
    assert_eq!(left.iter().map(|listed| listed.path.as_ref()).collect::<Vec<_>>(), ["mine"]);
    assert!(report.requests.put > 100 && report.requests.total() < 2_000, "{:?}", report.requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_directory_passes_and_is_empty_afterwards() {
    let home = tempfile::tempdir().unwrap();
    let store = LogStore::open(home.path().to_str().unwrap(), StoreOptions::new()).unwrap();
    let report = Examination::new(&store, Options::quick(1).with_list_objects(20)).run().await;
    assert_sound(&report, Verdict::Safe, &[Check::ConditionalUpdate, Check::BucketSettings]);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_honest_store_with_pages_and_latency_passes() {
    let slow = Latency::fixed(Duration::from_millis(20));
    let faults = Faults::none().with_latency(slow.clone(), slow);
    let report = examined(SimOptions::new().with_page(7).with_faults(faults)).await;
    assert_sound(&report, Verdict::Safe, &[Check::Fsync, Check::BucketSettings]);
}

/// A busy network is no reason to condemn a store: requests and replies get lost, and "exists" is said of nothing.
#[tokio::test(start_paused = true)]
async fn an_honest_store_behind_a_bad_network_is_not_condemned() {
    let faults = Faults::none()
        .with_lost_requests(0.02)
        .with_lost_replies(0.02)
        .with_throttled(0.02)
        .with_false_exists(0.05)
        .with_time_out(Duration::from_millis(100));
    for seed in 0..10 {
        let store = SimStore::new(seed, SimOptions::new().with_faults(faults.clone()).with_trace(false));
        let report =
            Examination::new(&over(Arc::new(store.client("doctor"))), simulated_options()).run().await;
        assert_only(&report, &[]);
        let seen = &report.of(Check::CreateRace).unwrap().outcome;
        assert_eq!(*seen, Outcome::Passed);
        assert_eq!(store.objects().len(), 0, "{:?}", report.left_behind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_ignores_the_condition_is_condemned() {
    for chance in [1.0, 0.5] {
        let report =
            examined(SimOptions::new().with_lies(Lies::none().with_ignored_conditions(chance))).await;
        let overwritten = "acknowledged, would be overwritten";
        let seen = "a second create of an existing object succeeded";
        assert_condemned(&report, Check::CreateTwice, seen, overwritten);
        assert_condemned(&report, Check::CreateRace, "racing creates of one name succeeded", overwritten);
        assert_only(&report, &[Check::CreateTwice, Check::CreateRace]);
    }
}

/// Alone, each create is right: only the race shows it.
#[tokio::test(start_paused = true)]
async fn a_store_whose_conditions_lose_races_is_condemned() {
    let racy = Lies::none().with_racy_conditions(Duration::from_millis(5));
    let report = examined(SimOptions::new().with_lies(racy)).await;
    assert_eq!(report.of(Check::CreateTwice).unwrap().outcome, Outcome::Passed);
    let seen = "8 of 8 racing creates of one name succeeded";
    assert_condemned(&report, Check::CreateRace, seen, "acknowledged, would be overwritten");
    assert_only(&report, &[Check::CreateRace]);
}

#[tokio::test(start_paused = true)]
async fn a_store_with_stale_lists_is_condemned() {
    for chance in [1.0, 0.3] {
        let stale = Lies::none().with_stale_lists(chance, Duration::from_secs(60));
        let report = examined(SimOptions::new().with_lies(stale)).await;
        let seen = "a listing that began after a create was acknowledged lacks the object";
        assert_condemned(&report, Check::ListAfterWrite, seen, "an old manifest");
        assert_eq!(report.of(Check::ListUnderChange).unwrap().outcome, Outcome::Failed);
        assert_only(&report, &[Check::ListAfterWrite, Check::ListUnderChange]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_with_stale_reads_is_condemned() {
    for chance in [1.0, 0.3] {
        let stale = Lies::none().with_stale_reads(chance, Duration::from_secs(60));
        let report = examined(SimOptions::new().with_lies(stale)).await;
        let lost = "miss acknowledged rows, and everything after";
        assert_condemned(&report, Check::ReadAfterWrite, "just after its create was acknowledged", lost);
        assert_condemned(&report, Check::ReadAfterAbsent, "after a failed look-up", lost);
        assert_condemned(&report, Check::ReadWhileOverwritten, "", "miss rows acknowledged since");
        for check in [Check::CreateTwice, Check::CreateRace, Check::ListAfterWrite, Check::ListUnderChange] {
            assert_eq!(report.of(check).unwrap().outcome, Outcome::Passed, "the reason is another: {check}");
        }
    }
}

/// The plain local store of the client library, also inside of another store, does not flush.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_not_flushed_is_condemned() {
    let home = tempfile::tempdir().unwrap();
    let local = |fsync| {
        let store = LocalFileSystem::new_with_prefix(home.path()).unwrap();
        store.with_fsync(fsync).with_automatic_cleanup(true)
    };
    let options = Options::quick(1).with_list_objects(5).with_race_rounds(2);
    let plain: [Arc<dyn ObjectStore>; 2] =
        [Arc::new(local(false)), Arc::new(LimitStore::new(local(false), 8))];
    for store in plain {
        let report = Examination::new(&over(store), options.clone()).run().await;
        assert_condemned(&report, Check::Fsync, "not flushed", "power loss");
        assert_only(&report, &[Check::Fsync]);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
    let report = Examination::new(&over(Arc::new(local(true))), options).run().await;
    assert_eq!(report.verdict(), Verdict::SafeWithWarnings, "{}", report.conclusion());
    assert_eq!(report.warnings().map(|result| result.check).collect::<Vec<_>>(), [Check::Fsync]);
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_clock_is_an_hour_off_is_condemned() {
    let hour = Duration::from_secs(3600);
    for (start, side) in [(EPOCH() + hour, "ahead of"), (EPOCH() - hour, "behind")] {
        let report = examined(SimOptions::new().with_clock(StoreClock::new().with_start(start))).await;
        assert_condemned(&report, Check::Clock, side, "retention by age");
        let result = report.of(Check::Clock).unwrap();
        assert!(
            result.seen.contains("3600s") || result.seen.contains("3599s") || result.seen.contains("3598s"),
            "{result}"
        );
        assert_only(&report, &[Check::Clock]);
    }
    for (off, verdict) in [(2, Verdict::SafeWithWarnings), (0, Verdict::Safe)] {
        let clock = StoreClock::new().with_start(EPOCH() + Duration::from_secs(60 * off));
        assert_eq!(examined(SimOptions::new().with_clock(clock)).await.verdict(), verdict);
    }
}

/// Nothing is learned from a store that cannot be reached, and it does not take for ever.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_judged() {
    for faults in [Faults::none().with_refused(1.0), Faults::none().with_lost_requests(1.0)] {
        let (_, store) = simulated(SimOptions::new().with_faults(faults));
        let report = Examination::new(&store, simulated_options()).run().await;
        assert_eq!(report.verdict(), Verdict::Undecided);
        assert!(report.checks.iter().all(|result| result.outcome == Outcome::Unknown));
        assert!(report.took < Duration::from_secs(600), "{:?}", report.took);
    }
}

/// What is still on its way when an examination is stopped lands while it cleans up, and is deleted too.
#[tokio::test(start_paused = true)]
async fn a_stopped_examination_cleans_up() {
    let slow = Latency::fixed(Duration::from_millis(100));
    let (sim, store) =
        simulated(SimOptions::new().with_faults(Faults::none().with_latency(slow.clone(), slow)));
    for after in [0, 250, 1_000, 3_500, 7_777] {
        let mut seen = Vec::new();
        let stop = tokio::time::sleep(Duration::from_millis(after));
        let report = Examination::new(&store, simulated_options())
            .stop_when(stop)
            .watched_by(|progress| {
                if let Progress::Begun(check) = progress {
                    seen.push(check);
                }
            })
            .run()
            .await;
        assert!(report.stopped && report.verdict() == Verdict::Undecided);
        assert!(!seen.is_empty() && seen.len() < Check::ALL.len(), "{seen:?}");
        assert_eq!(report.checks.len(), Check::ALL.len());
        sim.land_pending();
        assert_eq!(sim.objects().len(), 0, "after {after} ms");
    }
}

/// What cannot be deleted is named.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_deleted_is_named() {
    let (sim, store) = simulated(SimOptions::new().with_faults(Faults::none().with_failed_deletions(0.9)));
    let options = simulated_options().with_checks([Check::ReadAfterWrite]);
    let report = Examination::new(&store, options).run().await;
    let there: Vec<_> = sim.objects().iter().map(|(path, _)| path.to_string()).collect();
    assert!(!there.is_empty());
    let mut named = report.left_behind.clone();
    named.sort();
    assert_eq!(named, there);
    assert!(report.conclusion().contains("delete it by hand"), "{}", report.conclusion());
}

#[tokio::test]
async fn the_report_for_programs_has_everything() {
    let store = over(Arc::new(InMemory::new()));
    let options = Options::quick(5).with_price(Price::new(0.5, "the contract"));
    let report = Examination::new(&store, options).run().await;
    let json = report.to_json();
    assert_eq!((&json["verdict"], &json["backend"]), (&"safe".into(), &"other".into()));
    assert_eq!(json["checks"].as_array().unwrap().len(), Check::ALL.len());
    assert_eq!(json["cost"]["usd_per_million_appends"], 0.5);
    assert_eq!(json["requests"]["put"], report.requests.put);
    assert!(
        json["latency_ms"]["create"]["p99"].as_f64().unwrap()
            >= json["latency_ms"]["create"]["p50"].as_f64().unwrap()
    );
    assert!(json["left_behind"].as_array().unwrap().is_empty());
}
