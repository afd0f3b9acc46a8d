use super::*;
use crate::error::{Failure, Operation};
use crate::outcome::classify::{Answer, classify};

/// A device that is always full stands in for a full disk: the bytes go to it instead of a file.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_while_writing_is_a_definite_failure() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let source = write_and_flush(full, &PutPayload::from("entry")).unwrap_err();
    assert_eq!(source.kind(), ErrorKind::StorageFull);
    let error: CreateError = BeforeLinkSnafu { step: "cannot write", path: "x" }.into_error(source);
    let error = object_store::Error::Generic { store: "test", source: error.into() };
    assert_eq!(classify(Operation::Create, &error), Answer::Failed(Failure::Full));
}

#[test]
fn a_taken_name_is_taken_and_a_file_in_the_way_is_a_bad_path() {
    let home = tempfile::tempdir().unwrap();
    let store = LocalDirectory::new(home.path()).unwrap();
    let create = |name: &str| {
        let path = store.inner.path_to_filesystem(&ObjectPath::from(name)).unwrap();
        store.create_blocking(&path, &PutPayload::from("x"))
    };
    create("a").unwrap();
    let taken = create("a").unwrap_err();
    assert_eq!(classify(Operation::Create, &taken), Answer::Exists);
    let in_the_way = create("a/b").unwrap_err();
    assert_eq!(classify(Operation::Create, &in_the_way), Answer::Failed(Failure::BadPath));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

/// A directory that vanished after it was made durable is not made again behind anybody's back: the create
/// fails, and says that nothing was written.
#[test]
fn a_vanished_directory_is_a_definite_failure() {
    let home = tempfile::tempdir().unwrap();
    let store = LocalDirectory::new(home.path()).unwrap();
    let path = store.inner.path_to_filesystem(&ObjectPath::from("wal/a")).unwrap();
    store.create_blocking(&path, &PutPayload::from("x")).unwrap();
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let gone = store.create_blocking(&path, &PutPayload::from("x")).unwrap_err();
    assert_eq!(classify(Operation::Create, &gone), Answer::Failed(Failure::NoBucket));
}

#[test]
fn each_directory_is_flushed_once_per_process_even_if_another_made_it() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("made/elsewhere")).unwrap();
    let store = LocalDirectory::new(home.path()).unwrap();
    let path = store.inner.path_to_filesystem(&ObjectPath::from("made/elsewhere/a")).unwrap();
    assert!(store.durable.lock().unwrap().is_empty());
    store.create_blocking(&path, &PutPayload::from("x")).unwrap();
    assert_eq!(store.durable.lock().unwrap().iter().collect::<Vec<_>>(), [path.parent().unwrap()]);
}
