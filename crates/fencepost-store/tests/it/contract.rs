//! What holds for every store, on those that are at hand.

use fencepost_store::{Failure, LogStore, Path, ReadOutcome, Refusal, RequestCounts, Retry, StoreOptions};
use futures::TryStreamExt;

/// Runs on memory and on a local directory.
async fn on_each(name: &str, mut test: impl AsyncFnMut(LogStore)) {
    let memory = LogStore::open(&format!("memory://contract-{name}/some/base"), StoreOptions::new()).unwrap();
    test(memory).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/on open");
    test(LogStore::open(path.to_str().unwrap(), StoreOptions::new()).unwrap()).await;
}

async fn names(store: &LogStore, prefix: &str) -> Vec<String> {
    let mut names: Vec<_> =
        store.list_all(prefix).await.unwrap().into_iter().map(|item| item.path.to_string()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_created_object_is_read_back_listed_and_deleted() {
    on_each("round-trip", async |store| {
        store.create("wal/1", "one".into()).await.unwrap();
        let refused = store.create("wal/1", "other".into()).await.unwrap_err();
        assert!(matches!(refused.why, Refusal::Exists));
        assert_eq!(refused.payload.as_ref()[0], "other");

        let ReadOutcome::Found(whole) = store.get("wal/1").await else { panic!() };
        assert_eq!((&whole.bytes[..], whole.size), (&b"one"[..], 3));
        let ReadOutcome::Found(part) = store.get_range("wal/1", 1..100).await else { panic!() };
        assert_eq!((&part.bytes[..], part.size), (&b"ne"[..], 3));
        let info = store.head("wal/1").await.into_result().unwrap().unwrap();
        assert_eq!((info.size, info.last_modified), (3, whole.last_modified));
        assert_eq!(names(&store, "").await, ["wal/1"]);

        store.put_overwrite("wal/1", "two".into()).await.unwrap();
        assert_eq!(store.get("wal/1").await.into_result().unwrap().unwrap().bytes, "two");

        assert!(store.delete(["wal/1"]).await[0].result.is_ok());
        assert!(store.get("wal/1").await.is_absent());
        assert!(store.head("wal/1").await.is_absent());
        assert_eq!(names(&store, "").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn requests_are_counted_by_class() {
    on_each("counts", async |store| {
        let scope = store.scoped();
        scope.create("a/1", "x".into()).await.unwrap();
        let _ = scope.create("a/1", "x".into()).await;
        store.put_overwrite("a/2", "x".into()).await.unwrap();
        let _ = scope.get("a/1").await;
        let _ = scope.get("missing").await;
        let _ = scope.get_range("a/1", 0..1).await;
        let _ = scope.head("a/1").await;
        scope.list_all("a").await.unwrap();
        scope.list_dirs("").await.unwrap();
        scope.delete(["a/1", "a/2", "a/3"]).await;

        let mut expected = RequestCounts::default();
        (expected.put, expected.get, expected.head, expected.list, expected.delete) = (2, 3, 1, 2, 3);
        assert_eq!(scope.counts(), expected);
        expected.put += 1;
        assert_eq!(store.counts(), expected);
    })
    .await;
}

/// Names that are legal are used as they are, without escaping on the way in or out.
#[tokio::test]
async fn odd_names_come_back_verbatim() {
    let odd = [
        "a b",
        "é漢字",
        "per%20cent",
        "100%",
        "qu?estion",
        "ha#sh",
        "#1x",
        "..dots",
        ".hidden",
        "tilde~",
        "pl+us",
        "a=b&c",
        "col:on",
        "'quotes\"",
        "[brackets]",
        "back\\slash",
        "-dash",
        "star*",
    ];
    on_each("odd", async |store| {
        for name in odd {
            let path = format!("odd/{name}");
            match store.create(&path, name.to_owned().into()).await {
                Ok(_) => {}
                Err(refused) => panic!("{path}: {:?}", refused.why),
            }
        }
        let mut expected: Vec<_> = odd.iter().map(|name| format!("odd/{name}")).collect();
        expected.sort();
        assert_eq!(names(&store, "odd").await, expected);
        for item in store.list("odd").try_collect::<Vec<_>>().await.unwrap() {
            let found = store.get(&item.path).await.into_result().unwrap().unwrap();
            assert_eq!(format!("odd/{}", std::str::from_utf8(&found.bytes).unwrap()), item.path.as_ref());
        }
        let deletions = store.delete(&expected).await;
        assert!(deletions.iter().all(|deletion| deletion.result.is_ok()));
        assert_eq!(names(&store, "").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn names_that_mean_another_place_are_refused_before_any_request() {
    on_each("bad-names", async |store| {
        for name in ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "./a"] {
            let refused = store.create(name, "x".into()).await.unwrap_err();
            let Refusal::NotDone { retry: Retry::Never, source } = refused.why else { panic!("{name}") };
            assert_eq!(source.failure(), Failure::BadPath, "{name}");
            let ReadOutcome::Unknown(error) = store.get(name).await else { panic!("{name}") };
            assert_eq!(error.failure(), Failure::BadPath, "{name}");
        }
        assert_eq!(store.list_all("../up").await.unwrap_err().failure(), Failure::BadPath);
        assert_eq!(store.counts().total(), 0);
    })
    .await;
}

/// A prefix is a folder: neither a name's beginning nor the object of that very name is below it.
#[tokio::test]
async fn a_prefix_is_a_folder() {
    on_each("prefix", async |store| {
        for name in ["a/1", "a/b/2", "ab/3", "a.x", "c/d/e/4"] {
            store.create(name, "x".into()).await.unwrap();
        }
        assert_eq!(names(&store, "a").await, ["a/1", "a/b/2"]);
        assert_eq!(names(&store, "nothing/here").await, [""; 0]);
        let mut dirs = store.list_dirs("").await.unwrap();
        dirs.sort();
        assert_eq!(dirs, [Path::from("a"), Path::from("ab"), Path::from("c")]);
        assert_eq!(store.list_dirs("a").await.unwrap(), [Path::from("a/b")]);
        assert_eq!(store.list_dirs("nothing").await.unwrap(), []);

        let below = store.below("c/d").unwrap();
        assert_eq!(names(&below, "").await, ["e/4"]);
        assert_eq!(below.list_dirs("").await.unwrap(), [Path::from("e")]);
        assert_eq!(below.get("e/4").await.into_result().unwrap().unwrap().bytes, "x");
    })
    .await;
}

#[tokio::test]
async fn deleting_twice_or_nothing_is_fine() {
    on_each("delete", async |store| {
        let names: Vec<_> = (0..250).map(|n| format!("d/{n}")).collect();
        for name in names.iter().step_by(2) {
            store.create(name, "x".into()).await.unwrap();
        }
        for _ in 0..2 {
            let deletions = store.delete(&names).await;
            assert!(
                deletions.iter().zip(&names).all(|(d, name)| d.path.as_ref() == name && d.result.is_ok())
            );
        }
        assert!(store.list_all("").await.unwrap().is_empty());
        assert!(store.delete([""; 0]).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_size_limit_is_inclusive() {
    on_each("limit", async |store| {
        store.create("a", "12345".into()).await.unwrap();
        assert_eq!(store.get_up_to("a", 5).await.into_result().unwrap().unwrap().bytes, "12345");
        let outcome = store.get_up_to("a", 4).await;
        assert!(outcome.is_too_large());
        let error = outcome.into_result().unwrap_err();
        assert_eq!(error.failure(), Failure::TooLarge { size: 5, limit: 4 });
        assert!(!error.is_retryable() && error.is_definite());
        let ReadOutcome::Unknown(_) = store.get_range("a", 5..9).await else { panic!("behind the end") };
    })
    .await;
}

/// The facade hands these futures to tasks.
#[test]
fn futures_can_be_sent_to_other_threads() {
    fn sendable<T: Send>(_: T) {}
    let store = LogStore::open("memory://send", StoreOptions::new()).unwrap();
    sendable(store.create("a", "x".into()));
    sendable(store.get("a"));
    sendable(store.head("a"));
    sendable(store.get_range("a", 0..1));
    sendable(store.list("a"));
    sendable(store.list_all("a"));
    sendable(store.list_dirs("a"));
    sendable(store.delete(["a"]));
    sendable(store.probe("a", 1));
    sendable(store.probe_once("a", "b", 1));
}
