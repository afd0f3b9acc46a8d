//! Picking single requests: for rules, and for holding them back.

use crate::request::{Op, Sent};
use std::fmt;
use std::sync::Arc;

type PathTest = dyn Fn(&str) -> bool + Send + Sync;

/// Which requests are meant. Without a condition: all.
#[derive(Clone, Default)]
#[must_use]
pub struct Match {
    op: Option<Op>,
    client: Option<Arc<str>>,
    path: Option<Arc<PathTest>>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of one kind.
    pub fn op(op: Op) -> Self {
        Self { op: Some(op), ..Self::default() }
    }

    /// Only those of one client.
    pub fn of_client(mut self, client: &str) -> Self {
        self.client = Some(client.into());
        self
    }

    /// Only those whose path `matches`. A listing's path is its prefix, a deletion's its first name.
    pub fn path(mut self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.path = Some(Arc::new(matches));
        self
    }

    /// Only those of the object at `path`.
    pub fn at(self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.path(move |other| other == path)
    }

    pub(crate) fn fits(&self, sent: &Sent) -> bool {
        self.op.is_none_or(|op| op == sent.request.op())
            && self.client.as_ref().is_none_or(|client| *client == sent.client)
            && self.path.as_ref().is_none_or(|matches| matches(sent.request.path()))
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.is_some();
        f.debug_struct("Match")
            .field("op", &self.op)
            .field("client", &self.client)
            .field("path", &path)
            .finish()
    }
}
