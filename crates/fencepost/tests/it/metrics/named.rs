//! What names metrics elsewhere: the book, the dashboard, the alerts.

use fencepost::metrics::{ALL, Metric, MetricKind};
use serde_json::Value;
use std::collections::BTreeSet;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md"));
const DASHBOARD: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana/fencepost.json"));
const ALERTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana/alerts.yaml"));
const EVENTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/telemetry.rs"));

/// The names in a text that look like metrics, in order.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("fencepost_"))
}

/// The metric that has this series, and the series' end.
fn metric(series: &str) -> Option<(&'static Metric, &str)> {
    let longest =
        ALL.iter().filter(|metric| series.starts_with(metric.name)).max_by_key(|metric| metric.name.len());
    longest.map(|metric| (metric, &series[metric.name.len()..]))
}

#[track_caller]
fn is_a_series(series: &str) -> &'static Metric {
    let (metric, end) = metric(series).unwrap_or_else(|| panic!("no metric is called {series}"));
    let is_histogram = metric.kind == MetricKind::Histogram;
    assert_eq!(
        is_histogram,
        matches!(end, "_bucket" | "_sum" | "_count"),
        "{series} of a {}",
        metric.kind.name()
    );
    assert!(is_histogram || end.is_empty(), "no metric is called {series}");
    metric
}

#[test]
fn the_book_lists_every_metric_as_it_is() {
    let rows: Vec<String> = ALL
        .iter()
        .map(|metric| {
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let Metric { name, unit, says, .. } = metric;
            format!("| `{name}` | {} | {unit} | {} | {says} |", metric.kind.name(), labels.join(", "))
        })
        .collect();
    let found: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `fencepost_")).collect();
    assert_eq!(found, rows, "the table should be:\n{}", rows.join("\n"));
}

#[test]
fn the_book_lists_every_event() {
    let events: BTreeSet<&str> =
        EVENTS.split("event = \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let listed: BTreeSet<&str> =
        PAGE.lines().filter_map(|line| line.strip_prefix("| event `")?.split('`').next()).collect();
    assert_eq!(listed, events);
}

#[test]
fn alerts_ask_for_what_there_is() {
    let expressions: Vec<&str> =
        ALERTS.lines().filter_map(|line| line.trim().strip_prefix("expr:")).collect();
    let alerts = ALERTS.lines().filter(|line| line.trim().starts_with("- alert:")).count();
    assert!(alerts >= 10 && expressions.len() == alerts, "{alerts} alerts, {expressions:?}");
    for expression in expressions {
        check(expression);
    }
    let runbooks = ALERTS.lines().filter(|line| line.trim().starts_with("runbook:")).count();
    assert_eq!(runbooks, alerts, "each says what to do");
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        for target in panel["targets"].as_array().unwrap() {
            asked.extend(check(target["expr"].as_str().unwrap()));
        }
    }
    assert!(asked.len() * 3 > ALL.len() * 2, "most metrics are shown: {asked:?}");
}

/// Checks an expression; the names of the metrics in it.
#[track_caller]
fn check(expression: &str) -> Vec<&'static str> {
    let found: Vec<&Metric> = names(expression).map(is_a_series).collect();
    assert!(!found.is_empty(), "{expression}");
    let labels: BTreeSet<&str> = found.iter().flat_map(|metric| metric.labels.iter().copied()).collect();
    for metric in &found {
        // What only grows is looked at through its growth, and what does not is not.
        let grows = metric.kind != MetricKind::Gauge;
        let through = |function: &str| expression.contains(&format!("{function}({}", metric.name));
        let growth = through("rate") || through("increase");
        assert_eq!(growth, grows, "{} in {expression}", metric.name);
    }
    for by in expression.split("by (").skip(1) {
        for label in by.split(')').next().unwrap().split(',').map(str::trim) {
            assert!(
                label == "le" || label == "instance" || labels.contains(label),
                "{label} in {expression}"
            );
        }
    }
    found.iter().map(|metric| metric.name).collect()
}
