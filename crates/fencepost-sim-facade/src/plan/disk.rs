//! Plans for a machine with a simulated disk, whose power is cut.

use super::{Blow, BlowKind, Network, Party, Plan, Role, spread, writer};
use crate::disk::{Cut, DiskFaults, FAULTS, Op};
use fencepost_simstore::Lies;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is done to the disk.
#[derive(Clone, Debug)]
pub struct DiskPlan {
    /// What goes wrong by chance.
    pub faults: DiskFaults,
    /// When the power goes, one cut after the other.
    pub cuts: Vec<PowerCut>,
    /// Whether it goes once more before the judgement.
    pub at_the_end: bool,
}

/// One power cut.
#[derive(Clone, Copy, Debug)]
pub struct PowerCut {
    /// At which operation, counted from the start of the machine.
    pub cut: Cut,
    /// How long it stays dark.
    pub dark: Duration,
}

impl Plan {
    /// The plan of a seed for a machine with a disk. All parties run on it and start again with it.
    #[must_use]
    pub fn on_disk(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        let rng = &mut rng;
        let small = rng.random_bool(0.1);
        let horizon = spread(rng, 20, 600);
        let mut roles = Vec::new();
        for _ in 0..rng.random_range(1..=2) {
            let mut role = writer(rng, small);
            if let Role::Writer { burst, lives, probe, .. } = &mut role {
                *burst = (*burst).min(6);
                *lives = (*lives).min(3);
                *probe = false;
            }
            roles.push(("writer", role));
        }
        roles.push(("reader", Role::Reader { rounds: rng.random_range(1..6) }));
        if !small && rng.random_bool(0.4) {
            roles.push(("consumer", Role::Consumer { rounds: rng.random_range(1..6) }));
        }
        if !small && rng.random_bool(0.5) {
            let (rounds, keep) = (rng.random_range(1..5), rng.random_range(1..5));
            roles.push(("collector", Role::Collector { rounds, keep }));
        }
        let mut parties = Vec::new();
        for (index, (kind, role)) in roles.into_iter().enumerate() {
            let start = horizon.mul_f64(rng.random_range(0.0..0.4) * f64::from(rng.random_bool(0.5)));
            let network = Network { slow: Duration::ZERO, late: Duration::ZERO, chances: Vec::new() };
            let clock = (rng.random_range(0..1_u64 << 40), rng.random_range(500..=2_000));
            parties.push(Party { name: format!("{kind}{index}"), role, network, start, clock });
        }
        let mut blows: Vec<_> =
            (0..rng.random_range(0..=2)).map(|_| blow(rng, parties.len(), horizon)).collect();
        blows.sort_by_key(|blow| blow.at);
        let disk = Some(disk(rng));
        let (page, skew, lies) = (1_000, Duration::ZERO, Lies::none());
        Self { seed, parties, blows, horizon, page, skew, small, lies, disk, left_out: BTreeSet::new() }
    }
}

fn blow(rng: &mut ChaCha8Rng, parties: usize, horizon: Duration) -> Blow {
    let at = horizon.mul_f64(rng.random_range(0.0..1.0));
    let back = horizon.mul_f64(rng.random_range(0.0_f64..0.5).powi(2));
    let kind = if rng.random_bool(0.8) {
        BlowKind::Kill(0, Some(back))
    } else {
        BlowKind::Jump(spread(rng, 1, 600))
    };
    Blow { at, party: rng.random_range(0..parties), kind }
}

fn disk(rng: &mut ChaCha8Rng) -> DiskPlan {
    let chaos = rng.random_range(0.0..1.0);
    let mut chances = std::collections::BTreeMap::new();
    for (name, most) in FAULTS {
        if rng.random_bool(chaos) {
            chances.insert(name, rng.random_range(1..=most));
        }
    }
    let slow = Duration::from_millis(*[20, 500, 5_000, 90_000].get(rng.random_range(0..4)).expect("four"));
    let cuts = (0..rng.random_range(0..=3)).map(|_| cut(rng)).collect();
    let at_the_end = rng.random_bool(0.7);
    DiskPlan { faults: DiskFaults { chances, slow, left_out: None }, cuts, at_the_end }
}

/// At any operation; or at one of a sort that is rare, and where much is decided.
fn cut(rng: &mut ChaCha8Rng) -> PowerCut {
    let op = [
        None,
        Some(Op::Link),
        Some(Op::FlushDirectory),
        Some(Op::FlushFile),
        Some(Op::Unlink),
        Some(Op::Create),
    ];
    let op = if rng.random_bool(0.4) { None } else { op[rng.random_range(1..op.len())] };
    let magnitude = rng.random_range(0..if op.is_none() { 11 } else { 7 });
    let nth = rng.random_range(1_u64 << magnitude..2_u64 << magnitude);
    let cut = Cut { op, nth, is_done: rng.random_bool(0.5) };
    PowerCut { cut, dark: spread(rng, 1, 60) }
}

const STREAM: u64 = 0xd15c;
