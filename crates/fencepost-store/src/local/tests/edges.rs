//! What is not there, not whole, not ours or not to be had: each is told from the others.

use super::scripted::{Fault, Op};
use super::*;
use crate::local::read::SETTLED_MAX;

const EACCES: i32 = 13;
const EEXIST: i32 = 17;
const EROFS: i32 = 30;
#[cfg(target_os = "linux")]
const EDQUOT: i32 = 122;

async fn overwrite(bench: &Bench, name: &str) -> Result<(), Answer> {
    let done = bench.store.put_opts(&name.into(), "x".into(), PutMode::Overwrite.into()).await;
    done.map(drop).map_err(|error| classify(Operation::Overwrite, &error))
}

async fn listed(bench: &Bench) -> Result<Vec<String>, Answer> {
    let found = bench.store.list(None).try_collect::<Vec<_>>().await;
    let mut names: Vec<_> = found
        .map_err(|error| classify(Operation::List, &error))?
        .into_iter()
        .map(|meta| meta.location.to_string())
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_quota_that_is_used_up_is_a_full_disk() {
    let bench = Bench::new();
    bench.disk.on(Op::Write, Fault::Refused(EDQUOT), 1);
    assert_eq!(bench.create("wal/1", "xyz").await, Err(Answer::Failed(Failure::Full)));
}

#[tokio::test]
async fn a_write_that_takes_nothing_is_no_write() {
    let bench = Bench::new();
    bench.disk.on(Op::Write, Fault::Nothing, 1);
    assert_eq!(bench.create("a", "xyz").await, Err(IO));
    assert!(bench.files("").is_empty());
}

#[tokio::test]
async fn an_overwrite_that_failed_leaves_nothing_beside() {
    let bench = Bench::new();
    bench.create("a/b", "x").await.unwrap();
    overwrite(&bench, "a").await.unwrap_err();
    assert_eq!(bench.files(""), ["a"], "a directory cannot be replaced");
    overwrite(&bench, "a/b").await.unwrap();
    assert_eq!(bench.files("a"), ["b"]);
}

/// P-74: said by name also where only the directory of the object turns out to be so.
#[tokio::test]
async fn a_directory_that_cannot_be_flushed_is_named_after_the_link_too() {
    let bench = Bench::new();
    bench.disk.on(ENTRY, Fault::Refused(EINVAL), 1);
    let error = bench.store.put_opts(&"a".into(), "x".into(), PutMode::Create.into()).await.unwrap_err();
    assert_eq!(classify(Operation::Create, &error), IO, "it was linked");
    assert!(error.to_string().contains("cannot flush directories"), "{error}");
}

/// P-72: a flush that failed is made up for by the next create.
#[tokio::test]
async fn directories_count_as_flushed_once_they_are() {
    let bench = Bench::new();
    bench.disk.on(ABOVE, Fault::Refused(EIO), 1);
    assert_eq!(bench.create("a/1", "x").await, Err(IO));
    bench.disk.asked();
    bench.create("a/1", "x").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked())[..2], [ABOVE, ABOVE]);
}

/// P-72: the one above the root is not ours, and nobody else may stay unflushed.
#[tokio::test]
async fn directories_that_deny_their_flush_fail_the_create() {
    let bench = Bench::new();
    bench.disk.on(ABOVE, Fault::Refused(EACCES), ALWAYS);
    assert_eq!(bench.create("a/1", "x").await, Err(Answer::Failed(Failure::Denied)));
    assert!(bench.files("a").is_empty());
}

/// P-72: whoever owns the directory that holds the root may not let us read it. It was there before the store was.
#[tokio::test]
async fn the_directory_above_the_root_may_deny_its_flush() {
    let bench = Bench::new();
    bench.disk.on(ABOVE, Fault::None, 1);
    bench.disk.on(ABOVE, Fault::Refused(EACCES), 1);
    bench.create("a/1", "x").await.unwrap();
    let bench = Bench::new();
    bench.disk.on(ABOVE, Fault::None, 1);
    bench.disk.on(ABOVE, Fault::Refused(EIO), 1);
    assert_eq!(bench.create("a/1", "x").await, Err(IO), "that is no denial");
}

/// P-72: what was in the way is gone again before it could be flushed. It was there, and whoever asked looks
/// for it next.
#[tokio::test]
async fn what_was_in_the_way_and_is_gone_exists_all_the_same() {
    let bench = Bench::new();
    bench.create("wal/0", "").await.unwrap();
    bench.disk.on(Op::Link, Fault::Refused(EEXIST), 1);
    assert_eq!(bench.create("wal/1", "x").await, Err(Answer::Exists));
    assert_eq!(bench.files("wal"), ["0"]);
}

/// P-72: a directory that was removed because it was empty is another one when it comes back.
#[tokio::test]
async fn a_directory_that_was_removed_is_made_and_flushed_again() {
    let bench = Bench::new();
    bench.create("a/b/1", "x").await.unwrap();
    bench.store.delete(&"a/b/1".into()).await.unwrap();
    assert!(bench.store.remove_empty(&"a".into()).await);
    assert!(bench.files("").is_empty());
    bench.disk.asked();
    bench.create("a/b/1", "x").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked())[..3], [ABOVE, ABOVE, ABOVE]);
}

/// P-72: what stands in the way and cannot be flushed may be gone tomorrow.
#[tokio::test]
async fn exists_is_not_said_where_nothing_can_be_flushed() {
    let bench = Bench::new();
    bench.create("wal/0", "").await.unwrap();
    fs::write(bench.home.path().join("wal/1"), "theirs").unwrap();
    for op in EXISTS {
        bench.disk.on(op, Fault::Refused(EINVAL), 1);
        assert!(matches!(bench.create("wal/1", "x").await, Err(Answer::Failed(_))), "{op:?}");
    }
    assert_eq!(bench.create("wal/1", "x").await, Err(Answer::Exists));
}

/// P-73: nobody writes there, so nothing is unflushed. It counts for this once.
#[tokio::test]
async fn a_file_system_that_is_mounted_read_only_can_be_read() {
    let bench = Bench::new();
    fs::create_dir(bench.home.path().join("wal")).unwrap();
    fs::write(bench.home.path().join("wal/1"), "theirs").unwrap();
    for op in READ {
        bench.disk.on(op, Fault::Refused(EROFS), 1);
        assert_eq!(bench.read("wal/1").await.unwrap(), "theirs");
        assert_eq!(flushes(&bench.disk.asked())[..2], READ, "{op:?}");
    }
    bench.read("wal/1").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked())[..2], READ, "mounted for writing, it is flushed at last");
    bench.read("wal/1").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked()), []);
}

/// P-73: what others wrote to since is another file in this respect.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_marked_is_flushed_once_for_each_change() {
    let bench = Bench::new();
    fs::write(bench.home.path().join("1"), "theirs").unwrap();
    fs::hard_link(bench.home.path().join("1"), bench.home.path().join("2")).unwrap();
    bench.read("1").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked())[..2], READ);
    bench.read("1").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked()), []);
    fs::hard_link(bench.home.path().join("1"), bench.home.path().join("3")).unwrap();
    bench.read("1").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked())[..2], READ);
}

/// Memory stays bounded, however many files have no mark. Whatever was forgotten is flushed once more.
#[tokio::test]
async fn files_that_were_flushed_and_not_marked_are_remembered_up_to_a_number() {
    let bench = Bench::new();
    let known = |store: &LocalDirectory<Scripted>| store.settled.lock().unwrap().len();
    bench.disk.on(Op::Mark, Fault::Refused(EINVAL), ALWAYS);
    for name in ["1", "2"] {
        fs::write(bench.home.path().join(name), "theirs").unwrap();
    }
    bench.read("1").await.unwrap();
    assert_eq!(known(&bench.store), 1);
    let others = (2..SETTLED_MAX as u64).map(|number| ((u64::MAX, number), (0, 0)));
    bench.store.settled.lock().unwrap().extend(others);
    assert_eq!(known(&bench.store), SETTLED_MAX - 1);
    bench.read("2").await.unwrap();
    assert_eq!(known(&bench.store), SETTLED_MAX);
    fs::write(bench.home.path().join("3"), "theirs").unwrap();
    bench.read("3").await.unwrap();
    assert_eq!(known(&bench.store), 1);
}

#[tokio::test]
async fn signals_do_not_disturb_readers() {
    let bench = Bench::new();
    bench.create("a/1", "a body").await.unwrap();
    for op in [Op::Read, Op::List] {
        bench.disk.on(op, Fault::Refused(EINTR), 2);
    }
    assert_eq!(bench.read("a/1").await.unwrap(), "a body");
    assert_eq!(listed(&bench).await.unwrap(), ["a/1"]);
}

/// A part of a listing is not the whole.
#[tokio::test]
async fn a_directory_that_cannot_be_listed_is_not_empty() {
    let bench = Bench::new();
    bench.create("a/1", "x").await.unwrap();
    for (number, answer) in [(EIO, IO), (EACCES, Answer::Failed(Failure::Denied))] {
        bench.disk.on(Op::List, Fault::Refused(number), 1);
        assert_eq!(listed(&bench).await, Err(answer));
    }
    assert_eq!(listed(&bench).await.unwrap(), ["a/1"]);
}

/// A name that no log has is somebody's, and may be an object that the client cannot express.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_that_are_no_text_fail_a_listing() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    let name = std::ffi::OsStr::from_bytes(b"a\xff");
    if fs::write(bench.home.path().join(name), "x").is_ok() {
        assert_eq!(listed(&bench).await, Err(Answer::Failed(Failure::BadPath)));
    }
}

/// A link that leads nowhere is like a file that went away while the directory was read.
#[cfg(unix)]
#[tokio::test]
async fn links_to_nothing_and_odd_names_do_not_spoil_a_listing() {
    let bench = Bench::new();
    for name in ["a#", "b", "c#x"] {
        fs::write(bench.home.path().join(name), "x").unwrap();
    }
    std::os::unix::fs::symlink("nowhere", bench.home.path().join("link")).unwrap();
    assert_eq!(listed(&bench).await.unwrap(), ["a#", "b", "c#x"]);
    let offset = ObjectPath::parse("a#").unwrap();
    let above = bench.store.list_with_offset(None, &offset).try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(above.len(), 2);
}

/// It waited for a minute, as for an error that may pass.
#[tokio::test]
async fn a_range_behind_the_end_lies_outside_for_good() {
    let bench = Bench::new();
    bench.create("a", "12345").await.unwrap();
    let error = bench.store.get_range(&"a".into(), 5..9).await.unwrap_err();
    assert_eq!(classify(Operation::Get, &error), Answer::Failed(Failure::BadRange));
}
