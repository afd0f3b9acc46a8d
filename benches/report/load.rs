//! Callers that each wait for one operation after the other, and what they see.

use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How often is measured, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
}

/// What one measurement came to; or the medians of several, each by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Processor time of the whole process, for each operation.
    pub(crate) processor: Duration,
    /// Requests for each operation.
    pub(crate) requests: f64,
}

/// Lets `callers` repeat `operation` for some time.
pub(crate) fn measure<F>(
    runtime: &Runtime,
    callers: usize,
    time: Duration,
    requests: impl Fn() -> u64,
    operation: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> Figures
where
    F: Future<Output = ()> + Send,
{
    // What is made once is made, and the pool of threads is warm.
    run(runtime, callers, time / 5, operation.clone());
    let (before, processor, started) = (requests(), processor_time(), Instant::now());
    let mut latencies = run(runtime, callers, time, operation);
    let (took, processor) = (started.elapsed(), processor_time() - processor);
    latencies.sort_unstable();
    let count = latencies.len() as f64;
    let at = |part: f64| latencies[((count * part) as usize).min(latencies.len() - 1)];
    Figures {
        per_second: count / took.as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
        processor: processor.div_f64(count),
        requests: (requests() - before) as f64 / count,
    }
}

fn run<F>(
    runtime: &Runtime,
    callers: usize,
    time: Duration,
    operation: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> Vec<Duration>
where
    F: Future<Output = ()> + Send,
{
    let operation = Arc::new(operation);
    let until = Instant::now() + time;
    let callers = (0..callers).map(|_| {
        let operation = Arc::clone(&operation);
        runtime.spawn(async move {
            let mut latencies = Vec::with_capacity(4_096);
            while Instant::now() < until {
                let started = Instant::now();
                operation().await;
                latencies.push(started.elapsed());
            }
            latencies
        })
    });
    let callers: Vec<_> = callers.collect();
    let all = runtime.block_on(futures::future::try_join_all(callers)).expect("no caller panics");
    all.concat()
}

/// The median of each figure.
pub(crate) fn medians(all: &[Figures]) -> Figures {
    Figures {
        per_second: median(all.iter().map(|it| it.per_second)),
        p50: Duration::from_secs_f64(median(all.iter().map(|it| it.p50.as_secs_f64()))),
        p99: Duration::from_secs_f64(median(all.iter().map(|it| it.p99.as_secs_f64()))),
        processor: Duration::from_secs_f64(median(all.iter().map(|it| it.processor.as_secs_f64()))),
        requests: median(all.iter().map(|it| it.requests)),
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Of the whole process so far.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
}
