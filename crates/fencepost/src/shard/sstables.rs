//! Deleting what a failed flush left.
// P-82.

use fencepost_store::{LogStore, StoreError};
use futures::TryStreamExt;

/// Deletes everything below `folder`. The error says how much is left, and why; deleting again goes on from there.
///
/// SUBTLE: `_versions` goes first. By what is in it Lance knows a folder for a whole SSTable; a flush that is
/// tried again on the same folder, as those of tables with blobs are, takes it for its own work if that is
/// there, and does not look whether the data is. So a deletion that ends halfway leaves something that nobody
/// takes for an SSTable. As long as anything is left, the next pass lists the folder.
///
/// Lists as many names at a time as it then deletes, so memory does not depend on how many there are.
pub(super) async fn delete_sstable(store: &LogStore, folder: &str) -> Result<(), String> {
    delete_all(store, &format!("{folder}/_versions")).await?;
    delete_all(store, folder).await?;
    store.remove_empty_folders(folder).await;
    Ok(())
}

async fn delete_all(store: &LogStore, folder: &str) -> Result<(), String> {
    loop {
        let names = first_names(store, folder).await.map_err(|error| error.to_string())?;
        let deletions = store.delete(&names).await;
        let mut failures = deletions.iter().filter_map(|deletion| deletion.result.as_ref().err());
        if let Some(first) = failures.next() {
            let left = 1 + failures.count();
            return Err(format!(
                "{left} of {} objects in {folder} are left, perhaps more: {first}",
                names.len()
            ));
        }
        if names.len() < NAMES_MAX {
            return Ok(());
        }
    }
}

async fn first_names(store: &LogStore, folder: &str) -> Result<Vec<String>, StoreError> {
    let mut listing = store.list(folder);
    let mut names = Vec::new();
    while names.len() < NAMES_MAX {
        let Some(object) = listing.try_next().await? else { break };
        names.push(object.path.as_ref().to_owned());
    }
    Ok(names)
}

/// As many names as one request of S3's takes.
const NAMES_MAX: usize = 1_000;
