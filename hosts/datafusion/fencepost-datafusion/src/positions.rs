//! Sets of positions, as a query asks for them.

/// A set of positions: ranges with both ends, upward, with something between each two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Positions(Vec<(u64, u64)>);

impl Positions {
    pub(crate) const NONE: Self = Self(Vec::new());

    /// Both ends included; none if `first` is above `last`.
    pub(crate) fn between(first: u64, last: u64) -> Self {
        Self(if first > last { Vec::new() } else { vec![(first, last)] })
    }

    /// From anything: in any order, and overlapping.
    pub(crate) fn of(ranges: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (first, last) in ranges {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    pub(crate) fn ranges(&self) -> &[(u64, u64)] {
        &self.0
    }

    pub(crate) fn contains(&self, at: u64) -> bool {
        let above = self.0.partition_point(|(first, _)| *first <= at);
        above > 0 && self.0[above - 1].1 >= at
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(&&(a, b)), Some(&&(c, d))) = (ours.peek(), theirs.peek()) {
            if a.max(c) <= b.min(d) {
                both.push((a.max(c), b.min(d)));
            }
            if b <= d {
                ours.next();
            } else {
                theirs.next();
            }
        }
        Self(both)
    }

    pub(crate) fn complement(&self) -> Self {
        let mut rest = Vec::new();
        let mut next = Some(0);
        for (first, last) in &self.0 {
            if let Some(next) = next.filter(|next| next < first) {
                rest.push((next, first - 1));
            }
            next = last.checked_add(1);
        }
        rest.extend(next.map(|next| (next, u64::MAX)));
        Self(rest)
    }

    /// What is to be read for them: ranges that lie close together are one, with what is between them, since a new
    /// beginning costs more than that.
    pub(crate) fn stretches(&self, gap_max: u64) -> Vec<(u64, u64)> {
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        for &(first, last) in &self.0 {
            match stretches.last_mut() {
                Some((_, end)) if first - *end - 1 <= gap_max => *end = last,
                _ => stretches.push((first, last)),
            }
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u64, u64)]) -> Positions {
        Positions::of(ranges.iter().copied())
    }

    /// Every operation against what it says of each position, the ends of the numbers among them.
    #[test]
    fn sets_are_what_their_positions_are() {
        const MAX: u64 = u64::MAX;
        let sets = [
            Positions::NONE,
            Positions::between(0, MAX),
            set(&[(0, 0)]),
            set(&[(MAX, MAX)]),
            set(&[(3, 5), (7, 7)]),
            set(&[(4, 9), (1, 1), (9, 12)]),
            set(&[(0, 3), (8, MAX)]),
            set(&[(6, 2)]),
        ];
        let positions = || (0..16).chain(MAX - 2..=MAX);
        for a in &sets {
            assert!(positions().all(|at| a.complement().contains(at) != a.contains(at)), "{a:?}");
            assert_eq!(&a.complement().complement(), a);
            for b in &sets {
                let (or, and) = (a.union(b), a.intersection(b));
                for at in positions() {
                    assert_eq!(or.contains(at), a.contains(at) || b.contains(at), "{a:?} or {b:?} at {at}");
                    assert_eq!(and.contains(at), a.contains(at) && b.contains(at), "{a:?} and {b:?} at {at}");
                }
                assert_eq!(Positions::of(and.0.clone()), and, "nothing overlaps or touches");
            }
        }
    }

    #[test]
    fn what_lies_close_together_is_read_in_one_go() {
        let asked = set(&[(1, 2), (5, 5), (20, 30)]);
        assert_eq!(asked.stretches(2), [(1, 5), (20, 30)]);
        assert_eq!(asked.stretches(1), [(1, 2), (5, 5), (20, 30)]);
        assert_eq!(asked.stretches(u64::MAX), [(1, 30)]);
    }
}
