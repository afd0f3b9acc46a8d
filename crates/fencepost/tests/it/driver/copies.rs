//! Copies that somebody made of a log's objects: deeper in its own folders, or into another shard's.

use super::verifies::{closed, commit, said, verified};
use crate::support::{append_all, rows};
use fencepost::{Position, ReadFrom, ShardId, Version};

/// A store lists whatever is below a folder. Such a copy was once taken for the latest manifest, which then
/// nobody could read: the log would not open. A copied boundary made readers take what is there for
/// collected.
#[tokio::test(start_paused = true)]
async fn copies_in_folders_below_are_not_taken_for_the_logs_own() {
    let world = closed().await;
    let (paths, store) = (world.truth.paths().clone(), world.truth.store());
    for (folder, path) in [
        (paths.manifest_dir(), paths.manifest(Version::new(9))),
        (paths.gc_dir(), paths.boundary(Position::new(6))),
        (paths.wal_dir(), paths.entry(Position::new(8))),
    ] {
        let name = path.strip_prefix(&folder).unwrap();
        store.create(format!("{folder}/old{name}"), "{}".into()).await.unwrap();
    }
    assert_eq!(rows(&world.wal, ReadFrom::Checkpoint).await.unwrap(), [2, 3, 4, 5, 6]);
    assert_eq!(rows(&world.wal, ReadFrom::Position(Position::new(2))).await.unwrap(), [2, 3, 4, 5, 6]);
    append_all(&world.writer().await, [9]).await;

    let found = verified(&world).await;
    let said = said(&found);
    assert!(
        said.contains("/wal/old/") && said.contains("this is not the name of an entry; move it out"),
        "{said}"
    );
    assert!(said.contains("/manifest/old/") && said.contains("this is not a manifest"), "{said}");
    assert_eq!(found.problems.len(), 2, "{said}");
    assert!(world.wal.inspect().await.unwrap().entries.iter().all(|entry| entry.content.is_ok()));
}

/// The latest manifest was always looked at for that; older ones are now, too.
#[tokio::test(start_paused = true)]
async fn a_verification_tells_which_manifests_belong_to_another_shard() {
    let world = closed().await;
    commit(&world, 1, |manifest| manifest.shard_id = Some(ShardId::from_bytes([9; 16]))).await;
    commit(&world, 2, |manifest| manifest.shard_id = Some(world.wal.shard())).await;
    let found = verified(&world).await;
    let said = said(&found);
    assert!(said.starts_with(&world.wal.paths().manifest(Version::new(2))), "{said}");
    assert!(said.contains("belongs to shard") && found.problems.len() == 1, "{said}");
    assert_eq!(found.manifests, 3);
}
