//! Listings in pages, and the times of objects.

use crate::support::{create, names, path, plain, secs, slow};
use fencepost_simstore::{Faults, Happened, Op, SimOptions, SimStore, StoreClock};
use object_store::ObjectStoreExt;
use std::time::{Duration, SystemTime};

/// Names that stay are seen, whatever comes and goes; the others are seen or not.
#[tokio::test(start_paused = true)]
async fn pages_show_what_is_there_when_each_is_made() {
    let faults = Faults::none().with_page_gap(slow(secs(10)));
    let store = SimStore::new(1, SimOptions::new().with_page(2).with_faults(faults));
    let client = store.client("x");
    for name in ["d/b", "d/d", "d/f", "d/h"] {
        create(&client, name, "1").await.unwrap();
    }
    let (listed, ()) = tokio::join!(names(&client, "d"), async {
        tokio::time::sleep(secs(5)).await;
        let other = store.client("other");
        create(&other, "d/a", "behind").await.unwrap();
        create(&other, "d/e", "ahead").await.unwrap();
        other.delete(&path("d/b")).await.unwrap();
        other.delete(&path("d/h")).await.unwrap();
    });
    assert_eq!(listed, ["d/b", "d/d", "d/e", "d/f"]);
    assert_eq!(store.counts().of(Happened::ListedWhileChanging), 1);
    assert_eq!(store.counts().requests(Op::List), 2);
}

#[tokio::test(start_paused = true)]
async fn a_listing_without_changes_is_whole_at_any_page_size() {
    for page in 1..6 {
        let store = SimStore::new(1, SimOptions::new().with_page(page));
        let client = store.client("x");
        for n in 0..5 {
            create(&client, &format!("d/{n}"), "1").await.unwrap();
        }
        assert_eq!(names(&client, "d").await, ["d/0", "d/1", "d/2", "d/3", "d/4"]);
        assert_eq!(store.counts().requests(Op::List), 5_u64.div_ceil(page as u64));
    }
}

#[tokio::test(start_paused = true)]
async fn the_stores_clock_has_an_offset_a_rate_and_a_skew_for_each_object() {
    let start = SystemTime::UNIX_EPOCH + secs(1_000_000);
    let clock = StoreClock::new().with_start(start).with_rate_ppm(500_000).with_skew(secs(60));
    let store = SimStore::new(1, SimOptions::new().with_clock(clock));
    let client = store.client("x");
    let mut off = Vec::new();
    for n in 0..20 {
        let name = format!("n{n}");
        create(&client, &name, "1").await.unwrap();
        let modified: SystemTime = client.head(&path(&name)).await.unwrap().last_modified.into();
        let right = start + store.now() / 2;
        off.push(modified.duration_since(right).unwrap_or_else(|before| before.duration()));
        tokio::time::sleep(secs(1_000)).await;
    }
    assert!(off.iter().all(|off| *off <= secs(60)), "{off:?}");
    assert!(off.iter().any(|off| *off > secs(10)), "{off:?}");
    let plain = plain().client("x");
    create(&plain, "a", "1").await.unwrap();
    let modified: SystemTime = plain.head(&path("a")).await.unwrap().last_modified.into();
    assert_eq!(modified, SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600));
}
