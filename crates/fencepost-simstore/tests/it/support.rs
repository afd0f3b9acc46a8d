//! What the tests share.

use fencepost_simstore::{Failure, Faults, Latency, SimClient, SimOptions, SimStore};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
use std::time::Duration;

pub(crate) fn plain() -> SimStore {
    SimStore::new(1, SimOptions::new())
}

pub(crate) fn with(faults: Faults) -> SimStore {
    SimStore::new(1, SimOptions::new().with_faults(faults))
}

pub(crate) fn path(name: &str) -> Path {
    Path::from(name)
}

pub(crate) async fn create(client: &SimClient, name: &str, text: &str) -> Result<(), Error> {
    client.put_opts(&path(name), text.to_owned().into(), PutMode::Create.into()).await.map(drop)
}

pub(crate) async fn read(client: &SimClient, name: &str) -> Option<String> {
    match client.get(&path(name)).await {
        Ok(found) => Some(String::from_utf8(found.bytes().await.unwrap().to_vec()).unwrap()),
        Err(Error::NotFound { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) async fn names(client: &SimClient, prefix: &str) -> Vec<String> {
    let listed: Vec<_> = client.list(Some(&path(prefix))).try_collect().await.unwrap();
    listed.iter().map(|meta| meta.location.to_string()).collect()
}

/// Past all faults.
pub(crate) fn there(store: &SimStore, name: &str) -> Option<String> {
    let found = store.objects().into_iter().find(|(other, _)| other.as_ref() == name);
    found.map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap())
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn slow(by: Duration) -> Latency {
    Latency::fixed(by)
}

/// Whether an error is that failure.
pub(crate) fn is(result: &Result<(), Error>, failure: Failure) -> bool {
    let Err(error) = result else { return false };
    error.to_string() == failure.into_error("a").to_string()
}
