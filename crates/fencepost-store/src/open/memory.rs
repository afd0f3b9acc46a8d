//! Stores in memory, by name, one of each name in a process.

use object_store::memory::InMemory;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The store of that name, made on first use. It lives as long as the process: whoever closes a store and
/// opens it again expects to find the data.
pub(super) fn named(name: &str) -> Arc<InMemory> {
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(stores.entry(name.to_owned()).or_default())
}

static STORES: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);
