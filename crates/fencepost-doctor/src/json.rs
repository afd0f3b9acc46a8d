//! The report for programs.

use super::report::{Latency, Percentiles, Report};
use serde_json::{Value, json};
use std::time::Duration;

impl Report {
    /// The report as one JSON object; `docs/cli.md` describes it. Durations are in milliseconds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let checks = self.checks.iter().map(|result| {
            json!({
                "id": result.check.id(), "tests": result.check.tests(), "why": result.check.why(),
                "essential": result.check.is_essential(), "outcome": result.outcome.id(),
                "seen": result.seen, "lost": result.lost, "took_ms": millis(result.took),
            })
        });
        let cost = self.price.as_ref().map(
            |price| json!({"usd_per_million_appends": price.per_million_appends(), "source": price.source}),
        );
        json!({
            "verdict": self.verdict().id(),
            "conclusion": self.conclusion(),
            "store": self.store,
            "backend": self.backend.name(),
            "folder": self.folder,
            "checks": checks.collect::<Vec<_>>(),
            "latency_ms": self.latency.as_ref().map(latency),
            "cost": cost,
            "requests": {
                "put": self.requests.put, "get": self.requests.get, "head": self.requests.head,
                "list": self.requests.list, "delete": self.requests.delete,
            },
            "left_behind": self.left_behind,
            "stopped": self.stopped,
            "took_ms": millis(self.took),
        })
    }
}

fn latency(latency: &Latency) -> Value {
    json!({"create": percentiles(&latency.create), "read": percentiles(&latency.read)})
}

fn percentiles(times: &Percentiles) -> Value {
    json!({
        "samples": times.samples, "p50": millis(times.p50), "p90": millis(times.p90),
        "p99": millis(times.p99), "max": millis(times.max),
    })
}

/// With microseconds.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
