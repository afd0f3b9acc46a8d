//! The writer's own task: moves bytes between callers, core and store. Everything it decides is which bytes
//! go together; the rest the core decides.

use super::group::{Group, Groups};
use super::lease::{Renewal, millis};
use super::ledger::Ledger;
use super::{Appended, Command, Waiter, Writer, WriterStatus};
use crate::drive::until;
use crate::shard::{Io, Performed};
use crate::telemetry::{self, Stopwatch, WriterMeter};
use crate::{AppendError, Cause, CheckpointError, PutRate, WriterOptions};
use fencepost_fence::{
    AppendEvent, CheckpointOutcome, CheckpointRefused, Machine, Opened, Params, Request, Stop, Tick,
    WriterCore, WriterEvent, WriterId,
};
use fencepost_format::{Position, assemble_entry};
use fencepost_store::{Backend, RequestCounts};
use object_store::PutPayload;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Interval;

/// Starts the task of an opened epoch.
pub(super) fn start(
    io: Io,
    lease_io: Io,
    options: WriterOptions,
    opened: &Opened,
    open_requests: RequestCounts,
    renewal: Option<Renewal>,
) -> Writer {
    let params = Params { pipelining: options.pipelining, ..io.params };
    let core = WriterCore::new(params, opened);
    let (commands, received) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(options.buffer_bytes_max as usize));
    let (status, watched) = watch::channel(WriterStatus {
        open_requests,
        fence: opened.fence,
        clean_fence: opened.clean_fence,
        ..WriterStatus::default()
    });
    let task = Task {
        meter: WriterMeter::new(io.paths.shard()),
        groups: Groups::new(options.group_bytes_max, millis(options.linger)),
        pace: pace(&io, options.puts_per_second_max),
        may_put: true,
        io,
        lease_io,
        core,
        commands: received,
        undecided: BTreeMap::new(),
        requests: JoinSet::new(),
        ledger: Ledger::default(),
        checkpoint: None,
        checkpoints: VecDeque::new(),
        close: None,
        cause: None,
        stopped_by: None,
        status,
        renewal,
    };
    task.publish();
    tokio::spawn(task.run());
    Writer { commands, budget, options, status: watched }
}

struct Task {
    io: Io,
    meter: WriterMeter,
    lease_io: Io,
    core: WriterCore,
    commands: mpsc::UnboundedReceiver<Command>,
    groups: Groups,
    undecided: BTreeMap<Position, Undecided>,
    requests: JoinSet<Performed>,
    pace: Option<Interval>,
    may_put: bool,
    ledger: Ledger<Done<(), AppendError>>,
    checkpoint: Option<Done<Position, CheckpointError>>,
    checkpoints: VecDeque<(Position, Done<Position, CheckpointError>)>,
    close: Option<Done<(), AppendError>>,
    cause: Option<Cause>,
    /// What made it stop: all appends that failed with it share this.
    stopped_by: Option<Arc<Cause>>,
    status: watch::Sender<WriterStatus>,
    renewal: Option<Renewal>,
}

type Done<T, E> = oneshot::Sender<Result<T, E>>;

/// An append with a position: its bytes, for every attempt the same, and who waits for it.
struct Undecided {
    payload: PutPayload,
    /// The number of its first submission.
    first: u64,
    waiters: Vec<Waiter>,
    /// Runs since the first submission, and since it has a position.
    begun: Stopwatch,
    placed: Stopwatch,
    _memory: Vec<OwnedSemaphorePermit>,
}

impl Task {
    async fn run(mut self) {
        let mut open = true;
        loop {
            self.advance();
            if self.is_over(open) {
                break;
            }
            let now = self.io.environment.now();
            let deadline = self.wake_at(now);
            tokio::select! {
                biased;
                Some(performed) = self.requests.join_next(), if !self.requests.is_empty() => {
                    self.joined(performed);
                    while let Some(performed) = self.requests.try_join_next() {
                        self.joined(performed);
                    }
                }
                command = self.commands.recv(), if open => match command {
                    Some(command) => {
                        self.obey(command);
                        // What was submitted by now shares entries.
                        while let Ok(command) = self.commands.try_recv() {
                            self.obey(command);
                        }
                    }
                    None => open = false,
                },
                () = tick(&mut self.pace), if !self.may_put => self.may_put = true,
                () = until(deadline.unwrap_or(now), now), if deadline.is_some() => {
                    self.core.handle_timeout(self.io.environment.now());
                }
            }
        }
        self.end().await;
    }

    /// Moves everything on that can move without waiting.
    fn advance(&mut self) {
        loop {
            self.fill_window();
            self.start_checkpoint();
            if self.close.is_some() && self.groups.is_empty() && self.checkpoint.is_none() {
                self.core.begin_close(self.io.environment.now());
            }
            let mut quiet = true;
            while let Some(event) = self.core.poll_event() {
                quiet = false;
                self.handle(event);
            }
            if quiet {
                break;
            }
        }
        self.send_requests();
        // First, so that whoever waits for a flush finds its requests counted.
        self.publish();
        self.settle_flushes();
    }

    /// Gives positions to groups that are due, while window and pace allow.
    fn fill_window(&mut self) {
        if let Some(refusal) = self.ledger.refusal() {
            for group in self.groups.drain() {
                self.ledger.lose_waiting(&refusal);
                fail(group.waiters, &refusal);
            }
            return;
        }
        let now = self.io.environment.now();
        let hurry = self.ledger.has_flushes() || self.close.is_some() || self.commands.is_closed();
        while self.may_put
            && self.core.window().has_room()
            && self.groups.due(hurry).is_some_and(|due| due <= now)
        {
            let Some(group) = self.groups.pop() else { break };
            self.place(now, group);
        }
    }

    fn place(&mut self, now: Tick, group: Group) {
        let at = self.core.window().next();
        let WriterId { epoch, nonce } = self.core.id();
        let sealed = assemble_entry(at, epoch, nonce, &group.batches);
        if sealed.is_err() && group.batches.len() > 1 {
            // Each was found to fit an entry of its own.
            return self.groups.part(group);
        }
        let Group { permits, waiters, begun, .. } = group;
        let first = self.ledger.place(waiters.len());
        match sealed {
            Ok(chunks) => {
                let submitted = self.core.submit(now);
                assert_eq!(submitted, Some(at), "the window had room, and positions come in order");
                let payload = PutPayload::from_iter(chunks);
                self.meter.placed(payload.content_length(), waiters.len());
                let placed = Stopwatch::start();
                let undecided = Undecided { payload, first, waiters, begun, placed, _memory: permits };
                self.undecided.insert(at, undecided);
                if let Some(pace) = &mut self.pace {
                    pace.reset();
                    self.may_put = false;
                }
            }
            Err(error) => {
                let refused = AppendError::Refused { reason: error.to_string() };
                self.ledger.lose(first, &refused);
                fail(waiters, &refused);
            }
        }
        self.ledger.reach(self.core.window().next().prev());
    }

    fn start_checkpoint(&mut self) {
        while self.checkpoint.is_none() {
            let Some((asked, done)) = self.checkpoints.pop_front() else { return };
            match self.core.checkpoint(self.io.environment.now(), asked, self.io.environment.nonce()) {
                Ok(()) => self.checkpoint = Some(done),
                Err(CheckpointRefused::AboveTail { tail }) => {
                    let _ = done.send(Err(CheckpointError::AboveTail { asked, tail }));
                }
                Err(CheckpointRefused::Fenced { by }) => {
                    let _ = done.send(Err(CheckpointError::Fenced { by }));
                }
                Err(CheckpointRefused::RolledBack(why)) => {
                    let _ = done.send(Err(CheckpointError::GaveUp { why, cause: None }));
                }
                // Another one is under way: the core makes one after the other, and this one's turn comes
                // when that one ends.
                Err(CheckpointRefused::Busy) => {
                    self.checkpoints.push_front((asked, done));
                    return;
                }
            }
        }
    }

    fn send_requests(&mut self) {
        while let Some(request) = self.core.poll_request() {
            let rows = match &request {
                Request::CreateEntry { entry, attempt } if entry.kind.is_data() => {
                    self.ledger.note_attempt(*attempt);
                    self.meter.sent(*attempt);
                    self.undecided.get(&entry.position).map(|undecided| undecided.payload.clone())
                }
                _ => None,
            };
            let io = self.io.clone();
            self.requests.spawn(async move { io.perform_with(request, rows).await });
        }
    }

    fn joined(&mut self, performed: Result<Performed, JoinError>) {
        match performed {
            Ok(performed) => self.take(performed),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Nobody aborts requests but a runtime that is being torn down, and this task goes with it.
            Err(_) => {}
        }
    }

    fn take(&mut self, performed: Performed) {
        if performed.cause.is_some() {
            self.cause = performed.cause;
        }
        self.meter.replied(&performed.reply, self.core.id(), |at| Some(self.undecided.get(&at)?.placed));
        self.core.handle(self.io.environment.now(), performed.reply);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Submit(submission) => match self.ledger.accept() {
                Ok(()) => self.groups.push(self.io.environment.now(), submission),
                Err(refusal) => fail(vec![submission.waiter], &refusal),
            },
            Command::Flush(done) => self.ledger.flush(done),
            Command::Checkpoint(position, done) => self.checkpoints.push_back((position, done)),
            Command::Close(done) => self.close = Some(done),
        }
    }

    fn handle(&mut self, event: WriterEvent) {
        match event {
            WriterEvent::Append(AppendEvent::Acknowledged { through }) => self.acknowledge(through),
            WriterEvent::Append(AppendEvent::Failed { from, stop }) => self.stop(from, stop),
            WriterEvent::Append(AppendEvent::Closed) => self.acknowledge(self.core.window().acked()),
            WriterEvent::Checkpoint(outcome) => self.checkpointed(outcome),
        }
    }

    fn acknowledge(&mut self, through: Position) {
        let above = self.undecided.split_off(&through.next());
        let decided = std::mem::replace(&mut self.undecided, above);
        self.ledger.acknowledge(decided.values().map(|append| append.payload.content_length() as u64).sum());
        // First, so that whoever sees an acknowledgement finds it in the status too.
        self.publish();
        for (position, undecided) in decided {
            let Undecided { payload, waiters, begun, .. } = &undecided;
            self.meter.acknowledged(*begun, payload.content_length(), waiters.len());
            for waiter in undecided.waiters {
                let _ = waiter.send(Ok(Appended { position }));
            }
        }
    }

    fn stop(&mut self, from: Position, stop: Stop) {
        if let Some(cause) = self.cause.take() {
            self.stopped_by = Some(Arc::new(cause));
        }
        let cause = self.stopped_by.clone();
        let last = explain(stop, stop.at(), from, &cause);
        let entries = self.undecided.range(from..).count();
        telemetry::stopped(self.io.paths.shard(), self.core.epoch(), stop, &last, entries);
        self.fail_for_good(last);
        for (at, undecided) in self.undecided.split_off(&from) {
            let why = explain(stop, at, from, &cause);
            self.ledger.lose(undecided.first, &why);
            fail(undecided.waiters, &why);
        }
    }

    /// Remembers why, and lets the lease go: whoever comes next need not wait. Comes before anybody is told,
    /// so that they find it in the status too.
    fn fail_for_good(&mut self, failure: AppendError) {
        self.ledger.stop(failure);
        self.publish();
        if let Some(renewal) = self.renewal.take() {
            tokio::spawn(renewal.release());
        }
    }

    fn checkpointed(&mut self, outcome: CheckpointOutcome) {
        let result = match outcome {
            CheckpointOutcome::At { replay_after, version } => {
                let io = self.io.clone();
                tokio::spawn(async move { io.write_hint(version).await });
                Ok(replay_after)
            }
            CheckpointOutcome::Fenced { by } => {
                if let Some(stop) = self.core.stopped() {
                    self.fail_for_good(explain(stop, stop.at(), stop.at(), &None));
                }
                Err(CheckpointError::Fenced { by })
            }
            CheckpointOutcome::GaveUp(why) => {
                let cause = self.io.cause_of(why, self.cause.take());
                Err(CheckpointError::GaveUp { why, cause })
            }
        };
        if let Some(done) = self.checkpoint.take() {
            self.publish();
            let _ = done.send(result);
        }
    }

    fn settle_flushes(&mut self) {
        for (done, result) in self.ledger.settle(self.core.window().acked()) {
            let _ = done.send(result);
        }
    }

    /// When something is due although nothing happens: a deadline of the core, or a group's linger.
    fn wake_at(&self, now: Tick) -> Option<Tick> {
        let room = self.may_put && self.core.window().has_room();
        let group = self.groups.due(false).filter(|due| room && *due > now);
        self.core.poll_timeout().into_iter().chain(group).min()
    }

    /// Whether nobody can want anything any more.
    fn is_over(&self, open: bool) -> bool {
        let stopped = self.ledger.stopped().is_some() && self.undecided.is_empty();
        let settled = self.close.is_none()
            && self.undecided.is_empty()
            && self.groups.is_empty()
            && self.checkpoint.is_none();
        self.core.window().is_closed() || (self.close.is_some() && stopped) || (!open && (settled || stopped))
    }

    fn publish(&self) {
        let (fence, clean_fence, open_requests) = {
            let before = self.status.borrow();
            (before.fence, before.clean_fence, before.open_requests)
        };
        let status = WriterStatus {
            epoch: self.core.epoch(),
            fence,
            clean_fence,
            acknowledged: self.core.window().acked(),
            replay_after: self.core.replay_after(),
            in_flight: self.core.window().undecided(),
            in_flight_max: self.core.window().in_flight_max(),
            waiting_bytes: self.groups.bytes(),
            requests: self.io.store.counts(),
            open_requests,
            lease_requests: self.lease_io.store.counts(),
            closed: self.core.window().is_closed(),
            ..self.ledger.status()
        };
        self.meter.publish(&status);
        self.status.send_replace(status);
    }

    async fn end(&mut self) {
        let closed = self.core.window().is_closed();
        if let Some(renewal) = self.renewal.take()
            && closed
        {
            renewal.release().await;
        }
        self.publish();
        if let Some(done) = self.close.take() {
            let failure = self.ledger.stopped().cloned().unwrap_or(AppendError::Closed);
            let _ = done.send(if closed { Ok(()) } else { Err(failure) });
        }
        self.requests.detach_all();
    }
}

/// Why an append at `at` failed. `met` is where the writer met what stopped it: from there on appends failed.
fn explain(stop: Stop, at: Position, met: Position, cause: &Option<Arc<Cause>>) -> AppendError {
    match stop {
        Stop::Fenced { by, .. } => AppendError::Fenced { by, at: met, definite: stop.is_definite(at) },
        Stop::Obstructed { at: obstacle } => {
            AppendError::Obstructed { at: obstacle, definite: stop.is_definite(at) }
        }
        Stop::Unknown { at } => AppendError::Unknown { at, cause: cause.clone() },
        Stop::NotDone { at } => AppendError::NotDone { at, cause: cause.clone() },
        Stop::RolledBack { at, why } => AppendError::RolledBack { at, why },
    }
}

fn fail(waiters: Vec<Waiter>, error: &AppendError) {
    for waiter in waiters {
        let _ = waiter.send(Err(error.clone()));
    }
}

/// The pacemaker of a capped writer.
fn pace(io: &Io, rate: PutRate) -> Option<Interval> {
    let per_second = match rate {
        PutRate::Unlimited => return None,
        PutRate::AtMost(rate) => rate.get(),
        PutRate::Default if matches!(io.store.backend(), Backend::S3 | Backend::Gcs | Backend::Azure) => {
            CLOUD_PUTS_PER_SECOND
        }
        PutRate::Default => return None,
    };
    // Reset after each PUT, so it never has ticks to make up for.
    Some(tokio::time::interval((Duration::from_secs(1) / per_second).max(Duration::from_millis(1))))
}

async fn tick(pace: &mut Option<Interval>) {
    match pace {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

const CLOUD_PUTS_PER_SECOND: u32 = 100;
