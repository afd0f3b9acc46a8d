//! The suite by itself, on an `ObjectStore` that somebody else wrote: no log, and nothing else of
//! this workspace.
//!
//! ```sh
//! cargo run -p fencepost-doctor --example examine_a_store
//! ```

use fencepost_doctor::{Examination, Options, Progress, Verdict};
use fencepost_store::{LogStore, ObjectStore, Path, StoreOptions};
use object_store::local::LocalFileSystem;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir();
    // Not flushed, as it comes: the suite will not have it.
    let theirs: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix(&directory)?.with_automatic_cleanup(true));
    let store = LogStore::new(theirs, Path::ROOT, StoreOptions::new());

    let seed = u128::from(RandomState::new().hash_one("seed"));
    let examination = Examination::new(&store, Options::quick(seed)).watched_by(|progress| {
        if let Progress::Ended(result) = progress {
            println!("{:8} {result}", result.outcome.id());
        }
    });
    let report = examination.run().await;
    println!(
        "\n{}\nrequests: {:?}, left behind: {:?}",
        report.conclusion(),
        report.requests,
        report.left_behind
    );
    assert_eq!(report.verdict(), Verdict::Unsafe);
    Ok(())
}
