//! What failed flushes left, in a real store: counted, deleted in an order that a crash may cut anywhere,
//! with failures of single objects.

use super::log::Log;
use super::*;
use fencepost_format::{Generation, Manifest, Nonce, SsTable, SsTableName, Version};
use fencepost_store::wrap::{Fault, FaultStore, Op};
use std::time::Duration;

const LEFT: &str = "bbbbbbbb_gen_1";

/// A shard in which generation 1 was flushed, and an attempt before failed. `files` data files are in what
/// that attempt left.
async fn shard(store: LogStore, files: usize) -> Log {
    let log = Log::new(store);
    log.data(1, 1, 1).await;
    let flushed = SsTable { generation: Generation(1), path: "aaaaaaaa_gen_1".into(), ..SsTable::default() };
    for (version, next, sstables) in [(1, 1, vec![]), (2, 2, vec![flushed])] {
        let manifest = Manifest {
            version: Version::new(version),
            writer_epoch: fencepost_format::Epoch::new(1),
            current_generation: Generation(next),
            sstables,
            nonce: Some(Nonce(version.into())),
            ..Manifest::initial(log.shard)
        };
        log.store.create(log.paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
    }
    put(&log, "aaaaaaaa_gen_1/_versions/18446744073709551614.manifest").await;
    put(&log, "aaaaaaaa_gen_1/data/a.lance").await;
    put(&log, &format!("{LEFT}/_versions/18446744073709551614.manifest")).await;
    put(&log, &format!("{LEFT}/_transactions/0-a.txn")).await;
    for file in 0..files {
        put(&log, &format!("{LEFT}/data/{file:05}.lance")).await;
    }
    log
}

async fn put(log: &Log, path: &str) {
    log.store
        .put_overwrite(format!("{}/{path}", log.paths.root()), b"0123456789".to_vec().into())
        .await
        .unwrap();
}

async fn in_folder(log: &Log, folder: &str) -> Vec<String> {
    let listed = log.store.list_all(format!("{}/{folder}", log.paths.root())).await.unwrap();
    listed.iter().map(|object| object.path.as_ref().to_owned()).collect()
}

/// One that keeps no flush for its age.
fn impatient(log: &Log) -> Collector {
    collector(log).with_policy(Policy::new().with_lance_flush_age(Duration::ZERO))
}

/// P-80, P-82, and their costs: folders are counted while they are listed, and deleted a thousand objects at
/// a time.
#[tokio::test]
async fn a_folder_of_thousands_of_objects_is_counted_and_deleted() {
    let log = shard(log::memory("sstables-many"), 2_500).await;
    let dry = impatient(&log).plan().await.unwrap();
    let left = SsTableName::parse(LEFT).unwrap();
    assert_eq!((dry.plan.sstables[&left].objects, dry.plan.sstables[&left].bytes), (2_502, 25_020));
    assert_eq!(dry.plan.verdicts[&Object::SsTable(left)], Verdict::Delete);
    assert_eq!((dry.requests.delete, in_folder(&log, LEFT).await.len()), (0, 2_502));

    let wet = impatient(&log).run().await.unwrap();
    assert_eq!((wet.report.deleted.sstable_objects, wet.report.deleted.sstable_bytes), (2_502, 25_020));
    assert!(in_folder(&log, LEFT).await.is_empty());
    assert_eq!(in_folder(&log, "aaaaaaaa_gen_1").await.len(), 2);
    assert_eq!(wet.report.kept["sstable"], 1);
    // On top of what a dry run lists: `_versions`, and three times the folder.
    assert_eq!(wet.requests.list, dry.requests.list + 4);
    let again = impatient(&log).run().await.unwrap();
    assert_eq!(again.report.deleted, Default::default());
}

/// P-81: the folder was written a moment ago.
#[tokio::test]
async fn what_is_young_stays() {
    let log = shard(log::memory("sstables-young"), 1).await;
    let collected = pass(&log).await;
    assert_eq!((collected.report.kept["young_sstable"], in_folder(&log, LEFT).await.len()), (1, 3));
}

/// P-82: what is left of a folder must never look like a whole SSTable, so its dataset manifest goes before
/// its data.
#[tokio::test]
async fn a_deletion_that_fails_in_part_has_taken_the_dataset_manifest_first_and_is_finished_by_the_next() {
    let inner: Arc<dyn object_store::ObjectStore> = Arc::new(InMemory::new());
    let sound = || LogStore::new(inner.clone(), Path::default(), StoreOptions::new());
    let log = shard(sound(), 5).await;
    let faults = FaultStore::new(inner.clone());
    let denied = faults.on(Op::Delete, |path| path.ends_with("data/00003.lance"), Fault::Deny);
    let mut failing = Log::new(LogStore::new(Arc::new(faults), Path::default(), StoreOptions::new()));
    failing.shard = log.shard;
    let collected = impatient(&failing).run().await.unwrap();
    assert_eq!(denied.hits(), 1);
    let [(object, why)] = &collected.report.failed[..] else { panic!("{:?}", collected.report) };
    assert_eq!(object.to_string(), format!("SSTable {LEFT}"));
    assert!(why.starts_with("1 of 6 objects in "), "{why}");
    assert_eq!(collected.report.deleted.sstables, 0);
    let left = in_folder(&log, LEFT).await;
    assert!(left.len() == 1 && left[0].ends_with("data/00003.lance"), "{left:?}");
    impatient(&log).run().await.unwrap();
    assert!(in_folder(&log, LEFT).await.is_empty());
}

/// Empty folders are no objects: they are not left on disks, and not told of.
#[tokio::test]
async fn on_disks_no_empty_folders_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let log = shard(LogStore::open(folder.path().to_str().unwrap(), StoreOptions::new()).unwrap(), 3).await;
    let root = folder.path().join(log.paths.root());
    std::fs::create_dir_all(root.join("cccccccc_gen_1/data")).unwrap();
    std::fs::create_dir_all(root.join("strange")).unwrap();
    let collected = impatient(&log).run().await.unwrap();
    assert_eq!(collected.report.deleted.sstables, 1);
    assert!(!root.join(LEFT).exists() && root.join("aaaaaaaa_gen_1/data/a.lance").exists());
    assert_eq!(collected.report.not_understood, [format!("{}/strange", log.paths.root())]);
    assert!(
        !collected
            .plan
            .verdicts
            .contains_key(&Object::SsTable(SsTableName::parse("cccccccc_gen_1").unwrap()))
    );
}
