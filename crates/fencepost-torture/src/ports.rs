//! Free ports on loopback.

use crate::error::{IoSnafu, Result};
use snafu::ResultExt as _;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// A port that nobody listens on, and that was not handed out before by this process.
///
/// # Errors
/// No socket can be opened.
pub(crate) fn free() -> Result<u16> {
    loop {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context(IoSnafu { what: "a free port" })?;
        let port = listener.local_addr().context(IoSnafu { what: "a free port" })?.port();
        if HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Ok(port);
        }
    }
}

static HANDED_OUT: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

#[cfg(test)]
mod tests {
    /// Servers are told their ports before they open them, so two of them must never be told the same.
    #[test]
    fn no_port_is_handed_out_twice() {
        let ports: Vec<_> = (0..50).map(|_| super::free().unwrap()).collect();
        let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), ports.len());
    }
}
