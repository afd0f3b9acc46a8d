//! The way to the recorder that the program installed. Without the feature `metrics` all of this is nothing.

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{Counter, Gauge, Histogram, Stopwatch, counter, gauge, histogram, shard_gauge};
#[cfg(feature = "metrics")]
pub(crate) use on::{Counter, Gauge, Histogram, Stopwatch, counter, gauge, histogram, shard_gauge};

/// Labels: names, and words that are few.
pub(crate) type Labels<'a> = &'a [(&'static str, &'static str)];

#[cfg(feature = "metrics")]
mod on {
    use super::Labels;
    use crate::metrics::{Metric, SHARDS_MAX};
    pub(crate) use ::metrics::{Counter, Gauge, Histogram};
    use ::metrics::{Key, Label, Level, Metadata, with_recorder};
    use fencepost_format::ShardId;
    use std::collections::BTreeSet;
    use std::sync::{Mutex, PoisonError};
    use tokio::time::Instant;

    pub(crate) fn counter(metric: &Metric, labels: Labels<'_>) -> Counter {
        with_recorder(|recorder| recorder.register_counter(&key(metric, labels), &METADATA))
    }

    pub(crate) fn gauge(metric: &Metric) -> Gauge {
        with_recorder(|recorder| recorder.register_gauge(&key(metric, &[]), &METADATA))
    }

    pub(crate) fn histogram(metric: &Metric, labels: Labels<'_>) -> Histogram {
        with_recorder(|recorder| recorder.register_histogram(&key(metric, labels), &METADATA))
    }

    /// A gauge of one shard; one that goes nowhere if the process has too many shards.
    pub(crate) fn shard_gauge(metric: &Metric, shard: ShardId) -> Gauge {
        if !is_shown(shard) {
            return Gauge::noop();
        }
        debug_assert_eq!(metric.labels, ["shard"], "{}", metric.name);
        let key = Key::from_parts(metric.name, vec![Label::new("shard", shard.to_string())]);
        with_recorder(|recorder| recorder.register_gauge(&key, &METADATA))
    }

    fn key(metric: &Metric, labels: Labels<'_>) -> Key {
        debug_assert!(labels.iter().map(|(name, _)| name).eq(metric.labels), "{}: {labels:?}", metric.name);
        let labels = labels.iter().map(|(name, word)| Label::from_static_parts(name, word));
        Key::from_parts(metric.name, labels.collect::<Vec<_>>())
    }

    /// Whether this shard is among the first of this process.
    fn is_shown(shard: ShardId) -> bool {
        static SHOWN: Mutex<Shown> = Mutex::new(Shown { shards: BTreeSet::new(), told: false });
        let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.shards.contains(&shard) {
            return true;
        }
        if shown.shards.len() < SHARDS_MAX {
            return shown.shards.insert(shard);
        }
        if !std::mem::replace(&mut shown.told, true) {
            tracing::warn!(%shard, max = SHARDS_MAX, "this shard and further ones have no gauges");
        }
        false
    }

    struct Shown {
        shards: BTreeSet<ShardId>,
        told: bool,
    }

    /// Time since it was started.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Stopwatch(Instant);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }

        pub(crate) fn record(self, histogram: &Histogram) {
            histogram.record(self.0.elapsed());
        }
    }

    const METADATA: Metadata<'static> = Metadata::new("fencepost", Level::INFO, Some("fencepost"));
}

#[cfg(not(feature = "metrics"))]
mod off {
    use super::Labels;
    use crate::metrics::Metric;
    use fencepost_format::ShardId;

    #[derive(Clone, Debug)]
    pub(crate) struct Counter;
    #[derive(Clone, Debug)]
    pub(crate) struct Gauge;
    #[derive(Clone, Debug)]
    pub(crate) struct Histogram;
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Stopwatch;

    impl Counter {
        pub(crate) const fn increment(&self, _: u64) {}
    }

    impl Gauge {
        pub(crate) const fn set(&self, _: f64) {}
        pub(crate) const fn increment(&self, _: f64) {}
        pub(crate) const fn decrement(&self, _: f64) {}
    }

    impl Histogram {
        pub(crate) const fn record(&self, _: f64) {}
    }

    impl Stopwatch {
        pub(crate) const fn start() -> Self {
            Self
        }

        pub(crate) const fn record(self, _: &Histogram) {}
    }

    pub(crate) const fn counter(_: &Metric, _: Labels<'_>) -> Counter {
        Counter
    }

    pub(crate) const fn gauge(_: &Metric) -> Gauge {
        Gauge
    }

    pub(crate) const fn histogram(_: &Metric, _: Labels<'_>) -> Histogram {
        Histogram
    }

    pub(crate) const fn shard_gauge(_: &Metric, _: ShardId) -> Gauge {
        Gauge
    }
}
