//! Leases, by the hands of a clock. The ttl is 90 ms.

use super::*;
use crate::testing::manifest;
use fencepost_format::Version;

const EPOCH: Epoch = Epoch::new(4);

fn lease(counter: u64) -> ReadReply<LeaseView> {
    ReadReply::Found(LeaseView { counter, ttl: 90, released: false })
}

fn released() -> ReadReply<LeaseView> {
    ReadReply::Found(LeaseView { counter: 9, ttl: 90, released: true })
}

/// A candidate that has found epoch 4 and asked for its lease.
fn watching(takeover: Takeover) -> LeaseObserver {
    watching_in(takeover, "e4")
}

/// The same, with words for the manifest.
fn watching_in(takeover: Takeover, words: &str) -> LeaseObserver {
    let mut observer = LeaseObserver::new(takeover, Tick(0), 1_000, 90);
    for reply in &search(words)[..3] {
        assert!(matches!(observer.poll_request(Tick(0)), Some(ObserverRequest::Manifest(_))));
        assert_eq!(observer.handle(Tick(0), reply), None);
    }
    assert_eq!(observer.watched(), Some(EPOCH));
    observer.certain = true;
    observer
}

/// The answers to a search that finds version 7.
fn search(words: &str) -> [Reply; 4] {
    let found = manifest(7, words);
    [
        Reply::Listed(ReadReply::Found(found.version)),
        Reply::Manifest(found.version, ReadReply::Found(found.clone())),
        Reply::Manifest(Version::new(8), ReadReply::Absent),
        Reply::Listed(ReadReply::Found(found.version)),
    ]
}

/// Shows the candidate what it sees at each moment that it asks; returns its verdict and when it came.
fn watch(
    observer: &mut LeaseObserver,
    mut now: u64,
    see: impl Fn(u64) -> ReadReply<LeaseView>,
) -> Option<(u64, Verdict)> {
    for _ in 0..100 {
        if let Some(ObserverRequest::ReadLease(of)) = observer.poll_request(Tick(now))
            && let Some(verdict) = observer.handle_lease(Tick(now), of, &see(now))
        {
            return Some((now, verdict));
        }
        now = observer.poll_timeout()?.0;
    }
    None
}

const CLAIM: Verdict = Verdict::Claim { only_if: Some(EPOCH) };

/// P-61.
#[test]
fn the_holder_writes_at_once_and_every_third_of_the_ttl() {
    let mut holder = LeaseHolder::new(EPOCH, 90, Tick(10));
    for (counter, now) in [(1, 10), (2, 40), (3, 70)] {
        assert_eq!(holder.poll_request(Tick(now - 1)), None);
        let request = holder.poll_request(Tick(now)).unwrap();
        assert_eq!((request.epoch, request.lease), (EPOCH, LeaseView { counter, ttl: 90, released: false }));
        assert_eq!(holder.poll_request(Tick(now + 500)), None, "one write at a time");
        holder.handle_written(Tick(now), &request);
        assert_eq!(holder.poll_timeout(), Some(Tick(now + 30)));
    }
    holder.release();
    let last = holder.poll_request(Tick(71)).unwrap();
    assert!(last.lease.released);
    holder.handle_written(Tick(71), &last);
    assert_eq!((holder.poll_request(Tick(10_000)), holder.poll_timeout()), (None, None));
}

/// P-62.
#[test]
fn a_counter_that_stands_still_for_a_ttl_is_a_dead_holder() {
    let (at, verdict) = watch(&mut watching(Takeover::Expired), 0, |_| lease(5)).unwrap();
    assert_eq!(verdict, CLAIM);
    assert!((90..120).contains(&at), "{at}");
    let (at, _) = watch(&mut watching(Takeover::Expired), 0, |now| lease(now.min(500) / 30)).unwrap();
    assert!((590..620).contains(&at), "the last sign of life was at 500: {at}");
    assert_eq!(watch(&mut watching(Takeover::Expired), 0, |now| lease(now / 30)), None);
}

/// P-62: the ttl runs until the question was put. An answer that comes late shows an early state.
#[test]
fn a_late_answer_proves_no_more_than_an_early_one() {
    let mut observer = watching(Takeover::Expired);
    assert!(observer.poll_request(Tick(0)).is_some());
    assert_eq!(observer.handle_lease(Tick(0), EPOCH, &lease(5)), None);
    assert!(observer.poll_request(Tick(80)).is_some());
    assert_eq!(observer.handle_lease(Tick(500), EPOCH, &lease(5)), None, "it stood still from 0 to 80");
    // Nor does it run from the first question, whose answer may show the end of a long time.
    let mut observer = watching(Takeover::Expired);
    assert!(observer.poll_request(Tick(0)).is_some());
    assert_eq!(observer.handle_lease(Tick(50), EPOCH, &lease(5)), None);
    assert!(observer.poll_request(Tick(139)).is_some());
    assert_eq!(observer.handle_lease(Tick(139), EPOCH, &lease(5)), None, "it was seen from 50 to 139");
    assert!(observer.poll_request(Tick(200)).is_some());
    assert_eq!(observer.handle_lease(Tick(200), EPOCH, &lease(5)), Some(CLAIM));
}

/// P-62.
#[test]
fn a_released_lease_is_free() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        assert_eq!(watch(&mut watching(takeover), 0, |_| released()), Some((0, CLAIM)));
    }
    let held = watch(&mut watching(Takeover::Free), 0, |_| lease(1)).unwrap().1;
    assert!(matches!(held, Verdict::Held { epoch: EPOCH, .. }));
}

/// P-64: the holder claimed a moment ago and has not written its lease yet. A candidate once took over from
/// it at once.
#[test]
fn a_lease_that_is_not_there_yet_is_waited_for() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        for nothing in [ReadReply::Absent, ReadReply::Damaged] {
            let (at, verdict) = watch(&mut watching(takeover), 0, |_| nothing.clone()).unwrap();
            assert_eq!(verdict, CLAIM);
            assert!((90..120).contains(&at), "{takeover:?} {nothing:?} {at}");
        }
    }
    let written = |now| if now < 60 { ReadReply::Absent } else { lease(now / 30) };
    assert_eq!(watch(&mut watching(Takeover::Expired), 0, written), None, "it lives");
    let (at, verdict) = watch(&mut watching(Takeover::Free), 0, written).unwrap();
    assert!(matches!(verdict, Verdict::Held { epoch: EPOCH, .. }) && at < 90, "{verdict:?} {at}");
}

/// P-64: Lance writes no leases, so none will come.
#[test]
fn a_holder_that_is_lance_is_not_waited_for() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        let mut lances = watching_in(takeover, "e4l");
        assert_eq!(watch(&mut lances, 0, |_| ReadReply::Absent), Some((0, CLAIM)));
    }
    let mut held = watching_in(Takeover::Expired, "e4l");
    assert_eq!(watch(&mut held, 0, |now| lease(now / 30)), None, "a lease that is there counts");
    // A claim of another's that came meanwhile may be anybody's.
    let mut late = watching_in(Takeover::Expired, "e4l");
    late.superseded(Tick(0), EPOCH.next());
    let (at, _) = watch(&mut late, 0, |_| ReadReply::Absent).unwrap();
    assert!(at >= 90, "{at}");
}

/// P-62: an epoch that nobody has claimed has no holder to wait for.
#[test]
fn an_unclaimed_shard_is_free() {
    let mut observer = LeaseObserver::new(Takeover::Expired, Tick(0), 1_000, 90);
    let found = manifest(1, "e0");
    let mut verdict = None;
    for reply in [
        Reply::Listed(ReadReply::Found(found.version)),
        Reply::Manifest(found.version, ReadReply::Found(found)),
        Reply::Manifest(Version::new(2), ReadReply::Absent),
    ] {
        assert!(matches!(observer.poll_request(Tick(0)), Some(ObserverRequest::Manifest(_))));
        verdict = observer.handle(Tick(0), &reply);
    }
    assert_eq!(verdict, Some(Verdict::Claim { only_if: Some(Epoch::NONE) }));
}

/// One question at a time, and four of them in each ttl.
#[test]
fn a_candidate_asks_once_and_then_waits() {
    let mut observer = watching(Takeover::Expired);
    assert_eq!(observer.poll_request(Tick(0)), Some(ObserverRequest::ReadLease(EPOCH)));
    assert_eq!(observer.poll_request(Tick(1)), None);
    assert_eq!(observer.handle_lease(Tick(2), EPOCH, &lease(1)), None);
    assert_eq!((observer.poll_request(Tick(2)), observer.poll_timeout()), (None, Some(Tick(24))));
    for (ttl, pause) in [(1, 1), (3, 1), (4, 1), (8, 2)] {
        let mut observer = watching(Takeover::Expired);
        assert!(observer.poll_request(Tick(0)).is_some());
        let lease = ReadReply::Found(LeaseView { counter: 1, ttl, released: false });
        assert_eq!(observer.handle_lease(Tick(0), EPOCH, &lease), None);
        assert_eq!(observer.poll_timeout(), Some(Tick(pause)), "{ttl}");
    }
}

#[test]
fn now_asks_for_no_lease() {
    let mut observer = LeaseObserver::new(Takeover::Now, Tick(0), 1_000, 90);
    let (asked, verdict) = play(&mut observer, &search("e4")[..3]);
    assert_eq!((asked, verdict), (3, Some(Verdict::Claim { only_if: None })));
    assert_eq!(observer.basis(), Basis::Latest(manifest(7, "e4")));
}

/// Answers questions to the manifest as they come; returns how many requests were put, and the verdict.
fn play(observer: &mut LeaseObserver, replies: &[Reply]) -> (usize, Option<Verdict>) {
    let mut asked = std::iter::from_fn(|| observer.poll_request(Tick(0))).count();
    for reply in replies {
        let verdict = observer.handle(Tick(0), reply);
        asked += std::iter::from_fn(|| observer.poll_request(Tick(0))).count();
        if verdict.is_some() {
            return (asked, verdict);
        }
    }
    (asked, None)
}

/// P-113: two round trips, if the highest epoch with a lease is the one that counts.
#[test]
fn the_newest_lease_is_read_beside_the_manifest() {
    let begun = || {
        let mut observer = LeaseObserver::new(Takeover::Expired, Tick(0), 1_000, 90);
        let asked: Vec<_> = std::iter::from_fn(|| observer.poll_request(Tick(0))).collect();
        assert!(
            matches!(asked[..], [ObserverRequest::Manifest(_), ObserverRequest::ListLeases]),
            "{asked:?}"
        );
        observer
    };
    let mut observer = begun();
    observer.handle_leases(&ReadReply::Found(EPOCH));
    assert_eq!(play(&mut observer, &search("e4")[..1]), (3, None), "two manifests and the lease");
    assert_eq!(observer.handle_lease(Tick(0), EPOCH, &released()), None);
    assert_eq!(play(&mut observer, &search("e4")[1..3]), (0, Some(CLAIM)));
    assert_eq!(observer.basis(), Basis::Latest(manifest(7, "e4")));
    // P-63: another's says nothing.
    let mut observer = begun();
    observer.handle_leases(&ReadReply::Found(Epoch::new(3)));
    play(&mut observer, &search("e4")[..1]);
    assert_eq!(observer.handle_lease(Tick(0), Epoch::new(3), &released()), None);
    assert_eq!(play(&mut observer, &search("e4")[1..3]), (1, None));
    assert_eq!(observer.handle_lease(Tick(0), Epoch::new(3), &released()), None);
    assert_eq!(observer.handle_lease(Tick(0), EPOCH, &released()), Some(CLAIM));
    // A listing that comes late, or not, costs the round trip that it was to spare.
    let mut observer = begun();
    assert_eq!(play(&mut observer, &search("e4")[..3]), (3, None), "two manifests, then the lease");
    observer.handle_leases(&ReadReply::Found(EPOCH));
    assert_eq!(observer.poll_request(Tick(0)), None);
    assert_eq!(observer.handle_lease(Tick(0), EPOCH, &released()), Some(CLAIM));
}

/// P-112: whoever waits, or says who holds the shard, knows the epoch for certain. What was found first landed late
/// on a version that was pruned.
#[test]
fn nobody_waits_for_the_writer_of_a_manifest_that_is_only_built_on() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        let mut observer = LeaseObserver::new(takeover, Tick(0), 1_000, 90);
        play(&mut observer, &search("e4")[..3]);
        assert_eq!(observer.handle_lease(Tick(0), EPOCH, &lease(1)), None);
        let later = manifest(9, "e5");
        let replies = [
            Reply::Listed(ReadReply::Found(later.version)),
            Reply::Manifest(later.version, ReadReply::Found(later.clone())),
            Reply::Manifest(Version::new(10), ReadReply::Absent),
            Reply::Listed(ReadReply::Found(later.version)),
        ];
        play(&mut observer, &replies);
        assert_eq!(observer.watched(), Some(Epoch::new(5)));
        assert_eq!(observer.basis(), Basis::Latest(later));
    }
    let mut observer = LeaseObserver::new(Takeover::Free, Tick(0), 1_000, 90);
    play(&mut observer, &search("e4")[..3]);
    assert_eq!(observer.handle_lease(Tick(0), EPOCH, &lease(1)), None);
    let (_, verdict) = play(&mut observer, &search("e4")[3..]);
    assert!(matches!(verdict, Some(Verdict::Held { epoch: EPOCH, .. })), "{verdict:?}");
}

/// P-65: an answer that does not come is no sign of death, and not to be waited for without an end.
#[test]
fn a_lease_that_cannot_be_read_ends_the_watch_when_the_retry_timeout_does() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        let (at, verdict) = watch(&mut watching(takeover), 0, |_| ReadReply::Unknown).unwrap();
        assert_eq!((at, verdict), (1_000, Verdict::Unread(EPOCH)), "{takeover:?}");
    }
    // The retry timeout of one failure; an answer in between ends it.
    let flaky = |now: u64| if now % 900 > 30 { ReadReply::Unknown } else { lease(now) };
    let mut observer = watching(Takeover::Expired);
    let mut last = 0;
    for _ in 0..200 {
        let now = observer.poll_timeout().map_or(0, |due| due.0);
        assert!(observer.poll_request(Tick(now)).is_some());
        assert_eq!(observer.handle_lease(Tick(now), EPOCH, &flaky(now)), None, "{now}");
        last = now;
    }
    assert!(last > 2_000, "{last}");
}

/// P-11, P-63: another candidate was quicker, and has not written its lease yet.
#[test]
fn a_loser_watches_the_winner_and_gives_it_time_to_write() {
    let mut observer = watching(Takeover::Expired);
    watch(&mut observer, 0, |_| lease(5)).unwrap();
    observer.superseded(Tick(100), EPOCH.next());
    assert_eq!(observer.watched(), Some(EPOCH.next()));
    let (at, verdict) = watch(&mut observer, 100, |_| ReadReply::Absent).unwrap();
    assert!(at >= 190, "{at}");
    assert_eq!(verdict, Verdict::Claim { only_if: Some(EPOCH.next()) });
}
