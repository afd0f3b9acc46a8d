//! Hazard 23: a claim wins and loses its reply. The claimant must find out that it won, and not fence itself
//! by claiming again.

use crate::support::{World, any_manifest, append_all, options};
use fencepost::{OpenWriterError, Version};
use fencepost_store::wrap::{Fault, Op};

async fn manifests(world: &World) -> usize {
    let listed = world.truth.store().list_all(world.truth.paths().manifest_dir()).await.unwrap();
    listed.iter().filter(|object| any_manifest(object.path.as_ref())).count()
}

/// P-3, P-5: "exists", with our own nonce in it.
#[tokio::test(start_paused = true)]
async fn h23_the_claimant_finds_out_that_it_won() {
    let world = World::new().await;
    for epoch in 1..=3 {
        let lost = world.faults.on(Op::Put, any_manifest, Fault::LoseReply).times(1);
        let writer = world.writer().await;
        assert_eq!((lost.hits(), writer.epoch().get()), (1, epoch));
        assert_eq!(manifests(&world).await, epoch as usize, "one version for each claim");
        append_all(&writer, [epoch as i64]).await;
    }
    assert_eq!(world.rows().await, [1, 2, 3]);
}

/// P-6: the request arrives only after the claimant has tried again: its own duplicate changes nothing.
#[tokio::test(start_paused = true)]
async fn h23_a_claim_that_arrives_twice_is_one_claim() {
    let world = World::new().await;
    let late = world.faults.strand(any_manifest).times(1);
    let writer = world.writer().await;
    assert!(late.deliver().await.iter().all(Result::is_err));
    assert_eq!((writer.epoch().get(), manifests(&world).await), (1, 1));
    append_all(&writer, [1]).await;
}

/// P-6: if it never learns, it says that it does not know; the epoch it may hold is used by nobody.
#[tokio::test(start_paused = true)]
async fn h23_a_claim_of_unknown_outcome_is_said_to_be() {
    let world = World::new().await;
    append_all(&world.writer().await, [1]).await;
    let late = world.faults.strand(any_manifest);
    let unknown = world.wal.open_writer(options()).await.unwrap_err();
    assert!(matches!(unknown, OpenWriterError::GaveUp { .. }) && unknown.is_retryable(), "{unknown}");
    let late = late.times(0);
    late.deliver().await;
    let second = world.truth.paths().manifest(Version::new(2));
    assert!(world.truth.store().get(second).await.into_result().unwrap().is_some(), "it did arrive");
    let writer = world.writer().await;
    assert_eq!(writer.epoch().get(), 3);
    append_all(&writer, [3]).await;
    assert_eq!(world.rows().await, [1, 3]);
}
