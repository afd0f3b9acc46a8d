//! The same seed and the same program give the same trace.

use crate::support::{create, names, path, secs};
use fencepost_simstore::{Faults, Latency, Loss, SimOptions, SimStore, Trace, What};
use object_store::ObjectStoreExt;
use std::time::Duration;

fn nasty() -> Faults {
    let latency = || Latency::spread(Duration::from_micros(10), secs(20));
    Faults::none()
        .with_latency(latency(), latency())
        .with_page_gap(latency())
        .with_losses([Loss::Hang, Loss::TimedOut, Loss::Reset, Loss::ServerError])
        .with_refused(0.05)
        .with_false_exists(0.1)
        .with_lost_requests(0.1)
        .with_lost_replies(0.1)
        .with_late(0.1, Latency::spread(secs(1), secs(86_400)))
        .with_duplicates(0.1, Latency::spread(secs(1), secs(86_400)))
}

/// Several clients at once, time-outs, a freeze and a death.
fn run(seed: u64, options: SimOptions, clients: &[&str]) -> Trace {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let store = SimStore::new(seed, options.with_page(3).with_faults(nasty()));
        let tasks = clients.iter().map(|name| {
            let client = store.client(name);
            tokio::spawn(async move {
                for n in 0..30 {
                    let name = path(&format!("d/{}", n % 7));
                    let _ =
                        tokio::time::timeout(secs(30), create(&client, name.as_ref(), client.name())).await;
                    let _ =
                        tokio::time::timeout(secs(30), client.delete(&path(&format!("d/{}", n % 5)))).await;
                }
            })
        });
        let tasks = tasks.collect::<Vec<_>>();
        tokio::time::sleep(secs(100)).await;
        let first = store.client(clients[0]);
        first.freeze();
        tokio::time::sleep(secs(100)).await;
        first.thaw();
        if let Some(second) = clients.get(1) {
            store.client(second).kill(0.5);
        }
        for task in tasks {
            task.await.unwrap();
        }
        store.quiet();
        store.note("test", format!("{:?}", names(&first, "d").await));
        store.land_pending();
        store.trace()
    })
}

#[test]
fn the_same_seed_twice_gives_the_same_trace() {
    for seed in 0..20 {
        let (one, two) =
            (run(seed, SimOptions::new(), &["a", "b", "c"]), run(seed, SimOptions::new(), &["a", "b", "c"]));
        assert_eq!(one.events(), two.events());
        assert_eq!((one.hash(), one.len()), (two.hash(), two.len()));
        let unkept = run(seed, SimOptions::new().with_trace(false), &["a", "b", "c"]);
        assert_eq!((unkept.hash(), unkept.events().len()), (one.hash(), 0));
    }
    assert_ne!(run(1, SimOptions::new(), &["a"]).hash(), run(2, SimOptions::new(), &["a"]).hash());
}

/// Failing seeds are made smaller by leaving clients out; the rest must not change its luck by that.
#[test]
fn a_clients_luck_does_not_depend_on_the_others() {
    let alone = run(5, SimOptions::new(), &["a"]);
    let company = run(5, SimOptions::new(), &["a", "z"]);
    let faults = |trace: &Trace| -> Vec<String> {
        let of_a = trace.events().iter().filter(|event| &*event.client == "a" && event.at < secs(100));
        let faults = of_a.filter(|event| matches!(event.what, What::Happened(_)));
        faults.map(|event| format!("{:?}", event.what)).collect()
    };
    assert!(faults(&alone).len() >= 3, "too little luck to compare");
    assert_eq!(faults(&alone), faults(&company));
}

#[test]
fn a_trace_reads_well() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let trace = runtime.block_on(async {
        let store = SimStore::new(1, SimOptions::new());
        let client = store.client("writer-1");
        create(&client, "a", "hello").await.unwrap();
        store.note("test", "said hello");
        create(&client, "a", "hello").await.unwrap_err();
        store.trace()
    });
    let expected = "\
        \x20       0.000000 writer-1     #1      -> CREATE a (5 bytes, a430d84680aabd0b)\n\
        \x20       0.000000 writer-1     #1       * written as \"1\"\n\
        \x20       0.000000 writer-1     #1      <- written as \"1\"\n\
        \x20       0.000000 test                  # said hello\n\
        \x20       0.000000 writer-1     #2      -> CREATE a (5 bytes, a430d84680aabd0b)\n\
        \x20       0.000000 writer-1     #2       * already exists\n\
        \x20       0.000000 writer-1     #2      <- already exists\n";
    assert_eq!(trace.to_string(), expected);
}
