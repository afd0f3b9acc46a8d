//! Chaos in one process: round after round of takeovers, stalled and lost requests, checkpoints and
//! collections, with PUTs let go many rounds later. Every acknowledged row is there, once and in order.

use crate::support::{World, batch, numbers, options, settle};
use fencepost::{Policy, Position, Ticket, Writer};
use fencepost_store::wrap::{Fault, Held, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn every_acknowledged_row_is_there_once_and_in_order() {
    let mut late = Late::default();
    for seed in 0..SEEDS {
        let mut chaos = Chaos::new(seed).await;
        for round in 0..ROUNDS {
            chaos.round(round).await;
        }
        chaos.end().await;
        late.refused += chaos.late.refused;
        late.acknowledged += chaos.late.acknowledged;
        late.stale_entries += chaos.late.stale_entries;
    }
    // The dangerous states were reached at all.
    assert!(late.refused > 100, "PUTs of fenced writers were refused: {late:?}");
    assert!(late.acknowledged > 0, "acknowledgements came after a takeover: {late:?}");
    assert!(late.stale_entries > 0, "stale entries landed in collected space: {late:?}");
}

const SEEDS: u64 = 10;
const ROUNDS: i64 = 25;

#[derive(Clone, Copy, Debug, Default)]
struct Late {
    refused: u64,
    acknowledged: u64,
    stale_entries: u64,
}

/// Numbers whose appends are not answered yet.
type Tickets = Vec<(i64, Ticket)>;

struct Chaos {
    seed: u64,
    random: Random,
    world: World,
    /// What the owner keeps elsewhere: rows covered by checkpoints, in order.
    applied: Vec<i64>,
    acknowledged: BTreeSet<i64>,
    refused: BTreeSet<i64>,
    held: Vec<Held>,
    /// Writers that were taken over, alive or dropped, and what they still wait for.
    zombies: Vec<(Option<Writer>, Tickets)>,
    late: Late,
}

impl Chaos {
    async fn new(seed: u64) -> Self {
        Self {
            seed,
            random: Random(seed),
            world: World::new().await,
            applied: Vec::new(),
            acknowledged: BTreeSet::new(),
            refused: BTreeSet::new(),
            held: Vec::new(),
            zombies: Vec::new(),
            late: Late::default(),
        }
    }

    async fn round(&mut self, round: i64) {
        let mut opening = self.world.wal.begin_writing(options()).await.unwrap();
        // The owner's view of the log above the checkpoint.
        let mut view = BTreeMap::new();
        while let Some(entry) = opening.next_recovered().await.unwrap() {
            view.insert(entry.position(), numbers(&entry));
        }
        let writer = opening.finish().await.unwrap();
        self.check(&view, &format!("at the opening of round {round}"));

        self.bad_luck(writer.status().acknowledged.get() + 1);
        let mut tickets = Vec::new();
        for number in 0..self.random.below(90) as i64 {
            let number = round * 1_000 + number;
            tickets.push((number, writer.submit(vec![batch([number])]).await.unwrap()));
            if self.random.one_in(20) {
                settle().await;
            }
        }
        settle().await;
        if self.random.one_in(3) {
            tokio::time::sleep(Duration::from_millis(self.random.below(40_000))).await;
        }
        self.gather(&mut tickets, Some(&mut view), false);

        if self.random.one_in(2) && !view.is_empty() {
            let nth = self.random.below(view.len() as u64) as usize;
            let position = *view.keys().nth(nth).unwrap();
            if let Ok(at) = writer.checkpoint(position).await {
                let above = view.split_off(&at.next());
                self.applied.extend(std::mem::replace(&mut view, above).into_values().flatten());
            }
        }
        if self.random.one_in(2) {
            let policy = Policy::new()
                .with_manifests_keep(1 + self.random.below(3))
                .with_manifests_age(Duration::ZERO);
            let report = self.world.wal.collector().with_policy(policy).run().await.unwrap().report;
            self.late.stale_entries += report.stale_entries;
        }
        match self.random.below(3) {
            0 if tickets.is_empty() => writer.close().await.unwrap_or_default(),
            1 => self.zombies.push((None, tickets)),
            _ => self.zombies.push((Some(writer), tickets)),
        }
        if self.random.one_in(3) {
            self.let_go(2).await;
        }
    }

    /// Some of the next entries are held back, lost, duplicated or refused.
    fn bad_luck(&mut self, next: u64) {
        for _ in 0..self.random.below(6) {
            let entry = self.world.entry(next + self.random.below(70));
            let _ = match self.random.below(6) {
                0 => self.world.faults.on(Op::Put, entry, Fault::LoseReply).times(2),
                1 => self.world.faults.on(Op::Put, entry, Fault::Drop).times(1),
                2 => self.world.faults.on(Op::Put, entry, Fault::FalseExists).times(1),
                _ => {
                    self.held.push(self.world.faults.hold(Op::Put, entry).times(1));
                    continue;
                }
            };
        }
    }

    /// Lets `count` held requests go, however old, and hears what their writers were told.
    async fn let_go(&mut self, count: usize) {
        for _ in 0..count.min(self.held.len()) {
            let nth = self.random.below(self.held.len() as u64) as usize;
            drop(self.held.swap_remove(nth));
            settle().await;
        }
        let mut zombies = std::mem::take(&mut self.zombies);
        for (_, tickets) in &mut zombies {
            self.gather(tickets, None, true);
        }
        self.zombies = zombies;
    }

    /// Takes the answers that are there.
    fn gather(
        &mut self,
        tickets: &mut Tickets,
        mut view: Option<&mut BTreeMap<Position, Vec<i64>>>,
        late: bool,
    ) {
        let mut waiting = Vec::new();
        for (number, mut ticket) in tickets.drain(..) {
            match futures::FutureExt::now_or_never(&mut ticket) {
                None => waiting.push((number, ticket)),
                Some(Ok(done)) => {
                    assert!(waiting.is_empty(), "seed {}: {number} was acknowledged out of order", self.seed);
                    self.acknowledged.insert(number);
                    self.late.acknowledged += u64::from(late);
                    if let Some(view) = &mut view {
                        view.insert(done.position, vec![number]);
                    }
                }
                Some(Err(error)) => {
                    self.late.refused += u64::from(late);
                    if error.is_definite() {
                        self.refused.insert(number);
                    }
                }
            }
        }
        *tickets = waiting;
    }

    /// Applied and replayable rows together: in order, once, all that was acknowledged and nothing that was
    /// refused.
    fn check(&self, view: &BTreeMap<Position, Vec<i64>>, when: &str) {
        let seed = self.seed;
        let all: Vec<_> = self.applied.iter().chain(view.values().flatten()).copied().collect();
        assert!(
            all.windows(2).all(|pair| pair[0] < pair[1]),
            "seed {seed}, {when}: in order and once, not {all:?}"
        );
        let all: BTreeSet<_> = all.into_iter().collect();
        let lost: Vec<_> = self.acknowledged.difference(&all).collect();
        assert!(lost.is_empty(), "seed {seed}, {when}: acknowledged and lost: {lost:?}");
        let undead: Vec<_> = self.refused.intersection(&all).collect();
        assert!(undead.is_empty(), "seed {seed}, {when}: refused for certain and there: {undead:?}");
    }

    async fn end(&mut self) {
        self.let_go(usize::MAX).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        self.let_go(0).await;
        let mut reader = self.world.truth.reader(fencepost::ReadFrom::Checkpoint).await.unwrap();
        let mut view = BTreeMap::new();
        while let Some(entry) = reader.next().await.unwrap() {
            view.insert(entry.position(), numbers(&entry));
        }
        self.check(&view, "at the end");
        let verified = self.world.truth.verify(|_, _| {}).await.unwrap();
        assert!(verified.is_ok(), "seed {}: {:?}", self.seed, verified.problems);
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}
