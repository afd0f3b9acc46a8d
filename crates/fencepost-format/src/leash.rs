//! How long, and how much, a cursor may hold; and the mark of one that was broken.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use crate::{CursorName, FormatError, ID_MAX, Nonce, Position, documents};

/// What happens to a cursor that is over its leash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnExceed {
    /// Collections say so and go on holding.
    #[default]
    Warn,
    /// A collection marks the cursor broken; from then on it holds nothing.
    Break,
}

/// The limits of a cursor's hold. What is not limited holds for ever.
///
/// A cursor *holds* the entries above its position that are checkpointed: without it, a collection could take them.
/// One that holds nothing is never over its leash.
///
/// ```
/// use fencepost_format::{Leash, OnExceed};
/// use std::time::Duration;
///
/// let week = Duration::from_secs(7 * 86_400);
/// let leash = Leash::new().with_expire(week).with_bytes(10 << 30).with_on_exceed(OnExceed::Break);
/// assert_eq!((leash.expire(), leash.entries()), (Some(week), None));
/// ```
// P-160, P-161.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leash {
    expire_ms: u64,
    age_ms: u64,
    entries: u64,
    bytes: u64,
    on_exceed: OnExceed,
}

impl Leash {
    /// A leash without limits, which only warns.
    #[must_use]
    pub const fn new() -> Self {
        Self { expire_ms: 0, age_ms: 0, entries: 0, bytes: 0, on_exceed: OnExceed::Warn }
    }

    /// How long it may stand still while it holds something. Default: for ever. Counted in milliseconds; a shorter
    /// time counts as one.
    ///
    /// Shorter: a consumer that is away for longer loses its hold. Longer: a dead consumer costs more storage.
    #[must_use]
    pub const fn with_expire(mut self, expire: Duration) -> Self {
        self.expire_ms = millis(expire);
        self
    }

    /// How old the oldest entry that it holds may be. Default: any age. Counted in milliseconds; a shorter time
    /// counts as one.
    ///
    /// Unlike [`with_expire`](Self::with_expire), it also limits a consumer that moves and does not keep up.
    #[must_use]
    pub const fn with_age(mut self, age: Duration) -> Self {
        self.age_ms = millis(age);
        self
    }

    /// How many entries it may hold. Default: any number. 0 counts as 1.
    #[must_use]
    pub const fn with_entries(mut self, entries: u64) -> Self {
        self.entries = limited(entries);
        self
    }

    /// How many bytes of entries it may hold. Default: any number. 0 counts as 1.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = limited(bytes);
        self
    }

    /// What happens when it is over a limit. Default: [`OnExceed::Warn`].
    #[must_use]
    pub const fn with_on_exceed(mut self, on_exceed: OnExceed) -> Self {
        self.on_exceed = on_exceed;
        self
    }

    /// How long it may stand still.
    #[must_use]
    pub fn expire(&self) -> Option<Duration> {
        (self.expire_ms > 0).then_some(Duration::from_millis(self.expire_ms))
    }

    /// How old the oldest entry may be that it holds.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        (self.age_ms > 0).then_some(Duration::from_millis(self.age_ms))
    }

    /// How many entries it may hold.
    #[must_use]
    pub fn entries(&self) -> Option<u64> {
        (self.entries > 0).then_some(self.entries)
    }

    /// How many bytes of entries it may hold.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        (self.bytes > 0).then_some(self.bytes)
    }

    /// What happens when it is over a limit.
    #[must_use]
    pub const fn on_exceed(&self) -> OnExceed {
        self.on_exceed
    }

    /// Whether it limits nothing.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.expire_ms == 0 && self.age_ms == 0 && self.entries == 0 && self.bytes == 0
    }

    /// Which of its limits is exceeded by a hold that stood still for so long, with entries of this age, number and
    /// size: the first of them, in this order.
    #[must_use]
    pub fn exceeded(&self, still_ms: u64, age_ms: u64, entries: u64, bytes: u64) -> Option<Exceeded> {
        let limits = [
            (LeashLimit::Expire, still_ms, self.expire_ms),
            (LeashLimit::Age, age_ms, self.age_ms),
            (LeashLimit::Entries, entries, self.entries),
            (LeashLimit::Bytes, bytes, self.bytes),
        ];
        let over = limits.into_iter().find(|(_, is, allowed)| *allowed > 0 && is > allowed)?;
        Some(Exceeded { limit: over.0, is: over.1, allowed: over.2 })
    }

    /// The words of its object's name.
    // F-43.
    pub(crate) fn words(&self) -> String {
        let Self { expire_ms, age_ms, entries, bytes, on_exceed } = *self;
        let word = match on_exceed {
            OnExceed::Warn => "warn",
            OnExceed::Break => "break",
        };
        format!("{expire_ms:020}-{age_ms:020}-{entries:020}-{bytes:020}-{word}")
    }

    pub(crate) fn parse_words<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut number = || words.next()?.parse().ok().filter(|number| *number <= ID_MAX);
        let (expire_ms, age_ms, entries, bytes) = (number()?, number()?, number()?, number()?);
        let on_exceed = match words.next()? {
            "warn" => OnExceed::Warn,
            "break" => OnExceed::Break,
            _ => return None,
        };
        Some(Self { expire_ms, age_ms, entries, bytes, on_exceed })
    }
}

impl fmt::Display for Leash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut limits = Vec::new();
        if self.expire_ms > 0 {
            limits.push(format!("standing still for {}", time(self.expire_ms)));
        }
        if self.age_ms > 0 {
            limits.push(format!("entries {} old", time(self.age_ms)));
        }
        if self.entries > 0 {
            limits.push(format!("{} entries", self.entries));
        }
        if self.bytes > 0 {
            limits.push(format!("{} bytes", self.bytes));
        }
        if limits.is_empty() {
            limits.push("no limit".into());
        }
        let then = match self.on_exceed {
            OnExceed::Warn => "warn",
            OnExceed::Break => "break",
        };
        write!(f, "{}; beyond that, {then}", limits.join(", "))
    }
}

/// Which limit of a leash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeashLimit {
    /// [`Leash::expire`].
    Expire,
    /// [`Leash::age`].
    Age,
    /// [`Leash::entries`].
    Entries,
    /// [`Leash::bytes`].
    Bytes,
}

/// A limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceeded {
    /// Which.
    pub limit: LeashLimit,
    /// What was found: milliseconds, entries or bytes.
    pub is: u64,
    /// What the leash allows, in the same unit.
    pub allowed: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is, allowed, .. } = *self;
        match self.limit {
            LeashLimit::Expire => {
                write!(f, "it stood still for {}, its leash allows {}", time(is), time(allowed))
            }
            LeashLimit::Age => {
                write!(f, "it holds an entry that is {} old, its leash allows {}", time(is), time(allowed))
            }
            LeashLimit::Entries => write!(f, "it holds {is} entries, its leash allows {allowed}"),
            LeashLimit::Bytes => write!(f, "it holds {is} bytes, its leash allows {allowed}"),
        }
    }
}

/// The mark of a cursor that was broken. That it is there says all that counts; what it says is for people.
// P-163, F-44.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorBreak {
    /// Where the cursor stood.
    pub position: Position,
    /// When it was broken, in milliseconds since 1970 by the store's clock, as far as the collection knew.
    pub time_ms: u64,
    /// Why.
    pub exceeded: Exceeded,
}

impl CursorBreak {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self, name: &CursorName, nonce: Nonce) -> Bytes {
        let stored = StoredBreak {
            format: documents::FORMAT,
            name: name.as_str().to_owned(),
            nonce: nonce.to_string(),
            position: self.position.get(),
            time_ms: self.time_ms,
            exceeded: self.exceeded,
        };
        documents::encode("cursor", &stored)
            .expect("a name of 64 characters and some numbers are far below 1 MiB")
    }

    /// Reads the mark of the cursor `name` with this nonce.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, name: &CursorName, nonce: Nonce, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: StoredBreak = documents::decode(object, bytes)?;
        let position = documents::position(object, stored.position)?;
        if stored.name != name.as_str() || stored.nonce != nonce.to_string() {
            return Err(crate::error::damaged(object, 0_u64, "the mark is about another cursor"));
        }
        Ok(Self { position, time_ms: stored.time_ms, exceeded: stored.exceeded })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBreak {
    format: u64,
    name: String,
    nonce: String,
    position: u64,
    time_ms: u64,
    exceeded: Exceeded,
}

const fn millis(time: Duration) -> u64 {
    let millis = time.as_millis();
    limited(if millis > ID_MAX as u128 { ID_MAX } else { millis as u64 })
}

const fn limited(number: u64) -> u64 {
    match number {
        0 => 1,
        number if number > ID_MAX => ID_MAX,
        number => number,
    }
}

/// In the largest unit of which there are two or more.
fn time(millis: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let unit = units.into_iter().find(|(of, _)| millis >= 2 * of);
    unit.map_or_else(|| format!("{millis} ms"), |(of, unit)| format!("{} {unit}", millis / of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CursorDecision, CursorDocument, Epoch};

    /// What is written is what is read, by the name alone.
    // F-43.
    #[test]
    fn a_leash_is_in_its_name() {
        let leash = Leash::new()
            .with_expire(Duration::from_secs(604_800))
            .with_bytes(10 << 30)
            .with_on_exceed(OnExceed::Break);
        let document = CursorDocument::Leash(Nonce(0xfe), leash);
        let name = "leash-000000000000000000000000000000fe-00000000000604800000-00000000000000000000-\
                    00000000000000000000-00000000010737418240-break.json";
        assert_eq!(document.object_name(), name);
        assert_eq!(CursorDocument::parse(name), Some(document));
        let broken = "broken-000000000000000000000000000000fe.json";
        assert_eq!(CursorDocument::parse(broken), Some(CursorDocument::Broken(Nonce(0xfe))));
        for wrong in [name.replace("break", "pull"), name.replace("leash", "lease"), broken.replace("-", "_")]
        {
            assert_eq!(CursorDocument::parse(&wrong), None, "{wrong}");
        }
    }

    /// The very bytes.
    // F-44.
    #[test]
    fn a_mark_says_where_when_and_why() {
        let text = r#"{"format":1,"name":"copy","nonce":"000000000000000000000000000000fe","position":42,"time_ms":7,"exceeded":{"limit":"entries","is":1001,"allowed":1000}}"#;
        let name = CursorName::parse("copy").unwrap();
        let exceeded = Exceeded { limit: LeashLimit::Entries, is: 1_001, allowed: 1_000 };
        let mark = CursorBreak { position: Position::new(42), time_ms: 7, exceeded };
        assert_eq!(mark.encode(&name, Nonce(0xfe)), text);
        assert_eq!(CursorBreak::decode("mark", &name, Nonce(0xfe), text.as_bytes()).unwrap(), mark);
        assert!(CursorBreak::decode("mark", &name, Nonce(0xff), text.as_bytes()).is_err());
    }

    /// Programs that know format 1 alone say that it is newer, and go on with no such cursor.
    // P-166, F-45.
    #[test]
    fn the_decision_about_a_cursor_with_a_leash_has_a_format_of_its_own() {
        let (name, nonce) = (CursorName::parse("copy").unwrap(), Nonce(0xfe));
        let text = r#"{"format":2,"name":"copy","nonce":"000000000000000000000000000000fe","granted":true,"epoch":3}"#;
        let leashed = CursorDecision::Leashed(Epoch::new(3));
        assert_eq!(leashed.encode(&name, nonce), text);
        let decode = |text: &str| CursorDecision::decode("decision", &name, nonce, text.as_bytes());
        assert_eq!(decode(text).unwrap(), leashed);
        assert_eq!(decode(&text.replace(":2,", ":1,")).unwrap(), CursorDecision::Granted(Epoch::new(3)));
        assert!(matches!(decode(&text.replace(":2,", ":3,")), Err(FormatError::Newer { .. })));
    }

    #[test]
    fn a_limit_is_exceeded_above_it_and_no_limit_never_is() {
        let leash = Leash::new().with_entries(3).with_age(Duration::from_millis(10));
        assert_eq!(leash.exceeded(u64::MAX, 10, 3, u64::MAX), None);
        assert_eq!(
            leash.exceeded(0, 0, 4, 0),
            Some(Exceeded { limit: LeashLimit::Entries, is: 4, allowed: 3 })
        );
        assert_eq!(leash.exceeded(0, 11, 4, 0).map(|over| over.limit), Some(LeashLimit::Age));
        assert!(Leash::new().is_unlimited() && !leash.is_unlimited());
        assert_eq!(time(172_800_000), "2 d");
        assert_eq!(time(1_999), "1999 ms");
    }
}
