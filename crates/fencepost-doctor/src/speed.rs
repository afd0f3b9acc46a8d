//! How long requests take, one after the other.

use super::bench::Bench;
use super::report::{Latency, Percentiles, Seen};
use fencepost_store::StoreError;
use tokio::time::Instant;

/// Only requests that succeed at once are timed.
pub(super) async fn latency(bench: Bench<'_>) -> Result<(Seen, Option<Latency>), StoreError> {
    let (mut creates, mut reads, mut failure) = (Vec::new(), Vec::new(), None);
    let text = "x".repeat(4 << 10);
    for sample in 0..bench.options.latency_samples {
        if sample > 0 && bench.time_is_up() {
            break;
        }
        let name = format!("speed/{sample}");
        bench.scratch.note(&name);
        match bench.store().create(&name, text.clone().into()).await {
            Ok(done) => creates.push(done.elapsed),
            Err(refused) => {
                failure = refused.why.error().cloned().or(failure);
                continue;
            }
        }
        let started = Instant::now();
        if bench.read(&name).await?.is_some() {
            reads.push(started.elapsed());
        }
    }
    let (Some(create), Some(read)) = (Percentiles::of(creates), Percentiles::of(reads)) else {
        return failure.map_or_else(|| Ok((Seen::unknown("no create and read succeeded"), None)), Err);
    };
    let text = format!(
        "create p50 {:.1?}, p90 {:.1?}, p99 {:.1?}; read p50 {:.1?}, p90 {:.1?}, p99 {:.1?}",
        create.p50, create.p90, create.p99, read.p50, read.p90, read.p99
    );
    Ok((Seen::passed(text), Some(Latency { create, read })))
}
