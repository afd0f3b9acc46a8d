//! One run: chaos, quiet, judgement.

mod disk;

use crate::clock::Clock;
use crate::disk::{Machine, Struck};
use crate::liveness;
use crate::oracle::{Broken, Tally};
use crate::party::{self, Memory};
use crate::plan::{Blow, BlowKind, Plan};
use crate::world::{DIRECTORY, Process, World};
use fencepost_simstore::{Counts, SimOptions, SimStore, StoreClock, Trace};
use std::cell::RefCell;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was broken; nothing, one hopes.
    pub broken: Vec<Broken>,
    /// How much was seen.
    pub tally: Tally,
    /// What the store did.
    pub counts: Counts,
    /// What the disk did, if there was one.
    pub struck: Vec<(Struck, u64)>,
    /// What happened, with the notes of all parties.
    pub trace: Trace,
    /// How much virtual time passed.
    pub elapsed: Duration,
}

/// Carries out a plan.
///
/// # Panics
/// If the runtime cannot be built.
#[must_use]
pub fn run(plan: &Plan, keep_trace: bool) -> Outcome {
    watch_panics();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime with a clock alone needs nothing of the system");
    let mut outcome = runtime.block_on(Box::pin(both_phases(plan.clone(), keep_trace)));
    drop(runtime);
    for panic in PANICS.take() {
        outcome.broken.push(Broken { promise: "nothing panics", how: panic });
    }
    outcome
}

async fn both_phases(plan: Plan, keep_trace: bool) -> Outcome {
    let origin = Instant::now();
    let clock = StoreClock::new().with_skew(plan.skew);
    let options = SimOptions::new()
        .with_page(plan.page)
        .with_bulk(7)
        .with_clock(clock)
        .with_trace(keep_trace)
        .with_lies(plan.lies);
    let store = SimStore::new(plan.seed, options);
    let machine = plan.disk.as_ref().map(|disk| {
        let mut faults = disk.faults.clone();
        faults.chances.retain(|name, _| plan.has(name));
        Machine::new(plan.seed, Path::new(DIRECTORY), faults, keep_trace.then(|| store.clone()))
    });
    let world = World::new(plan, store, machine);
    let mut cast = Cast::assemble(&world, origin).await;
    match (&world.disk, &world.plan.disk) {
        (Some(machine), Some(disk)) => {
            cast.go_through_power_cuts(&world, (machine, disk), origin).await;
        }
        _ => cast.go_through_blows(&world, origin).await,
    }
    cast.come_to_an_end(&world).await;
    liveness::check(&world, origin).await;

    let oracle = world.oracle();
    let (broken, tally) = (oracle.broken().to_vec(), oracle.tally);
    let (counts, trace) = (world.store.counts(), world.store.trace());
    let struck = world.disk.as_ref().map(Machine::struck).unwrap_or_default();
    Outcome { broken, tally, counts, struck, trace, elapsed: origin.elapsed() }
}

/// Everybody who takes part, alive or dead.
struct Cast {
    actors: Vec<Actor>,
}

struct Actor {
    index: usize,
    process: Process,
    clock: Clock,
    memory: Memory,
    life: u64,
    task: Option<JoinHandle<()>>,
    /// Tasks that wait to do something to it later.
    later: Vec<JoinHandle<()>>,
    returns: Option<Instant>,
}

impl Cast {
    /// Lets happen to the parties what the plan has for them, until the horizon.
    async fn go_through_blows(&mut self, world: &Arc<World>, origin: Instant) {
        for (index, blow) in world.plan.blows.iter().enumerate() {
            let label = format!("blow{index}");
            tokio::time::sleep_until(origin + blow.at).await;
            if world.plan.has(&label) {
                let name = &world.plan.parties[blow.party].name;
                world.store.note(&label, format!("{:?} on {name}", blow.kind));
                self.strike(world, blow).await;
            }
        }
        tokio::time::sleep_until(origin + world.plan.horizon).await;
        world.stop();
        world.store.quiet();
    }

    async fn assemble(world: &Arc<World>, origin: Instant) -> Self {
        let mut actors = Vec::new();
        for (index, party) in world.plan.parties.iter().enumerate() {
            let clock = Clock::new(origin, party.clock);
            let process = party::start(world, party, &clock).await;
            let (memory, later) = (Memory::default(), Vec::new());
            let mut actor =
                Actor { index, process, clock, memory, life: 0, task: None, later, returns: None };
            if world.plan.has(&party.name) {
                actor.begin(world);
            }
            actors.push(actor);
        }
        Self { actors }
    }

    async fn strike(&mut self, world: &Arc<World>, blow: &Blow) {
        self.wake_the_dead(world).await;
        let actor = &mut self.actors[blow.party];
        if actor.task.is_none() && !matches!(blow.kind, BlowKind::Crash) {
            return;
        }
        let client = actor.process.client.clone();
        match blow.kind {
            BlowKind::Freeze(how_long) => {
                client.freeze();
                actor.later.push(tokio::spawn(async move {
                    tokio::time::sleep(how_long).await;
                    client.thaw();
                }));
            }
            BlowKind::Cut(how_long) => {
                client.cut();
                actor.later.push(tokio::spawn(async move {
                    tokio::time::sleep(how_long).await;
                    client.heal();
                }));
            }
            BlowKind::Kill(landing, back) => {
                client.kill(f64::from(landing) / 100.0);
                if let Some(task) = actor.task.take() {
                    task.abort();
                }
                actor.returns = back.map(|back| Instant::now() + back);
            }
            BlowKind::Jump(by) => actor.clock.jump(by),
            BlowKind::Crash => world.store.crash(),
        }
    }

    /// Starts again who is due. Looked at with every blow, and at the end.
    async fn wake_the_dead(&mut self, world: &Arc<World>) {
        for actor in &mut self.actors {
            if actor.returns.is_some_and(|at| at <= Instant::now()) {
                actor.returns = None;
                actor.life += 1;
                actor.process = party::start(world, &world.plan.parties[actor.index], &actor.clock).await;
                actor.begin(world);
            }
        }
    }

    /// Lets everybody finish. Who cannot, now that nothing goes wrong any more, is stuck.
    async fn come_to_an_end(&mut self, world: &Arc<World>) {
        for actor in &mut self.actors {
            let Some(task) = actor.task.take() else { continue };
            let name = &actor.process.name;
            match tokio::time::timeout(BUDGET, task).await {
                Ok(_) => {}
                Err(_) => {
                    world.oracle().breaks("nobody is stuck", format!("{name} did not end within {BUDGET:?}"))
                }
            }
        }
    }
}

impl Actor {
    fn begin(&mut self, world: &Arc<World>) {
        let (world, process, memory) = (Arc::clone(world), self.process.clone(), self.memory.clone());
        self.task = Some(tokio::spawn(Box::pin(party::live(world, self.index, process, self.life, memory))));
    }
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Panics of tasks are caught by the runtime; this remembers them.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            before(info);
        }));
    });
}

/// Much longer than anything should take on a store that behaves, whatever the latency.
const BUDGET: Duration = Duration::from_secs(12 * 3_600);
