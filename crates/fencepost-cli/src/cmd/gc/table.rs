//! What the table's own manifest says of a shard's SSTables: which could go, and why the others could not.
//! Nothing is deleted by it.

use fencepost::{Collected, Compaction, Object, Reason, TableError, TableManifest, Verdict, Wal, read_table};
use serde_json::{Value, json};

/// The table's latest manifest, once it was looked for.
#[derive(Default)]
pub(super) struct Table {
    read: Option<Result<Option<(String, TableManifest)>, TableError>>,
}

impl Table {
    /// Reads it if this shard has SSTables and it was not read before. A table that cannot be read is a
    /// problem to tell of, and keeps nothing else from being told.
    pub(super) async fn look(&mut self, wal: &Wal, found: &Collected) {
        let named = |(object, verdict): (&Object, &Verdict)| is_sstable(object, verdict).is_some();
        if self.read.is_none() && found.plan.verdicts.iter().any(named) {
            self.read = Some(read_table(wal.store()).await);
        }
    }

    /// Whether an SSTable could go; `None` for what is none, and if the table is not known.
    pub(super) fn compaction(&self, wal: &Wal, object: &Object, verdict: &Verdict) -> Option<Compaction> {
        let generation = is_sstable(object, verdict)?;
        let Some(Ok(Some((_, table)))) = &self.read else { return None };
        Some(Compaction::of(table, wal.shard(), generation))
    }

    /// For programs; `null` if it was not looked for, or there is none.
    pub(super) fn document(&self) -> Value {
        match &self.read {
            None | Some(Ok(None)) => Value::Null,
            Some(Ok(Some((path, table)))) => json!({
                "manifest": path, "version": table.version, "mem_wal": table.mem_wal.is_some(), "problem": null,
            }),
            Some(Err(error)) => {
                json!({"manifest": null, "version": null, "mem_wal": null, "problem": error.to_string()})
            }
        }
    }

    /// For people.
    pub(super) fn line(&self) -> Option<String> {
        match self.read.as_ref()? {
            Ok(None) => {
                Some("there is no table here, so it is not known which SSTables were compacted".to_owned())
            }
            Ok(Some((path, _))) => Some(format!("{path} tells which SSTables were compacted")),
            Err(error) => Some(format!("it is not known which SSTables were compacted: {error}")),
        }
    }
}

fn is_sstable(object: &Object, verdict: &Verdict) -> Option<fencepost::Generation> {
    match (object, verdict) {
        (Object::SsTable(name), Verdict::Keep(Reason::SsTableNamed(_))) => Some(name.generation),
        _ => None,
    }
}
