//! Zones, and the checkpoints that they permit (P-31).

use crate::Window;
use fencepost_format::Position;

/// The zones above `R` that a writer knows of: from the replay of its opening, and its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Zones(Vec<Position>);

impl Zones {
    /// Notes a needed post. Posts come in ascending order.
    pub fn note(&mut self, post: Position) {
        self.0.push(post);
    }

    /// The highest position at or below `p` on which `R` may come to rest.
    ///
    /// Zones may overlap, when an opener died while it filled; so this goes down until no zone holds.
    #[must_use]
    pub fn round_down(&self, p: Position, window: Window) -> Position {
        let mut p = p;
        for &post in self.0.iter().rev() {
            let last = post.plus(window.get() - 1);
            if post <= p && p < last {
                p = post.prev();
            }
        }
        p
    }

    /// Forgets zones that lie at or below `R`.
    pub(crate) fn forget_through(&mut self, replay_after: Position, window: Window) {
        self.0.retain(|post| post.plus(window.get() - 1) > replay_after);
    }

    /// The needed posts.
    #[must_use]
    pub fn posts(&self) -> &[Position] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(posts: &[u64], p: u64, expect: u64) {
        let mut zones = Zones::default();
        posts.iter().for_each(|&at| zones.note(Position::new(at)));
        assert_eq!(zones.round_down(Position::new(p), Window::for_models(4)).get(), expect, "{posts:?} {p}");
    }

    /// P-31: a leftover inside a zone would become valid if `R` rested just below it.
    #[test]
    fn checkpoints_inside_a_zone_are_rounded_down_to_before_its_post() {
        check(&[], 7, 7);
        check(&[5], 4, 4);
        check(&[5], 5, 4);
        check(&[5], 7, 4);
        check(&[5], 8, 8); // The whole zone is covered.
        check(&[5, 7], 8, 4); // Overlap: the second opener died while filling; 8 ends the first zone and is inside the second.
        check(&[5, 7], 10, 10);
        check(&[1], 1, 0);
    }

    /// A zone counts until `R` has reached its end.
    #[test]
    fn zones_are_forgotten_once_they_are_covered() {
        let mut zones = Zones::default();
        [5, 20].into_iter().for_each(|at| zones.note(Position::new(at)));
        let mut left = |replay_after: u64| {
            zones.forget_through(Position::new(replay_after), Window::for_models(4));
            zones.posts().iter().map(|post| post.get()).collect::<Vec<_>>()
        };
        assert_eq!(left(4), [5, 20]);
        assert_eq!(left(7), [5, 20]);
        assert_eq!(left(8), [20]);
        assert_eq!(left(23), [0_u64; 0]);
    }
}
