//! The shards that Lance 14.0.2 wrote once and for all: read alike, and collected.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::{By, Ledger};
use crate::report::{Played, Report, Title};
use crate::rows;
use crate::table::Table;
use crate::view::View;
use arrow_array::RecordBatch;
use fencepost::{EntryKind, Position, ReadFrom};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use uuid::Uuid;

pub(super) async fn play(report: &mut Report) {
    for (name, fixture) in all() {
        let title = |family, collector| Title { family, name: name.clone(), collector, loses: 0 };
        report.play(title("fixtures, read alike", "none"), read_alike(&fixture)).await;
    }
    for (name, fixture) in all() {
        let title = Title { family: "fixtures, collected", name, collector: Deletes::Ours.name(), loses: 0 };
        report.play(title, collected(&fixture)).await;
    }
}

/// One shard of a fixture.
#[derive(Clone, Debug)]
struct Fixture {
    folder: PathBuf,
    shard: Uuid,
}

/// The parts of `expected.json` that this program needs.
#[derive(Debug, Deserialize)]
struct Expected {
    shards: Vec<ExpectedShard>,
}

#[derive(Debug, Deserialize)]
struct ExpectedShard {
    shard_id: Uuid,
    wal: ExpectedWal,
}

#[derive(Debug, Deserialize)]
struct ExpectedWal {
    entries: Vec<ExpectedEntry>,
}

#[derive(Debug, Deserialize)]
struct ExpectedEntry {
    position: u64,
    writer_epoch: u64,
    is_sentinel: bool,
    num_rows: usize,
    ids: Option<Vec<i64>>,
}

/// Every shard of every fixture, with a name for the table.
fn all() -> Vec<(String, Fixture)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(TESTDATA);
    let mut fixtures = Vec::new();
    for set in subfolders(&folder) {
        for (n, shard) in subfolders(&set.join("_mem_wal")).iter().enumerate() {
            let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let id = name(shard).parse().expect("the folders in _mem_wal are named after shards");
            fixtures.push((
                format!("{}, shard {}", name(&set), n + 1),
                Fixture { folder: set.clone(), shard: id },
            ));
        }
    }
    fixtures
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the fixtures are in the repository");
    let mut paths: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    paths
}

impl Fixture {
    fn expected(&self) -> Result<Vec<ExpectedEntry>> {
        let text = std::fs::read_to_string(self.folder.join("expected.json"))?;
        let expected: Expected = serde_json::from_str(&text)?;
        let shard = expected.shards.into_iter().find(|shard| shard.shard_id == self.shard);
        Ok(shard.ok_or("expected.json does not know the shard")?.wal.entries)
    }

    /// A copy of it in memory.
    async fn load(&self) -> Result<Table> {
        let table = Table::in_memory_with(self.shard).await?;
        let root = self.folder.join("_mem_wal").join(self.shard.to_string());
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let below = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
                    table.put(&below, std::fs::read(&path)?).await?;
                }
            }
        }
        Ok(table)
    }
}

/// What one of the parties says of an entry: epoch, whether it is a sentinel, and the rows.
#[derive(Debug, PartialEq)]
struct Seen {
    epoch: u64,
    is_sentinel: bool,
    batches: Vec<RecordBatch>,
}

/// Our reader and inspector, Lance's tailer and `expected.json` agree on every entry.
async fn read_alike(fixture: &Fixture) -> Result<Played> {
    let table = fixture.load().await?;
    let by_lance: BTreeMap<u64, Seen> = table
        .entries()
        .await?
        .into_iter()
        .map(|entry| {
            let is_sentinel = entry.batches.is_empty();
            (entry.entry_position, Seen { epoch: entry.writer_epoch, is_sentinel, batches: entry.batches })
        })
        .collect();
    let by_us = ours(&table).await?;
    let expected = fixture.expected()?;
    let (mut rows, mut found) = (0, 0);
    for entry in &expected {
        rows += entry.num_rows;
        let (Some(lance), Some(us)) = (by_lance.get(&entry.position), by_us.get(&entry.position)) else {
            return Err(format!("entry {} is missing", entry.position).into());
        };
        if lance != us {
            return Err(format!("entry {}: Lance reads {lance:?}, we read {us:?}", entry.position).into());
        }
        let ids = rows::all_ids(&us.batches);
        if (us.epoch, us.is_sentinel) != (entry.writer_epoch, entry.is_sentinel)
            || entry.ids.as_ref().is_some_and(|expected| *expected != ids)
        {
            return Err(format!("entry {}: {us:?} is not as expected: {entry:?}", entry.position).into());
        }
        found += ids.len();
    }
    if by_us.len() != expected.len() || by_lance.len() != expected.len() {
        return Err(format!("{} entries expected, Lance has {}", expected.len(), by_lance.len()).into());
    }
    let sentinels = by_us.values().filter(|seen| seen.is_sentinel).count();
    let note = format!("{} entries, {sentinels} of them sentinels", expected.len());
    Ok(Played::Counted { by_lance: rows, by_us: 0, found, note })
}

async fn ours(table: &Table) -> Result<BTreeMap<u64, Seen>> {
    let wal = table.wal().await?;
    let mut seen = BTreeMap::new();
    for entry in wal.inspect().await?.entries {
        let header = entry.content?.header;
        let is_sentinel = header.kind == EntryKind::Fence;
        let nothing = Seen { epoch: header.epoch.get(), is_sentinel, batches: Vec::new() };
        seen.insert(entry.position.get(), nothing);
    }
    let mut reader = wal.reader(ReadFrom::Position(Position::FIRST)).await?;
    while let Some(entry) = reader.next().await? {
        let at = entry.position().get();
        let of = seen.get_mut(&at).ok_or_else(|| format!("entry {at} was read and not inspected"))?;
        of.batches = entry.into_batches();
    }
    Ok(seen)
}

/// After a collection, Lance replays what it replayed before, appends, and finds both again.
async fn collected(fixture: &Fixture) -> Result<Played> {
    let before = View::of(&fixture.load().await?).await?;
    let table = fixture.load().await?;
    let note = Deletes::Ours.run(&table).await?;
    let lance = LanceWriter::open(&table, Mode::Memtable).await?;
    let mut ledger = Ledger::after(NEW_IDS);
    lance.put_all(&mut ledger, 3).await?;
    lance.crash().await?;
    let after = View::of(&table).await?;
    let new: Vec<_> = ledger.acknowledged().collect();
    for (who, before, after) in [
        ("Lance", before.by_lance.clone(), after.by_lance.clone()),
        ("we", before.by_us.clone(), after.by_us.clone()),
    ] {
        let mut expected = [before, new.clone()].concat();
        let mut after = after;
        expected.sort_unstable();
        after.sort_unstable();
        if expected != after {
            return Err(format!("{who} find {after:?}, not {expected:?}").into());
        }
    }
    let (old, found) = (before.by_lance.len(), after.by_lance.len());
    Ok(Played::Counted { by_lance: old + ledger.acknowledged_by(By::Lance), by_us: 0, found, note })
}

const TESTDATA: &str = "../../crates/fencepost-format/testdata/lance-14.0.2";
/// Where the ids of rows begin that are added to a fixture.
const NEW_IDS: i64 = 1_000_000;
