//! The entries of a listing, in little memory.

use crate::{Listed, StoreTime};
use fencepost_format::Position;
use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

/// The entries that a listing shows, by their positions: some 13 bytes for each where they follow one another, since
/// listings may be of millions.
///
/// They may be inserted in any order; a listing shows them in that of their bit-reversed names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entries {
    /// By the position divided by 64.
    chunks: BTreeMap<u64, Chunk>,
    len: u64,
}

/// Up to 64 entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Chunk {
    /// One bit for each position, the lowest first.
    there: u64,
    /// Of each that is there, upward: its size, and the two halves of its time.
    listed: Vec<[u32; 3]>,
}

impl Chunk {
    /// Whether the entry with this bit is there, and its place among those that are.
    const fn place(&self, bit: u32) -> (bool, usize) {
        let below = self.there & ((1 << bit) - 1);
        (self.there >> bit & 1 == 1, below.count_ones() as usize)
    }

    fn iter(&self, number: u64) -> impl Iterator<Item = (Position, Listed)> {
        let mut left = self.there;
        self.listed.iter().map(move |packed| {
            let bit = u64::from(left.trailing_zeros());
            left &= left - 1;
            (Position::new(number << CHUNK_BITS | bit), unpack(*packed))
        })
    }
}

impl Entries {
    /// Notes an entry, and returns what was known of it before. A size above 4 GiB becomes 4 GiB: no entry is as
    /// large.
    pub fn insert(&mut self, at: Position, listed: Listed) -> Option<Listed> {
        let (number, bit) = split(at);
        let chunk = self.chunks.entry(number).or_default();
        let (is_there, place) = chunk.place(bit);
        if is_there {
            return Some(unpack(std::mem::replace(&mut chunk.listed[place], pack(listed))));
        }
        chunk.listed.insert(place, pack(listed));
        chunk.there |= 1 << bit;
        self.len += 1;
        None
    }

    /// Forgets an entry, and returns what was known of it.
    pub fn remove(&mut self, at: Position) -> Option<Listed> {
        let (number, bit) = split(at);
        let chunk = self.chunks.get_mut(&number)?;
        let (is_there, place) = chunk.place(bit);
        if !is_there {
            return None;
        }
        let removed = unpack(chunk.listed.remove(place));
        chunk.there &= !(1 << bit);
        if chunk.there == 0 {
            self.chunks.remove(&number);
        }
        self.len -= 1;
        Some(removed)
    }

    /// What the listing says of an entry; `None` if it does not show it.
    #[must_use]
    pub fn get(&self, at: Position) -> Option<Listed> {
        let (number, bit) = split(at);
        let chunk = self.chunks.get(&number)?;
        let (is_there, place) = chunk.place(bit);
        is_there.then(|| unpack(chunk.listed[place]))
    }

    /// Whether the listing shows it.
    #[must_use]
    pub fn contains(&self, at: Position) -> bool {
        let (number, bit) = split(at);
        self.chunks.get(&number).is_some_and(|chunk| chunk.place(bit).0)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, upward.
    pub fn iter(&self) -> impl Iterator<Item = (Position, Listed)> {
        self.chunks.iter().flat_map(|(number, chunk)| chunk.iter(*number))
    }

    /// Their positions, upward.
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        self.iter().map(|(at, _)| at)
    }

    /// Those within a range, upward.
    pub fn range<R: RangeBounds<Position>>(
        &self,
        range: R,
    ) -> impl Iterator<Item = (Position, Listed)> + use<'_, R> {
        let chunk_of = |bound: Bound<&Position>| match bound {
            Bound::Included(at) | Bound::Excluded(at) => Bound::Included(split(*at).0),
            Bound::Unbounded => Bound::Unbounded,
        };
        let (from, to) = (chunk_of(range.start_bound()), chunk_of(range.end_bound()));
        let is_empty = matches!((from, to), (Bound::Included(from), Bound::Included(to)) if from > to);
        let chunks = (!is_empty).then(|| self.chunks.range((from, to)));
        let within = chunks.into_iter().flatten().flat_map(|(number, chunk)| chunk.iter(*number));
        within.filter(move |(at, _)| range.contains(at))
    }

    /// The highest position; [`Position::NONE`] if there is none.
    #[must_use]
    pub fn highest(&self) -> Position {
        let last = self.chunks.last_key_value();
        last.map_or(Position::NONE, |(number, chunk)| {
            Position::new(number << CHUNK_BITS | u64::from(63 - chunk.there.leading_zeros()))
        })
    }
}

impl Extend<(Position, Listed)> for Entries {
    fn extend<T: IntoIterator<Item = (Position, Listed)>>(&mut self, entries: T) {
        for (at, listed) in entries {
            self.insert(at, listed);
        }
    }
}

impl FromIterator<(Position, Listed)> for Entries {
    fn from_iter<T: IntoIterator<Item = (Position, Listed)>>(entries: T) -> Self {
        let mut found = Self::default();
        found.extend(entries);
        found
    }
}

impl Entries {
    /// Joins another listing; what it says of an entry that both show counts.
    pub(crate) fn absorb(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
        } else {
            self.extend(other.iter());
        }
    }
}

const fn split(at: Position) -> (u64, u32) {
    (at.get() >> CHUNK_BITS, (at.get() & 63) as u32)
}

fn pack(listed: Listed) -> [u32; 3] {
    let StoreTime(modified) = listed.modified;
    [u32::try_from(listed.bytes).unwrap_or(u32::MAX), (modified >> 32) as u32, modified as u32]
}

fn unpack([bytes, high, low]: [u32; 3]) -> Listed {
    Listed { bytes: bytes.into(), modified: StoreTime(u64::from(high) << 32 | u64::from(low)) }
}

const CHUNK_BITS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(number: u64) -> Listed {
        Listed { bytes: number % 5_000_000_000, modified: StoreTime(number) }
    }

    fn capped(mut listed: Listed) -> Listed {
        listed.bytes = listed.bytes.min(u32::MAX.into());
        listed
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        /// It is a map, whatever the order.
        #[test]
        fn it_answers_as_a_map_does(
            steps in prop::collection::vec((any::<bool>(), 1..300_u64, any::<u64>()), 0..120),
            (from, to) in (0..320_u64, 0..320_u64),
        ) {
            let (mut entries, mut map) = (Entries::default(), BTreeMap::new());
            for (insert, at, number) in steps {
                let at = Position::new(at);
                if insert {
                    prop_assert_eq!(entries.insert(at, listed(number)), map.insert(at, capped(listed(number))));
                } else {
                    prop_assert_eq!(entries.remove(at), map.remove(&at));
                }
            }
            let pairs = || map.iter().map(|(at, listed)| (*at, *listed));
            prop_assert_eq!(entries.len(), map.len() as u64);
            prop_assert!(entries.iter().eq(pairs()));
            prop_assert_eq!(entries.highest(), map.keys().next_back().copied().unwrap_or_default());
            for at in (0..320).map(Position::new) {
                prop_assert_eq!(entries.get(at), map.get(&at).copied());
                prop_assert_eq!(entries.contains(at), map.contains_key(&at));
            }
            let (from, to) = (Position::new(from), Position::new(to));
            prop_assert!(entries.range(from..).eq(pairs().filter(|(at, _)| *at >= from)));
            prop_assert!(entries.range(..=to).eq(pairs().filter(|(at, _)| *at <= to)));
            prop_assert!(entries.range(from..to).eq(pairs().filter(|(at, _)| *at >= from && *at < to)));
            let emptied = pairs().fold(entries, |mut entries, (at, _)| { entries.remove(at); entries });
            prop_assert_eq!(emptied, Entries::default());
        }
    }
}
