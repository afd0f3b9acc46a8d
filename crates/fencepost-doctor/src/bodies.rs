//! Bytes must come back as they were written, whole and in part.

use super::bench::{Bench, Found};
use super::report::Seen;
use bytes::Bytes;
use fencepost_store::{ReadOutcome, Refusal, StoreError};
use object_store::{GetOptions, GetRange};

pub(super) async fn ranges(bench: Bench<'_>) -> Found {
    let bytes = pattern(RANGED_BYTES, 1);
    let size = bytes.len() as u64;
    if let Err(seen) = put(bench, "ranges/x", &bytes).await? {
        return Ok(seen);
    }
    let whole = [0..1, 0..size, 17..4_113, size - 96..size, size - 1..size];
    for range in whole {
        let ReadOutcome::Found(found) = bench.store().get_range("ranges/x", range.clone()).await else {
            return Ok(Seen::failed(format!("a read of bytes {range:?} of {size} found nothing"), MISREAD));
        };
        if found.bytes != bytes.slice(range.start as usize..range.end as usize) {
            return Ok(Seen::failed(format!("a read of bytes {range:?} of {size} returned others"), MISREAD));
        }
        if found.size != size {
            return Ok(Seen::failed("a read of a part told a wrong size of the whole", MISREAD));
        }
    }
    let over = size - 10..size + 10;
    let past = match bench.store().get_range("ranges/x", over).await {
        ReadOutcome::Found(found) if found.bytes != bytes.slice(RANGED_BYTES - 10..) => {
            return Ok(Seen::failed("a read across the end did not return the last bytes", MISREAD));
        }
        ReadOutcome::Found(_) => "shortened",
        _ => "refused",
    };
    if let ReadOutcome::Found(_) = bench.store().get_range("ranges/x", size + 1..size + 9).await {
        return Ok(Seen::failed("a read beyond the end found something", MISREAD));
    }
    let suffix = suffix(bench, &bytes).await;
    Ok(Seen::passed(format!("as asked; across the end: {past}; suffix ranges, which no log needs: {suffix}")))
}

async fn suffix(bench: Bench<'_>, bytes: &Bytes) -> &'static str {
    let options = GetOptions::new().with_range(Some(GetRange::Suffix(32)));
    let found =
        async { bench.store().beneath().get_opts(&bench.absolute("ranges/x"), options).await?.bytes().await };
    match found.await {
        Ok(found) if found == bytes.slice(RANGED_BYTES - 32..) => "supported",
        Ok(_) => "wrong bytes",
        Err(_) => "not supported",
    }
}

pub(super) async fn large(bench: Bench<'_>) -> Found {
    let size = bench.options.large_bytes;
    let bytes = pattern(size, 2);
    if let Err(seen) = put(bench, "large/x", &bytes).await? {
        return Ok(seen);
    }
    match bench.store().get_up_to("large/x", size as u64).await {
        ReadOutcome::Found(found) if found.bytes == bytes => {}
        ReadOutcome::Found(_) => {
            return Ok(Seen::failed(
                format!("an object of {size} bytes came back with other bytes"),
                MISREAD,
            ));
        }
        ReadOutcome::Absent => {
            return Ok(Seen::failed(
                format!("an object of {size} bytes was acknowledged and is absent"),
                MISREAD,
            ));
        }
        ReadOutcome::Unknown(error) => return Err(error),
    }
    Ok(Seen::passed(format!("{size} bytes came back as they were")))
}

/// Writes, and once more after no clear answer.
async fn put(bench: Bench<'_>, name: &str, bytes: &Bytes) -> Result<Result<(), Seen>, StoreError> {
    bench.scratch.note(name);
    let mut last = None;
    for _ in 0..3 {
        match bench.store().create(name, bytes.clone().into()).await.map_err(|refused| refused.why) {
            Ok(_) => return Ok(Ok(())),
            Err(Refusal::Exists) if bench.store().head(name).await.into_result()?.is_some() => {
                return Ok(Ok(()));
            }
            Err(Refusal::Exists) => {}
            Err(Refusal::NotDone { source, .. } | Refusal::Unknown { source }) if source.is_retryable() => {
                last = Some(source);
            }
            Err(Refusal::NotDone { source, .. } | Refusal::Unknown { source }) => {
                let text =
                    format!("an object of {} bytes could not be written ({})", bytes.len(), source.failure());
                return Ok(Err(Seen::warning(
                    text,
                    "no rows: entries of that size are refused, choose smaller groups",
                )));
            }
        }
    }
    match last {
        Some(error) => Err(error),
        None => Ok(Err(Seen::unknown("the name was repeatedly reported as taken, and nothing was there"))),
    }
}

/// Bytes that look random, so that no compression hides what is moved, and that differ wherever they are shifted.
fn pattern(size: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&next());
    }
    bytes.truncate(size);
    bytes.into()
}

const RANGED_BYTES: usize = 10_000;
const MISREAD: &str = "entries would seem damaged, or be misread, and the log would stop there";
