//! Where a request went, for callers who have to know.

use std::sync::{Arc, Mutex, PoisonError};

/// Put among the extensions of a request, it learns the address that the request is sent to, as far as that names
/// a place: neither query nor user name, which may be credentials.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentTo(Arc<Mutex<Option<String>>>);

impl SentTo {
    pub(crate) fn note(&self, address: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.to_owned());
    }

    /// The address; none if the request never came to the network, or not through a connector of ours.
    pub(crate) fn address(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
