//! What the table's own manifests say of a shard's SSTables: which could go, and what holds back the others.
//! Nothing is deleted by it.

use fencepost::{
    Collected, Compaction, Object, Reason, TableError, TableVersions, Verdict, Wal, read_table_versions,
};
use serde_json::{Value, json};

/// The versions of the table, once they were looked for.
#[derive(Default)]
pub(super) struct Table {
    read: Option<Result<Option<TableVersions>, TableError>>,
}

impl Table {
    /// Reads it if this shard has SSTables and it was not read before. A table that cannot be read is a
    /// problem to tell of, and keeps nothing else from being told.
    pub(super) async fn look(&mut self, wal: &Wal, found: &Collected) {
        let named = |(object, verdict): (&Object, &Verdict)| is_sstable(object, verdict).is_some();
        if self.read.is_none() && found.plan.verdicts.iter().any(named) {
            self.read = Some(read_table_versions(wal.store()).await);
        }
    }

    /// Whether an SSTable could go; `None` for what is none, and if the table is not known.
    pub(super) fn compaction(&self, wal: &Wal, object: &Object, verdict: &Verdict) -> Option<Compaction> {
        let generation = is_sstable(object, verdict)?;
        let Some(Ok(Some(table))) = &self.read else { return None };
        Some(Compaction::of(&table.history, wal.shard(), generation))
    }

    /// For programs; `null` if it was not looked for, or there is none.
    pub(super) fn document(&self) -> Value {
        match &self.read {
            None | Some(Ok(None)) => Value::Null,
            Some(Ok(Some(table))) => json!({
                "manifest": table.latest,
                "version": table.history.latest().version,
                "mem_wal": table.history.latest().mem_wal.is_some(),
                "versions": table.listed,
                "versions_read": table.history.versions(),
                "lowest": table.history.lowest(),
                "problem": problem(table).map(ToString::to_string),
            }),
            Some(Err(error)) => {
                json!({
                    "manifest": null, "version": null, "mem_wal": null, "versions": null, "versions_read": null,
                    "lowest": null, "problem": error.to_string(),
                })
            }
        }
    }

    /// For people.
    pub(super) fn line(&self) -> Option<String> {
        match self.read.as_ref()? {
            Ok(None) => {
                Some("there is no table here, so it is not known which SSTables were compacted".to_owned())
            }
            Ok(Some(table)) => {
                let mut line = format!(
                    "{} and {} other versions of the table tell which SSTables were compacted",
                    table.latest,
                    table.listed - 1
                );
                if let Some(problem) = problem(table) {
                    line.push_str(&format!("; {problem}"));
                }
                Some(line)
            }
            Err(error) => Some(format!("it is not known which SSTables were compacted: {error}")),
        }
    }
}

fn problem(table: &TableVersions) -> Option<&TableError> {
    table.unread.as_ref().or(table.tag_unread.as_ref())
}

fn is_sstable(object: &Object, verdict: &Verdict) -> Option<fencepost::Generation> {
    match (object, verdict) {
        (Object::SsTable(name), Verdict::Keep(Reason::SsTableNamed(_))) => Some(name.generation),
        _ => None,
    }
}
