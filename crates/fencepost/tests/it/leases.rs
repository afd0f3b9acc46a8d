//! P-60 to P-63: leases spare writers a quarrel, and tell a standby when to step in. Nothing else rests on them.

use crate::support::{World, any_lease, append, append_all, close, options, wal_builder};
use fencepost::{
    AppendError, Environment, Epoch, Nonce, OpenWriterError, Takeover, Tick, Wal, Writer, WriterOptions,
};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const TTL: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_secs(3_600);

fn leased(takeover: Takeover) -> WriterOptions {
    options().with_takeover(takeover).with_lease_ttl(Some(TTL)).with_wait_timeout(None)
}

async fn holder(world: &World) -> Writer {
    let writer = world.wal.open_writer(leased(Takeover::Expired).with_holder("a")).await.unwrap();
    append_all(&writer, [1]).await;
    sleep(Duration::from_secs(1)).await;
    writer
}

fn standby(wal: &Wal) -> tokio::task::JoinHandle<Result<Writer, OpenWriterError>> {
    let wal = wal.clone();
    tokio::spawn(async move { wal.open_writer(leased(Takeover::Expired)).await })
}

#[tokio::test(start_paused = true)]
async fn free_fails_if_somebody_holds_it() {
    let world = World::new().await;
    let first = world.wal.open_writer(leased(Takeover::Free).with_holder("a")).await.unwrap();
    sleep(HOUR).await;
    let held = world.wal.open_writer(leased(Takeover::Free)).await.unwrap_err();
    assert!(
        matches!(&held, OpenWriterError::Held { epoch, holder, ttl_ms: 5_000 } if *epoch == first.epoch() && holder == "a"),
        "{held}"
    );
    assert!(held.is_retryable());
    append_all(&first, [1]).await;
    first.close().await.unwrap();
    assert_eq!(world.wal.open_writer(leased(Takeover::Free)).await.unwrap().epoch().get(), 2);
}

/// For hosts that decide elsewhere who may write: whoever stalls between reading the epoch and the claim disturbs nobody.
// P-11.
#[tokio::test(start_paused = true)]
async fn a_claim_after_an_epoch_that_was_followed_by_another_is_refused_and_disturbs_nobody() {
    let world = World::new().await;
    let after = |epoch| options().with_claim_after(Epoch::new(epoch));
    let nobody_yet = world.wal.open_writer(after(1)).await.unwrap_err();
    assert!(matches!(nobody_yet, OpenWriterError::Fenced { by: Epoch::NONE }), "{nobody_yet}");
    assert_eq!(world.layout().await, "");
    let first = world.wal.open_writer(options().with_claim_after(Epoch::NONE)).await.unwrap();
    append_all(&first, [1]).await;
    // Two read epoch 1; the quicker one opens.
    let second = world.wal.open_writer(after(1)).await.unwrap();
    append_all(&second, [2]).await;
    let layout = world.layout().await;
    let late = world.wal.open_writer(after(1)).await.unwrap_err();
    assert!(matches!(late, OpenWriterError::Fenced { by } if by == second.epoch()), "{late}");
    assert_eq!(world.layout().await, layout);
    append_all(&second, [3]).await;
    assert_eq!(world.rows().await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn expired_waits_while_the_holder_lives() {
    let world = World::new().await;
    let holder = holder(&world).await;
    assert!(timeout(HOUR, world.wal.open_writer(leased(Takeover::Expired))).await.is_err());
    append_all(&holder, [2]).await;
    assert_eq!(world.rows().await, [1, 2]);
}

/// It waits no longer than it was told to, and whoever asks hears for whom.
#[tokio::test(start_paused = true)]
async fn a_wait_for_a_holder_that_lives_ends() {
    let world = World::new().await;
    let holder = holder(&world).await;
    let (before, mut told) = (Instant::now(), Vec::new());
    let limited = leased(Takeover::Expired).with_wait_timeout(Some(Duration::from_secs(60)));
    let ended = world.wal.open_writer_with(limited, |holder| told.push(holder.clone())).await.unwrap_err();
    assert!(
        matches!(&ended, OpenWriterError::Held { holder, ttl_ms: 5_000, .. } if holder == "a"),
        "{ended}"
    );
    assert_eq!(before.elapsed().as_secs(), 60);
    assert_eq!(
        told.iter().map(|holder| (holder.epoch.get(), &*holder.holder, holder.ttl)).collect::<Vec<_>>(),
        [(1, "a", TTL)]
    );
    append_all(&holder, [2]).await;
    assert_eq!(world.rows().await, [1, 2], "nothing was claimed");
    let by_default = options().with_takeover(Takeover::Expired).with_lease_ttl(Some(TTL));
    let before = Instant::now();
    assert!(matches!(world.wal.open_writer(by_default).await, Err(OpenWriterError::Held { .. })));
    assert_eq!(before.elapsed().as_secs(), 300);
}

/// P-62. The holder is killed; the standby acknowledges its first append within 15 s at a ttl of 5 s, unasked.
#[tokio::test(start_paused = true)]
async fn a_standby_takes_over_after_the_holder_died() {
    let world = World::new().await;
    let holder = holder(&world).await;
    let standby = standby(&world.wal);
    sleep(HOUR).await;
    drop(holder);
    let died = Instant::now();
    let writer = standby.await.unwrap().unwrap();
    append_all(&writer, [2]).await;
    let took = died.elapsed();
    assert!((TTL * 2 / 3..TTL * 3 / 2).contains(&took), "{took:?}");
    assert_eq!(world.rows().await, [1, 2]);
}

/// One that came after the death has to watch for a whole ttl itself: it trusts no clock but its own.
#[tokio::test(start_paused = true)]
async fn a_candidate_watches_for_itself() {
    let world = World::new().await;
    drop(holder(&world).await);
    sleep(HOUR).await;
    let started = Instant::now();
    world.wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    assert!((TTL..TTL * 3 / 2).contains(&started.elapsed()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_taken_at_once() {
    let world = World::new().await;
    let first = holder(&world).await;
    let waiting = standby(&world.wal);
    sleep(HOUR).await;
    first.close().await.unwrap();
    let closed = Instant::now();
    let second = waiting.await.unwrap().unwrap();
    assert!(closed.elapsed() <= TTL / 4, "at its next look: {:?}", closed.elapsed());
    assert_eq!(world.layout().await, "1:h1 2:d1 3:c1 4:h2");

    second.close().await.unwrap();
    let closed = Instant::now();
    world.wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    assert_eq!(closed.elapsed(), Duration::ZERO);
}

/// P-11.
#[tokio::test(start_paused = true)]
async fn of_two_standbys_one_wins_and_the_other_goes_on_waiting() {
    let world = World::new().await;
    let first = holder(&world).await;
    let (a, b) = (standby(&world.wal), standby(&world.wal));
    sleep(HOUR).await;
    drop(first);
    let mut both = futures::stream::FuturesUnordered::from_iter([a, b]);
    let winner = futures::StreamExt::next(&mut both).await.unwrap().unwrap().unwrap();
    append_all(&winner, [2]).await;
    assert!(timeout(HOUR, futures::StreamExt::next(&mut both)).await.is_err(), "the other one waits");
    append_all(&winner, [3]).await;
    assert_eq!(winner.epoch().get(), 2);
    drop(winner);
    let next =
        timeout(TTL * 2, futures::StreamExt::next(&mut both)).await.unwrap().unwrap().unwrap().unwrap();
    assert_eq!(next.epoch().get(), 3);
    append_all(&next, [4]).await;
    assert_eq!(world.rows().await, [1, 2, 3, 4]);
}

/// Two that open again as soon as they are fenced: each waits for the other, so epochs do not race.
#[tokio::test(start_paused = true)]
async fn two_eager_writers_do_not_ping_pong() {
    let world = World::new().await;
    let eager = |first: i64| {
        let wal = world.wal.clone();
        tokio::spawn(async move {
            let mut number = first;
            loop {
                let Ok(writer) = wal.open_writer(leased(Takeover::Expired)).await else { continue };
                while append(&writer, number).await.is_ok() {
                    number += 1;
                    sleep(Duration::from_millis(500)).await;
                }
            }
        })
    };
    let both = [eager(0), eager(1_000_000)];
    sleep(HOUR).await;
    both.iter().for_each(tokio::task::JoinHandle::abort);
    let mut reader = world.wal.reader(fencepost::ReadFrom::Checkpoint).await.unwrap();
    let (mut entries, mut epochs) = (0, std::collections::BTreeSet::new());
    while let Some(entry) = reader.next().await.unwrap() {
        entries += 1;
        epochs.insert(entry.epoch());
    }
    assert!(epochs.len() <= 2, "{epochs:?}");
    assert!(entries > 7_000, "{entries} in an hour of two a second");
}

/// P-60: a holder whose lease cannot be written is taken for dead. It is fenced, which costs it its turn and
/// nothing else.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_never_renewed_costs_availability_only() {
    let world = World::new().await;
    let first = holder(&world).await;
    let _ = world.faults.on(Op::Put, any_lease, Fault::Deny);
    let second = timeout(TTL * 3, world.wal.open_writer(leased(Takeover::Expired))).await.unwrap().unwrap();
    assert!(matches!(append(&first, 2).await, Err(AppendError::Fenced { by, .. }) if by == second.epoch()));
    append_all(&second, [3]).await;
    assert_eq!(world.rows().await, [1, 3]);
}

/// P-60: with a clock that stands still, a holder renews nothing and is taken over; a candidate waits for
/// ever and harms nobody.
#[tokio::test(start_paused = true)]
async fn a_stalled_clock_costs_availability_only() {
    let world = World::new().await;
    let nonces = std::sync::atomic::AtomicU64::new(1);
    let nonce = move || {
        Nonce(0x57a11ed << 64 | u128::from(nonces.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
    };
    let stalled = Environment::simulated(|| Tick(1_000), nonce, 1);
    let wal = wal_builder(Arc::new(world.faults.clone())).with_environment(stalled).open().await.unwrap();

    let first = wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    append_all(&first, [1]).await;
    sleep(Duration::from_secs(1)).await;
    let second = timeout(TTL * 3, world.wal.open_writer(leased(Takeover::Expired))).await.unwrap().unwrap();
    append_all(&second, [2]).await;
    assert!(append(&first, 3).await.is_err());
    sleep(Duration::from_secs(1)).await;
    drop(second);
    assert!(timeout(HOUR, wal.open_writer(leased(Takeover::Expired))).await.is_err());
    let third = world.wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    append_all(&third, [4]).await;
    assert_eq!(world.rows().await, [1, 2, 4]);
}

/// P-64: the holder is alive and appends, and its first lease is still on its way. A candidate once took over
/// at once.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_written_yet_is_waited_for() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        let world = World::new().await;
        let late = world.faults.hold(Op::Put, any_lease);
        let first = world.wal.open_writer(leased(takeover)).await.unwrap();
        append_all(&first, [1]).await;
        let started = Instant::now();
        let second = world.wal.open_writer(leased(takeover)).await.unwrap();
        assert!((TTL..TTL * 3 / 2).contains(&started.elapsed()), "{:?}", started.elapsed());
        assert_eq!(second.epoch().get(), 2);
        assert!(append(&first, 2).await.is_err());
        drop(late);
    }
}

/// P-64: once it is there, it counts.
#[tokio::test(start_paused = true)]
async fn a_lease_that_comes_late_holds_the_log() {
    let world = World::new().await;
    let late = world.faults.hold(Op::Put, any_lease);
    let first = world.wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    let (waiting, asking) = (standby(&world.wal), {
        let wal = world.wal.clone();
        tokio::spawn(async move { wal.open_writer(leased(Takeover::Free)).await })
    });
    sleep(TTL / 2).await;
    late.release();
    assert!(
        matches!(asking.await.unwrap(), Err(OpenWriterError::Held { epoch, .. }) if epoch == first.epoch())
    );
    sleep(HOUR).await;
    append_all(&first, [1]).await;
    assert!(!waiting.is_finished());
    first.close().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().epoch().get(), 2);
}

/// P-63: the lease of an older epoch says nothing about the present one.
#[tokio::test(start_paused = true)]
async fn leases_of_older_epochs_are_void() {
    let world = World::new().await;
    let old = holder(&world).await;
    let new = world.wal.open_writer(leased(Takeover::Now)).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    drop(new);
    let third = timeout(TTL * 2, world.wal.open_writer(leased(Takeover::Expired))).await.unwrap().unwrap();
    assert_eq!(third.epoch().get(), 3, "although the holder of epoch 1 renews its lease to this day");
    drop(old);
}

/// Whoever failed to open does not look alive for longer than a ttl.
#[tokio::test(start_paused = true)]
async fn an_opening_that_is_dropped_holds_no_lease() {
    let world = World::new().await;
    holder(&world).await.close().await.unwrap();
    let opening = world.wal.begin_writing(leased(Takeover::Expired)).await.unwrap();
    sleep(HOUR).await;
    assert!(matches!(world.wal.open_writer(leased(Takeover::Free)).await, Err(OpenWriterError::Held { .. })));
    drop(opening);
    let next = timeout(TTL * 2, world.wal.open_writer(leased(Takeover::Expired))).await.unwrap().unwrap();
    append_all(&next, [2]).await;
    assert_eq!(world.rows().await, [1, 2]);
}

/// P-64: what cannot be understood counts as a lease that stands still: its holder may be of another kind,
/// and alive.
#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_understood_is_waited_for() {
    let world = World::new().await;
    drop(holder(&world).await);
    let path = world.truth.paths().lease(Epoch::FIRST);
    world.truth.store().put_overwrite(path, "text".into()).await.unwrap();
    let started = Instant::now();
    world.wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    assert!((TTL..TTL * 3 / 2).contains(&started.elapsed()), "{:?}", started.elapsed());
}

/// Whoever heard that a writer closed may open the next one, and need not wait.
#[tokio::test(start_paused = true)]
async fn a_close_ends_once_the_lease_is_released() {
    let world = World::new().await;
    let first = holder(&world).await;
    let held = world.faults.hold(Op::Put, any_lease);
    let close = tokio::spawn(close(first));
    held.arrived().await;
    sleep(Duration::from_secs(1)).await;
    assert!(!close.is_finished());
    held.release();
    close.await.unwrap().unwrap();
    let closed = Instant::now();
    world.wal.open_writer(leased(Takeover::Expired)).await.unwrap();
    assert_eq!(closed.elapsed(), Duration::ZERO);
}

/// P-115: it would learn it from its next append, but perhaps there is none for a day.
#[tokio::test(start_paused = true)]
async fn an_idle_writer_learns_within_a_lease_period_that_it_was_fenced() {
    let world = World::new().await;
    let (idle, unleased) = (holder(&world).await, options());
    sleep(HOUR).await;
    assert!(idle.status().stopped.is_none());
    let successor = world.wal.open_writer(unleased).await.unwrap();
    let told = timeout(TTL * 2, idle.stopped()).await.unwrap().unwrap();
    assert!(matches!(told, AppendError::Fenced { by, .. } if by == successor.epoch()), "{told}");
    assert!(matches!(append(&idle, 2).await, Err(AppendError::Fenced { definite: true, .. })));
    append_all(&successor, [3]).await;
    assert_eq!(world.rows().await, [1, 3]);
}

/// P-115: a store that does not answer, and a manifest of its own, are no successor.
#[tokio::test(start_paused = true)]
async fn an_idle_writer_goes_on_if_nobody_fenced_it() {
    let world = World::new().await;
    let writer = holder(&world).await;
    writer.checkpoint(fencepost::Position::new(2)).await.unwrap();
    let manifests = world.truth.paths().manifest_dir();
    let down = world.faults.on(Op::Get, move |path| path.starts_with(&manifests), Fault::Refuse);
    sleep(HOUR).await;
    assert!(down.hits() > 100, "it looked");
    down.stop();
    sleep(HOUR).await;
    append_all(&writer, [2]).await;
    writer.close().await.unwrap();
    assert_eq!(world.rows().await, [2]);
}

/// A writer that was fenced, or that found the log damaged, is gone: whoever comes next need not wait for it.
#[tokio::test(start_paused = true)]
async fn a_writer_that_stopped_lets_its_lease_go_before_its_close_ends() {
    let world = World::new().await;
    let writer = holder(&world).await;
    let path = world.truth.paths().entry(fencepost::Position::new(3));
    world.truth.store().put_overwrite(path, "nobody's".into()).await.unwrap();
    let slow = world.faults.hold(Op::Put, any_lease);
    assert!(append(&writer, 2).await.is_err());
    let ending = tokio::spawn(close(writer));
    slow.arrived().await;
    crate::support::settle().await;
    assert!(!ending.is_finished());
    slow.release();
    assert!(ending.await.unwrap().is_err());
    let next = world.truth.paths().lease(Epoch::FIRST);
    let lease = world.truth.store().get(next).await.into_result().unwrap().unwrap().bytes;
    assert!(std::str::from_utf8(&lease).unwrap().contains("\"released\":true"), "{lease:?}");
}
