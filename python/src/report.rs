//! Reports, as dataclasses of `fencepost._reports`.

use crate::failure::Failure;
use fencepost::{
    AppendError, Collected, CursorStatus, Escaped, Overview, Problem, ProblemKind, RequestCounts, Staging,
    Verdict, Verification, Wal, WriterStatus,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::time::{SystemTime, UNIX_EPOCH};

/// `report!(py, "Class", { field: value, … })` calls the class with these fields.
macro_rules! report {
    ($py:expr, $class:literal, { $($name:ident: $value:expr),* $(,)? }) => {{
        let fields = PyDict::new($py);
        $(fields.set_item(stringify!($name), $value)?;)*
        let class = $py.import("fencepost._reports")?.getattr($class)?;
        Ok::<Py<PyAny>, PyErr>(class.call((), Some(&fields))?.unbind())
    }};
}

pub(crate) fn requests(py: Python<'_>, counts: RequestCounts) -> PyResult<Py<PyAny>> {
    let RequestCounts { put, get, head, list, delete, .. } = counts;
    report!(py, "Requests", { put: put, get: get, head: head, list: list, delete: delete })
}

pub(crate) fn writer_status(py: Python<'_>, status: &WriterStatus) -> PyResult<Py<PyAny>> {
    let stopped = status.stopped.clone().map(|why: AppendError| Failure::from(why).message().to_owned());
    report!(py, "WriterStatus", {
        epoch: status.epoch.get(),
        acknowledged: status.acknowledged.get(),
        acknowledged_bytes: status.acknowledged_bytes,
        checkpoint: status.replay_after.get(),
        in_flight: status.in_flight,
        in_flight_max: status.in_flight_max,
        waiting_bytes: status.waiting_bytes,
        repeated: status.repeated,
        requests: requests(py, status.requests)?,
        open_requests: requests(py, status.open_requests)?,
        lease_requests: requests(py, status.lease_requests)?,
        stopped: stopped,
        closed: status.closed,
    })
}

pub(crate) fn cursors(py: Python<'_>, cursors: &[CursorStatus]) -> PyResult<Py<PyAny>> {
    let cursors: PyResult<Vec<_>> = cursors.iter().map(|cursor| cursor_status(py, cursor)).collect();
    Ok(cursors?.into_pyobject(py)?.into_any().unbind())
}

fn cursor_status(py: Python<'_>, cursor: &CursorStatus) -> PyResult<Py<PyAny>> {
    report!(py, "CursorStatus", {
        name: cursor.name.as_str(), position: cursor.position.get(), half_made: cursor.half_made,
        broken: cursor.broken,
    })
}

pub(crate) fn overview(py: Python<'_>, found: &Overview) -> PyResult<Py<PyAny>> {
    let lease = found.lease.as_ref();
    report!(py, "Status", {
        epoch: found.manifest.writer_epoch.get(),
        manifest_version: found.manifest.version.get(),
        active: found.manifest.status == fencepost::ShardStatus::Active,
        checkpoint: found.manifest.replay_after.get(),
        tail: found.tail.get(),
        highest: found.highest.get(),
        entries: found.entries.objects,
        entry_bytes: found.entries.bytes,
        uncovered: found.uncovered.objects,
        uncovered_bytes: found.uncovered.bytes,
        uncovered_since: found.uncovered.oldest.map(unix),
        boundary: found.boundary.get(),
        collected_at: found.collected.map(unix),
        cursors: cursors(py, &found.cursors)?,
        holder: lease.map(|status| Escaped(&status.lease.holder).to_string()),
        lease_renewed_at: lease.map(|status| unix(status.renewed)),
    })
}

/// With the verdict on each object if it is a plan.
pub(crate) fn collected(py: Python<'_>, wal: &Wal, found: &Collected, plan: bool) -> PyResult<Py<PyAny>> {
    let report = &found.report;
    let deleted = &report.deleted;
    let mut objects = Vec::new();
    for (object, verdict) in found.plan.objects().filter(|_| plan) {
        let (reason, why) = match verdict {
            Verdict::Delete => (None, None),
            Verdict::Keep(reason) => (Some(reason.name()), Some(reason.to_string())),
        };
        objects.push(report!(py, "Planned", {
            object: object.to_string(), path: object.path(wal.paths()), reason: reason, why: why,
        })?);
    }
    let lost = found.losses.lost.iter().map(|gap| (gap.first.get(), gap.last.get()));
    let failed = report.failed.iter().map(|(object, why)| (object.to_string(), why.as_str()));
    report!(py, "Collected", {
        shard: wal.shard().to_string(),
        plan_only: report.plan_only,
        boundary: report.boundary.get(),
        bound: report.bound.get(),
        deleted: report!(py, "Deleted", {
            objects: deleted.objects(),
            entries: deleted.entries,
            entry_bytes: deleted.entry_bytes,
            manifests: deleted.manifests,
            boundaries: deleted.boundaries,
            leases: deleted.leases,
            sstables: deleted.sstables,
            sstable_objects: deleted.sstable_objects,
            sstable_bytes: deleted.sstable_bytes,
        })?,
        kept: &report.kept,
        stale_entries: report.stale_entries,
        swept: report.swept,
        accepted: report.accepted,
        failed: failed.collect::<Vec<_>>(),
        not_understood: &report.not_understood,
        lost: lost.collect::<Vec<_>>(),
        lost_unknown: found.losses.failed.as_deref(),
        fenced_off: report.fenced_off.iter().map(|at| at.at.get()).collect::<Vec<_>>(),
        staging: staging(py, &found.staging)?,
        requests: requests(py, found.requests)?,
        elapsed: found.elapsed.as_secs_f64(),
        objects: objects,
    })
}

fn staging(py: Python<'_>, staging: &Staging) -> PyResult<Py<PyAny>> {
    report!(py, "Staging", {
        found: staging.found, found_bytes: staging.found_bytes, deleted: staging.deleted,
        deleted_bytes: staging.deleted_bytes, failed: &staging.failed,
    })
}

pub(crate) fn verification(py: Python<'_>, found: &Verification) -> PyResult<Py<PyAny>> {
    let problems =
        |problems: &[Problem]| problems.iter().map(|found| problem(py, found)).collect::<PyResult<Vec<_>>>();
    report!(py, "Verification", {
        entries: found.entries,
        rows: found.rows,
        manifests: found.manifests,
        problems: problems(&found.problems)?,
        notes: problems(&found.notes)?,
        given_up: found.given_up.iter().map(|at| at.get()).collect::<Vec<_>>(),
        staging: staging(py, &found.staging)?,
    })
}

fn problem(py: Python<'_>, problem: &Problem) -> PyResult<Py<PyAny>> {
    let (first, last) = match problem.kind {
        ProblemKind::Lost { first, last, .. } | ProblemKind::Gap { first, last } => (Some(first), Some(last)),
        ProblemKind::FencedOff { at, .. } | ProblemKind::Damaged { at } | ProblemKind::Unreadable { at } => {
            (Some(at), Some(at))
        }
        _ => (None, None),
    };
    report!(py, "Problem", {
        object: &problem.object,
        offset: problem.offset,
        what: &problem.what,
        kind: problem.kind.name(),
        first: first.map(fencepost::Position::get),
        last: last.map(fencepost::Position::get),
    })
}

fn unix(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}
