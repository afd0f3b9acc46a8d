//! A recorder that keeps everything and says it the way Prometheus does.

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub(super) struct Everything {
    described: Mutex<BTreeMap<String, &'static str>>,
    counters: Mutex<BTreeMap<Key, Arc<AtomicU64>>>,
    gauges: Mutex<BTreeMap<Key, Arc<AtomicU64>>>,
    histograms: Mutex<BTreeMap<Key, Arc<Values>>>,
}

#[derive(Default)]
struct Values(Mutex<Vec<f64>>);

impl HistogramFn for Values {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

impl Everything {
    /// One line for each series, after one for each metric with its type.
    pub(super) fn render(&self) -> String {
        let mut types: BTreeMap<&str, &str> = BTreeMap::new();
        let mut lines = String::new();
        let (counters, gauges) = (self.counters.lock().unwrap(), self.gauges.lock().unwrap());
        let histograms = self.histograms.lock().unwrap();
        for (key, value) in counters.iter() {
            types.insert(key.name(), "counter");
            writeln!(lines, "{} {}", series(key, ""), value.load(Ordering::Relaxed)).unwrap();
        }
        for (key, value) in gauges.iter() {
            types.insert(key.name(), "gauge");
            writeln!(lines, "{} {}", series(key, ""), f64::from_bits(value.load(Ordering::Relaxed))).unwrap();
        }
        for (key, values) in histograms.iter() {
            types.insert(key.name(), "histogram");
            let values = values.0.lock().unwrap();
            writeln!(lines, "{} {}", series(key, "_count"), values.len()).unwrap();
            writeln!(lines, "{} {}", series(key, "_sum"), values.iter().sum::<f64>()).unwrap();
        }
        let described = self.described.lock().unwrap();
        for (name, kind) in types {
            assert_eq!(described.get(name), Some(&kind), "{name} is described as what it is");
            lines.insert_str(0, &format!("# TYPE {name} {kind}\n"));
        }
        lines
    }

    fn describe(&self, name: &KeyName, kind: &'static str) {
        self.described.lock().unwrap().insert(name.as_str().to_owned(), kind);
    }
}

fn series(key: &Key, end: &str) -> String {
    let labels: Vec<String> =
        key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value())).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    format!("{}{end}{labels}", key.name())
}

impl Recorder for Everything {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name, "counter");
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name, "gauge");
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name, "histogram");
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(self.counters.lock().unwrap().entry(key.clone()).or_default()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::clone(self.gauges.lock().unwrap().entry(key.clone()).or_default()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::clone(self.histograms.lock().unwrap().entry(key.clone()).or_default()))
    }
}
