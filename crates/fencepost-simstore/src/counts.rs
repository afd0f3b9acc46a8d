//! What happened how often, so that a fault that never happened is noticed.

use crate::request::Op;
use std::collections::BTreeMap;

macro_rules! happened {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Something out of the ordinary that happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Happened {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl Happened {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// In words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

happened! {
    Refused = "a connection was refused",
    Throttled = "a request was throttled (429)",
    Unavailable = "a request was turned away (503)",
    FalseExists = "a create was told that the name is taken, and was not carried out",
    FalseExistsOfNothing = "a create was told that the name is taken, and nothing was there",
    RequestLost = "a request was lost before its effect",
    ReplyLost = "a reply was lost after the effect",
    Late = "an effect was delayed beyond any answer",
    Duplicated = "a request was carried out twice",
    DuplicateRefused = "the second landing of a create found something there",
    DuplicateCreated = "the second landing of a create created the object again",
    SenderLeft = "a caller gave up waiting",
    LandedAfterSenderLeft = "an effect came after its caller had given up",
    LandedAfterKill = "an effect came after its client was killed",
    LostWithKill = "a request was lost with its client",
    DeletionFailed = "a name was left out of a bulk deletion",
    Parked = "a request waited for its frozen client",
    ReplyParked = "a reply waited for its frozen client",
    CutOff = "a request or reply was lost to a partition",
    Held = "a request was held back",
    ListedWhileChanging = "objects changed between two pages of a listing",
    ConditionIgnored = "a lie: a create overwrote what was there",
    ConditionRaced = "a lie: a create overwrote what came between its look and its write",
    StaleList = "a lie: a listing showed the past",
    StaleRead = "a lie: a read showed the past",
    Forgotten = "a lie: a write was forgotten in a crash",
}

/// Requests by kind, and everything that [`Happened`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    requests: BTreeMap<Op, u64>,
    happened: BTreeMap<Happened, u64>,
}

impl Counts {
    /// How many requests of a kind were sent.
    #[must_use]
    pub fn requests(&self, op: Op) -> u64 {
        self.requests.get(&op).copied().unwrap_or(0)
    }

    /// How many requests of all kinds were sent.
    #[must_use]
    pub fn all_requests(&self) -> u64 {
        self.requests.values().sum()
    }

    /// How often something happened.
    #[must_use]
    pub fn of(&self, what: Happened) -> u64 {
        self.happened.get(&what).copied().unwrap_or(0)
    }

    /// Everything that happened at least once.
    pub fn iter(&self) -> impl Iterator<Item = (Happened, u64)> + '_ {
        self.happened.iter().map(|(&what, &times)| (what, times))
    }

    /// Of `expected`, what never happened: a test that counts on it tested nothing.
    pub fn missing(&self, expected: impl IntoIterator<Item = Happened>) -> Vec<Happened> {
        expected.into_iter().filter(|what| self.of(*what) == 0).collect()
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (&op, times) in &other.requests {
            *self.requests.entry(op).or_default() += times;
        }
        for (&what, times) in &other.happened {
            *self.happened.entry(what).or_default() += times;
        }
    }

    pub(crate) fn request(&mut self, op: Op) {
        *self.requests.entry(op).or_default() += 1;
    }

    pub(crate) fn note(&mut self, what: Happened, times: u64) {
        if times > 0 {
            *self.happened.entry(what).or_default() += times;
        }
    }
}
