//! Fence ranges, and the checkpoints that they permit.
// P-31.

use crate::Window;
use fencepost_format::Position;

/// The fence ranges above `replay_after` that a writer knows of: from the replay of its opening, and its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FenceRanges(Vec<Position>);

impl FenceRanges {
    /// Notes a guarding fence. Fence entries come in ascending order.
    pub fn note(&mut self, fence: Position) {
        self.0.push(fence);
    }

    /// The highest position at or below `p` on which `replay_after` may come to rest.
    ///
    /// Fence ranges may overlap, when an opener died while it filled; so this goes down until no fence range
    /// holds.
    #[must_use]
    pub fn round_down(&self, p: Position, window: Window) -> Position {
        let mut p = p;
        for &fence in self.0.iter().rev() {
            let last = fence.plus(window.get() - 1);
            if fence <= p && p < last {
                p = fence.prev();
            }
        }
        p
    }

    /// Forgets fence ranges that lie at or below `replay_after`.
    pub(crate) fn forget_through(&mut self, replay_after: Position, window: Window) {
        self.0.retain(|fence| fence.plus(window.get() - 1) > replay_after);
    }

    /// The guarding fences.
    #[must_use]
    pub fn fences(&self) -> &[Position] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fences: &[u64], p: u64, expect: u64) {
        let mut fence_ranges = FenceRanges::default();
        fences.iter().for_each(|&at| fence_ranges.note(Position::new(at)));
        assert_eq!(
            fence_ranges.round_down(Position::new(p), Window::for_models(4)).get(),
            expect,
            "{fences:?} {p}"
        );
    }

    /// A stale entry inside a fence range would become valid if `replay_after` rested just below it.
    // P-31.
    #[test]
    fn checkpoints_inside_a_fence_range_are_rounded_down_to_before_its_fence() {
        check(&[], 7, 7);
        check(&[5], 4, 4);
        check(&[5], 5, 4);
        check(&[5], 7, 4);
        check(&[5], 8, 8); // The whole fence range is covered.
        check(&[5, 7], 8, 4); // Overlap: the second opener died while filling; 8 ends the first fence range and is inside the second.
        check(&[5, 7], 10, 10);
        check(&[1], 1, 0);
    }

    /// A fence range counts until `replay_after` has reached its end.
    #[test]
    fn fence_ranges_are_forgotten_once_they_are_covered() {
        let mut fence_ranges = FenceRanges::default();
        [5, 20].into_iter().for_each(|at| fence_ranges.note(Position::new(at)));
        let mut left = |replay_after: u64| {
            fence_ranges.forget_through(Position::new(replay_after), Window::for_models(4));
            fence_ranges.fences().iter().map(|fence| fence.get()).collect::<Vec<_>>()
        };
        assert_eq!(left(4), [5, 20]);
        assert_eq!(left(7), [5, 20]);
        assert_eq!(left(8), [20]);
        assert_eq!(left(23), [0_u64; 0]);
    }
}
