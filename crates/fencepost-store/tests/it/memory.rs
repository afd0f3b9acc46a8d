//! Stores in memory: one of each name in a process.

use fencepost_store::{Backend, ClientRetries, LogStore, StoreOptions};

#[tokio::test]
async fn the_same_name_is_the_same_data() {
    let open = |url| LogStore::open(url, StoreOptions::new()).unwrap();
    let one = open("memory://shared/log");
    one.create("a", "x".into()).await.unwrap();
    drop(one);
    let again = open("memory://shared/log");
    assert_eq!(again.get("a").await.into_result().unwrap().unwrap().bytes, "x");
    assert!(open("memory://shared").get("log/a").await.into_result().unwrap().is_some());
    assert!(open("memory://shared/other").get("a").await.is_absent());
    assert!(open("memory://another/log").get("a").await.is_absent());
    assert_eq!((again.backend(), again.client_retries()), (Backend::Memory, ClientRetries::Off));
    assert_eq!(again.counts().total(), 1, "each opening counts for itself");
}
