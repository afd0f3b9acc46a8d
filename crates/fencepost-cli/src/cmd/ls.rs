//! `ls`: the shards of a log, and how far each is.

mod fleet;

use super::status::{ago, document};
use crate::args::Ls;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use crate::page::FLEET;
use crate::place::Member;
use crate::table::{Align, table};
use fencepost::{Overview, ReadError, Wal};
use futures::StreamExt as _;
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;
use std::path::Path;
use std::time::SystemTime;

pub(super) async fn run(args: Ls, json: bool) -> Result<(), Failure> {
    let fleet = args.place.open_fleet(&args.below).await?;
    let looks = fleet.members.iter().map(|member| async move { (member, member.wal.overview().await) });
    let looked: Vec<_> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
    let now = SystemTime::now();
    if let Some(path) = &args.html {
        draw(path, &args, &looked, now, json)?;
        let failed = looked.into_iter().find_map(|(_, overview)| overview.err());
        return failed.map_or(Ok(()), |error| Err(Failure::said(Failure::from(error).exit)));
    }
    let (mut rows, mut documents, mut failed) = (Vec::new(), Vec::new(), None);
    for (log, failure) in &fleet.unseen {
        rows.push(vec![log.clone(), format!("not looked into: {}", failure.message)]);
        let mut document = failure.to_json();
        document["log"] = log.as_str().into();
        documents.push(document);
        failed.get_or_insert(failure.exit);
    }
    for (member, overview) in looked {
        let wal = &member.wal;
        let (mut row, mut document) = match overview {
            Ok(overview) => (row(wal, &overview, now), document(wal, &overview)),
            // A shard that cannot be looked at does not hide the others.
            Err(error) => {
                let failure = Failure::from(error);
                let mut document = failure.to_json();
                document["shard"] = wal.shard().to_string().into();
                failed.get_or_insert(failure.exit);
                (vec![wal.shard().to_string(), failure.message], document)
            }
        };
        if args.below.below {
            row.insert(0, member.log.clone());
        }
        member.name_in(&mut document);
        rows.push(row);
        documents.push(document);
    }
    if json {
        output::json(&json!({"shards": documents}))?;
    } else {
        let columns = if args.below.below { &COLUMNS[..] } else { &COLUMNS[1..] };
        output::line(printable(&table(columns, &rows)).trim_end())?;
    }
    failed.map_or(Ok(()), |exit| Err(Failure::said(exit)))
}

/// Draws the shards. One that could not be looked at is drawn as one that needs attention.
fn draw(
    path: &Path,
    args: &Ls,
    looked: &[(&Member, Result<Overview, ReadError>)],
    now: SystemTime,
    json: bool,
) -> Result<(), Failure> {
    if !FLEET.write(path, &fleet::document(args, looked, now))? {
        return Ok(());
    }
    let shards = looked.len();
    if json {
        output::json(&json!({"html": path.display().to_string(), "shards": shards}))
    } else {
        output::line(&printable(&format!("{} drawn in {}", counted(shards as u64, "shard"), path.display())))
    }
}

fn row(wal: &Wal, overview: &Overview, now: SystemTime) -> Vec<String> {
    let holder = holder(overview, now);
    vec![
        wal.shard().to_string(),
        overview.manifest.writer_epoch.to_string(),
        overview.manifest.replay_after.to_string(),
        overview.tail.to_string(),
        HumanCount(overview.uncovered.objects).to_string(),
        HumanCount(overview.entries.objects).to_string(),
        HumanBytes(overview.entries.bytes).to_string(),
        holder,
    ]
}

fn holder(overview: &Overview, now: SystemTime) -> String {
    match &overview.lease {
        Some(lease) if lease.lease.released => "closed".to_owned(),
        Some(lease) => format!("{}, {}", lease.lease.holder, ago(now, lease.renewed)),
        None => "no lease".to_owned(),
    }
}

const COLUMNS: [(&str, Align); 9] = [
    ("log", Align::Left),
    ("shard", Align::Left),
    ("epoch", Align::Right),
    ("checkpoint", Align::Right),
    ("tail", Align::Right),
    ("above", Align::Right),
    ("entries", Align::Right),
    ("bytes", Align::Right),
    ("writer", Align::Left),
];

/// How many shards are looked at at the same time.
const AT_ONCE: usize = 8;
