//! The writer's own task: moves bytes between callers, core and store. Everything it decides is which bytes
//! go together; the rest the core decides.

mod idle;
mod sending;
mod telling;

use super::alarm::Alarm;
use super::depth::Depth;
use super::encoders::Encoders;
use super::group::Groups;
use super::lease::{Renewal, millis};
use super::ledger::Ledger;
use super::status::{Board, Progress, State};
use super::{Command, Waiter, Writer};
use crate::shard::{Io, Performed};
use crate::telemetry::{Stopwatch, WriterMeter};
use crate::{AppendError, Cause, CheckpointError, WriterOptions};
use fencepost_fence::{CheckpointRefused, Machine, Opened, Params, Reply, Tick, WriterCore, WriterId};
use fencepost_format::{EntryAssembler, Position};
use fencepost_store::RequestCounts;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use idle::Idle;
use object_store::PutPayload;
use sending::pace;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use telling::fail;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, timeout};

/// Starts the task of an opened epoch. A close waits for the errands.
pub(super) fn start(
    io: Io,
    lease_io: Io,
    options: WriterOptions,
    opened: &Opened,
    open_requests: RequestCounts,
    renewal: Option<Renewal>,
    errands: JoinSet<()>,
) -> Writer {
    let params = Params { pipelining: options.pipelining, ..io.params };
    let core = WriterCore::new(params, opened);
    let (commands, received) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(options.buffer_bytes_max as usize));
    let (state, watched) = watch::channel(State::default());
    let board = Board {
        epoch: core.epoch(),
        fence: opened.fence,
        clean_fence: opened.clean_fence,
        in_flight_max: core.window().in_flight_max(),
        open_requests,
        store: io.store.clone(),
        lease_store: lease_io.store.clone(),
        state: watched,
    };
    let WriterId { epoch, nonce } = core.id();
    let task = Task {
        meter: WriterMeter::new(io.paths.shard()),
        groups: Groups::new(options.group_bytes_max, millis(options.linger)),
        depth: Depth::new(options.puts_in_flight_max.get() as usize),
        unanswered: 0,
        pace: pace(&io, options.puts_per_second_max),
        may_put: true,
        io: Arc::new(io),
        core,
        assembler: EntryAssembler::new(epoch, nonce),
        commands: received,
        undecided: BTreeMap::new(),
        requests: FuturesUnordered::new(),
        ledger: Ledger::default(),
        checkpoint: None,
        checkpoints: VecDeque::new(),
        close: None,
        cause: None,
        stopped_by: None,
        state,
        idle: Idle::new(lease_io, options.lease_ttl.map(millis)),
        renewal,
        errands,
    };
    task.publish();
    tokio::spawn(task.run());
    let encoders = Encoders::new(options.compression, options.copies_columns);
    Writer { commands, budget, options, encoders, board }
}

struct Task {
    io: Arc<Io>,
    meter: WriterMeter,
    core: WriterCore,
    assembler: EntryAssembler,
    commands: mpsc::UnboundedReceiver<Command>,
    groups: Groups,
    undecided: BTreeMap<Position, Undecided>,
    /// Polled by this task: an answer that comes costs no other task's waking. What takes long to send is a
    /// task of its own.
    requests: FuturesUnordered<BoxFuture<'static, Performed>>,
    depth: Depth,
    /// Data entries that were sent, and not answered yet.
    unanswered: usize,
    pace: Option<Interval>,
    may_put: bool,
    ledger: Ledger<Done<(), AppendError>>,
    checkpoint: Option<Done<Position, CheckpointError>>,
    checkpoints: VecDeque<(Position, Done<Position, CheckpointError>)>,
    close: Option<Done<(), AppendError>>,
    cause: Option<Cause>,
    /// What made it stop: all appends that failed with it share this.
    stopped_by: Option<Arc<Cause>>,
    state: watch::Sender<State>,
    idle: Idle,
    renewal: Option<Renewal>,
    /// What is best done, and nobody waits for but a close.
    errands: JoinSet<()>,
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
    /// When it was sent, if that tells anything, and as which of those in flight; `None` once it was answered.
    sent: Option<(Option<Instant>, usize)>,
    _memory: Vec<OwnedSemaphorePermit>,
}

impl Task {
    async fn run(mut self) {
        let mut open = true;
        let mut alarm = Alarm::new();
        loop {
            self.advance();
            if self.is_over(open) {
                break;
            }
            let now = self.io.environment.now();
            alarm.set(now, self.wake_at(now));
            tokio::select! {
                biased;
                Some(performed) = self.requests.next(), if !self.requests.is_empty() => {
                    self.take(performed);
                    // What has come by now is acknowledged at once.
                    while let Some(Some(performed)) = self.requests.next().now_or_never() {
                        self.take(performed);
                    }
                    if self.tell() {
                        // Whoever was told may come right back, and they share an entry if they are let in first.
                        tokio::task::yield_now().await;
                        self.listen();
                    }
                }
                command = self.commands.recv(), if open => match command {
                    Some(command) => {
                        self.obey(command);
                        self.listen();
                    }
                    None => open = false,
                },
                () = tick(&mut self.pace), if !self.may_put => self.may_put = true,
                found = self.idle.glanced() => if found {
                    self.look();
                },
                () = alarm.rings() => self.core.handle_timeout(self.io.environment.now()),
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
            if !self.tell() {
                break;
            }
        }
        self.send_requests();
        if self.ledger.stopped().is_none() && self.close.is_none() && self.checkpoint.is_none() {
            self.idle.glance(self.io.environment.now(), self.core.known());
        }
        // First, so that whoever waits for a flush finds its requests counted.
        self.publish();
        self.settle_flushes();
    }

    /// Has the core find out who holds the shard, by a checkpoint at a place where it is already.
    fn look(&mut self) {
        let (done, _) = oneshot::channel();
        self.checkpoints.push_back((self.core.replay_after(), done));
    }

    /// Takes what was submitted by now; it shares entries.
    fn listen(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
    }

    /// Tells whoever waits what has become of their appends. Whether there was anything to tell.
    fn tell(&mut self) -> bool {
        let mut told = false;
        while let Some(event) = self.core.poll_event() {
            told = true;
            self.handle(event);
        }
        told
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

    fn take(&mut self, performed: Performed) {
        if performed.cause.is_some() {
            self.cause = performed.cause;
        }
        self.meter.replied(&performed.reply, self.core.id(), |at| Some(self.undecided.get(&at)?.placed));
        if let Reply::EntryCreated(at, reply) = performed.reply {
            self.note_answer(at, reply);
        }
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

    /// When something is due although nothing happens: a deadline of the core, a group's linger, or a glance.
    fn wake_at(&self, now: Tick) -> Option<Tick> {
        let room = self.may_put && self.core.window().has_room();
        let group = self.groups.due(self.pressure()).filter(|due| room && *due > now);
        let glance = self.idle.due().filter(|due| *due > now);
        self.core.poll_timeout().into_iter().chain(group).chain(glance).min()
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
        let progress = Progress {
            acknowledged: self.core.window().acked(),
            acknowledged_bytes: self.ledger.acknowledged_bytes(),
            replay_after: self.core.replay_after(),
            in_flight: self.core.window().undecided(),
            waiting_bytes: self.groups.bytes(),
            repeated: self.ledger.repeated(),
        };
        self.meter.publish(self.core.epoch(), &progress);
        let (stopped, closed) = (self.ledger.stopped(), self.core.window().is_closed());
        self.state.send_modify(|state| state.update(progress, stopped, closed));
    }

    async fn end(&mut self) {
        let closed = self.core.window().is_closed();
        let mut errands = std::mem::take(&mut self.errands);
        match self.renewal.take().filter(|_| closed) {
            Some(renewal) => _ = tokio::join!(renewal.release(), finish(&mut errands)),
            None if closed => finish(&mut errands).await,
            // A writer that stopped lets its lease go, if the store lets it: whoever comes next need not wait.
            None if self.close.is_some() => _ = timeout(STOPPED_ERRANDS, finish(&mut errands)).await,
            None => {}
        }
        errands.detach_all();
        self.publish();
        if let Some(done) = self.close.take() {
            let failure = self.ledger.stopped().cloned().unwrap_or(AppendError::Closed);
            let _ = done.send(if closed { Ok(()) } else { Err(failure) });
        }
        // What is on its way may as well arrive.
        let rest = std::mem::take(&mut self.requests);
        if !rest.is_empty() {
            tokio::spawn(rest.for_each(async |_| {}));
        }
    }
}

async fn tick(pace: &mut Option<Interval>) {
    match pace {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

async fn finish(errands: &mut JoinSet<()>) {
    while errands.join_next().await.is_some() {}
}

/// How long the close of a writer that has stopped waits for its errands.
const STOPPED_ERRANDS: Duration = Duration::from_secs(2);
