//! The store by itself, with no log on it: two writers race for a name, and one request after another is
//! counted.
//!
//! Run it on memory, or on any directory or bucket that may be written to:
//!
//! ```sh
//! cargo run -p fencepost-store --example store_alone -- ./some-directory
//! ```

use fencepost_store::{LogStore, PutOutcome, ReadOutcome, Refusal, StoreOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let location = std::env::args().nth(1).unwrap_or_else(|| "memory://example".to_owned());
    let store = LogStore::open(&location, StoreOptions::new())?.below("store-alone")?;

    // Is this store fit for a log at all? (The seed should be random; an example has only one run.)
    println!("probe: {:?}", store.probe("probe", 0x5eed).await?);
    println!("{:?}", store.counts());

    // Two writers, one name. Exactly one wins, and the other has its bytes back to try the next name.
    let work = store.scoped();
    let (red, blue) =
        tokio::join!(work.create("claims/1", "red".into()), work.create("claims/1", "blue".into()));
    println!("red: {}, blue: {}", told(&red), told(&blue));
    if let ReadOutcome::Found(claim) = work.get("claims/1").await {
        println!("claims/1 is {:?}", claim.bytes);
    }

    println!("there are {:?}", work.list_all("claims").await?);
    for deletion in work.delete(["claims/1", "claims/2"]).await {
        println!("{} is gone: {:?}", deletion.path, deletion.result.is_ok());
    }
    println!("without the probe: {:?}", work.counts());
    Ok(())
}

fn told(outcome: &PutOutcome) -> &'static str {
    match outcome.as_ref().map_err(|refused| &refused.why) {
        Ok(_) => "mine",
        Err(Refusal::Exists) => "taken",
        Err(Refusal::NotDone { .. }) => "not written",
        Err(Refusal::Unknown { .. }) => "do not know",
    }
}
