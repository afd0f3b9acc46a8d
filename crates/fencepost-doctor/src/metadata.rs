//! What a store tells about objects: sizes, times, ETags.

use super::bench::{Bench, Found};
use super::report::Seen;
use fencepost_store::{Failure, Operation, StoreError};
use futures::TryStreamExt;
use object_store::{Error, GetOptions, ObjectMeta, PutMode, UpdateVersion};
use std::time::{Duration, SystemTime};

pub(super) async fn agrees(bench: Bench<'_>) -> Found {
    let text = "x".repeat(1_234);
    bench.make("meta/x", &text).await?;
    let info = bench.store().head("meta/x").await.into_result()?;
    let listed = bench.store().list_all("meta").await?;
    let (Some(info), [listed]) = (info, &listed[..]) else {
        return Ok(Seen::unknown("the object is not found; see the checks of reads and listings"));
    };
    if (info.size, listed.size) != (1_234, 1_234) {
        let lost =
            "the last bytes of entries, which say what they are, would be looked for in the wrong place";
        let text = format!("an object of 1234 bytes has {} by HEAD and {} by LIST", info.size, listed.size);
        return Ok(Seen::failed(text, lost));
    }
    if apart(info.last_modified, listed.last_modified) > Duration::from_secs(2) {
        return Ok(Seen::warning("HEAD and LIST report different times for one object", BY_AGE));
    }
    if info.last_modified <= SystemTime::UNIX_EPOCH {
        return Ok(Seen::warning("the store does not report when an object was written", BY_AGE));
    }
    let path = bench.absolute("meta/x");
    let head = head(bench, "meta/x").await?;
    let mut metas = bench.store().beneath().list(Some(&bench.absolute("meta")));
    let in_list = loop {
        match metas.try_next().await.map_err(|error| failed("meta/x", &error))? {
            Some(meta) if meta.location == path => break meta.e_tag,
            Some(_) => {}
            None => break None,
        }
    };
    let e_tags = match (head.e_tag, in_list) {
        (Some(head), Some(list)) if head.trim_matches('"') == list.trim_matches('"') => "ETags agree",
        (Some(_), Some(_)) => "HEAD and LIST report different ETags, which no log needs",
        _ => "there are no ETags, which no log needs",
    };
    Ok(Seen::passed(format!("sizes and times agree; {e_tags}")))
}

/// For information: each outcome but nonsense passes.
pub(super) async fn conditional_update(bench: Bench<'_>) -> Found {
    bench.make("update/x", "first").await?;
    let first = head(bench, "update/x").await?;
    let update = |meta: &ObjectMeta, text: &'static str| {
        let version = UpdateVersion { e_tag: meta.e_tag.clone(), version: meta.version.clone() };
        let path = bench.absolute("update/x");
        async move { bench.store().beneath().put_opts(&path, text.into(), PutMode::Update(version).into()).await }
    };
    match update(&first, "second").await {
        Ok(_) => {}
        Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
            return Ok(Seen::not_applicable("the store has none, and no log needs them"));
        }
        Err(Error::Precondition { .. }) => {
            return Ok(Seen::not_applicable("refused although the ETag was current; no log needs them"));
        }
        Err(error) => return Err(failed("update/x", &error)),
    }
    Ok(match update(&first, "third").await {
        Err(Error::Precondition { .. }) => Seen::passed("the current ETag is accepted, an old one refused"),
        Ok(_) => Seen::warning("an update with an old ETag succeeded", "no rows of a log, which makes none"),
        Err(error) => return Err(failed("update/x", &error)),
    })
}

async fn head(bench: Bench<'_>, name: &str) -> Result<ObjectMeta, StoreError> {
    let options = GetOptions::new().with_head(true);
    let found = bench.store().beneath().get_opts(&bench.absolute(name), options).await;
    found.map(|found| found.meta).map_err(|error| failed(name, &error))
}

fn failed(name: &str, error: &Error) -> StoreError {
    StoreError::because(Operation::Head, name, Duration::ZERO, Failure::Unrecognised, &error.to_string())
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}

const BY_AGE: &str = "no rows, but retention by age cannot be relied on";
