//! Local directories: opening, flushing, and errors of the operating system.

use fencepost_store::{Backend, Failure, LogStore, OpenError, Refusal, Retry, StoreOptions};
use std::fs;

fn open(path: &std::path::Path) -> LogStore {
    LogStore::open(path.to_str().unwrap(), StoreOptions::new()).unwrap()
}

#[tokio::test]
async fn opening_to_write_makes_the_directory_and_opening_to_read_does_not() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/b");
    let text = path.to_str().unwrap();
    let error = LogStore::open(text, StoreOptions::new().create_missing(false)).unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(!home.path().join("a").exists());

    let url = format!("file://{text}");
    let store = LogStore::open(&url, StoreOptions::new()).unwrap();
    assert_eq!(store.backend(), Backend::Local);
    store.create("x", "1".into()).await.unwrap();
    let reader = LogStore::open(text, StoreOptions::new().create_missing(false)).unwrap();
    assert_eq!(reader.get("x").await.into_result().unwrap().unwrap().bytes, "1");
}

#[test]
fn a_file_is_no_store() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = LogStore::open(file.to_str().unwrap(), StoreOptions::new()).unwrap_err();
    assert!(matches!(error, OpenError::NotADirectory { .. }), "{error}");
    let error = LogStore::open(file.join("below").to_str().unwrap(), StoreOptions::new()).unwrap_err();
    assert!(matches!(error, OpenError::Directory { .. }), "{error}");
}

#[tokio::test]
async fn impossible_names_are_not_done() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    store.create("file", "x".into()).await.unwrap();
    let long = "n".repeat(300);
    for name in ["file/below", &long, "staged#1"] {
        let refused = store.create(name, "x".into()).await.unwrap_err();
        match refused.why {
            Refusal::NotDone { retry: Retry::Never, source } => {
                assert_eq!(source.failure(), Failure::BadPath, "{name}: {source:?}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Two writers in two processes do not share what they know of directories, and each must flush for itself.
#[tokio::test]
async fn creates_leave_nothing_beside_the_object_and_race_fairly() {
    let home = tempfile::tempdir().unwrap();
    let stores = [open(home.path()), open(home.path())];
    let racers = (0..16).map(|n| stores[n % 2].create("deep/er/x", n.to_string().into()));
    let outcomes = futures::future::join_all(racers).await;
    let winner = outcomes.iter().position(Result::is_ok).unwrap();
    let refused = outcomes.into_iter().filter_map(Result::err);
    assert_eq!(refused.filter(|refused| matches!(refused.why, Refusal::Exists)).count(), 15);
    let found = stores[0].get("deep/er/x").await.into_result().unwrap().unwrap();
    assert_eq!(found.bytes, winner.to_string());
    let files: Vec<_> = fs::read_dir(home.path().join("deep/er")).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

/// What a crash between writing aside and linking leaves behind is neither listed nor in the way.
#[tokio::test]
async fn leftovers_of_a_crash_are_invisible() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("wal")).unwrap();
    fs::write(home.path().join("wal/x#1"), "half").unwrap();
    let store = open(home.path());
    assert!(store.list_all("").await.unwrap().is_empty());
    store.create("wal/x", "whole".into()).await.unwrap();
    assert_eq!(store.list_all("").await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_behind_a_symbolic_link_works() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("real")).unwrap();
    std::os::unix::fs::symlink(home.path().join("real"), home.path().join("link")).unwrap();
    let store = open(&home.path().join("link"));
    store.create("a/b", "x".into()).await.unwrap();
    assert!(home.path().join("real/a/b").exists());
}

/// A file that is a directory's place holder reads as absent, not as an object.
#[tokio::test]
async fn a_directory_is_no_object() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    store.create("a/b", "x".into()).await.unwrap();
    assert!(store.get("a").await.is_absent());
    assert!(store.head("a").await.is_absent());
}

/// A write whose caller has gone away goes on: it was handed to a thread that cannot be called back.
#[tokio::test]
async fn a_dropped_create_may_still_land() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    {
        let mut write = Box::pin(store.create("a", "x".into()));
        assert!(futures::poll!(write.as_mut()).is_pending());
    }
    // The same create now either wins or finds the first one; both are fine, and a third of other bytes never
    // wins.
    let _ = store.create("a", "x".into()).await;
    let refused = store.create("a", "y".into()).await.unwrap_err();
    assert!(matches!(refused.why, Refusal::Exists));
    assert_eq!(store.get("a").await.into_result().unwrap().unwrap().bytes, "x");
}

/// What `kill -9` left was listed, named and deleted by nothing, and could be all of a directory. P-75.
#[tokio::test]
async fn staging_files_are_listed_counted_and_deleted_by_age() {
    use std::time::{Duration, SystemTime};
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    assert!(store.staging_files("").await.unwrap().is_empty());
    store.create("log/wal/x", "whole".into()).await.unwrap();
    for (name, bytes) in [("log/wal/x#1", "half"), ("log/wal/y#12", "another"), ("elsewhere/z#1", "z")] {
        fs::create_dir_all(home.path().join(name).parent().unwrap()).unwrap();
        fs::write(home.path().join(name), bytes).unwrap();
    }
    let old = SystemTime::now() - Duration::from_secs(100_000);
    fs::File::options().write(true).open(home.path().join("log/wal/x#1")).unwrap().set_modified(old).unwrap();
    let found = store.staging_files("log").await.unwrap();
    assert_eq!((found.len(), found.iter().map(|file| file.size).sum::<u64>()), (2, 11));
    // One from the future is young, whatever age is asked for.
    let future = SystemTime::now() + Duration::from_secs(100_000);
    let other = fs::File::options().write(true).open(home.path().join("log/wal/y#12")).unwrap();
    other.set_modified(future).unwrap();
    let sweep = store.delete_staging_files("log/wal", Duration::MAX).await.unwrap();
    assert_eq!((sweep.deleted.len(), sweep.kept.len()), (0, 2));

    let sweep = store.delete_staging_files("log", Duration::from_secs(86_400)).await.unwrap();
    assert_eq!((sweep.deleted.len(), sweep.kept.len(), sweep.failed.len()), (1, 1, 0));
    assert_eq!((sweep.deleted[0].path.as_ref(), sweep.bytes_freed()), ("log/wal/x#1", 4));
    let sweep = store.delete_staging_files("log", Duration::ZERO).await.unwrap();
    assert_eq!((sweep.deleted.len(), sweep.kept.len()), (0, 1));
    other.set_modified(old).unwrap();
    let sweep = store.delete_staging_files("log", Duration::ZERO).await.unwrap();
    assert_eq!(sweep.deleted.len(), 1);
    let written = || fs::metadata(home.path()).unwrap().modified().unwrap();
    let before = written();
    assert!(store.delete_staging_files("log", Duration::ZERO).await.unwrap().kept.is_empty());
    assert_eq!(written(), before, "where there is nothing to delete, nothing is written");
    assert_eq!(store.list_all("").await.unwrap().len(), 1, "objects stay");
    assert_eq!(store.staging_files("").await.unwrap().len(), 1, "so does what is elsewhere");
    let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        LogStore::open("memory://staging", StoreOptions::new())
            .unwrap()
            .staging_files("")
            .await
            .unwrap()
            .is_empty()
    );
}
