//! Does a store keep its word? Asked of every server before anything else.
//!
//! This is the one place where the suite is called: [`ask`] runs in a process of its own, whose environment has the store's settings.

use crate::error::{Error, Result};
use fencepost_store::{LogStore, ProbeError, StoreOptions};
use serde_json::{Value, json};

/// Puts the store at `location` to the question: `{"safe": true}` or `{"safe": false, "why"}`.
///
/// # Errors
/// Nothing was found out.
pub async fn ask(location: &str) -> Result<Value> {
    let failed = |error: String| Error::Request { what: format!("the probe of {location}"), message: error };
    let store = LogStore::open(location, StoreOptions::new()).map_err(|error| failed(error.to_string()))?;
    match store.probe("conformance", rand::random()).await {
        Ok(_) => Ok(json!({"safe": true})),
        Err(ProbeError::Unsafe { source }) => Ok(json!({"safe": false, "why": source.to_string()})),
        Err(error) => Err(failed(format!("{error:?}"))),
    }
}
