//! How often something began anew: it paces requests, and decides nothing.

use std::hash::{Hash, Hasher};

/// Rounds that came to nothing.
///
/// SUBTLE: all counts are equal, and hash alike. The count appears in the attempt number of a request and
/// nowhere else, so two states that differ in it alone do the same from there on; a model checker need not
/// look at both.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rounds(u32);

impl Rounds {
    pub(crate) const NONE: Self = Self(0);

    /// One more.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number of the first attempt of the next round.
    pub(crate) const fn attempt(self) -> u32 {
        self.0
    }
}

impl PartialEq for Rounds {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Rounds {}

impl Hash for Rounds {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
