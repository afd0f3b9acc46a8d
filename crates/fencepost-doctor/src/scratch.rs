//! The folder of an examination: what was made in it, and that nothing of it stays.

use fencepost_store::{Escaped, LogStore, StoreError};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A folder, and the names that were used in it.
#[derive(Debug)]
pub(super) struct Scratch {
    store: LogStore,
    /// Names of objects that may be there, noted before their creates are sent.
    made: Mutex<BTreeSet<String>>,
}

impl Scratch {
    /// `store` is the folder.
    pub(super) fn new(store: LogStore) -> Self {
        Self { store, made: Mutex::default() }
    }

    pub(super) fn store(&self) -> &LogStore {
        &self.store
    }

    /// Remembers an object that is about to be written.
    pub(super) fn note(&self, name: &str) {
        let mut made = self.made();
        if !made.contains(name) {
            made.insert(name.to_owned());
        }
    }

    /// Deletes objects, and stops remembering those that are gone.
    pub(super) async fn delete(&self, names: &[String]) -> Result<(), StoreError> {
        let mut failed = None;
        for deletion in self.store.delete(names).await {
            match deletion.result {
                Ok(()) => drop(self.made().remove(deletion.path.as_ref())),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Deletes everything, and names what may be there still.
    ///
    /// By name first, since a listing may lie; then whatever a listing still shows, a few times if requests
    /// were cut off and may yet land.
    pub(super) async fn clear(&self, were_cut_off: bool) -> Vec<String> {
        let passes = if were_cut_off { PASSES_AFTER_CUT } else { PASSES };
        let mut left = BTreeSet::new();
        for pass in 0..passes {
            if pass > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let mut names: Vec<_> = self.made().iter().cloned().collect();
            names.extend(std::mem::take(&mut left));
            let _ = self.delete(&names).await;
            let listed = self.still_there(&mut left).await;
            if listed.is_err() || (left.is_empty() && !were_cut_off) {
                break;
            }
        }
        let mut left: Vec<_> = left.iter().map(|name| self.shown(name)).collect();
        if !self.store.remove_empty_directories().await {
            left.push(self.shown(""));
        }
        left
    }

    /// What was not confirmed as deleted, or is listed and found.
    async fn still_there(&self, left: &mut BTreeSet<String>) -> Result<(), StoreError> {
        left.clone_from(&self.made());
        for listed in self.store.list_all("").await? {
            let name = listed.path.to_string();
            if !left.contains(&name) && !self.store.head(&name).await.is_absent() {
                left.insert(name);
            }
        }
        Ok(())
    }

    fn shown(&self, name: &str) -> String {
        Escaped(&format!("{}/{name}", self.store.root())).to_string()
    }

    fn made(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PASSES: usize = 3;
const PASSES_AFTER_CUT: usize = 4;
const PAUSE: Duration = Duration::from_millis(300);
