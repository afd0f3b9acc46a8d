//! What all parties of a run share.

use crate::clock::Clock;
use crate::disk::{Machine, SimDisk};
use crate::history::History;
use crate::oracle::Oracle;
use crate::plan::{Party, Plan};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use fencepost::{LogEntry, ShardId, StoreOptions, Wal};
use fencepost_simstore::{SimClient, SimStore};
use fencepost_store::{ClientRetries, LocalDirectory, ObjectStore};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The shard of every run.
const SHARD: ShardId = ShardId::from_bytes([7; 16]);

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    /// The store. Where all run on a disk, it only keeps the trace.
    pub(crate) store: SimStore,
    /// The machine on whose disk the log is, if it is on one.
    pub(crate) disk: Option<Machine>,
    oracle: Mutex<Oracle>,
    history: Mutex<History>,
    stop: AtomicBool,
    processes: AtomicU64,
}

impl World {
    pub(crate) fn new(plan: Plan, store: SimStore, disk: Option<Machine>) -> Arc<Self> {
        let (stop, processes) = (AtomicBool::new(false), AtomicU64::new(0));
        let (oracle, history) = (Mutex::default(), Mutex::default());
        Arc::new(Self { plan, store, disk, oracle, history, stop, processes })
    }

    pub(crate) fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks everybody to come to an end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Sleeps, but not much longer once everybody is asked to end.
    pub(crate) async fn sleep(&self, how_long: Duration) {
        let mut left = how_long;
        while !left.is_zero() && !self.is_stopping() {
            let nap = left.min(Duration::from_secs(600));
            tokio::time::sleep(nap).await;
            left -= nap;
        }
    }

    /// A new process: a client, and the log as seen through it.
    pub(crate) async fn process(&self, party: &Party, clock: &Clock, retry_timeout: Duration) -> Process {
        let id = self.processes.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{id}", party.name);
        let client = self.store.client(&name);
        client.set_faults(self.plan.faults(party));
        self.start(name, client, clock, id, retry_timeout).await
    }

    /// A process that the store treats well.
    pub(crate) async fn judge(&self, name: &str, clock: &Clock) -> Process {
        let id = self.processes.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}.{id}");
        let client = self.store.client(&name);
        self.start(name, client, clock, id, Duration::from_secs(60)).await
    }

    async fn start(
        &self,
        name: String,
        client: SimClient,
        clock: &Clock,
        id: u64,
        retry_timeout: Duration,
    ) -> Process {
        let disk = self.disk.as_ref().map(|machine| machine.process(&name));
        let store: Arc<dyn ObjectStore> = match &disk {
            Some(disk) => Arc::new(LocalDirectory::on(disk.clone(), Path::new(DIRECTORY))),
            None => Arc::new(client.clone()),
        };
        let wal = Self::wal(store, clock, id, retry_timeout).await;
        Process { name, client, disk, wal }
    }

    async fn wal(store: Arc<dyn ObjectStore>, clock: &Clock, id: u64, retry_timeout: Duration) -> Wal {
        // Half of them own up to a client that may retry, so that no refusal counts as definite.
        let retries = if id.is_multiple_of(2) { ClientRetries::Off } else { ClientRetries::Possible };
        let options = StoreOptions::new().with_client_retries(retries).with_jitter_seed(id);
        let builder = Wal::on(store, "log").with_shard(SHARD).with_store_options(options);
        let builder = builder.with_environment(clock.environment(id)).with_retry_timeout(retry_timeout);
        builder.with_read_ahead(1 + id % 16).open().await.expect("a named shard needs no request")
    }
}

/// One life of a party.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) client: SimClient,
    pub(crate) disk: Option<SimDisk>,
    pub(crate) wal: Wal,
}

/// Where the store is on a disk.
pub(crate) const DIRECTORY: &str = "/data";

/// A submission: one row with its own number.
pub(crate) fn row(id: u64) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![i64::try_from(id).expect("ids are small")]));
    RecordBatch::try_from_iter([("id", column)]).expect("one column of one type")
}

/// The numbers in an entry.
pub(crate) fn rows(entry: &LogEntry) -> Vec<u64> {
    let columns =
        entry.batches().iter().filter_map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>());
    columns.flat_map(|column| column.values().iter().map(|&id| id.unsigned_abs())).collect()
}
