//! Does a store keep its word? The suite of `fencepost doctor`, asked of every server before anything else.
//!
//! This is the one place where the suite is called. Both functions run in processes of their own, whose
//! environment has the store's settings.

use crate::error::{Error, Result};
use fencepost::doctor::{Check, Examination, Options, Report, Verdict, seed};
use fencepost::{LogStore, StoreOptions};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Puts the store at `location` to the question: `{"safe": true, "warnings"}` or `{"safe": false, "why"}`.
///
/// # Errors
/// Nothing was found out.
pub async fn ask(location: &str) -> Result<Value> {
    let failed =
        |error: String| Error::Request { what: format!("the examination of {location}"), message: error };
    let store = LogStore::open(location, StoreOptions::new()).map_err(|error| failed(error.to_string()))?;
    // Some servers take a second for each four creates that race for one name.
    let options = Options::quick(seed()).with_racers(RACERS);
    let report = Examination::new(&store, options).run().await;
    match report.verdict() {
        Verdict::Safe | Verdict::SafeWithWarnings => {
            let warnings: Vec<&str> = report.warnings().map(|warning| warning.check.id()).collect();
            Ok(json!({"safe": true, "warnings": warnings}))
        }
        Verdict::Unsafe => Ok(json!({"safe": false, "why": why(&report)})),
        _ => Err(failed(report.conclusion())),
    }
}

/// What the settings of the bucket at `location` come to: `{"outcome", "seen"}`.
///
/// # Errors
/// The store cannot be opened.
pub async fn settings(location: &str) -> Result<Value> {
    let failed =
        |error: String| Error::Request { what: format!("the settings of {location}"), message: error };
    let store = LogStore::open(location, StoreOptions::new()).map_err(|error| failed(error.to_string()))?;
    let options = Options::quick(seed()).with_checks([Check::BucketSettings]);
    let report = Examination::new(&store, options).run().await;
    let found = report.of(Check::BucketSettings).ok_or_else(|| failed(report.conclusion()))?;
    Ok(json!({"outcome": found.outcome.id(), "seen": found.seen}))
}

fn why(report: &Report) -> String {
    let mut text = String::new();
    for failure in report.failures() {
        let _ = write!(text, "{}{}", if text.is_empty() { "" } else { "; " }, failure.check.id());
    }
    text
}

const RACERS: usize = 4;
