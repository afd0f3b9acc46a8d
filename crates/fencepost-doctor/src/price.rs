//! What a create costs.

use fencepost_store::Backend;
use std::borrow::Cow;

/// The price of creates, and where it is from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Price {
    /// US dollars for a million creates.
    pub per_million_puts: f64,
    /// Whose price it is.
    pub source: Cow<'static, str>,
}

impl Price {
    /// A price of your own.
    #[must_use]
    pub fn new(per_million_puts: f64, source: impl Into<Cow<'static, str>>) -> Self {
        Self { per_million_puts, source: source.into() }
    }

    /// The list price of the standard class of that kind of store; none for memory, local directories and
    /// stores of unknown kind. A server of one's own that speaks S3 costs whatever it costs.
    #[must_use]
    pub fn of(backend: Backend) -> Option<Self> {
        match backend {
            Backend::S3 => Some(Self::new(5.0, "list price of S3 Standard in us-east-1; look yours up")),
            Backend::Gcs => Some(Self::new(
                5.0,
                "list price of class A operations, Cloud Storage Standard (cloud.google.com/storage/pricing-examples); look yours up",
            )),
            Backend::Azure => Some(Self::new(
                5.5,
                "about the list price of writes to Blob Storage, hot, LRS; look yours up",
            )),
            _ => None,
        }
    }

    /// The price of a million appends that share nothing: each is one create. Grouped appends cost a fraction
    /// of it.
    #[must_use]
    pub fn per_million_appends(&self) -> f64 {
        self.per_million_puts
    }
}
