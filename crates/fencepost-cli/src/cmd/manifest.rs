//! `manifest list` and `manifest show`: the versions of a shard's manifest.

use super::inspect::status;
use super::status::ago;
use crate::args::{Manifest, ManifestList, ManifestShow};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::table::{Align, table};
use fencepost::{ManifestVersion, ReadError, Version};
use futures::StreamExt as _;
use indicatif::HumanBytes;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) async fn run(manifest: Manifest, json: bool) -> Result<(), Failure> {
    match manifest {
        Manifest::List(args) => list(&args, json).await,
        Manifest::Show(args) => show(&args, json).await,
    }
}

async fn list(args: &ManifestList, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let versions = wal.manifest_versions().await?;
    if versions.is_empty() {
        return Err(ReadError::NoLog { shard: wal.shard() }.into());
    }
    let (of, first) = (versions.len(), versions.len().saturating_sub(args.last));
    let reads = versions.into_iter().skip(first).map(|listed| {
        let wal = &wal;
        async move {
            let read = wal.manifest_at(listed.version).await;
            (listed, read)
        }
    });
    let read: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
    if json {
        let documents: Vec<_> = read.iter().map(|(listed, read)| entry(listed, read)).collect();
        return output::json(&json!({
            "shard": wal.shard().to_string(), "versions": of, "manifests": documents,
        }));
    }
    let now = SystemTime::now();
    let rows: Vec<_> = read.iter().map(|(listed, read)| row(listed, read, now)).collect();
    let mut text = table(&COLUMNS, &rows);
    if read.len() < of {
        text.push_str(&format!("the last {} of {of} versions\n", read.len()));
    }
    output::line(printable(&text).trim_end())
}

type Read = Result<Option<fencepost::Manifest>, ReadError>;

fn row(listed: &ManifestVersion, read: &Read, now: SystemTime) -> Vec<String> {
    match read {
        Ok(Some(manifest)) => vec![
            listed.version.to_string(),
            manifest.writer_epoch.to_string(),
            manifest.replay_after.to_string(),
            manifest.last_seen.to_string(),
            status(manifest.status),
            by(manifest).to_owned(),
            HumanBytes(listed.bytes).to_string(),
            ago(now, listed.written),
        ],
        Ok(None) => vec![listed.version.to_string(), "pruned since it was listed".to_owned()],
        Err(error) => vec![listed.version.to_string(), error.to_string()],
    }
}

fn entry(listed: &ManifestVersion, read: &Read) -> Value {
    let mut document = match read {
        Ok(Some(manifest)) => fields(manifest),
        Ok(None) => json!({"problem": "pruned since it was listed"}),
        Err(error) => json!({"problem": error.to_string()}),
    };
    let written = listed.written.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    document["version"] = listed.version.get().into();
    document["bytes"] = listed.bytes.into();
    document["written"] = written.into();
    document
}

const fn by(manifest: &fencepost::Manifest) -> &'static str {
    if manifest.nonce.is_some() { "fencepost" } else { "lance" }
}

fn fields(manifest: &fencepost::Manifest) -> Value {
    let sstables: Vec<_> = manifest
        .sstables
        .iter()
        .map(|table| json!({"generation": table.generation.0, "path": table.path}))
        .collect();
    json!({
        "version": manifest.version.get(), "writer_epoch": manifest.writer_epoch.get(),
        "replay_after": manifest.replay_after.get(), "last_seen": manifest.last_seen.get(),
        "current_generation": manifest.current_generation.0, "status": status(manifest.status),
        "written_by": by(manifest), "lance_before": manifest.lance_before, "sstables": sstables,
    })
}

async fn show(args: &ManifestShow, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let manifest = match args.version {
        None => wal.manifest().await?,
        Some(version) => {
            let version = Version::new(version);
            wal.manifest_at(version).await?.ok_or_else(|| {
                Failure::new(Exit::Input, format!("there is no manifest of version {version}"))
                    .with_advice("It was pruned, or is yet to be; `manifest list` shows which are there.")
            })?
        }
    };
    if json {
        let mut document = fields(&manifest);
        document["shard"] = wal.shard().to_string().into();
        document["path"] = wal.paths().manifest(manifest.version).into();
        return output::json(&document);
    }
    let mut text = format!(
        "shard         {}\nversion       {}, by {}\nepoch         {}\nreplay after  {}\nlast seen     {}\nstatus        {}\ngeneration    {}\n",
        wal.shard(),
        manifest.version,
        by(&manifest),
        manifest.writer_epoch,
        manifest.replay_after,
        manifest.last_seen,
        status(manifest.status),
        manifest.current_generation.0,
    );
    for table in &manifest.sstables {
        text.push_str(&format!("SSTable       generation {}, {}\n", table.generation.0, table.path));
    }
    text.push_str(&format!("object        {}\n", wal.paths().manifest(manifest.version)));
    output::line(printable(&text).trim_end())
}

const COLUMNS: [(&str, Align); 8] = [
    ("version", Align::Right),
    ("epoch", Align::Right),
    ("replay after", Align::Right),
    ("last seen", Align::Right),
    ("status", Align::Left),
    ("by", Align::Left),
    ("bytes", Align::Right),
    ("written", Align::Left),
];

/// How many versions are read at the same time.
const AT_ONCE: usize = 8;
