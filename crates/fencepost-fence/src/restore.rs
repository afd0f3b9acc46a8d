//! Whether a copy of a log may take the log's place.
//!
//! A writer of the log that was copied may be alive, and may never hear of the copy. What it is told is in the log
//! must be in the copy, so it must not be told anything any more when the copy is made to a log.
// P-152, P-153.

use crate::{Rule, rules};
use fencepost_format::{Epoch, ID_MAX, Manifest, Nonce, ShardStatus, Version};

/// What is known of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Copied {
    /// The epoch that held the log when the copy was begun.
    pub epoch: Epoch,
    /// Whether the log was sealed under that epoch by then.
    pub sealed: bool,
}

/// What stands where the log was, seen after the copy was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Its latest manifest.
    There {
        /// The epoch.
        epoch: Epoch,
        /// Whether it takes writers.
        status: ShardStatus,
    },
    /// There is no manifest, or no way to that place.
    Nothing {
        /// Somebody who must know says that no process can write there any more.
        vouched: bool,
    },
}

/// Why a copy must not take the log's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestoreRefused {
    /// The log takes writers: what they are told from now on would not be in the copy.
    NotSealed {
        /// The epoch that holds it.
        epoch: Epoch,
    },
    /// The log is sealed, and was not when it was copied: what was acknowledged in between is not in the copy.
    CopiedBefore {
        /// The epoch of the copy.
        copied: Epoch,
        /// The epoch that sealed it.
        sealed: Epoch,
    },
    /// Nothing can be seen of the log, and nobody vouches that nothing writes there.
    NotFound,
}

/// Whether a log may be made of the copy.
///
/// # Errors
/// [`RestoreRefused`].
// P-152.
pub fn may_restore(copied: Copied, source: Source) -> Result<(), RestoreRefused> {
    match source {
        // SUBTLE: a later epoch than the copy's may be the one that sealed it. A copy that was begun before the
        // seal may have missed what was acknowledged until then. Lifting a seal takes an epoch, so the same epoch
        // is sealed still.
        Source::There { epoch, .. }
            if (copied.sealed && copied.epoch == epoch) || !rules::on(Rule::RestoreSealed) =>
        {
            Ok(())
        }
        Source::There { epoch, status } if status.accepts_claims() => {
            Err(RestoreRefused::NotSealed { epoch })
        }
        Source::There { epoch, .. } => {
            Err(RestoreRefused::CopiedBefore { copied: copied.epoch, sealed: epoch })
        }
        Source::Nothing { vouched: true } => Ok(()),
        Source::Nothing { vouched: false } => Err(RestoreRefused::NotFound),
    }
}

/// Whether the log of a copy may be made in a shard with this latest manifest: where nothing is, or where the same copy
/// was being made a log of. `copy` is the nonce of the copy.
// P-153.
#[must_use]
pub fn may_fill(copy: Nonce, latest: Option<&Manifest>) -> bool {
    latest.is_none_or(|latest| {
        latest.version == Version::FIRST && latest.nonce == Some(copy) && latest.status == ShardStatus::Sealed
    })
}

/// The epoch that a log begins with which was made of a copy: beyond all that the log which was copied has used or
/// will. `None` if there are no such epochs left.
// P-153.
#[must_use]
pub const fn restored_epoch(copied: Epoch) -> Option<Epoch> {
    match copied.get().checked_add(EPOCH_JUMP) {
        Some(epoch) if epoch <= ID_MAX => Epoch::try_new(epoch),
        _ => None,
    }
}

/// By how much: a takeover a second for twelve days.
const EPOCH_JUMP: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Copied = Copied { epoch: Epoch::new(3), sealed: true };

    fn there(epoch: u64, status: ShardStatus) -> Source {
        Source::There { epoch: Epoch::new(epoch), status }
    }

    /// P-152.
    #[test]
    fn a_copy_of_a_sealed_log_takes_its_place_while_the_log_stays_sealed() {
        assert_eq!(may_restore(THREE, there(3, ShardStatus::Sealed)), Ok(()));
        let lifted = RestoreRefused::NotSealed { epoch: Epoch::new(4) };
        assert_eq!(may_restore(THREE, there(4, ShardStatus::Active)), Err(lifted));
        let (copied, sealed) = (Epoch::new(3), Epoch::new(5));
        let again = RestoreRefused::CopiedBefore { copied, sealed };
        assert_eq!(may_restore(THREE, there(5, ShardStatus::Sealed)), Err(again));
    }

    /// P-152.
    #[test]
    fn a_copy_of_a_log_that_took_writers_takes_its_place_only_where_nobody_can_write() {
        let live = Copied { sealed: false, ..THREE };
        for status in [ShardStatus::Active, ShardStatus::Sealed, ShardStatus::Unknown(7)] {
            assert!(may_restore(live, there(3, status)).is_err(), "{status:?}");
        }
        assert_eq!(may_restore(live, Source::Nothing { vouched: false }), Err(RestoreRefused::NotFound));
        assert_eq!(may_restore(live, Source::Nothing { vouched: true }), Ok(()));
    }

    /// P-153.
    #[test]
    fn only_the_same_copy_goes_on_where_a_manifest_is() {
        let (copy, other) = (Nonce(7), Nonce(8));
        let begun = Manifest {
            version: Version::FIRST,
            status: ShardStatus::Sealed,
            nonce: Some(copy),
            ..Manifest::initial(fencepost_format::ShardId::default())
        };
        assert!(may_fill(copy, None) && may_fill(copy, Some(&begun)));
        assert!(!may_fill(other, Some(&begun)));
        let lifted = Manifest { status: ShardStatus::Active, ..begun.clone() };
        assert!(!may_fill(copy, Some(&lifted)));
        let later = Manifest { version: Version::FIRST.next(), ..begun };
        assert!(!may_fill(copy, Some(&later)));
    }

    /// P-153.
    #[test]
    fn a_restored_log_begins_beyond_all_epochs_of_the_old_one() {
        assert_eq!(restored_epoch(Epoch::new(3)).unwrap().get(), 3 + (1 << 20));
        assert_eq!(restored_epoch(Epoch::new(ID_MAX)), None);
    }
}
