//! A counter in an object, kept by read and write without a condition, and two clients that add to it. One
//! seed shows the lost update, and the trace shows how it came about.

use fencepost_simstore::{Faults, Latency, SimClient, SimOptions, SimStore};
use object_store::path::Path;
use object_store::{ObjectStoreExt, Result};
use std::time::Duration;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<()> {
    for seed in 1.. {
        let latency = || Latency::uniform(Duration::from_millis(1), Duration::from_millis(40));
        let faults = Faults::none().with_latency(latency(), latency());
        let store = SimStore::new(seed, SimOptions::new().with_faults(faults));
        let counter = Path::from("counter");
        store.client("setup").put(&counter, "0".into()).await?;

        let (one, two) = (store.client("one"), store.client("two"));
        let late = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            add(&two, &counter).await
        };
        tokio::try_join!(add(&one, &counter), late)?;

        let total = read(&store.client("setup"), &counter).await?;
        if total != 2 {
            println!("seed {seed}: added twice, and the counter says {total}\n\n{}", store.trace());
            return Ok(());
        }
    }
    Ok(())
}

async fn add(client: &SimClient, counter: &Path) -> Result<()> {
    let value = read(client, counter).await?;
    client.put(counter, (value + 1).to_string().into()).await?;
    Ok(())
}

async fn read(client: &SimClient, counter: &Path) -> Result<u32> {
    let bytes = client.get(counter).await?.bytes().await?;
    Ok(std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()).expect("a number was written"))
}
