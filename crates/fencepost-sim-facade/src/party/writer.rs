//! A writer's owner: opens, applies what was replayed, appends, checkpoints, and ends in one of the ways in
//! which writers end.

use super::{Entries, damaged, rest};
use crate::plan::Role;
use crate::world::{Process, World, row, rows};
use fencepost::{
    AppendError, CheckpointError, OpenWriterError, Position, PutRate, Ticket, Writer, WriterOptions,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::num::NonZeroU32;
use std::time::Duration;

pub(super) async fn live(world: &World, role: &Role, process: &Process, rng: &mut ChaCha8Rng) {
    let Role::Writer { lives, .. } = role else { return };
    for _ in 0..*lives {
        if world.is_stopping() {
            return;
        }
        match open(world, role, process, rng).await {
            Ok(owner) => owner.work(world, role, rng).await,
            Err(error) => not_opened(world, process, &error),
        }
        rest(world, rng).await;
    }
}

/// An open writer and what its owner knows of the log.
struct Owner<'a> {
    process: &'a Process,
    writer: Writer,
    number: u64,
    /// Everything above the checkpoint as it was at the opening: replayed, then acknowledged.
    view: Entries,
    acked: u64,
    /// The highest checkpoint asked for; one whose outcome stayed unknown may have moved all the same.
    asked: u64,
    tickets: Vec<(u64, Ticket)>,
}

async fn open<'a>(
    world: &World,
    role: &Role,
    process: &'a Process,
    rng: &mut ChaCha8Rng,
) -> Result<Owner<'a>, OpenWriterError> {
    let Role::Writer { takeover, lease, probe, .. } = role else { unreachable!("only writers open") };
    let rate = match rng.random_range(0..3) {
        0 => PutRate::AtMost(NonZeroU32::new(rng.random_range(1..200)).expect("at least one")),
        _ => PutRate::Unlimited,
    };
    let options = WriterOptions::new()
        .with_takeover(*takeover)
        .with_lease_ttl(*lease)
        .with_store_probe(*probe)
        .with_group_bytes_max(if rng.random_bool(0.5) { 1 } else { 4 << 20 })
        .with_buffer_bytes_max(if rng.random_bool(0.2) { 8 << 10 } else { 128 << 20 })
        .with_linger(Duration::from_millis(if rng.random_bool(0.2) { rng.random_range(1..5_000) } else { 0 }))
        .with_puts_per_second_max(rate);
    let mut opening = process.wal.begin_writing(options).await?;
    let mut view = Entries::new();
    while let Some(entry) = opening.next_recovered().await? {
        view.insert(entry.position().get(), rows(&entry));
    }
    let writer = opening.finish().await?;
    let status = writer.status();
    let (replay_after, tail) = (status.replay_after.get(), status.acknowledged.get());
    let mut oracle = world.oracle();
    let number = oracle.opened();
    oracle.saw(&process.name, replay_after + 1, tail, &view);
    drop(oracle);
    let what = format!(
        "opened epoch {} as writer {number}, replayed {replay_after} to {tail}: {view:?}",
        status.epoch
    );
    world.store.note(&process.name, what);
    Ok(Owner { process, writer, number, view, acked: tail, asked: replay_after, tickets: Vec::new() })
}

fn not_opened(world: &World, process: &Process, error: &OpenWriterError) {
    let mut oracle = world.oracle();
    oracle.tally.not_opened += 1;
    let who = process.name.as_str();
    match error {
        OpenWriterError::GaveUp { why, .. } => damaged(&mut oracle, who, why),
        OpenWriterError::Sealed => oracle.breaks("nobody sealed the shard", who.to_owned()),
        OpenWriterError::Unsafe { source: fencepost_store::ProbeError::Unsafe { source } } => {
            oracle.breaks("an honest store is not taken for an unsafe one", format!("{who}: {source}"));
        }
        _ => {}
    }
    drop(oracle);
    world.store.note(who, format!("not opened: {error}"));
}

impl Owner<'_> {
    async fn work(mut self, world: &World, role: &Role, rng: &mut ChaCha8Rng) {
        let Role::Writer { steps, burst, checkpoints, .. } = role else { return };
        for _ in 0..*steps {
            if world.is_stopping() {
                break;
            }
            let goes_on = match rng.random_range(0..10) {
                0..=4 => self.submit(world, rng.random_range(1..=*burst)).await,
                5..=6 => self.wait_for_tickets(world).await,
                7..=8 if *checkpoints => self.checkpoint(world, rng).await,
                7 => self.writer.flush().await.is_ok(),
                _ => {
                    rest(world, rng).await;
                    true
                }
            };
            if !goes_on {
                break;
            }
        }
        self.end(world, rng).await;
    }

    async fn submit(&mut self, world: &World, count: u32) -> bool {
        for _ in 0..count {
            let id = world.oracle().submit(self.number);
            if world.plan.small {
                world.history().append_begins(id);
            }
            match self.writer.submit(vec![row(id)]).await {
                Ok(ticket) => self.tickets.push((id, ticket)),
                Err(refused) => {
                    self.failed(world, id, &refused.why);
                    return false;
                }
            }
        }
        true
    }

    /// Waits for everything submitted. Returns whether the writer goes on.
    async fn wait_for_tickets(&mut self, world: &World) -> bool {
        let mut goes_on = true;
        for (id, ticket) in std::mem::take(&mut self.tickets) {
            match ticket.await {
                Ok(appended) => self.acknowledged(world, id, appended.position.get()),
                Err(error) => {
                    self.failed(world, id, &error);
                    goes_on = false;
                }
            }
        }
        goes_on
    }

    fn acknowledged(&mut self, world: &World, id: u64, at: u64) {
        let mut oracle = world.oracle();
        if at < self.acked {
            let how = format!("{}: {id} at {at} after {}", self.process.name, self.acked);
            oracle.breaks("acknowledgements are in order", how);
        }
        oracle.acked(id, at);
        drop(oracle);
        self.acked = at;
        self.view.entry(at).or_default().push(id);
        if world.plan.small {
            world.history().append_ends(id);
        }
        world.store.note(&self.process.name, format!("{id} acknowledged at {at}"));
    }

    fn failed(&self, world: &World, id: u64, error: &AppendError) {
        if error.is_definite() {
            world.oracle().refused(id);
        }
        if matches!(error, AppendError::Fenced { .. }) {
            world.oracle().tally.fenced += 1;
        }
        if matches!(error, AppendError::Obstructed { .. }) {
            world.oracle().breaks("nothing foreign is in the log", format!("{}: {error}", self.process.name));
        }
        world.store.note(&self.process.name, format!("{id} failed: {error}"));
    }

    async fn checkpoint(&mut self, world: &World, rng: &mut ChaCha8Rng) -> bool {
        // Only what was told is known to be durable, and only that is put somewhere safe.
        if !self.wait_for_tickets(world).await {
            return false;
        }
        let first = self.writer.status().replay_after.get();
        let asked = rng.random_range(first.min(self.acked)..=self.acked);
        self.asked = self.asked.max(asked);
        let safe = self.view.range(..=asked).map(|(&at, rows)| (at, rows.clone()));
        world.oracle().made_safe(safe);
        world.store.note(&self.process.name, format!("checkpoint at {asked}"));
        let result = self.writer.checkpoint(Position::new(asked)).await;
        world.store.note(&self.process.name, format!("checkpoint: {result:?}"));
        match result {
            Ok(at) => {
                world.oracle().checkpointed(&self.process.name, at.get());
                if at.get() > self.asked {
                    let how = format!("{}: asked for {asked}, is at {at}", self.process.name);
                    world.oracle().breaks("the checkpoint goes where it is asked to", how);
                }
                true
            }
            Err(CheckpointError::AboveTail { asked, tail }) => {
                let how = format!("{}: {asked} above {tail}", self.process.name);
                world.oracle().breaks("what was acknowledged can be checkpointed", how);
                true
            }
            Err(CheckpointError::GaveUp { why, .. }) => {
                damaged(&mut world.oracle(), &self.process.name, &why);
                true
            }
            Err(CheckpointError::Fenced { .. } | CheckpointError::Closed) => false,
            Err(_) => false,
        }
    }

    /// Closes; or lets go; or lets go without waiting for anything.
    async fn end(mut self, world: &World, rng: &mut ChaCha8Rng) {
        let way = rng.random_range(0..4);
        if way > 0 {
            self.wait_for_tickets(world).await;
        }
        if way > 1 {
            let closed = self.writer.close().await;
            world.store.note(&self.process.name, format!("closed: {closed:?}"));
        }
    }
}
