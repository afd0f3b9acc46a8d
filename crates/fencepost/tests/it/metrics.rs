//! What the metrics say, through a recorder, and that the book, the dashboard and the alerts
//! name no other metrics than there are.

mod named;
mod recorder;
mod scenes;

use crate::support::{World, append, append_all, options, submit};
use fencepost::metrics::{ALL, describe};
use fencepost::{CursorName, Position, ReadFrom};
use fencepost_store::wrap::{Fault, Op};
use recorder::Everything;
use std::collections::{BTreeMap, BTreeSet};

/// What a recorder has to say after `scene`, as Prometheus reads it.
fn told<F: Future<Output = ()>>(scene: impl FnOnce() -> F) -> String {
    let recorder = Everything::default();
    let builder = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    metrics::with_local_recorder(&recorder, || {
        describe();
        let runtime = builder.unwrap();
        runtime.block_on(scene());
        drop(runtime);
    });
    recorder.render()
}

/// The value of a series, such as `fencepost_writers` or `fencepost_gc_runs_total{mode="run",outcome="done"}`.
fn value(told: &str, series: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[track_caller]
fn says(told: &str, expected: &[(&str, f64)]) {
    for (series, expected) in expected {
        assert_eq!(value(told, series), Some(*expected), "{series} in\n{told}");
    }
}

/// Names and types of what was recorded.
fn recorded(told: &str) -> BTreeMap<&str, &str> {
    told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

#[test]
fn every_metric_is_recorded_and_none_that_is_not_listed() {
    let told = scenes::all();
    let listed: BTreeMap<&str, &str> = ALL.iter().map(|metric| (metric.name, metric.kind.name())).collect();
    assert_eq!(listed.len(), ALL.len(), "names are unique");
    assert_eq!(recorded(&told), listed, "{told}");
}

/// A label that nobody lists is one that may have any number of values.
#[test]
fn labels_are_those_that_are_listed() {
    let told = scenes::all();
    for series in told.lines().filter(|line| line.starts_with("fencepost_")) {
        let Some((name, rest)) = series.split_once('{') else { continue };
        let labels = rest.split_once('}').unwrap().0.split(',').map(|label| label.split_once('=').unwrap().0);
        let labels: BTreeSet<&str> = labels.filter(|label| *label != "le").collect();
        let metric = ALL.iter().find(|metric| {
            name.strip_prefix(metric.name)
                .is_some_and(|rest| matches!(rest, "" | "_bucket" | "_sum" | "_count"))
        });
        let listed: BTreeSet<&str> = metric.expect(name).labels.iter().copied().collect();
        assert_eq!(labels, listed, "{series}");
    }
}

#[test]
fn appends_are_counted_with_their_entries_and_bytes() {
    let told = told(async || {
        let world = World::new().await;
        let writer = world.wal.open_writer(options().with_group_bytes_max(1 << 20)).await.unwrap();
        let held = world.faults.hold(Op::Put, world.entry(2)).times(1);
        let tickets = [submit(&writer, 1).await, submit(&writer, 2).await, submit(&writer, 3).await];
        held.arrived().await;
        held.release();
        for ticket in tickets {
            ticket.await.unwrap();
        }
        append(&writer, 4).await.unwrap();
        writer.checkpoint(Position::new(2)).await.unwrap();
        writer.close().await.unwrap();
    });
    let entries = value(&told, "fencepost_append_entries_total").unwrap();
    assert!((2.0..=4.0).contains(&entries), "{entries}");
    says(
        &told,
        &[
            ("fencepost_append_submissions_total", 4.0),
            ("fencepost_append_seconds_count", entries),
            ("fencepost_append_put_seconds_count", entries),
            ("fencepost_append_entry_submissions_sum", 4.0),
            ("fencepost_append_parked", 0.0),
            ("fencepost_writers", 0.0),
            ("fencepost_checkpoints_total{outcome=\"done\"}", 1.0),
            ("fencepost_opens_total{outcome=\"opened\"}", 1.0),
            ("fencepost_takeovers_total{after=\"close\"}", 1.0),
        ],
    );
    let bytes = value(&told, "fencepost_append_bytes_total").unwrap();
    assert_eq!(value(&told, "fencepost_append_entry_bytes_sum"), Some(bytes));
}

/// An attempt whose answer was lost finds its own entry; a fenced writer finds another's.
#[test]
fn conflicts_and_stops_are_told_apart() {
    let told = told(async || {
        let world = World::new().await;
        let writer = world.writer().await;
        let _lost = world.faults.on(Op::Put, world.entry(2), Fault::LoseReply).times(1);
        append(&writer, 1).await.unwrap();
        let _successor = world.writer().await;
        append(&writer, 2).await.unwrap_err();
    });
    says(
        &told,
        &[
            ("fencepost_append_conflicts_total{found=\"own\"}", 1.0),
            ("fencepost_append_conflicts_total{found=\"foreign\"}", 1.0),
            ("fencepost_append_repeats_total", 1.0),
            ("fencepost_writer_stops_total{reason=\"fenced\"}", 1.0),
            ("fencepost_append_failed_entries_total{reason=\"fenced\"}", 1.0),
            ("fencepost_takeovers_total{after=\"crash\"}", 1.0),
            ("fencepost_writers", 0.0),
        ],
    );
}

/// A cursor that holds a collection back is seen twice: behind the tail, and below the checkpoint.
#[test]
fn collections_say_how_far_they_are_held_back() {
    let told = told(async || {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, 1..=9).await;
        writer.checkpoint(Position::new(8)).await.unwrap();
        let _cursor = world.wal.cursor(CursorName::parse("slow").unwrap(), Position::new(3)).await.unwrap();
        world.wal.collector().run().await.unwrap();
        world.wal.overview().await.unwrap();
    });
    let shard = crate::support::SHARD;
    let of_shard = |name: &str| value(&told, &format!("{name}{{shard=\"{shard}\"}}"));
    assert_eq!(of_shard("fencepost_gc_held_back_positions"), Some(5.0), "{told}");
    assert_eq!(of_shard("fencepost_log_cursor_lag_positions"), Some(7.0), "{told}");
    assert_eq!(of_shard("fencepost_log_uncovered_entries"), Some(2.0), "{told}");
    says(
        &told,
        &[
            ("fencepost_gc_deleted_objects_total{class=\"entry\"}", 3.0),
            ("fencepost_gc_runs_total{mode=\"run\",outcome=\"done\"}", 1.0),
        ],
    );
}

#[test]
fn readers_count_what_they_hand_out_and_what_was_gone() {
    let told = told(async || {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, 1..=9).await;
        let mut tail = world.wal.tail(ReadFrom::Position(Position::new(2))).await.unwrap();
        for _ in 0..10 {
            tail.poll().await.unwrap();
        }
        let mut late = world.wal.reader(ReadFrom::Position(Position::new(1))).await.unwrap();
        world.delete_entries(1..=4).await;
        writer.checkpoint(Position::new(8)).await.unwrap();
        assert!(late.next().await.is_err());
        assert!(late.next().await.is_err(), "it says so again, and is counted once");
        let mut cursor = world.wal.cursor(CursorName::parse("c").unwrap(), Position::new(8)).await.unwrap();
        cursor.advance(Position::new(9)).await.unwrap();
        let _denied = world.faults.on(Op::Put, |path| path.contains("/cursors/"), Fault::Deny);
        cursor.advance(Position::new(10)).await.unwrap_err();
    });
    says(
        &told,
        &[
            ("fencepost_reader_polls_total{found=\"entry\"}", 9.0),
            ("fencepost_reader_polls_total{found=\"nothing\"}", 1.0),
            ("fencepost_reader_errors_total{kind=\"truncated\"}", 1.0),
            ("fencepost_cursor_moves_total{outcome=\"done\"}", 1.0),
            ("fencepost_cursor_moves_total{outcome=\"failed\"}", 1.0),
            ("fencepost_store_failures_total{operation=\"create\",failure=\"denied\"}", 1.0),
        ],
    );
}

/// What the store bills, and nothing else.
#[test]
fn requests_are_those_that_the_log_counts() {
    let counted = std::cell::Cell::new(0);
    let told = told(async || {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, 1..=5).await;
        writer.close().await.unwrap();
        counted.set(world.wal.requests().total());
    });
    let requests: f64 = ["put", "get", "head", "list", "delete"]
        .iter()
        .filter_map(|class| value(&told, &format!("fencepost_store_requests_total{{class=\"{class}\"}}")))
        .sum();
    assert_eq!(requests, counted.get() as f64);
}
