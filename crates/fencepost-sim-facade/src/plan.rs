//! What happens in one run: drawn from a seed, and made smaller by leaving parts out.

mod disk;

pub use disk::{DiskPlan, PowerCut};

use fencepost::Takeover;
use fencepost_simstore::{Faults, Latency, Lies, Loss};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// A run, decided beforehand as far as it can be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it comes from.
    pub seed: u64,
    /// Who takes part.
    pub parties: Vec<Party>,
    /// What is done to them.
    pub blows: Vec<Blow>,
    /// How long the chaos lasts.
    pub horizon: Duration,
    /// Names of a listing's page.
    pub page: usize,
    /// How far objects' times may be off.
    pub skew: Duration,
    /// Whether whole histories are checked for linearizability: few appends, and nothing is checkpointed.
    pub small: bool,
    /// Which promises the store breaks: none, but in tests of the oracle.
    pub lies: Lies,
    /// What is done to the disk, if it all runs on one machine with a simulated disk, and not on a simulated
    /// object store.
    pub disk: Option<DiskPlan>,
    /// What was left out, by label.
    pub left_out: BTreeSet<String>,
}

/// Somebody who uses the log.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its name, in the trace and as a label.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// How the store treats it.
    pub network: Network,
    /// When it starts.
    pub start: Duration,
    /// Its clock's offset in milliseconds, and its rate in thousandths.
    pub clock: (u64, u64),
}

/// What a party does.
#[derive(Clone, Debug)]
pub enum Role {
    /// Opens, appends, checkpoints, closes or crashes, and again.
    Writer {
        /// What it does about others.
        takeover: Takeover,
        /// Its lease.
        lease: Option<Duration>,
        /// How often it opens.
        lives: u32,
        /// How much it does in each.
        steps: u32,
        /// How many submissions at once.
        burst: u32,
        /// Whether it checkpoints.
        checkpoints: bool,
        /// How long it tries.
        retry_timeout: Duration,
        /// Whether it probes the store.
        probe: bool,
    },
    /// Reads from here and there, and follows the tail.
    Reader {
        /// How often.
        rounds: u32,
    },
    /// Consumes with a cursor.
    Consumer {
        /// How often.
        rounds: u32,
    },
    /// Collects.
    Collector {
        /// How often.
        rounds: u32,
        /// Manifest versions to keep.
        keep: u64,
    },
}

/// The chances of faults in thousandths, by name, so that each can be left out.
#[derive(Clone, Debug)]
pub struct Network {
    /// Slowest ordinary latency.
    pub slow: Duration,
    /// Latest arrival of what is late.
    pub late: Duration,
    /// Name and chance.
    pub chances: Vec<(&'static str, u32)>,
}

/// Something done to a party.
#[derive(Clone, Copy, Debug)]
pub struct Blow {
    /// When.
    pub at: Duration,
    /// To whom, by index; none for the store.
    pub party: usize,
    /// What.
    pub kind: BlowKind,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum BlowKind {
    /// It stands still for so long.
    Freeze(Duration),
    /// It is cut off for so long.
    Cut(Duration),
    /// It dies; its pending requests land with this chance in hundredths; it comes back after so long.
    Kill(u32, Option<Duration>),
    /// Its clock jumps ahead.
    Jump(Duration),
    /// The store crashes, and loses what is on its way.
    Crash,
}

const FAULTS: [(&str, u32); 9] = [
    ("refused", 30),
    ("throttled", 30),
    ("unavailable", 30),
    ("false-exists", 60),
    ("lost-request", 40),
    ("lost-reply", 60),
    ("late", 60),
    ("duplicate", 80),
    ("failed-deletion", 200),
];

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rng = &mut rng;
        let small = rng.random_bool(0.2);
        let horizon = spread(rng, 20, 2 * 86_400);
        let mut parties = Vec::new();
        let mut add = |rng: &mut ChaCha8Rng, kind: &str, role: Role| {
            let name = format!("{kind}{}", parties.len());
            let start = horizon.mul_f64(rng.random_range(0.0..0.4) * f64::from(rng.random_bool(0.7)));
            let clock = (rng.random_range(0..1_u64 << 40), rng.random_range(500..=2_000));
            parties.push(Party { name, role, network: network(rng, horizon), start, clock });
        };
        let writers = if small { rng.random_range(1..=2) } else { rng.random_range(1..=4) };
        for _ in 0..writers {
            let role = writer(rng, small);
            add(rng, "writer", role);
        }
        for _ in 0..rng.random_range(1..=2) {
            let rounds = if small { 4 } else { rng.random_range(1..12) };
            add(rng, "reader", Role::Reader { rounds });
        }
        if !small {
            for _ in 0..rng.random_range(0..=1) {
                let rounds = rng.random_range(1..15);
                add(rng, "consumer", Role::Consumer { rounds });
            }
            for _ in 0..rng.random_range(0..=2) {
                let role = Role::Collector { rounds: rng.random_range(1..12), keep: rng.random_range(1..5) };
                add(rng, "collector", role);
            }
        }
        let count = rng.random_range(0..=6);
        let mut blows: Vec<_> = (0..count).map(|_| blow(rng, parties.len(), horizon)).collect();
        blows.sort_by_key(|blow| blow.at);
        let page = *[1, 2, 3, 10, 1_000].get(rng.random_range(0..5)).expect("five");
        let skew = spread(rng, 1, 86_400);
        Self {
            seed,
            parties,
            blows,
            horizon,
            page,
            skew,
            small,
            lies: Lies::none(),
            disk: None,
            left_out: BTreeSet::new(),
        }
    }

    /// Everything that can be left out.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let parties = self.parties.iter().map(|party| party.name.clone());
        let blows = (0..self.blows.len()).map(|index| format!("blow{index}"));
        let faults = match &self.disk {
            None => FAULTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Some(disk) => {
                let cuts = (0..disk.cuts.len()).map(|index| format!("cut{index}"));
                let faults = crate::disk::FAULTS.iter().map(|(name, _)| (*name).to_owned());
                cuts.chain(["last-cut".to_owned()]).chain(faults).collect::<Vec<_>>()
            }
        };
        parties.chain(blows).chain(faults).filter(|label| !self.left_out.contains(label)).collect()
    }

    /// The same without one thing.
    #[must_use]
    pub fn without(&self, label: &str) -> Self {
        let mut smaller = self.clone();
        smaller.left_out.insert(label.to_owned());
        smaller
    }

    /// Whether a party or blow takes place.
    #[must_use]
    pub fn has(&self, label: &str) -> bool {
        !self.left_out.contains(label)
    }

    /// How the store treats a party.
    pub fn faults(&self, party: &Party) -> Faults {
        let Network { slow, late, chances } = &party.network;
        let chance = |name: &str| {
            let found = chances.iter().find(|(other, _)| *other == name && self.has(name));
            found.map_or(0.0, |(_, chance)| f64::from(*chance) / 1_000.0)
        };
        let latency = || Latency::spread(Duration::from_micros(50), *slow);
        let late = || Latency::spread(Duration::from_millis(1), *late);
        Faults::none()
            .with_latency(latency(), latency())
            .with_page_gap(latency())
            .with_losses([Loss::Hang, Loss::TimedOut, Loss::Reset, Loss::ServerError])
            .with_refused(chance("refused"))
            .with_throttled(chance("throttled"))
            .with_unavailable(chance("unavailable"))
            .with_false_exists(chance("false-exists"))
            .with_lost_requests(chance("lost-request"))
            .with_lost_replies(chance("lost-reply"))
            .with_late(chance("late"), late())
            .with_duplicates(chance("duplicate"), late())
            .with_failed_deletions(chance("failed-deletion"))
    }
}

/// The command that runs it again.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = if self.disk.is_some() { "--disk " } else { "" };
        write!(f, "cargo run -p fencepost-sim-facade -- {ring}--seeds 1 --from {}", self.seed)?;
        if let Some(flush) = self.disk.as_ref().and_then(|disk| disk.faults.left_out) {
            write!(f, " --leave-out {}", format!("{flush:?}").to_lowercase())?;
        }
        self.left_out.iter().try_for_each(|label| write!(f, " --without {label}"))
    }
}

fn writer(rng: &mut ChaCha8Rng, small: bool) -> Role {
    let takeover = match rng.random_range(0..4) {
        0 => Takeover::Free,
        1 => Takeover::Expired,
        _ => Takeover::Now,
    };
    Role::Writer {
        takeover,
        lease: rng.random_bool(0.6).then(|| spread(rng, 1, 60)),
        lives: rng.random_range(1..=if small { 2 } else { 5 }),
        steps: rng.random_range(1..=if small { 3 } else { 12 }),
        burst: if small { 1 } else { *[1, 3, 8, 80].get(rng.random_range(0..4)).expect("four") },
        checkpoints: !small && rng.random_bool(0.8),
        retry_timeout: spread(rng, 5, 600),
        probe: rng.random_bool(0.1),
    }
}

fn network(rng: &mut ChaCha8Rng, horizon: Duration) -> Network {
    // Each party has only some of the faults, so that each also happens on its own.
    let chaos = rng.random_range(0.0..1.0);
    let mut chances = Vec::new();
    for (name, most) in FAULTS {
        if rng.random_bool(chaos) {
            chances.push((name, rng.random_range(1..=most)));
        }
    }
    let slow = Duration::from_millis(*[1, 20, 300, 3_000, 45_000].get(rng.random_range(0..5)).expect("five"));
    Network { slow, late: horizon.mul_f64(1.5), chances }
}

fn blow(rng: &mut ChaCha8Rng, parties: usize, horizon: Duration) -> Blow {
    let at = horizon.mul_f64(rng.random_range(0.0..1.0));
    let long = |rng: &mut ChaCha8Rng| horizon.mul_f64(rng.random_range(0.0_f64..1.0).powi(2));
    let kind = match rng.random_range(0..10) {
        0..=2 => BlowKind::Freeze(long(rng)),
        3 => BlowKind::Cut(long(rng)),
        4..=6 => BlowKind::Kill(rng.random_range(0..=100), rng.random_bool(0.7).then(|| long(rng))),
        7 | 8 => BlowKind::Jump(spread(rng, 1, 86_400)),
        _ => BlowKind::Crash,
    };
    Blow { at, party: rng.random_range(0..parties), kind }
}

/// Any order of magnitude is as likely as another.
fn spread(rng: &mut ChaCha8Rng, min_secs: u64, max_secs: u64) -> Duration {
    let magnitude = rng.random_range(min_secs.ilog2()..=max_secs.ilog2());
    let millis = rng.random_range(1_000_u64 << magnitude..2_000_u64 << magnitude);
    Duration::from_millis(millis.clamp(min_secs * 1_000, max_secs * 1_000))
}
