//! A proxy between clients and a server, which does to requests what networks and servers do on bad days.
//!
//! One request per connection: it reads a request whole, so that it knows what it holds, and then decides.

mod message;
mod serve;

use crate::error::{IoSnafu, Result};
use crate::fault::FaultKind;
use message::Request;
use serve::serve;
use snafu::ResultExt as _;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Which requests a fault may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Any at all.
    Any,
    /// Creates and overwrites.
    Put,
    /// Creates of entries.
    Entry,
}

/// A fault that waits for its requests.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is done. One of the kinds that a proxy can do; others never happen.
    pub kind: FaultKind,
    /// To which requests.
    pub which: Which,
    /// To how many of them.
    pub times: u32,
    /// For how long, where the kind takes time.
    pub time: Duration,
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropped without waiting for what is still held.
    runtime: Option<Runtime>,
}

/// What became of creates that were held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Late {
    /// Delivered after their client had gone.
    pub orphans: u64,
    /// Of all delivered: how many the server carried out.
    pub landed: u64,
    /// Of all delivered: how many the server refused, because something stood there.
    pub refused: u64,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    /// Turns true when everything held is to be delivered now.
    flush: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    armed: Vec<Fault>,
    happened: BTreeMap<FaultKind, u64>,
    held: u64,
    late: Late,
    requests: u64,
}

impl Proxy {
    /// Listens on a free port of loopback, for `server`.
    ///
    /// # Errors
    /// No port, no thread.
    pub fn start(server: SocketAddr) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context(IoSnafu { what: "the proxy's runtime" })?;
        let (flush, _) = watch::channel(false);
        let shared = Arc::new(Shared { server, state: Mutex::default(), flush });
        let address = listen(&runtime, Ipv4Addr::LOCALHOST, &shared)?;
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// Listens at another address of this machine as well, and says where.
    ///
    /// # Errors
    /// No port.
    pub fn also_at(&self, address: Ipv4Addr) -> Result<SocketAddr> {
        let runtime = self.runtime.as_ref().expect("it is there until this is dropped");
        listen(runtime, address, &self.shared)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a fault ready for the requests to come.
    pub fn arm(&self, fault: Fault) {
        self.shared.state().armed.push(fault);
    }

    /// No further faults. What is held stays held until its time.
    pub fn heal(&self) {
        self.shared.state().armed.clear();
    }

    /// How often each kind happened since the last call.
    #[must_use]
    pub fn take_happened(&self) -> BTreeMap<FaultKind, u64> {
        std::mem::take(&mut self.shared.state().happened)
    }

    /// What became of creates that were held back.
    #[must_use]
    pub fn late(&self) -> Late {
        self.shared.state().late
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.state().requests
    }

    /// Delivers everything that is held, and waits for that.
    pub fn deliver_all(&self) {
        let _ = self.shared.flush.send(true);
        for _ in 0..DELIVERY_POLLS {
            if self.shared.state().held == 0 {
                break;
            }
            std::thread::sleep(DELIVERY_POLL);
        }
        let _ = self.shared.flush.send(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn listen(runtime: &Runtime, address: Ipv4Addr, shared: &Arc<Shared>) -> Result<SocketAddr> {
    let bound = runtime.block_on(TcpListener::bind((address, 0)));
    let listener = bound.context(IoSnafu { what: "the proxy's port" })?;
    let address = listener.local_addr().context(IoSnafu { what: "the proxy's port" })?;
    let serving = Arc::clone(shared);
    runtime.spawn(async move {
        loop {
            if let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&serving)));
            }
        }
    });
    Ok(address)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that `request` meets, if any, which is used up once more.
    fn draw(&self, request: &Request) -> Option<Fault> {
        let mut state = self.state();
        state.requests += 1;
        let meets = |fault: &Fault| match fault.which {
            Which::Any => true,
            Which::Put => request.is_put(),
            Which::Entry => request.is_entry(),
        };
        let index = state.armed.iter().position(meets)?;
        let mut fault = state.armed.remove(index);
        fault.times -= 1;
        // The others have their turn first.
        if fault.times > 0 {
            state.armed.push(fault.clone());
        }
        Some(fault)
    }

    /// A create that was held is out of our hands; `status` is the server's answer, if it gave one.
    fn delivered(&self, status: Option<u16>, orphan: bool) {
        let mut state = self.state();
        state.held -= 1;
        let Some(status) = status else { return };
        *state.happened.entry(FaultKind::HoldPut).or_default() += 1;
        state.late.orphans += u64::from(orphan);
        match status {
            200..=299 => state.late.landed += 1,
            304 | 409 | 412 => state.late.refused += 1,
            _ => {}
        }
    }

    fn happen(&self, kind: FaultKind) {
        *self.state().happened.entry(kind).or_default() += 1;
    }
}

const DELIVERY_POLL: Duration = Duration::from_millis(20);
const DELIVERY_POLLS: u32 = 3_000;

#[cfg(test)]
mod tests;
