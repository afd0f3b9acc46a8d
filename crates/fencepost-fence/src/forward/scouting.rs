//! How far the log goes on, found out by a few reads far ahead.
//!
//! A reader that reads deep wants to know that there is something to read: otherwise it asks, at the end of
//! every log, for as many entries that do not exist as it reads ahead. So it sends *scouts*: reads of entries
//! far above, which it needs sooner or later if they exist. Up to the highest one that was found it reads as
//! deep as it may; above that it feels its way.
//!
//! Nothing is concluded from a scout but how much to ask for. What a scout found is kept like anything else
//! that was read ahead; that it found nothing is forgotten, and the position is asked for again when its turn
//! comes.
// P-125.

use fencepost_format::Position;

/// What the scouts know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scouting {
    /// Something was found here, and nothing above.
    reach: Position,
    /// How far above `reach` the next scout goes, while none came back empty.
    step: u64,
    /// Where one came back empty, if above `reach`.
    end: Option<Position>,
}

impl Scouting {
    /// Nothing is known above `below`.
    pub(super) const fn new(below: Position) -> Self {
        Self { reach: below, step: STEP_MIN, end: None }
    }

    /// Something was found up to here.
    pub(super) const fn reach(&self) -> Position {
        self.reach
    }

    /// Something stands at `at`; `scout` if that was far above everything else.
    pub(super) fn found(&mut self, at: Position, scout: bool) {
        if scout {
            self.step = (self.step * STEP_GROWTH).min(STEP_MAX);
        }
        self.reach = self.reach.max(at);
        self.end = self.end.filter(|end| *end > self.reach);
    }

    /// A scout found nothing at `at`.
    pub(super) fn absent(&mut self, at: Position) {
        if at > self.reach {
            self.end = Some(self.end.map_or(at, |end| end.min(at)));
        }
    }

    /// Where to send scouts now, none being out: one far up, or three between what is there and what is not.
    /// Empty if what is left is not worth it.
    pub(super) fn next(&self) -> impl Iterator<Item = Position> + use<> {
        let (reach, step, count) = match self.end {
            None => (self.reach, self.step, 1),
            Some(end) => (self.reach, self.reach.distance_to(end) / 4, 3),
        };
        let count = if step < STRIDE_MIN { 0 } else { count };
        (1..=count).map(move |nth| reach.plus(step * nth))
    }
}

const STEP_MIN: u64 = 64;
const STEP_GROWTH: u64 = 4;
const STEP_MAX: u64 = 256;

/// Scouts closer than this to each other would tell no more than reading on does.
const STRIDE_MIN: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// Scouts a log that ends with `last`, until they know enough; how many found nothing, and how far they got.
    fn scout(last: u64) -> (u64, u64) {
        let (mut scouting, mut missed) = (Scouting::new(Position::new(3)), 0);
        loop {
            let sent: Vec<_> = scouting.next().collect();
            if sent.is_empty() {
                return (missed, scouting.reach().get());
            }
            for at in sent {
                if at.get() <= last {
                    scouting.found(at, true);
                } else {
                    missed += 1;
                    scouting.absent(at);
                }
            }
        }
    }

    #[test]
    fn scouts_get_close_to_the_end_and_few_come_back_empty() {
        for last in 4..2_000 {
            let (missed, reach) = scout(last);
            assert!(missed <= 10, "{missed} of a log up to {last}");
            assert!(reach <= last.max(3) && last - reach < 4 * STRIDE_MIN, "{reach} of {last}");
        }
    }

    #[test]
    fn each_scout_goes_farther_than_the_last_one() {
        let mut scouting = Scouting::new(Position::NONE);
        let mut reached = Vec::new();
        for _ in 0..5 {
            let at = scouting.next().next().unwrap();
            scouting.found(at, true);
            reached.push(at.get());
        }
        assert_eq!(reached, [64, 320, 576, 832, 1_088]);
    }

    /// The log grew meanwhile: what was the end is none.
    #[test]
    fn an_end_below_what_was_found_is_forgotten() {
        let mut scouting = Scouting::new(Position::new(10));
        scouting.absent(Position::new(42));
        assert!(scouting.next().map(Position::get).eq([18, 26, 34]));
        scouting.found(Position::new(50), false);
        assert!(scouting.next().map(Position::get).eq([114]));
        scouting.absent(Position::new(50));
        assert!(scouting.next().map(Position::get).eq([114]), "that was read before it was written");
    }
}
