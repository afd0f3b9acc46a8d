//! Chaos on a machine with a disk: its power goes, and everybody starts again with what is left.

use super::Cast;
use crate::disk::Machine;
use crate::party;
use crate::plan::{BlowKind, DiskPlan};
use crate::world::World;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Cast {
    /// Lets happen what the plan has for the disk and its processes, until the horizon.
    pub(super) async fn go_through_power_cuts(
        &mut self,
        world: &Arc<World>,
        (machine, disk): (&Machine, &DiskPlan),
        origin: Instant,
    ) {
        let blow = |(index, blow)| (format!("blow{index}"), blow);
        let blows = world.plan.blows.iter().enumerate().map(blow);
        let mut blows = blows.filter(|(label, _)| world.plan.has(label)).peekable();
        let cuts = disk.cuts.iter().enumerate();
        let mut cuts = cuts.filter(|(index, _)| world.plan.has(&format!("cut{index}"))).map(|(_, cut)| cut);
        let end = origin + world.plan.horizon;

        let mut next_cut = cuts.next();
        if let Some(next) = next_cut {
            machine.cut_at(next.cut);
        }
        loop {
            let next_blow = blows.peek().map_or(end, |(_, blow)| origin + blow.at);
            tokio::select! {
                biased;
                () = machine.went_off() => {
                    let dark = next_cut.map_or(Duration::from_secs(1), |cut| cut.dark);
                    self.lose_power(world, machine);
                    tokio::time::sleep(dark).await;
                    self.boot(world).await;
                    next_cut = cuts.next();
                    if let Some(next) = next_cut {
                        machine.cut_at(next.cut);
                    }
                }
                () = tokio::time::sleep_until(next_blow) => match blows.next() {
                    Some((label, blow)) => {
                        let name = &world.plan.parties[blow.party].name;
                        world.store.note(&label, format!("{:?} on {name}", blow.kind));
                        match blow.kind {
                            BlowKind::Kill(_, back) => self.kill(blow.party, back),
                            _ => self.strike(world, blow).await,
                        }
                        self.wake_the_dead(world).await;
                    }
                    None => break,
                }
            }
        }
        if disk.at_the_end && world.plan.has("last-cut") {
            machine.turn_off();
            self.lose_power(world, machine);
        }
        world.stop();
        machine.quiet();
    }

    fn lose_power(&mut self, world: &World, machine: &Machine) {
        world.store.note("machine", "power cut");
        for index in 0..self.actors.len() {
            self.kill(index, None);
        }
        machine.restart();
    }

    /// Ends a process where it stands.
    fn kill(&mut self, index: usize, back: Option<Duration>) {
        let actor = &mut self.actors[index];
        if let Some(disk) = &actor.process.disk {
            disk.kill();
        }
        if let Some(task) = actor.task.take() {
            task.abort();
        }
        actor.returns = back.map(|back| Instant::now() + back);
    }

    async fn boot(&mut self, world: &Arc<World>) {
        for actor in &mut self.actors {
            let party = &world.plan.parties[actor.index];
            if !world.plan.has(&party.name) {
                continue;
            }
            actor.life += 1;
            actor.process = party::start(world, party, &actor.clock).await;
            actor.begin(world);
        }
    }
}
