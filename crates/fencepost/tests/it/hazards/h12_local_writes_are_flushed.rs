//! Hazard 12: a local file system without fsync loses acknowledged entries when the power goes.

use crate::support::{append_all, options, rows};
use fencepost::{ReadFrom, Wal};
use fencepost_store::Backend;

/// A path means the store of directories that flushes file and directory before it answers, and there is no
/// option to choose another.
#[tokio::test]
async fn h12_a_path_opens_the_store_that_flushes() {
    let dir = tempfile::tempdir().unwrap();
    let wal = Wal::at(dir.path().to_str().unwrap()).or_new_shard().open().await.unwrap();
    assert_eq!(wal.store().backend(), Backend::Local);
    assert!(
        wal.store().to_string().starts_with("LocalDirectory("),
        "not object_store's own, which does not flush: {wal}"
    );
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, 1..=5).await;
    writer.close().await.unwrap();
    let again = Wal::open(dir.path().to_str().unwrap()).await.unwrap();
    assert_eq!(rows(&again, ReadFrom::Checkpoint).await.unwrap(), [1, 2, 3, 4, 5]);
}

/// Entries are written aside and then linked to their names, so a name never has half an entry; nothing is
/// left aside.
#[tokio::test]
async fn h12_nothing_is_left_beside_the_entries() {
    let dir = tempfile::tempdir().unwrap();
    let wal = Wal::at(dir.path().to_str().unwrap()).or_new_shard().open().await.unwrap();
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, 1..=5).await;
    let folder = dir.path().join(wal.paths().wal_dir());
    let names =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 6);
    assert!(names.iter().all(|name| name.ends_with(".arrow") && !name.contains('#')), "{names:?}");
}

/// The outcome of a write that could not be flushed, or not even begun, is told and not swallowed.
#[tokio::test]
async fn h12_a_folder_that_takes_no_files_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let wal = Wal::at(dir.path().to_str().unwrap()).or_new_shard().open().await.unwrap();
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, [1]).await;
    let folder = dir.path().join(wal.paths().wal_dir());
    std::fs::rename(&folder, dir.path().join("elsewhere")).unwrap();
    std::fs::write(&folder, "a file where the folder was").unwrap();
    let error = crate::support::append(&writer, 2).await.unwrap_err();
    assert!(error.is_definite(), "nothing was linked: {error}");
}
