//! All versions of the table that exist.
// P-83.

use super::{FormatSnafu, GoneSnafu, ListSnafu, TableError, VERSIONS_DIR, read_version};
use fencepost_format::{decode_table_tag, parse_detached_manifest_name, parse_table_manifest_name};
use fencepost_gc::TableHistory;
use fencepost_store::{LogStore, ReadOutcome};
use futures::{StreamExt, TryStreamExt, stream};
use snafu::ResultExt;

/// What the versions of a table say of its SSTables.
#[derive(Debug)]
#[non_exhaustive]
pub struct TableVersions {
    /// The path of the latest version's manifest.
    pub latest: String,
    /// How many versions there are, detached ones and what was not understood among them.
    pub listed: u64,
    /// What was read of them.
    pub history: TableHistory,
    /// Why a version could not be read or understood: the first that could not. No SSTable could go then.
    pub unread: Option<TableError>,
    /// Why a tag could not be read. Then it is not told which versions it keeps.
    pub tag_unread: Option<TableError>,
}

/// Reads every version of the Lance table at the root of `store`, or as many as it takes to know that no SSTable could
/// go; `None` if there is no table, or one with no version.
///
/// Detached versions count, too: they can be opened. So does whatever lies among the versions and is not understood.
/// Versions are read from the lowest upward, after the latest. Costs one LIST and one GET for the latest, one GET for
/// each other version until one lacks what the latest has of every shard, and one LIST and one GET for each tag
/// if there is more than one version. Memory: up to four manifests, of up to 64 MiB each, and what [`TableHistory`]
/// keeps.
///
/// # Errors
/// [`TableError`]: the versions could not be listed, or the latest could not be read. What else could not be read is in
/// the result.
// P-83.
pub async fn read_table_versions(store: &LogStore) -> Result<Option<TableVersions>, TableError> {
    let Listed { mut versions, foreign } = list(store).await?;
    versions.sort_unstable();
    let Some(at) = versions.iter().rposition(|(version, _)| version >> 63 == 0) else { return Ok(None) };
    let (version, path) = versions.remove(at);
    let Some(latest) = read_version(store, &path, version).await? else {
        return GoneSnafu { path }.fail();
    };
    let listed = 1 + versions.len() as u64 + foreign.len() as u64;
    let mut table = TableVersions {
        latest: path,
        listed,
        history: TableHistory::new(latest),
        unread: None,
        tag_unread: None,
    };
    foreign.into_iter().for_each(|object| table.history.note_unread(object));
    let has_others = !versions.is_empty();
    let reads = stream::iter(versions).map(|(version, path)| async move {
        let read = read_version(store, &path, version).await;
        (path, read)
    });
    let mut reads = reads.buffered(READS);
    while !table.history.holds_everything() {
        match reads.next().await {
            None => break,
            Some((_, Ok(Some(manifest)))) => table.history.note(&manifest),
            // A cleanup removed it meanwhile.
            Some((_, Ok(None))) => {}
            Some((path, Err(error))) => {
                table.history.note_unread(path);
                table.unread = Some(error);
            }
        }
    }
    if has_others {
        table.tag_unread = read_tags(store, &mut table.history).await.err();
    }
    Ok(Some(table))
}

/// What lies among the versions.
#[derive(Default)]
struct Listed {
    versions: Vec<(u64, String)>,
    foreign: Vec<String>,
}

async fn list(store: &LogStore) -> Result<Listed, TableError> {
    let mut listed = Listed::default();
    let mut objects = store.list(VERSIONS_DIR);
    while let Some(object) = objects.try_next().await.context(ListSnafu)? {
        let path = object.path.as_ref();
        let name = path.strip_prefix(VERSIONS_DIR).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        match parse_table_manifest_name(name).or_else(|| parse_detached_manifest_name(name)) {
            Some(version) => listed.versions.push((version, path.to_owned())),
            None if name == HINT => {}
            // One is enough to hold everything, and to be named.
            None if listed.foreign.is_empty() => listed.foreign.push(path.to_owned()),
            None => {}
        }
    }
    Ok(listed)
}

/// Which versions tags of the main branch name.
async fn read_tags(store: &LogStore, history: &mut TableHistory) -> Result<(), TableError> {
    let mut objects = store.list(TAGS_DIR);
    while let Some(object) = objects.try_next().await.context(ListSnafu)? {
        let path = object.path.as_ref();
        let name = path.strip_prefix(TAGS_DIR).and_then(|rest| rest.strip_prefix('/'));
        let Some(name) = name.and_then(|name| name.strip_suffix(".json")) else { continue };
        let read = match store.get_up_to(path, TAG_BYTES_MAX).await {
            ReadOutcome::Found(read) => read,
            ReadOutcome::Absent => continue,
            ReadOutcome::Unknown(source) => return Err(TableError::Read { path: path.to_owned(), source }),
        };
        if let Some(version) = decode_table_tag(path, &read.bytes).context(FormatSnafu)? {
            history.note_tag(version, name.to_owned());
        }
    }
    Ok(())
}

const READS: usize = 4;
const TAGS_DIR: &str = "_refs/tags";
const TAG_BYTES_MAX: u64 = 1 << 20;
/// Lance's hint of the latest version; it may be wrong, and is no version.
const HINT: &str = "latest_version_hint.json";
