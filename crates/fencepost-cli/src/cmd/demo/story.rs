//! What is shown, step by step.

use super::data::{elements, numbers};
use super::process::Process;
use crate::args::{Demo, DemoWriter};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, note_line};
use crate::place::store_at;
use crate::signal::asked_to_end;
use fencepost::{Position, ReadFrom, Takeover, Wal, Writer, WriterOptions};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(in crate::cmd) async fn run(args: Demo, json: bool) -> Result<(), Failure> {
    let temporary = tempfile::tempdir().map_err(|error| Failure::of(Exit::Failed, &error))?;
    let directory = match &args.keep {
        Some(keep) => empty_directory(keep)?,
        None => temporary.path().to_owned(),
    };
    let mut story = Story { json, step: 0, naive: args.naive, acknowledged: Vec::new(), archive: Vec::new() };
    let summary = tokio::select! {
        biased;
        // With the story the second process ends, stopped or not.
        name = asked_to_end() => {
            return Err(Failure::new(Exit::Interrupted, format!("stopped by {name} in the middle of the demonstration")));
        }
        summary = story.tell(directory) => summary?,
    };
    if let Some(keep) = &args.keep {
        story.say(&format!("The log is in {}; look at it with `fencepost inspect`.", keep.display()))?;
    }
    if json {
        output::json(&summary)?;
    }
    if summary["shown"] == true {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "the demonstration did not go as it should"))
    }
}

fn empty_directory(path: &PathBuf) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| {
        Failure::of(Exit::NoLog, &error).while_doing(format_args!("`{}`", path.display()))
    };
    std::fs::create_dir_all(path).map_err(failed)?;
    if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
        return Err(Failure::new(
            Exit::NoLog,
            format!("`{}` is not empty; name another directory", path.display()),
        ));
    }
    Ok(path.clone())
}

struct Story {
    json: bool,
    naive: bool,
    step: u32,
    /// Every row that was acknowledged, whoever wrote it.
    acknowledged: Vec<i64>,
    /// Rows that were read and stored elsewhere before the checkpoint.
    archive: Vec<i64>,
}

impl Story {
    async fn tell(&mut self, directory: PathBuf) -> Result<Value, Failure> {
        let location = directory.display().to_string();
        let (mut process, stalled) = self.append_and_stall(directory).await?;
        let wal = Wal::at(location.as_str()).open().await?;
        let writer = self.take_over(&wal).await?;
        let fence = Position::new(stalled["position"].as_u64().unwrap_or_default());
        let mut rest = elements(APPEND_ROWS)?.into_iter().skip(APPENDS as usize + 1);
        let more: Vec<_> = rest.by_ref().take(APPENDS as usize).collect();
        self.append(&writer, &more).await?;
        self.archive(&wal).await?;
        let checkpoint = writer.checkpoint(writer.status().acknowledged).await?;
        self.tell_step(&format!("We checkpoint at position {checkpoint}: all rows so far are stored elsewhere, so their entries may go."))?;
        let report = self.collect(&wal, fence, checkpoint, &location).await?;
        self.append(&writer, &rest.take(1).collect::<Vec<_>>()).await?;
        self.tell_step(&format!(
            "We wake process {}. Its PUT for position {fence} goes out now, as if nothing had happened.",
            process.id()
        ))?;
        process.wake()?;
        let heard = process.hear().await?;
        drop(process);
        let outcome = self.conclude(&wal, &stalled, &heard).await?;
        writer.close().await?;
        let mut summary = outcome;
        summary["naive"] = self.naive.into();
        summary["deleted"] = report;
        summary["stalled_position"] = fence.get().into();
        summary["checkpoint"] = checkpoint.get().into();
        Ok(summary)
    }

    async fn append_and_stall(&mut self, directory: PathBuf) -> Result<(Process, Value), Failure> {
        let args = DemoWriter { directory, acknowledged: APPENDS, rows: APPEND_ROWS };
        let mut process = Process::start(&args)?;
        let open = process.hear().await?;
        self.tell_step(&format!(
            "Process {} opens a log in a local directory and holds epoch {}. It appends the chemical elements, {APPEND_ROWS} at a time.",
            process.id(),
            open["open"]
        ))?;
        for _ in 0..APPENDS {
            let heard = process.hear().await?;
            self.acknowledged.extend(rows_of(&heard["acknowledged"]));
            self.say(&format!(
                "position {}: {} acknowledged",
                heard["position"],
                span(&rows_of(&heard["acknowledged"]))
            ))?;
        }
        let appending = process.hear().await?;
        let stalled = process.hear().await?;
        if stalled["stalled"] != true {
            return Err(Failure::new(
                Exit::Failed,
                format!("the second process did not stall as expected: {stalled}"),
            ));
        }
        process.stop()?;
        self.tell_step(&format!(
            "In the middle of its next append ({}, position {}) it is stopped with SIGSTOP. The PUT is on its way and has not reached the disk. \
             Nobody can tell it from a dead process.",
            span(&rows_of(&appending["appending"])),
            appending["position"]
        ))?;
        Ok((process, appending))
    }

    async fn take_over(&mut self, wal: &Wal) -> Result<Writer, Failure> {
        let options = WriterOptions::new().with_takeover(Takeover::Now).with_holder("first process");
        let mut opening = wal.begin_writing(options).await?;
        let mut recovered = Vec::new();
        while let Some(entry) = opening.next_recovered().await? {
            recovered.extend(numbers(entry.batches()));
        }
        let writer = opening.finish().await?;
        self.tell_step(&format!(
            "We take over: we claim epoch {}, read {} rows back, and put a fence entry and 63 fillers where the stalled process would write next. \
             All {} acknowledged rows are there: {}.",
            writer.epoch(),
            recovered.len(),
            self.acknowledged.len(),
            if recovered == self.acknowledged { "yes" } else { "no" }
        ))?;
        if recovered != self.acknowledged {
            return Err(Failure::new(
                Exit::Failed,
                "the rows that were read back are not those that were acknowledged",
            ));
        }
        Ok(writer)
    }

    async fn append(
        &mut self,
        writer: &Writer,
        batches: &[arrow::array::RecordBatch],
    ) -> Result<(), Failure> {
        let mut tickets = Vec::new();
        for batch in batches {
            tickets.push((
                writer.submit(vec![batch.clone()]).await.map_err(|error| error.why)?,
                numbers(std::slice::from_ref(batch)),
            ));
        }
        let mut last = Position::NONE;
        let mut rows = Vec::new();
        for (ticket, numbers) in tickets {
            last = ticket.await?.position;
            rows.extend(numbers);
        }
        self.tell_step(&format!(
            "Our own appends go on above them: {} acknowledged, up to position {last}.",
            span(&rows)
        ))?;
        self.acknowledged.extend(rows);
        Ok(())
    }

    /// Reads all there is and keeps it, as whoever checkpoints does first.
    async fn archive(&mut self, wal: &Wal) -> Result<(), Failure> {
        self.archive = read_all(wal).await?;
        Ok(())
    }

    async fn collect(
        &mut self,
        wal: &Wal,
        fence: Position,
        checkpoint: Position,
        location: &str,
    ) -> Result<Value, Failure> {
        let collected = wal.collector().run().await?;
        let report = collected.report;
        self.tell_step(&format!(
            "We collect: {} objects are deleted. The fence entry at position {fence} stays, about 350 bytes: it is the one object that the stalled process will collide with.",
            report.deleted.objects()
        ))?;
        if !self.naive {
            return Ok(report.deleted.objects().into());
        }
        let mut positions = Vec::new();
        let mut at = Position::FIRST;
        while at <= checkpoint {
            positions.push(wal.paths().entry(at));
            at = at.next();
        }
        let by_hand = positions.len();
        for deletion in store_at(location)?.delete(positions).await {
            deletion.result.map_err(|error| Failure::of(Exit::Failed, &error))?;
        }
        self.tell_step(&format!(
            "The naive way: everything up to the checkpoint is \"no longer needed\", so we delete all of it by hand, including that fence entry. \
             Positions 1 to {checkpoint} are now empty space."
        ))?;
        Ok((report.deleted.objects() + by_hand as u64).into())
    }

    async fn conclude(&mut self, wal: &Wal, stalled: &Value, heard: &Value) -> Result<Value, Failure> {
        let stalled_rows = rows_of(&stalled["appending"]);
        let was_acknowledged = !heard["acknowledged"].is_null();
        if was_acknowledged {
            self.acknowledged.extend(&stalled_rows);
            self.tell_step(&format!(
                "It hears success, and acknowledges {} to its callers.",
                span(&stalled_rows)
            ))?;
        } else {
            self.tell_step(&format!(
                "It is refused: {}",
                heard["why"].as_str().unwrap_or("no reason given")
            ))?;
        }
        let replayable = read_all(wal).await?;
        let mut times: BTreeMap<i64, u32> = BTreeMap::new();
        for row in self.archive.iter().chain(&replayable) {
            *times.entry(*row).or_default() += 1;
        }
        let missing: Vec<i64> =
            self.acknowledged.iter().copied().filter(|row| !times.contains_key(row)).collect();
        let repeated = times.values().filter(|times| **times > 1).count();
        self.tell_step(&format!(
            "The account: {} rows were acknowledged; {} are in the archive, {} in the log. Missing: {}. Twice: {repeated}.",
            self.acknowledged.len(),
            self.archive.len(),
            replayable.len(),
            if missing.is_empty() { "none".to_owned() } else { span(&missing) },
        ))?;
        let sound = !was_acknowledged
            && missing.is_empty()
            && repeated == 0
            && times.len() == self.acknowledged.len();
        let lost = was_acknowledged && missing == stalled_rows;
        self.say(match (self.naive, sound, lost) {
            (false, true, _) => "Every acknowledged row is there exactly once, and the rows that nobody will read were never acknowledged.",
            (true, _, true) => {
                "These rows were acknowledged, and nobody will ever read them: their entry lies below the point where reading starts. \
                 That is the loss that the guarding fence prevents."
            }
            _ => "That is not what should have happened.",
        })?;
        Ok(json!({
            "shown": if self.naive { lost } else { sound },
            "stalled_append": if was_acknowledged { "acknowledged" } else { "refused" },
            "why": heard["why"],
            "acknowledged_rows": self.acknowledged.len(),
            "archived_rows": self.archive.len(),
            "log_rows": replayable.len(),
            "missing_rows": missing,
            "repeated_rows": repeated,
        }))
    }

    fn tell_step(&mut self, text: &str) -> Result<(), Failure> {
        self.step += 1;
        self.say(&format!("\n{}. {text}", self.step))
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.json {
            note_line(text);
            return Ok(());
        }
        output::line(&output::printable(text))
    }
}

async fn read_all(wal: &Wal) -> Result<Vec<i64>, Failure> {
    let mut reader = wal.reader(ReadFrom::Checkpoint).await?;
    let mut rows = Vec::new();
    while let Some(entry) = reader.next().await? {
        rows.extend(numbers(entry.batches()));
    }
    Ok(rows)
}

fn rows_of(value: &Value) -> Vec<i64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
}

fn span(rows: &[i64]) -> String {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) if first != last => format!("elements {first} to {last}"),
        (Some(only), _) => format!("element {only}"),
        _ => "nothing".to_owned(),
    }
}

/// Appends before the one that stalls, and as many by the successor.
const APPENDS: u64 = 4;
const APPEND_ROWS: usize = 10;
