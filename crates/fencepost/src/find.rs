//! Which logs are here?

use crate::WalError;
use fencepost_format::{ShardId, ShardPaths};
use fencepost_store::LogStore;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// The shards below a store's root, in order of their ids. Folders with other names are ignored. Costs one LIST.
///
/// # Errors
/// [`WalError::Listing`].
pub async fn find_shards(store: &LogStore) -> Result<Vec<ShardId>, WalError> {
    let dirs = store.list_dirs(ShardPaths::shards_dir("")).await?;
    let mut shards: Vec<_> = dirs.iter().filter_map(|dir| ShardId::parse(dir.filename()?)).collect();
    shards.sort_unstable();
    Ok(shards)
}

/// A log, or a table with one, somewhere below a place; or a folder that could not be looked into.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundLog {
    /// Where it is, relative to the root of the store that was searched: hand it to [`LogStore::below`]. Empty for the
    /// root itself.
    pub folder: String,
    /// Its shards, in order of their ids; or why the folder could not be listed, so that logs below it may be missing.
    pub shards: Result<Vec<ShardId>, WalError>,
}

/// All logs and tables with shards below a store's root, in order of their folders.
///
/// Costs one LIST for each folder that is looked into, `at_once` of them at the same time, and one more for each log. It
/// does not look into a log or a Lance table, nor deeper than `depth_max` folders. A folder that cannot be listed keeps
/// no other from being found. Memory: the names that were found, and those of the folders that wait.
///
/// # Cancel safety
/// Nothing is lost if the future is dropped.
pub async fn find_logs(store: &LogStore, depth_max: usize, at_once: usize) -> Vec<FoundLog> {
    let (mut waiting, mut looks, mut found) = (vec![(String::new(), 0)], FuturesUnordered::new(), Vec::new());
    loop {
        while looks.len() < at_once.max(1)
            && let Some((folder, depth)) = waiting.pop()
        {
            looks.push(async move { (look(store, &folder).await, folder, depth) });
        }
        let Some((inside, folder, depth)) = looks.next().await else { break };
        match inside {
            Ok(Inside::Log(shards)) => found.push(FoundLog { folder, shards: Ok(shards) }),
            Ok(Inside::Folders(folders)) if depth < depth_max => {
                waiting.extend(folders.into_iter().map(|folder| (folder, depth + 1)));
            }
            Ok(Inside::Folders(_)) => {}
            Err(why) => found.push(FoundLog { folder, shards: Err(why) }),
        }
    }
    found.sort_unstable_by(|one, other| one.folder.cmp(&other.folder));
    found
}

enum Inside {
    Log(Vec<ShardId>),
    /// None of a table that has no log: its folders are Lance's.
    Folders(Vec<String>),
}

async fn look(store: &LogStore, folder: &str) -> Result<Inside, WalError> {
    let dirs = store.list_dirs(folder).await?;
    let has = |name: &str| dirs.iter().any(|dir| dir.filename() == Some(name));
    if has(&ShardPaths::shards_dir("")) {
        return Ok(Inside::Log(find_shards(&store.below(folder)?).await?));
    }
    if has(LANCE_VERSIONS) {
        return Ok(Inside::Folders(Vec::new()));
    }
    Ok(Inside::Folders(dirs.into_iter().map(String::from).collect()))
}

/// What every Lance table has.
const LANCE_VERSIONS: &str = "_versions";
