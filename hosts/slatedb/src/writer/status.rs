//! What SlateDB is told about its log: a status that anybody may ask for, and events in order.

use futures::future::BoxFuture;
use slatedb::wal::{WalError, WalEvent, WalObserver, WalStatus, WalStatusListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

pub(super) struct Board {
    status: watch::Sender<WalStatus>,
    listeners: Mutex<Vec<WalStatusListener>>,
}

impl Board {
    pub(super) fn new(last_flushed_wal_id: u64) -> Self {
        let status = WalStatus {
            closed_reason: None,
            estimated_bytes: 0,
            last_flushed_wal_id,
            last_flushed_seq: None,
            buffered_wal_entries_count: 0,
        };
        Self { status: watch::Sender::new(status), listeners: Mutex::default() }
    }

    pub(super) fn status(&self) -> Result<WalStatus, WalStatus> {
        let status = self.status.borrow().clone();
        if status.closed_reason.is_some() { Err(status) } else { Ok(status) }
    }

    pub(super) fn last_flushed(&self) -> u64 {
        self.status.borrow().last_flushed_wal_id
    }

    pub(super) fn check(&self) -> Result<(), WalError> {
        self.status.borrow().closed_reason.clone().map_or(Ok(()), Err)
    }

    /// Why it ended, if it did.
    pub(super) fn reason(&self) -> WalError {
        self.status.borrow().closed_reason.clone().unwrap_or(WalError::Closed)
    }

    /// Waits until everything up to `id` is durable.
    pub(super) fn flushed(&self, id: u64) -> BoxFuture<'static, Result<(), WalError>> {
        let mut status = self.status.subscribe();
        Box::pin(async move {
            let is_decided =
                |status: &WalStatus| status.last_flushed_wal_id >= id || status.closed_reason.is_some();
            let Ok(status) = status.wait_for(is_decided).await else { return Err(WalError::Closed) };
            match &status.closed_reason {
                Some(reason) if status.last_flushed_wal_id < id => Err(reason.clone()),
                _ => Ok(()),
            }
        })
    }

    pub(super) fn appended(&self, rows: usize, bytes: usize) {
        self.status.send_modify(|status| {
            status.estimated_bytes += bytes;
            status.buffered_wal_entries_count += rows;
        });
    }

    pub(super) fn acknowledge(&self, id: u64, rows: usize, bytes: usize, last_seq: Option<u64>) {
        self.status.send_modify(|status| {
            status.last_flushed_wal_id = id;
            status.last_flushed_seq = last_seq;
            status.estimated_bytes = status.estimated_bytes.saturating_sub(bytes);
            status.buffered_wal_entries_count = status.buffered_wal_entries_count.saturating_sub(rows);
        });
        self.tell(WalEvent::WalFlushed);
    }

    /// The first reason counts.
    pub(super) fn end(&self, reason: WalError) {
        let is_first = self.status.send_if_modified(|status| {
            let is_first = status.closed_reason.is_none();
            if is_first {
                status.closed_reason = Some(reason);
            }
            is_first
        });
        if is_first {
            self.tell(WalEvent::WalClosed);
        }
    }

    fn tell(&self, event: impl Fn(WalStatus) -> WalEvent) {
        let status = self.status.borrow().clone();
        // Not under the lock: a listener may subscribe another.
        let listeners = self.listeners().clone();
        listeners.iter().for_each(|listener| listener(event(status.clone())));
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<WalStatusListener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An observer, as SlateDB asks for one.
pub(super) struct Observer(pub(super) Arc<Board>);

impl WalObserver for Observer {
    fn status(&self) -> Result<WalStatus, WalStatus> {
        self.0.status()
    }

    fn subscribe(&self, listener: WalStatusListener) -> Result<(), WalError> {
        self.0.listeners().push(listener);
        Ok(())
    }
}
