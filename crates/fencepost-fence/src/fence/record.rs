//! What an opener tells collectors of its replay.
// P-135.

use crate::{Rule, RulingEpoch, Window, WriterId, rules};
use fencepost_format::{EntryHeader, Manifest, OpeningRecord, Position, RECORDED_KEPT_MAX};

/// What a replay has passed so far, as far as collectors need to know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Replayed {
    replay_after: Position,
    kept: Vec<Position>,
    /// Nothing was passed that a collector must judge for itself.
    is_regular: bool,
}

impl Replayed {
    pub(super) const fn above(replay_after: Position) -> Self {
        Self { replay_after, kept: Vec::new(), is_regular: true }
    }

    /// Notes an entry that is about to be passed, with the epoch that rules below it.
    ///
    /// SUBTLE: three things are a collector's own to judge, and then it reads them all.
    /// * What Lance wrote: which of its entries are needed depends on its claims.
    /// * A stale entry where no fence range accounts for it: it may have been acknowledged, and fenced off by a
    ///   loss. Those in fence ranges need no mention, since collectors read fence ranges in any case.
    /// * More kept entries than the record holds.
    // P-57, P-101.
    pub(super) fn note(&mut self, header: &EntryHeader, ruling: RulingEpoch, window: Window) {
        if header.kind.is_kept_for_ever() && rules::on(Rule::RecordSeenFences) {
            self.kept.push(header.position);
        }
        let in_range = self.kept.last().is_some_and(|fence| header.position <= fence.plus(window.get()));
        let is_accounted_for = ruling.counts(header) || in_range || !rules::on(Rule::RecordWhatIsRegular);
        self.is_regular &= !header.is_by_lance() && is_accounted_for && self.kept.len() <= RECORDED_KEPT_MAX;
        if !self.is_regular {
            self.kept = Vec::new();
        }
    }

    /// The record of a writer that is open, with its fence entry at `fence`.
    pub(super) fn record(
        &mut self,
        writer: WriterId,
        fence: Position,
        manifest: &Manifest,
    ) -> Option<OpeningRecord> {
        let lance_was_here = manifest.nonce.is_none() || manifest.lance_before;
        let WriterId { epoch, nonce } = writer;
        let (replay_after, kept) = (self.replay_after, std::mem::take(&mut self.kept));
        (self.is_regular && !lance_was_here).then_some(OpeningRecord {
            epoch,
            nonce,
            replay_after,
            fence,
            kept,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header;
    use fencepost_format::{Epoch, Nonce, ShardId};

    /// The record of epoch 9 after a replay of these entries from position 1, with a window of 3.
    fn record(entries: &[&str]) -> Option<Vec<u64>> {
        let (mut replayed, mut ruling) = (Replayed::above(Position::NONE), RulingEpoch::NONE);
        for (at, words) in (1..).zip(entries) {
            // Upper case: by Lance.
            let header = EntryHeader {
                nonce: words.starts_with(|kind: char| kind.is_lowercase()).then_some(Nonce(7)),
                ..header(at, &words.to_lowercase())
            };
            replayed.note(&header, ruling, Window::for_models(3));
            ruling.pass(&header);
        }
        let writer = WriterId { epoch: Epoch::new(9), nonce: Nonce(9) };
        let manifest = Manifest { nonce: Some(Nonce(1)), ..Manifest::initial(ShardId::default()) };
        let record = replayed.record(writer, Position::new(entries.len() as u64 + 1), &manifest)?;
        Some(record.kept.iter().map(|at| at.get()).collect())
    }

    /// An opener that posted and died left no record of its own: whoever passes its fence entry names it.
    // P-135.
    #[test]
    fn a_record_names_every_guarding_fence_and_tombstone_that_was_passed() {
        assert_eq!(record(&[]), Some(vec![]));
        assert_eq!(record(&["h1", "d1", "p2", "f2", "p3", "f3", "t3", "d3"]), Some(vec![3, 5, 7]));
    }

    #[test]
    fn stale_entries_in_a_fence_range_are_accounted_for_by_its_fence() {
        assert_eq!(record(&["h1", "d1", "p2", "d1", "d1", "d1", "d2"]), Some(vec![3]));
    }

    /// They may be the only copies of acknowledged rows.
    // P-101.
    #[test]
    fn stale_entries_beyond_a_fence_range_make_collectors_read_all() {
        assert_eq!(record(&["h1", "d1", "p2", "f2", "f2", "d2", "d1"]), None);
        assert_eq!(record(&["h1", "d1", "h2", "d1"]), None);
    }

    #[test]
    fn entries_by_lance_make_collectors_read_all() {
        assert_eq!(record(&["h1", "d1", "D2"]), None);
    }
}
