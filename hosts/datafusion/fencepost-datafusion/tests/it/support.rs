//! A log in memory, rows to put into it, and sessions that ask.

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};
use fencepost::{Position, Takeover, Wal, Writer, WriterOptions};
use fencepost_datafusion::{LogError, LogTable, LogTableOptions};
use fencepost_store::wrap::{Fault, FaultStore, Op, Rule};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// A log in memory, whose requests can be watched and disturbed.
pub(crate) struct World {
    pub(crate) faults: FaultStore,
    pub(crate) wal: Wal,
}

impl World {
    pub(crate) async fn new() -> Self {
        let faults = FaultStore::in_memory();
        let wal = Wal::on(Arc::new(faults.clone()), "").or_new_shard().open().await.unwrap();
        Self { faults, wal }
    }

    /// A writer that takes over at once, and makes an entry of each submission.
    pub(crate) async fn writer(&self) -> Writer {
        let options = WriterOptions::new()
            .with_takeover(Takeover::Now)
            .with_lease_ttl(None)
            .with_store_probe(false)
            .with_group_bytes_max(1);
        self.wal.open_writer(options).await.unwrap()
    }

    /// Deletes the object of an entry, past all rules.
    pub(crate) async fn delete_entry(&self, at: u64) {
        let path = self.wal.paths().entry(Position::new(at));
        for deletion in self.wal.store().delete([path]).await {
            deletion.result.unwrap();
        }
    }

    /// The positions whose entries are read from now on.
    pub(crate) fn watch(&self) -> Watch {
        let read = Arc::new(Mutex::new(BTreeSet::new()));
        let (wal, noted) = (self.wal.clone(), read.clone());
        let wal_dir = wal.paths().wal_dir();
        let note = move |path: &str| {
            if path.starts_with(&wal_dir) {
                noted.lock().unwrap().insert(path.to_owned());
            }
            false
        };
        Watch { _rule: self.faults.on(Op::Get, note, Fault::Deny), read, wal }
    }
}

/// Notes which entries are read.
pub(crate) struct Watch {
    _rule: Rule,
    read: Arc<Mutex<BTreeSet<String>>>,
    wal: Wal,
}

impl Watch {
    /// The positions that were read since the last call, of those up to `last`.
    pub(crate) fn take(&self, last: u64) -> Vec<u64> {
        let read = std::mem::take(&mut *self.read.lock().unwrap());
        (1..=last).filter(|at| read.contains(&self.wal.paths().entry(Position::new(*at)))).collect()
    }
}

/// One column of numbers.
pub(crate) fn numbers(column: &str, numbers: impl IntoIterator<Item = i64>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    RecordBatch::try_from_iter([(column, array)]).unwrap()
}

pub(crate) async fn append(writer: &Writer, batch: RecordBatch) -> u64 {
    writer.append(&[batch]).await.unwrap().position.get()
}

/// `count` entries of one row each: 0, 1, 2, …
pub(crate) async fn append_numbers(writer: &Writer, from: i64, count: i64) {
    for number in from..from + count {
        append(writer, numbers("n", [number])).await;
    }
}

/// Orders of a shop, in which every number is exact however it is summed up.
pub(crate) fn orders(first: i64, rows: i64) -> RecordBatch {
    let ids = || first..first + rows;
    let mixed = |id: i64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()).unsigned_abs() >> 20;
    let kinds = ["apple", "pear", "plum", "quince", "medlar"];
    let kind = |id: i64| kinds[usize::try_from(mixed(id) % 5).unwrap()];
    let price =
        |id: i64| (mixed(id) % 11 != 0).then(|| f64::from(u32::try_from(mixed(id) % 400).unwrap()) / 4.0);
    let note = |id: i64| (mixed(id) % 3 == 0).then(|| format!("note {}", mixed(id) % 17));
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids()))),
        ("kind", Arc::new(StringArray::from_iter_values(ids().map(kind)))),
        ("price", Arc::new(ids().map(price).collect::<Float64Array>())),
        ("note", Arc::new(ids().map(note).collect::<StringArray>())),
        ("paid", Arc::new(ids().map(|id| Some(mixed(id) % 2 == 0)).collect::<BooleanArray>())),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                ids().map(|id| 1_700_000_000_000_000 + id * 1_000),
            )),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

/// The same rows with what the table tells of them beside.
pub(crate) fn told(batch: &RecordBatch, position: u64, epoch: u64) -> RecordBatch {
    let rows = batch.num_rows();
    let mut columns: Vec<(String, ArrayRef, bool)> = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name().clone(), column.clone(), true))
        .collect();
    columns.push(("_position".into(), Arc::new(UInt64Array::from_value(position, rows)), false));
    columns.push(("_epoch".into(), Arc::new(UInt64Array::from_value(epoch, rows)), false));
    columns.push(("_row".into(), Arc::new(UInt64Array::from_iter_values(0..rows as u64)), false));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub(crate) fn session(partitions: usize) -> SessionContext {
    SessionContext::new_with_config(
        SessionConfig::new().with_target_partitions(partitions).with_batch_size(1_000),
    )
}

/// A session of one processor over the table.
pub(crate) fn over(table: &LogTable) -> SessionContext {
    let session = session(1);
    session.register_table("log", Arc::new(table.clone())).unwrap();
    session
}

pub(crate) async fn table(wal: &Wal) -> LogTable {
    LogTable::open(wal, LogTableOptions::new()).await.unwrap()
}

/// The answer as text, a line for each row.
pub(crate) async fn ask(session: &SessionContext, query: &str) -> Result<Vec<String>> {
    let frame = session.sql(query).await?;
    let batches = frame.collect().await?;
    let text = pretty_format_batches(&batches)?.to_string();
    let rows = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')).skip(1);
    Ok(rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join(",")).collect())
}

/// The plan that is run, a line for each step.
pub(crate) async fn plan(session: &SessionContext, query: &str) -> String {
    let frame = session.sql(query).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string()
}

/// The position that was collected, if that is why there is no answer.
pub(crate) fn collected(error: &datafusion::error::DataFusionError) -> Option<u64> {
    LogError::find(error)?.collected().map(|(at, _)| at.get())
}
