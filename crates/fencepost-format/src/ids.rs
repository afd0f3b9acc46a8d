//! The numbers of the protocol, each with its own type.
//!
//! Positions, epochs and versions all start at 1; 0 means *none* ([`Position::NONE`] and so on) and orders below
//! every real one. All are refused above [`ID_MAX`] where bytes come in (names, trailers, manifests), so that
//! arithmetic on them has 2^62 steps of head room and cannot overflow.
// F-3.

use std::fmt;

/// The largest position, epoch or version that is accepted from outside: 2^62.
///
/// Counting never gets there, so a number above it is damage or an attack. It is refused here, so that no
/// later addition can overflow.
pub const ID_MAX: u64 = 1 << 62;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Zero: before the first.
            pub const NONE: Self = Self(0);
            /// One: the first.
            pub const FIRST: Self = Self(1);

            /// Wraps a number that is known to be sound, for example one that came out of another id.
            ///
            /// # Panics
            /// Above [`ID_MAX`]. Numbers from outside go through [`try_new`](Self::try_new).
            #[must_use]
            pub const fn new(number: u64) -> Self {
                assert!(number <= ID_MAX, "ids above 2^62 are refused where they come in");
                Self(number)
            }

            /// Wraps a number from outside; `None` above [`ID_MAX`].
            #[must_use]
            pub const fn try_new(number: u64) -> Option<Self> {
                if number <= ID_MAX { Some(Self(number)) } else { None }
            }

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Whether this is [`NONE`](Self::NONE).
            #[must_use]
            pub const fn is_none(self) -> bool {
                self.0 == 0
            }

            /// The one after this.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }

            /// The one before this; `NONE` stays `NONE`.
            #[must_use]
            pub const fn prev(self) -> Self {
                Self(self.0.saturating_sub(1))
            }

            /// The one `steps` after this.
            #[must_use]
            pub const fn plus(self, steps: u64) -> Self {
                Self(self.0 + steps)
            }

            /// The one `steps` before this, or `NONE`.
            #[must_use]
            pub const fn minus(self, steps: u64) -> Self {
                Self(self.0.saturating_sub(steps))
            }

            /// How many steps `later` is above this; 0 if it is not above.
            #[must_use]
            pub const fn distance_to(self, later: Self) -> u64 {
                later.0.saturating_sub(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

id! {
    /// The position of an entry in its log. The object's name is made from it.
    Position
}
id! {
    /// The number of a writer's term. Each claim takes the next one; entries of a fenced epoch lose against
    /// those of a later epoch.
    Epoch
}
id! {
    /// A shard manifest's version.
    Version
}

/// A memtable generation of Lance. This code only preserves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// Sixteen random bytes by which a writer recognizes its own objects after a lost reply.
///
/// The driver of the core draws one for each claim and one for each manifest commit; the core itself draws
/// nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(pub u128);

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({:x})", self.0)
    }
}

/// A shard's identity: a UUID, also the name of its folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub uuid::Uuid);

impl ShardId {
    /// Parses the hyphenated lower-case form that folder names have; any other spelling is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = uuid::Uuid::try_parse(text).ok()?;
        (id.as_hyphenated().to_string() == text).then_some(Self(id))
    }

    /// The id of sixteen bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [F-3](https://docs.rs/fencepost/latest/fencepost/book/format/index.html#f-3).
    #[test]
    fn numbers_above_the_limit_are_refused_where_they_come_in() {
        assert_eq!(Position::try_new(ID_MAX), Some(Position::new(ID_MAX)));
        assert_eq!(Position::try_new(ID_MAX + 1), None);
        assert_eq!(Epoch::try_new(u64::MAX), None);
        // Even the largest accepted one can be stepped.
        assert_eq!(Position::new(ID_MAX).next().get(), ID_MAX + 1);
    }

    #[test]
    fn shard_ids_have_one_spelling() {
        let text = "5e3982e7-0881-4b06-a045-82968ecdc515";
        assert_eq!(ShardId::parse(text).unwrap().to_string(), text);
        for bad in ["5E3982E7-0881-4b06-a045-82968ecdc515", "5e3982e708814b06a04582968ecdc515", "", "x"] {
            assert_eq!(ShardId::parse(bad), None, "{bad}");
        }
    }
}
