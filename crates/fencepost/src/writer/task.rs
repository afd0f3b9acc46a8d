//! The writer's own task: moves bytes between callers, core and store. Everything it decides is which bytes
//! go together; the rest the core decides.

use super::alarm::Alarm;
use super::depth::Depth;
use super::encoders::Encoders;
use super::group::{Group, Groups, LARGE_BYTES, Pressure};
use super::lease::{Renewal, millis};
use super::ledger::Ledger;
use super::status::{Board, Progress, State};
use super::{Appended, Command, Waiter, Writer};
use crate::shard::{Io, Performed};
use crate::telemetry::{self, Stopwatch, WriterMeter};
use crate::{AppendError, Cause, CheckpointError, PutRate, WriterOptions};
use fencepost_fence::{
    AppendEvent, CheckpointOutcome, CheckpointRefused, CreateReply, Machine, Opened, Params, Reply, Request,
    Stop, Tick, WriterCore, WriterEvent, WriterId,
};
use fencepost_format::{EntryAssembler, Position};
use fencepost_store::{Backend, RequestCounts};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use object_store::PutPayload;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, Interval};

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
    let (state, watched) = watch::channel(State::default());
    let board = Board {
        epoch: core.epoch(),
        fence: opened.fence,
        clean_fence: opened.clean_fence,
        in_flight_max: core.window().in_flight_max(),
        open_requests,
        store: io.store.clone(),
        lease_store: lease_io.store,
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
        renewal,
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
        // First, so that whoever waits for a flush finds its requests counted.
        self.publish();
        self.settle_flushes();
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
        while self.may_put
            && self.core.window().has_room()
            && self.groups.due(self.pressure()).is_some_and(|due| due <= now)
        {
            let Some(group) = self.groups.pop() else { break };
            self.place(now, group);
        }
    }

    fn pressure(&self) -> Pressure {
        if self.ledger.has_flushes() || self.close.is_some() || self.commands.is_closed() {
            Pressure::Hurry
        } else if self.unanswered < self.depth.limit() {
            Pressure::Ordinary
        } else if self.unanswered < self.depth.limit_max() {
            Pressure::Deep
        } else {
            Pressure::Full
        }
    }

    fn place(&mut self, now: Tick, mut group: Group) {
        let at = self.core.window().next();
        let sealed = self.assembler.assemble(at, &mut group.batches);
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
                self.unanswered += 1;
                // How long a large one takes tells of its bytes, not of the others.
                let tells = payload.content_length() < LARGE_BYTES as usize;
                let sent = Some((tells.then(Instant::now), self.unanswered));
                let undecided = Undecided { payload, first, waiters, begun, placed, sent, _memory: permits };
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
            let io = Arc::clone(&self.io);
            self.requests.push(match (request, rows) {
                (Request::CreateEntry { entry, attempt }, Some(rows)) => {
                    let is_large = rows.content_length() > SENT_HERE_BYTES_MAX;
                    let create = async move { io.append(entry.position, attempt, rows).await };
                    if is_large { apart(create).boxed() } else { create.boxed() }
                }
                (request, rows) => async move { io.perform_with(request, rows).await }.boxed(),
            });
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

    /// The first answer about an entry makes room for another. How long a PUT takes, only one that succeeds tells.
    fn note_answer(&mut self, at: Position, reply: CreateReply) {
        let sent = self.undecided.get_mut(&at).and_then(|undecided| undecided.sent.take());
        let Some((sent, in_flight)) = sent else { return };
        self.unanswered -= 1;
        if let Some(sent) = sent.filter(|_| reply == CreateReply::Done) {
            self.depth.answered(in_flight, sent.elapsed());
        }
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
        let group = self.groups.due(self.pressure()).filter(|due| room && *due > now);
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
        // What is on its way may as well arrive.
        let rest = std::mem::take(&mut self.requests);
        if !rest.is_empty() {
            tokio::spawn(rest.for_each(async |_| {}));
        }
    }
}

/// Performs a request in a task of its own: to sign a large body, or to copy it, takes a while, in which this
/// task could not acknowledge anything.
async fn apart(request: impl Future<Output = Performed> + Send + 'static) -> Performed {
    match tokio::spawn(request).await {
        Ok(performed) => performed,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Nobody aborts requests but a runtime that is being torn down, and this task goes with it.
        Err(_) => std::future::pending().await,
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

/// Bodies up to this size are sent by the writer's own task.
const SENT_HERE_BYTES_MAX: usize = 64 << 10;
