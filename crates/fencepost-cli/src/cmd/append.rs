//! `append`: rows into the log, many entries in flight, and an honest account of every row at the end.

mod account;

use super::open;
use crate::args::{Append, Codec, RowsArgs, WriterArgs};
use crate::exit::Exit;
use crate::failure::Failure;
pub(super) use crate::input::Stop;
use crate::input::{self, Input, InputOptions, Rows, TextOptions};
use crate::output::{self, counted, positions};
use crate::place::requests;
use crate::progress;
use crate::signal::asked_to_end;
use account::Account;
use arrow::array::RecordBatch;
use fencepost::{
    AppendError, Compression, Position, RequestCounts, SubmitError, Ticket, WaitingFor, Wal, Writer,
    WriterOptions,
};
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::io::Read;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

pub(super) async fn run(args: Append, json: bool) -> Result<(), Failure> {
    args.place.check()?;
    let stop = Stop::default();
    let mut signal = pin!(asked_to_end());
    // The input first: a file that is not there, or has no rows, must not take the log from anybody.
    let mut opening = pin!(open_input(&args, stop.clone()));
    let (input, mut stopped_by) = tokio::select! {
        biased;
        name = &mut signal => {
            stop.ask();
            // What was cut off by the signal is not to blame.
            (opening.await.map_err(|_| stopped_early(Some(name)))?, Some(name))
        }
        input = &mut opening => (input?, None),
    };
    let Some(input) = input else {
        return match stopped_by {
            Some(_) => Err(stopped_early(stopped_by)),
            None => {
                args.place.check_location()?;
                print(nothing(args.skip), json)
            }
        };
    };
    let waits = Notify::new();
    let mut open = pin!(async {
        let wal = args.place.open_or_new().await?;
        let on_wait = |_: &WaitingFor| waits.notify_one();
        let options = options(&args.writer, &args.rows);
        let writer = open::writer_telling(&wal, &args.writer, options, on_wait).await?;
        Ok::<_, Failure>((wal, writer))
    });
    let opened = tokio::select! {
        biased;
        name = &mut signal, if stopped_by.is_none() => {
            stop.ask();
            stopped_by = Some(name);
            None
        }
        opened = &mut open, if stopped_by.is_none() => Some(opened?),
        else => None,
    };
    let (wal, writer) = match (opened, stopped_by) {
        (Some(opened), _) => opened,
        // Rows already read from a stream still go into the log, if it can be opened without a long wait.
        (None, Some(_)) if input.is_stream => tokio::select! {
            biased;
            opened = open => opened?,
            // Another writer has it, who may have it for ever.
            () = waits.notified() => return Err(stopped_early(stopped_by)),
            () = tokio::time::sleep(OPEN_TIMEOUT) => return Err(stopped_early(stopped_by)),
        },
        (None, _) => return Err(stopped_early(stopped_by)),
    };
    let session = Session {
        stopped_by,
        skipped: args.skip,
        ends_with_writer: true,
        ..Session::new(wal, Arc::new(writer), stop, &args.rows)
    };
    print(session.run(input.rows, signal).await?, json)
}

fn print(summary: Map<String, Value>, json: bool) -> Result<(), Failure> {
    if json { output::json(&Value::Object(summary)) } else { output::line(&describe(&summary)) }
}

/// The account of an input without rows, for which no log was opened.
fn nothing(skipped: u64) -> Map<String, Value> {
    let mut facts = Account::default().facts(skipped);
    for key in ["requests", "open_requests", "close_requests", "lease_requests"] {
        facts.insert(key.to_owned(), requests(RequestCounts::default()));
    }
    facts.extend([
        ("bytes".to_owned(), 0.into()),
        ("in_flight_max".to_owned(), 0.into()),
        ("epoch".to_owned(), Value::Null),
        ("shard".to_owned(), Value::Null),
        ("closed".to_owned(), Value::Null),
    ]);
    facts
}

/// Stopped while another writer has the log, or the store does not answer.
fn stopped_early(name: Option<&str>) -> Failure {
    let name = name.unwrap_or("a signal");
    let failure = Failure::new(Exit::Interrupted, format!("stopped by {name} before the log was open"));
    failure.with_advice(
        "No row was written or acknowledged. Rows that were already read from the input are not in the log.",
    )
}

/// The input with its first rows read; `None` if it has none.
async fn open_input(args: &Append, stop: Stop) -> Result<Option<Input>, Failure> {
    let options = input_options(&args.rows, args.skip, stop);
    let (path, skipped) = (args.from.clone(), args.skip);
    let opened = tokio::task::spawn_blocking(move || {
        let Input { mut rows, is_stream } = input::open(&path, &options)?;
        match rows.next() {
            Some(Ok(first)) => {
                let rows = Box::new(std::iter::once(Ok(first)).chain(rows));
                Ok(Some(Input { rows, is_stream }))
            }
            Some(Err(failure)) => Err(account::explain(failure, &Account::default().facts(skipped))),
            None => Ok(None),
        }
    });
    opened.await.map_err(|error| Failure::of(Exit::Failed, &error))?
}

fn input_options(args: &RowsArgs, skip: u64, stop: Stop) -> InputOptions {
    let batch_bytes = args.group_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(BATCH_BYTES);
    let text = TextOptions {
        delimiter: args.text.delimiter,
        null: args.text.null.clone(),
        types: args.text.types.iter().flat_map(|types| types.0.clone()).collect(),
        all_text: args.text.all_text,
    };
    InputOptions {
        format: args.format,
        infer_rows: args.text.infer_rows,
        batch_rows: args.rows_per_entry.map_or(BATCH_ROWS, |rows| rows as usize),
        rows_exact: args.rows_per_entry.is_some(),
        batch_bytes,
        skip,
        flush_interval: args.flush_interval,
        line_bytes_max: args.text.line_bytes_max,
        batch_bytes_max: args.batch_bytes_max,
        text,
        stop,
    }
}

/// The options of a writer that appends such rows.
pub(super) fn options(writer: &WriterArgs, rows: &RowsArgs) -> WriterOptions {
    let compression = match rows.compress {
        Codec::None => Compression::None,
        Codec::Lz4 => Compression::Lz4,
        Codec::Zstd => Compression::Zstd,
    };
    let options = open::options(writer).with_linger(rows.linger).with_compression(compression);
    match (rows.rows_per_entry, rows.group_bytes) {
        (Some(_), _) => options.with_group_bytes_max(1),
        (None, Some(bytes)) => options.with_group_bytes_max(bytes),
        (None, None) => options,
    }
}

/// A stream of rows that is opened once the log is held.
pub(super) struct Stream {
    /// What messages call it.
    pub(super) name: &'static str,
    pub(super) bytes: Box<dyn Read + Send>,
}

/// Appends the rows of a stream through a writer that is open already, and closes it. `stop` ends the stream
/// early; the rows read by then are appended.
pub(super) async fn stream(
    wal: Wal,
    writer: Arc<Writer>,
    from: Stream,
    args: &RowsArgs,
    stop: Stop,
    mut signal: Pin<&mut impl Future<Output = &'static str>>,
) -> Result<Map<String, Value>, Failure> {
    let options = input_options(args, 0, stop.clone());
    let mut opening =
        tokio::task::spawn_blocking(move || input::open_stream(from.name, from.bytes, &options));
    let mut session = Session::new(wal, writer, stop, args);
    let opened = tokio::select! {
        biased;
        name = &mut signal => {
            session.stopped_by = Some(name);
            session.stop.ask();
            opening.await
        }
        opened = &mut opening => opened,
    };
    match opened.map_err(|error| Failure::of(Exit::Failed, &error)).and_then(|opened| opened) {
        Ok(input) => session.run(input.rows, signal).await,
        // What was cut off is not to blame.
        Err(_) if session.stop.is_asked() => session.run(Box::new(std::iter::empty()), signal).await,
        Err(failure) => session.run(Box::new(std::iter::once(Err(failure))), signal).await,
    }
}

/// One append command that has its writer.
struct Session {
    verbose: bool,
    skipped: u64,
    account: Account,
    pending: VecDeque<Pending>,
    progress: ProgressBar,
    wal: Wal,
    writer: Arc<Writer>,
    stop: Stop,
    /// The signal that asked the command to end.
    stopped_by: Option<&'static str>,
    /// Whether it ends once its writer is refused, even while no rows come.
    ends_with_writer: bool,
}

/// Rows that were submitted.
struct Pending {
    ticket: Ticket,
    rows: u64,
}

impl Session {
    fn new(wal: Wal, writer: Arc<Writer>, stop: Stop, args: &RowsArgs) -> Self {
        Self {
            verbose: args.verbose_acks,
            skipped: 0,
            account: Account::default(),
            pending: VecDeque::new(),
            progress: progress::counter("row", "acknowledged"),
            wal,
            writer,
            stop,
            stopped_by: None,
            ends_with_writer: false,
        }
    }

    async fn run(
        mut self,
        rows: Rows,
        signal: Pin<&mut impl Future<Output = &'static str>>,
    ) -> Result<Map<String, Value>, Failure> {
        let mut batches = read_in_background(rows);
        let mut stop = self.feed(&mut batches, signal).await;
        drop(batches);
        // Ends the linger of what waits, and is answered once everything is decided and counted.
        let _ = self.writer.flush().await;
        while let Some(pending) = self.pending.pop_front() {
            let outcome = pending.ticket.await;
            self.settle(pending.rows, outcome)?;
        }
        if let Some(error) = self.account.failure.take() {
            stop = Some(error.into());
        }
        self.progress.finish_and_clear();
        let (mut facts, closed) = self.close().await;
        facts.insert("closed".into(), closed.is_ok().into());
        let Some(failure) = stop else {
            match closed {
                Ok(_) => {}
                Err(AppendError::Fenced { by, .. }) => output::note_line(format_args!(
                    "all rows are in the log, and another writer has it now, under epoch {by}"
                )),
                Err(error) => output::note_line(format_args!(
                    "warning: all rows are in the log, but the log was not closed ({error}); the next writer takes over as after a crash"
                )),
            }
            return Ok(facts);
        };
        Err(account::explain(failure, &facts))
    }

    /// Submits until the input ends or an append fails. `None` for the input's end.
    ///
    /// After a signal the input is read no further: it ends with the rows that were read by then.
    async fn feed(
        &mut self,
        batches: &mut mpsc::Receiver<Result<Option<RecordBatch>, Failure>>,
        mut signal: Pin<&mut impl Future<Output = &'static str>>,
    ) -> Option<Failure> {
        let watched = Arc::clone(&self.writer);
        let mut refused = pin!(watched.stopped());
        loop {
            tokio::select! {
                biased;
                name = &mut signal, if self.stopped_by.is_none() => {
                    self.stopped_by = Some(name);
                    self.stop.ask();
                }
                outcome = front(&mut self.pending), if !self.pending.is_empty() => {
                    let rows = self.pending.pop_front().map_or(0, |pending| pending.rows);
                    if let Err(failure) = self.settle(rows, outcome) {
                        return Some(failure);
                    }
                    if self.account.failure.is_some() {
                        return None;
                    }
                }
                why = &mut refused, if self.ends_with_writer && self.pending.is_empty() => {
                    self.stop.ask();
                    return why.map(Failure::from);
                }
                batch = batches.recv(), if self.pending.len() < PENDING_MAX => match batch {
                    Some(Ok(None)) => return self.stopped_by.map(|name| {
                        Failure::new(Exit::Interrupted, format!("stopped by {name}"))
                    }),
                    None => return Some(Failure::new(Exit::Failed, "internal error: the thread that reads the input ended early")),
                    Some(Err(failure)) => return Some(failure),
                    Some(Ok(Some(batch))) => if let Err(failure) = self.submit(batch).await {
                        return Some(failure);
                    },
                }
            }
        }
    }

    /// Hands over a batch, in halves if it is too large for an entry.
    async fn submit(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            let rows = part.num_rows();
            let submitted = match fencepost::records_in(&part) {
                Some(records) => self.writer.submit_records(&records).await.map_err(|why| (why, vec![part])),
                None => {
                    let submitted = self.writer.submit(vec![part]).await;
                    submitted.map_err(|SubmitError { why, batches }| (why, batches))
                }
            };
            match submitted {
                Ok(ticket) => self.pending.push_back(Pending { ticket, rows: rows as u64 }),
                Err((AppendError::TooLarge { .. }, batches)) if rows > 1 => {
                    let half = rows / 2;
                    let halves = batches
                        .iter()
                        .flat_map(|batch| [batch.slice(half, rows - half), batch.slice(0, half)]);
                    parts.extend(halves);
                }
                Err((why, _)) => return Err(Failure::from(why)),
            }
        }
        Ok(())
    }

    fn settle(
        &mut self,
        rows: u64,
        outcome: Result<fencepost::Appended, AppendError>,
    ) -> Result<(), Failure> {
        if let Ok(appended) = &outcome
            && self.verbose
        {
            output::json(&json!({"position": appended.position.get(), "rows": rows}))?;
        }
        self.account.settle(rows, outcome);
        if !self.progress.is_hidden() {
            let bytes = indicatif::HumanBytes(self.writer.status().acknowledged_bytes);
            self.progress.set_message(bytes.to_string());
        }
        self.progress.set_position(self.account.acknowledged);
        Ok(())
    }

    /// Closes if the writer still can, and gathers the numbers.
    async fn close(self) -> (Map<String, Value>, Result<(), AppendError>) {
        let Self { account, wal, writer, skipped, .. } = self;
        let status = writer.status();
        let before = wal.requests();
        let (closed, close_requests) = match &status.stopped {
            Some(why) => {
                // It lets its lease go.
                let _ = writer.close().await;
                (Err(why.clone()), RequestCounts::default())
            }
            None => {
                let closed = writer.close().await;
                (closed, wal.requests() - before)
            }
        };
        let mut facts = account.facts(skipped);
        facts.extend([
            ("bytes".to_owned(), status.acknowledged_bytes.into()),
            ("epoch".to_owned(), status.epoch.get().into()),
            ("in_flight_max".to_owned(), status.in_flight_max.into()),
            ("shard".to_owned(), wal.shard().to_string().into()),
            ("requests".to_owned(), requests(status.requests)),
            ("open_requests".to_owned(), requests(status.open_requests)),
            ("close_requests".to_owned(), requests(close_requests)),
            ("lease_requests".to_owned(), requests(status.lease_requests)),
        ]);
        (facts, closed)
    }
}

async fn front(pending: &mut VecDeque<Pending>) -> Result<fencepost::Appended, AppendError> {
    match pending.front_mut() {
        Some(first) => (&mut first.ticket).await,
        None => std::future::pending().await,
    }
}

/// Decodes on a thread of its own, a few batches ahead. `None` marks the input's end; a panic of the thread
/// sends no such mark.
fn read_in_background(rows: Rows) -> mpsc::Receiver<Result<Option<RecordBatch>, Failure>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    tokio::task::spawn_blocking(move || {
        for batch in rows.map(|batch| batch.map(Some)).chain([Ok(None)]) {
            if sender.blocking_send(batch).is_err() {
                return;
            }
        }
    });
    receiver
}

pub(super) fn describe(summary: &Map<String, Value>) -> String {
    let number = |key: &str| summary.get(key).and_then(Value::as_u64).unwrap_or(0);
    let (rows, entries) = (number("rows"), number("entries"));
    match number("skipped_rows") {
        0 if entries == 0 => return "the input has no rows; nothing was appended".to_owned(),
        skipped if entries == 0 => {
            return format!("the input has no rows behind the first {skipped}; nothing was appended");
        }
        _ => {}
    }
    format!(
        "{} in {} ({}), {}, epoch {}",
        counted(rows, "row"),
        counted(entries, "entry"),
        indicatif::HumanBytes(number("bytes")),
        positions(Position::new(number("first_position")), Position::new(number("last_position"))),
        number("epoch"),
    )
}

/// Large enough that an entry is worth its PUT, small enough that 128 of them fit into memory.
const BATCH_ROWS: usize = 8_192;
/// As large as a group of submissions, unless --group-bytes says otherwise.
const BATCH_BYTES: usize = 4 << 20;
/// How long a command that was asked to end tries to open the log for the rows that it has read.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Submissions that wait for their acknowledgement: two windows, so that the next entries are ready when one is.
const PENDING_MAX: usize = 128;
const BATCHES_AHEAD: usize = 2;
