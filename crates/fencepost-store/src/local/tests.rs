//! One operation at a time: what is flushed before what, and what is said when an operation fails.

mod edges;
mod scripted;

use super::*;
use crate::disk::{Flush, at_once};
use crate::error::{Failure, Operation};
use crate::outcome::classify::{Answer, classify};
use object_store::ObjectStoreExt;
use scripted::{Fault, Op, Scripted};
use tempfile::TempDir;

struct Bench {
    home: TempDir,
    disk: Scripted,
    store: LocalDirectory<Scripted>,
}

impl Bench {
    fn new() -> Self {
        let (home, disk) = (tempfile::tempdir().unwrap(), Scripted::default());
        let store = LocalDirectory::on(disk.clone(), home.path());
        Self { home, disk, store }
    }

    /// A process that knows nothing of what others flushed.
    fn another(&self) -> LocalDirectory<Scripted> {
        LocalDirectory::on(self.disk.clone(), self.home.path())
    }

    async fn create(&self, name: &str, body: &'static str) -> Result<(), Answer> {
        let created = self.store.put_opts(&name.into(), body.into(), PutMode::Create.into()).await;
        created.map(drop).map_err(|error| classify(Operation::Create, &error))
    }

    async fn read(&self, name: &str) -> Result<String, Answer> {
        read(&self.store, name).await
    }

    fn files(&self, directory: &str) -> Vec<String> {
        let found = fs::read_dir(self.home.path().join(directory)).unwrap();
        found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

async fn read(store: &LocalDirectory<Scripted>, name: &str) -> Result<String, Answer> {
    let answer = |error| classify(Operation::Get, &error);
    let found = store.get(&name.into()).await.map_err(answer)?;
    Ok(String::from_utf8(found.bytes().await.map_err(answer)?.to_vec()).unwrap())
}

fn flushes(asked: &[Op]) -> Vec<Op> {
    asked.iter().copied().filter(|op| matches!(op, Op::Flush(_) | Op::FlushDirectory(_))).collect()
}

const CONTENTS: Op = Op::Flush(Flush::Contents);
const ENTRY: Op = Op::FlushDirectory(Flush::Entry);
const ABOVE: Op = Op::FlushDirectory(Flush::Above);
const EXISTS: [Op; 2] = [Op::Flush(Flush::Exists), Op::FlushDirectory(Flush::Exists)];
const READ: [Op; 2] = [Op::Flush(Flush::Read), Op::FlushDirectory(Flush::Read)];
const LISTED: Op = Op::FlushDirectory(Flush::Listed);
const IO: Answer = Answer::Failed(Failure::Io);
const ALWAYS: u32 = u32::MAX;

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EINTR: i32 = 4;
const EIO: i32 = 5;
const EXDEV: i32 = 18;
const EINVAL: i32 = 22;
const ENOSPC: i32 = 28;
#[cfg(target_os = "linux")]
const NO_LINKS_HERE: [i32; 4] = [EPERM, EXDEV, 38, 95];
#[cfg(not(target_os = "linux"))]
const NO_LINKS_HERE: [i32; 2] = [EPERM, EXDEV];

/// P-72: bytes, then name, then directory. Two flushes for an append, and those of the directories above once.
#[tokio::test]
async fn a_create_flushes_the_file_links_it_and_flushes_the_directory() {
    let bench = Bench::new();
    bench.create("log/wal/1", "x").await.unwrap();
    assert_eq!(
        flushes(&bench.disk.asked())[..3],
        [ABOVE, ABOVE, ABOVE],
        "log, the root, and what holds the root"
    );
    bench.create("log/wal/2", "y").await.unwrap();
    let expected = [Op::Create, Op::Write, CONTENTS, Op::Link, Op::Unlink, ENTRY, Op::Mark];
    assert_eq!(bench.disk.asked(), expected);
    assert_eq!(bench.read("log/wal/2").await.unwrap(), "y");
    assert_eq!(flushes(&bench.disk.asked()), [], "what is known to be on the disk costs readers nothing");
}

/// The entry was linked, and no flush of the directory had ever succeeded: the retry met "exists", the
/// read-back found the writer's own entry, and the append was acknowledged. P-72.
#[tokio::test]
async fn exists_is_said_only_after_a_flush_that_succeeded() {
    let bench = Bench::new();
    bench.create("wal/0", "").await.unwrap();
    bench.disk.on(ENTRY, Fault::Refused(EIO), ALWAYS);
    assert_eq!(bench.create("wal/1", "x").await, Err(IO), "linked, and perhaps not there tomorrow");
    assert_eq!(bench.files("wal").len(), 2);

    for (index, stuck) in EXISTS.into_iter().enumerate() {
        bench.disk.on(stuck, Fault::Refused(EIO), 1);
        bench.disk.asked();
        assert_eq!(bench.create("wal/1", "x").await, Err(IO), "{stuck:?}");
        assert_eq!(flushes(&bench.disk.asked())[1..], EXISTS[..=index]);
    }
    for stuck in READ {
        bench.disk.on(stuck, Fault::Refused(EIO), 1);
        assert_eq!(bench.read("wal/1").await, Err(IO), "{stuck:?}");
    }
    bench.disk.asked();
    assert_eq!(bench.create("wal/1", "x").await, Err(Answer::Exists));
    assert_eq!(flushes(&bench.disk.asked())[1..], EXISTS);
    assert_eq!(bench.files("wal").len(), 2, "nothing is left of the attempts");
}

/// P-73: whoever finds what a dead writer, or a foreign one, did not flush does so before it goes on; once.
#[tokio::test]
async fn what_is_found_is_flushed_before_it_is_handed_out() {
    let bench = Bench::new();
    fs::create_dir_all(bench.home.path().join("log/wal")).unwrap();
    fs::write(bench.home.path().join("log/wal/1"), "theirs").unwrap();
    assert_eq!(bench.read("log/wal/1").await.unwrap(), "theirs");
    assert_eq!(flushes(&bench.disk.asked())[..2], READ);
    assert_eq!(bench.read("log/wal/1").await.unwrap(), "theirs");
    assert_eq!(flushes(&bench.disk.asked()), []);
    // Nor does the directory above count as flushed because the one below was.
    fs::write(bench.home.path().join("log/wal/2"), "theirs").unwrap();
    let other = bench.another();
    bench.disk.on(ABOVE, Fault::Refused(EIO), 1);
    assert_eq!(read(&other, "log/wal/2").await, Err(IO));
    assert_eq!(read(&other, "log/wal/2").await.unwrap(), "theirs");
}

/// P-73: a file may stand here by its second name alone, which nobody flushed.
#[cfg(unix)]
#[tokio::test]
async fn a_linked_copy_of_a_log_is_flushed_again() {
    let bench = Bench::new();
    bench.create("log/1", "x").await.unwrap();
    fs::create_dir(bench.home.path().join("copy")).unwrap();
    fs::hard_link(bench.home.path().join("log/1"), bench.home.path().join("copy/1")).unwrap();
    bench.disk.asked();
    assert_eq!(bench.read("copy/1").await.unwrap(), "x");
    assert_eq!(flushes(&bench.disk.asked())[..2], READ);
    fs::copy(bench.home.path().join("log/1"), bench.home.path().join("copy/2")).unwrap();
    assert_eq!(bench.read("copy/2").await.unwrap(), "x");
    assert_eq!(flushes(&bench.disk.asked())[..2], READ);
}

/// P-73: so is what is listed, since a listing decides what is latest and what is highest.
#[tokio::test]
async fn what_is_listed_is_flushed_before_it_is_named() {
    let bench = Bench::new();
    fs::create_dir(bench.home.path().join("manifest")).unwrap();
    fs::write(bench.home.path().join("manifest/1"), "theirs").unwrap();
    let list = async || bench.store.list(None).try_collect::<Vec<_>>().await;
    bench.disk.on(LISTED, Fault::Refused(EIO), 1);
    assert_eq!(classify(Operation::List, &list().await.unwrap_err()), IO);
    assert_eq!(list().await.unwrap().len(), 1);
    assert_eq!(flushes(&bench.disk.asked())[..2], [LISTED, LISTED]);
}

/// A flush that failed may have dropped the pages and count as done the next time.
#[tokio::test]
async fn a_file_whose_flush_failed_is_never_used_again() {
    let bench = Bench::new();
    bench.create("wal/0", "").await.unwrap();
    bench.disk.on(CONTENTS, Fault::Done(EIO), 1);
    assert_eq!(bench.create("wal/1", "x").await, Err(IO));
    assert_eq!(bench.files("wal"), ["0"], "it is gone");
    bench.disk.asked();
    bench.create("wal/1", "x").await.unwrap();
    assert_eq!(bench.disk.asked()[..3], [Op::Create, Op::Write, CONTENTS], "written anew");
}

#[tokio::test]
async fn a_full_disk_is_a_definite_failure_and_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.create("wal/0", "").await.unwrap();
    for op in [Op::Create, Op::Write, CONTENTS, Op::Link] {
        bench.disk.on(op, Fault::Refused(ENOSPC), 1);
        assert_eq!(bench.create("wal/1", "xyz").await, Err(Answer::Failed(Failure::Full)), "{op:?}");
        assert_eq!(bench.files("wal"), ["0"], "{op:?}");
    }
    // After the link nothing is definite.
    bench.disk.on(ENTRY, Fault::Refused(ENOSPC), 1);
    assert_eq!(bench.create("wal/1", "xyz").await, Err(IO));
}

#[tokio::test]
async fn signals_and_short_writes_change_nothing() {
    let bench = Bench::new();
    for op in [Op::Create, Op::Write, CONTENTS, Op::Link, Op::Unlink, ENTRY, ABOVE] {
        bench.disk.on(op, Fault::Refused(EINTR), 2);
    }
    bench.disk.on(Op::Write, Fault::Short, 3);
    bench.create("wal/1", "a longer body").await.unwrap();
    assert_eq!(bench.read("wal/1").await.unwrap(), "a longer body");
    assert_eq!(bench.files("wal"), ["1"]);
}

/// A network file system may make a link and lose the reply; a repeated request then finds it taken, by itself.
#[cfg(unix)]
#[tokio::test]
async fn a_link_that_was_made_after_all_counts() {
    let bench = Bench::new();
    for (name, number) in [("wal/1", EIO), ("wal/2", 17), ("wal/3", EINTR)] {
        bench.disk.on(Op::Link, Fault::Done(number), 1);
        bench.create(name, "x").await.unwrap();
        assert_eq!(bench.read(name).await.unwrap(), "x");
    }
    bench.disk.on(Op::Link, Fault::Refused(EIO), 1);
    assert_eq!(bench.create("wal/4", "x").await, Err(IO), "one that was not may come yet");
}

/// It took a minute of retries, and ended with "may have happened". P-74.
#[tokio::test]
async fn a_file_system_without_hard_links_is_refused_at_once_and_by_name() {
    for number in NO_LINKS_HERE {
        let bench = Bench::new();
        bench.disk.on(Op::Link, Fault::Refused(number), 1);
        let error =
            bench.store.put_opts(&"wal/1".into(), "x".into(), PutMode::Create.into()).await.unwrap_err();
        assert_eq!(classify(Operation::Create, &error), Answer::Failed(Failure::Unsupported), "{number}");
        let text = error.to_string();
        assert!(text.contains("no hard links") && text.contains("wal/1"), "{text}");
        assert!(bench.files("wal").is_empty(), "{number}");
    }
}

/// P-74.
#[tokio::test]
async fn a_directory_that_cannot_be_flushed_is_refused_and_can_be_read() {
    let bench = Bench::new();
    fs::create_dir(bench.home.path().join("wal")).unwrap();
    fs::write(bench.home.path().join("wal/1"), "theirs").unwrap();
    for op in [ABOVE, ENTRY, READ[1], LISTED] {
        bench.disk.on(op, Fault::Refused(EINVAL), ALWAYS);
    }
    let error = bench.store.put_opts(&"wal/2".into(), "x".into(), PutMode::Create.into()).await.unwrap_err();
    assert_eq!(classify(Operation::Create, &error), Answer::Failed(Failure::Unsupported));
    assert!(error.to_string().contains("cannot flush directories"), "{error}");
    assert_eq!(
        bench.read("wal/1").await.unwrap(),
        "theirs",
        "nothing of a read-only file system is unflushed"
    );
    assert_eq!(bench.store.list(None).try_collect::<Vec<_>>().await.unwrap().len(), 1);
    bench.disk.forget_faults();
    bench.create("wal/2", "x").await.unwrap();
}

/// A device that is always full stands in for a full disk: the bytes go to it instead of a file.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_device_while_writing_is_a_definite_failure() {
    let bench = Bench::new();
    let name = bench.home.path().join("x#1");
    std::os::unix::fs::symlink("/dev/full", &name).unwrap();
    let mut full = fs::OpenOptions::new().write(true).open(&name).unwrap();
    let source = bench.store.write_all(&mut full, &"entry".into()).await.unwrap_err();
    assert_eq!(source.kind(), ErrorKind::StorageFull);
    let error = LocalError::before("cannot write", &name)(source).into();
    assert_eq!(classify(Operation::Create, &error), Answer::Failed(Failure::Full));
}

#[tokio::test]
async fn a_taken_name_is_taken_and_a_file_in_the_way_is_a_bad_path() {
    let bench = Bench::new();
    bench.create("a", "x").await.unwrap();
    assert_eq!(bench.create("a", "x").await, Err(Answer::Exists));
    assert_eq!(bench.create("a/b", "x").await, Err(Answer::Failed(Failure::BadPath)));
    assert_eq!(bench.create("a/b/c", "x").await, Err(Answer::Failed(Failure::BadPath)));
    assert_eq!(bench.files(""), ["a"]);
}

/// A collector sweeps what a stalled writer wrote aside, and its successor writes the same object. Had it
/// been given the same name, the stalled writer would link the successor's file, half written, and be told
/// "done". P-72.
#[tokio::test]
async fn a_swept_name_is_never_given_to_another_file() {
    let bench = Bench::new();
    let object = bench.home.path().join("7.arrow");
    let (_, ours) = bench.store.create_staged(&object).await.unwrap();
    bench.store.remove_staged(&ours).await.unwrap();
    let (_, theirs) = bench.another().create_staged(&object).await.unwrap();
    let link = at_once(bench.disk.link(&ours, &object)).unwrap_err();
    assert_eq!((link.kind(), bench.files("").len()), (ErrorKind::NotFound, 1), "{ours:?} {theirs:?}");
}

/// Somebody's links inside a log lead elsewhere. What is there is not the log's.
#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed_to_what_is_removed() {
    let (bench, elsewhere) = (Bench::new(), tempfile::tempdir().unwrap());
    fs::create_dir(elsewhere.path().join("empty")).unwrap();
    fs::write(elsewhere.path().join("7.arrow#1"), "theirs").unwrap();
    fs::create_dir(bench.home.path().join("wal")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), bench.home.path().join("wal/link")).unwrap();
    assert!(bench.store.staged_below("wal".into()).await.unwrap().is_empty());
    assert!(!bench.store.remove_empty(&"wal".into()).await);
    assert!(elsewhere.path().join("empty").exists());
}

/// A directory that vanished after it was made durable is not made again behind anybody's back: the create
/// fails, and says that nothing was written.
#[tokio::test]
async fn a_vanished_directory_is_a_definite_failure() {
    let bench = Bench::new();
    bench.create("wal/a", "x").await.unwrap();
    fs::remove_dir_all(bench.home.path().join("wal")).unwrap();
    assert_eq!(bench.create("wal/a", "x").await, Err(Answer::Failed(Failure::NoBucket)));
}

/// `/proc` answers so, whatever is there already.
#[tokio::test]
async fn a_directory_that_cannot_be_made_although_the_one_above_is_there_is_a_failure() {
    let bench = Bench::new();
    bench.disk.on(Op::MakeDirectory, Fault::Refused(ENOENT), u32::MAX);
    assert_eq!(bench.create("a/b/c", "1").await, Err(Answer::Failed(Failure::NoBucket)));
}

#[tokio::test]
async fn each_directory_is_flushed_once_per_process_even_if_another_made_it() {
    let bench = Bench::new();
    fs::create_dir_all(bench.home.path().join("made/elsewhere")).unwrap();
    bench.create("made/elsewhere/a", "x").await.unwrap();
    assert_eq!(flushes(&bench.disk.asked()).iter().filter(|&&op| op == ABOVE).count(), 3);
    bench.create("made/elsewhere/b", "x").await.unwrap();
    assert!(!bench.disk.asked().contains(&ABOVE));
}
