//! Stores that break their word do it as announced.

use crate::support::{create, millis, names, path, read, secs};
use fencepost_simstore::{Happened, Lies, SimOptions, SimStore};
use object_store::ObjectStoreExt;

fn lying(lies: Lies) -> SimStore {
    SimStore::new(1, SimOptions::new().with_lies(lies))
}

#[tokio::test(start_paused = true)]
async fn a_store_may_ignore_the_condition() {
    let store = lying(Lies::none().with_ignored_conditions(1.0));
    let client = store.client("x");
    create(&client, "a", "1").await.unwrap();
    create(&client, "a", "2").await.unwrap();
    assert_eq!(read(&client, "a").await.as_deref(), Some("2"));
    assert_eq!(store.counts().of(Happened::ConditionIgnored), 1);
}

/// One create after the other is right; two at once both win.
#[tokio::test(start_paused = true)]
async fn a_store_may_look_and_then_write() {
    let store = lying(Lies::none().with_racy_conditions(millis(10)));
    let client = store.client("x");
    create(&client, "a", "1").await.unwrap();
    create(&client, "a", "2").await.unwrap_err();
    let (one, two) = tokio::join!(create(&client, "b", "1"), create(&client, "b", "2"));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(store.counts().of(Happened::ConditionRaced), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_may_show_the_past() {
    let store = lying(Lies::none().with_stale_lists(1.0, secs(60)).with_stale_reads(1.0, secs(60)));
    let client = store.client("x");
    create(&client, "d/a", "1").await.unwrap();
    assert_eq!((read(&client, "d/a").await, names(&client, "d").await.len()), (None, 0));
    tokio::time::sleep(secs(50)).await;
    client.delete(&path("d/a")).await.unwrap();
    tokio::time::sleep(secs(20)).await;
    assert_eq!((read(&client, "d/a").await.as_deref(), names(&client, "d").await.len()), (Some("1"), 1));
    tokio::time::sleep(secs(60)).await;
    assert_eq!((read(&client, "d/a").await, names(&client, "d").await.len()), (None, 0));
    assert_eq!(store.counts().of(Happened::StaleRead), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_may_forget_in_a_crash_what_it_acknowledged() {
    for forgets in [secs(0), secs(5)] {
        let store = lying(Lies::none().with_forgetful_crashes(forgets));
        let client = store.client("x");
        create(&client, "old", "1").await.unwrap();
        tokio::time::sleep(secs(6)).await;
        create(&client, "new", "1").await.unwrap();
        client.delete(&path("old")).await.unwrap();
        store.crash();
        let forgot = !forgets.is_zero();
        assert_eq!(
            (read(&client, "new").await.is_none(), read(&client, "old").await.is_some()),
            (forgot, forgot)
        );
        assert_eq!(store.counts().of(Happened::Forgotten), if forgot { 2 } else { 0 });
    }
}
