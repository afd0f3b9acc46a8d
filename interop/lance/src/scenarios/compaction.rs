//! A table with an index of its MemWAL: what of its SSTables could go, told as its manifest has it.

use crate::Result;
use crate::report::{Played, Report, Title};
use crate::rows;
use arrow_array::RecordBatchIterator;
use fencepost::{Compaction, Generation, LogStore, ShardId, StoreOptions, TableHistory, read_table_versions};
use lance::Dataset;
use lance::dataset::mem_wal::{DatasetMemWalExt as _, ShardWriter, ShardWriterConfig};
use lance::dataset::transaction::{Operation, Transaction};
use lance::dataset::{CommitBuilder, WriteParams};
use lance::index::DatasetIndexExt as _;
use lance_index::IndexType;
use lance_index::mem_wal::CompactedSsTable;
use lance_index::scalar::ScalarIndexParams;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub(super) async fn play(report: &mut Report) {
    for (scheme, v2) in [("V1", false), ("V2", true)] {
        let title = Title {
            family: "compacted SSTables",
            name: format!("two shards, an index that lags, {scheme} names"),
            collector: "fencepost, plan",
            loses: 0,
        };
        report.play(title, told(v2)).await;
    }
}

/// Writes the table that these scenarios are about below `folder`, for the fixtures.
pub(crate) async fn write_table(folder: &Path, v2: bool) -> Result<()> {
    build(&format!("file://{}", std::path::absolute(folder)?.display()), v2).await.map(drop)
}

async fn told(v2: bool) -> Result<Played> {
    let directory = tempfile::tempdir()?;
    let uri = format!("file://{}", directory.path().display());
    let store = LogStore::open(&directory.path().display().to_string(), StoreOptions::new())?;
    let rows = build(&uri, v2).await?;
    let table = read_table_versions(&store).await?.ok_or("no table was found")?;
    let (path, latest) = (&table.latest, table.history.latest());
    let version = Dataset::open(&uri).await?.version().version;
    if latest.version != version
        || path.len()
            != if v2 {
                "_versions/18446744073709551615.manifest".len()
            } else {
                format!("_versions/{version}.manifest").len()
            }
    {
        return Err(format!("read {path}, version {}, Lance has version {version}", latest.version).into());
    }
    if table.listed != version || latest.writer.as_ref().is_none_or(|writer| writer.library != "lance") {
        return Err(format!("{} versions listed, the latest by {:?}", table.listed, latest.writer).into());
    }
    // The first versions have no index of the MemWAL.
    expect(&table.history, FIRST, &["table_version_behind", "index_behind", "not_compacted"])?;
    expect(&table.history, THIRD, &["not_compacted"; 3])?;
    // A cleanup leaves the last two.
    for old in 1..version - 1 {
        let name = if v2 { format!("{:020}.manifest", u64::MAX - old) } else { format!("{old}.manifest") };
        std::fs::remove_file(directory.path().join("_versions").join(name))?;
    }
    let table = read_table_versions(&store).await?.ok_or("no table was found")?.history;
    expect(&table, FIRST, &["could_go", "index_behind", "not_compacted"])?;
    expect(&table, SECOND, &["index_behind", "not_compacted", "not_compacted"])?;
    expect(&table, THIRD, &["not_compacted"; 3])?;
    let note = "1 could go once older versions are gone, 2 wait for the index, the others are not compacted"
        .to_owned();
    Ok(Played::Counted {
        by_lance: rows,
        by_us: 0,
        found: Dataset::open(&uri).await?.count_rows(None).await?,
        note,
    })
}

fn expect(table: &TableHistory, shard: Uuid, expected: &[&str]) -> Result<()> {
    let judge = |generation| Compaction::of(table, ShardId(shard), Generation(generation));
    let found: Vec<_> = (1..=3).map(judge).collect();
    if found.iter().map(Compaction::name).ne(expected.iter().copied()) {
        return Err(format!("shard {shard}: {found:?}, expected {expected:?}").into());
    }
    Ok(())
}

/// A table with a scalar index that memtables maintain. The first shard has two generations in the table, and
/// the index one of them; the second shard has one, and the index nothing of it. Lance itself notes all of
/// it. Returns how many rows the table has.
async fn build(uri: &str, v2: bool) -> Result<usize> {
    let ids: Vec<_> = (1..=ROWS).collect();
    let reader = RecordBatchIterator::new([Ok(rows::batch(&ids))], rows::schema());
    let params = WriteParams { enable_v2_manifest_paths: v2, ..WriteParams::default() };
    let mut dataset = Dataset::write(reader, uri, Some(params)).await?;
    let name = Some(INDEX.to_owned());
    dataset.create_index(&[rows::ID], IndexType::BTree, name, &ScalarIndexParams::default(), false).await?;
    dataset.initialize_mem_wal().maintained_indexes([INDEX]).execute().await?;
    for shard in [FIRST, SECOND] {
        let writer = writer(&dataset, shard).await?;
        for generation in 0..3 {
            writer.put(vec![rows::batch(&[1_000 + generation])]).await?;
            writer.force_freeze_active().await?.wait().await?;
        }
        writer.close().await?;
    }
    // Lance derives what an index covers from what was compacted when the commit read the table: so the
    // second commit credits the index with the first.
    for compacted in [vec![(FIRST, 1)], vec![(FIRST, 2), (SECOND, 1)]] {
        let compacted =
            compacted.into_iter().map(|(shard, generation)| CompactedSsTable::new(shard, generation));
        dataset =
            commit(dataset, Operation::UpdateMemWalState { compacted_sstables: compacted.collect() }).await?;
    }
    Ok(ids.len())
}

async fn writer(dataset: &Dataset, shard: Uuid) -> Result<ShardWriter> {
    let config = ShardWriterConfig::new(shard)
        .with_durable_write(true)
        .with_max_wal_flush_interval(Duration::from_millis(1))
        .with_stats_log_interval(None);
    Ok(dataset.mem_wal_writer(shard, config).await?)
}

async fn commit(dataset: Dataset, operation: Operation) -> Result<Dataset> {
    let transaction = Transaction::new(dataset.version().version, operation, None);
    Ok(CommitBuilder::new(Arc::new(dataset)).execute(transaction).await?)
}

const INDEX: &str = "by_id";
const ROWS: i64 = 5;
const FIRST: Uuid = Uuid::from_u128(0x5e39_82e7_0881_4b06_a045_8296_8ecd_c515);
const SECOND: Uuid = Uuid::from_u128(0xc0b8_147f_c795_49cf_ba66_32b3_7997_1999);
/// A shard that nobody has.
const THIRD: Uuid = Uuid::from_u128(0xdefc_7fc9_3dfb_42a4_92c6_bf78_aeff_6dd9);
