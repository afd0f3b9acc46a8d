//! What the facade hands out can be moved to another thread, and what is meant to be shared can be shared.

use super::support::{batch, options, wal_builder};
use fencepost::{
    AppendError, Appended, CheckpointError, CollectError, Collected, Collector, Cursor, CursorStatus,
    EntryContent, Environment, Inspection, LogEntry, OpenWriterError, Opening, Plan, Policy, ReadError,
    ReadFrom, Reader, RepairError, RepairPlan, Repaired, ResumePoint, StoreOptions, SubmitError, TableError,
    Tail, TailEvent, Ticket, Verification, Wal, WalBuilder, WalError, Writer, WriterOptions, WriterStatus,
};
use object_store::memory::InMemory;
use std::sync::Arc;

const fn is_send<T: Send>() {}
const fn is_send_and_sync<T: Send + Sync>() {}

macro_rules! all {
    ($check:ident: $($type:ty),* $(,)?) => { $(const _: () = $check::<$type>();)* };
}

// What is shared: a log, a writer, and everything that is told.
all!(is_send_and_sync: Wal, WalBuilder, Environment, StoreOptions);
all!(is_send_and_sync: Writer, WriterOptions, WriterStatus, Ticket, Appended);
all!(is_send_and_sync: ReadFrom, ResumePoint, TailEvent, Cursor, CursorStatus, LogEntry);
all!(is_send_and_sync: Collector, Collected, Policy, Plan);
all!(is_send_and_sync: Inspection, EntryContent, Verification, RepairPlan, Repaired);
all!(is_send_and_sync: WalError, OpenWriterError, AppendError, SubmitError, CheckpointError);
all!(is_send_and_sync: ReadError, CollectError, RepairError, TableError);

// What is used by one at a time, through `&mut`: it holds requests on their way, which nobody else can look at.
all!(is_send: Opening, Reader, Tail);

fn spawnable<T: Send>(value: T) -> T {
    value
}

/// An error has to get into `Box<dyn Error + Send + Sync>`, and a future into a task of another thread.
#[tokio::test]
async fn futures_of_the_facade_can_be_spawned() {
    let wal = spawnable(wal_builder(Arc::new(InMemory::new())).open()).await.unwrap();
    let writer = spawnable(wal.open_writer(options())).await.unwrap();
    let rows = [batch([1])];
    let appended = spawnable(writer.append(&rows)).await.unwrap();
    spawnable(writer.checkpoint(appended.position)).await.unwrap();
    let mut reader = spawnable(wal.reader(ReadFrom::Checkpoint)).await.unwrap();
    spawnable(reader.next()).await.unwrap();
    spawnable(writer.close()).await.unwrap();
    spawnable(wal.collector().run()).await.unwrap();
}
