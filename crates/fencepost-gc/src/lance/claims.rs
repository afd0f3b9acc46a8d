//! Claims by Lance whose openers may not have written yet.
// P-58, P-59.

use super::{manifests_to_read, writes_here};
use crate::{Inventory, Known, ManifestFacts, Policy, StoreTime};
use fencepost_fence::{Rule, rules};
use fencepost_format::{EntryKind, Epoch, Position, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An epoch that Lance claimed, as far as manifests and entries show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Claim {
    /// The epoch.
    pub epoch: Epoch,
    /// The lowest version of this epoch that was read: the claim itself, if it was not pruned.
    pub version: Version,
    /// The replay point (`replay_after`) from which its opener replays: the highest that this epoch wrote.
    pub replay_after: Position,
    /// How long ago, by the store's clock, the newest version of this epoch was written.
    pub silent_for: Duration,
    /// The state of the claim.
    pub state: ClaimState,
}

/// The state of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimState {
    /// Its epoch holds the shard.
    Current,
    /// Its writer appended rows, so its replay is finished.
    Settled,
    /// Nothing shows that its opener has finished: it may still replay, and then write where its replay ended.
    Unsettled(Hold),
    /// It stayed unsettled for longer than the policy waits.
    LetGo,
    /// An operator said that its process is gone.
    Forgotten,
}

impl ClaimState {
    /// A stable name, for JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Settled => "settled",
            Self::Unsettled(Hold { through: Some(_), .. }) => "fenced",
            Self::Unsettled(Hold { through: None, .. }) => "unsettled",
            Self::LetGo => "let_go",
            Self::Forgotten => "forgotten",
        }
    }
}

/// The entries that an unsettled claim keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// It keeps nothing up to this position.
    pub after: Position,
    /// It keeps everything up to this position: an entry of a later epoch, at which its replay ends in any
    /// case. `None` for everything above.
    pub through: Option<Position>,
}

impl Hold {
    /// Whether it keeps the entry at this position.
    #[must_use]
    pub fn keeps(&self, at: Position) -> bool {
        at > self.after && self.through.is_none_or(|through| at <= through)
    }
}

/// All claims by Lance that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Claims {
    /// By epoch, upward.
    pub all: Vec<Claim>,
    /// A version that counts but could not be read. It may be a claim from any position, so everything is kept.
    pub unread: Option<Version>,
}

impl Claims {
    /// The claim that keeps the entry at this position, if there is one.
    #[must_use]
    pub fn holder(&self, at: Position) -> Option<&Claim> {
        self.all.iter().find(|claim| matches!(claim.state, ClaimState::Unsettled(hold) if hold.keeps(at)))
    }

    /// Those that are unsettled, and may hold entries back.
    pub fn unsettled(&self) -> impl Iterator<Item = &Claim> {
        self.all.iter().filter(|claim| matches!(claim.state, ClaimState::Unsettled(_)))
    }

    /// The lowest position above which some claim keeps everything.
    pub(crate) fn floor(&self) -> Option<Position> {
        if self.unread.is_some() {
            return Some(Position::NONE);
        }
        let open = self.all.iter().filter_map(|claim| match claim.state {
            ClaimState::Unsettled(Hold { after, through: None }) => Some(after),
            _ => None,
        });
        open.min()
    }

    /// The lowest data entry of each epoch that may have to show later on that it is settled. What an epoch
    /// flushed itself shows so too: it replays from above that.
    pub(crate) fn evidence(&self, inventory: &Inventory, policy: &Policy) -> BTreeMap<Position, Epoch> {
        let is_young = |claim: &Claim| policy.clock_free() || claim.silent_for < policy.lance_opener_age();
        let counts = |claim: &&Claim| match claim.state {
            ClaimState::Current => true,
            ClaimState::Settled => is_young(claim),
            ClaimState::Unsettled(_) | ClaimState::LetGo | ClaimState::Forgotten => false,
        };
        let firsts = self.all.iter().filter(counts).filter_map(|claim| {
            let mut of_epoch =
                data(inventory).filter(|(at, epoch)| *epoch == claim.epoch && *at > claim.replay_after);
            of_epoch.next()
        });
        firsts.collect()
    }
}

/// Judges the claims by Lance.
///
/// SUBTLE: only a data entry settles a claim. A later manifest version of the epoch does not: whoever tails
/// the shard with Lance writes versions of the current epoch, to move `last_seen`, and so does an opener's
/// own replay before it ends; and an opener may flush in the middle of a long replay. The last two only mean
/// that it replays from a higher `replay_after`.
///
/// SUBTLE: an unsettled claim keeps the entries from its `replay_after` to the first entry of a later epoch.
/// Lance's replay refuses that one, and what its replay read before is still there to collide with. If there
/// is a gap before, or no such entry, it keeps everything above its `replay_after`.
// P-58.
#[must_use]
pub fn claims(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy) -> Claims {
    if !writes_here(inventory, facts) {
        return Claims::default();
    }
    // What was not looked at may be a claim from anywhere.
    let unread = manifests_to_read(inventory, facts, policy).pop_first();
    let mut claims = Claims { all: Vec::new(), unread };
    let mut epochs: BTreeMap<Epoch, Vec<(ManifestFacts, StoreTime)>> = BTreeMap::new();
    let now = inventory.now();
    for (version, read) in inventory.claims.iter().filter(|(version, _)| **version < facts.version) {
        let modified = inventory.manifests.get(version).copied().unwrap_or(now);
        match read {
            Some(read) => epochs.entry(read.epoch).or_default().push((*read, modified)),
            None => claims.unread = Some(*version),
        }
    }
    epochs.entry(facts.epoch).or_default().push((*facts, now));
    let settled: BTreeSet<_> = data(inventory).map(|(_, epoch)| epoch).collect();
    for (epoch, versions) in epochs {
        // A version with a nonce is ours, and so is its epoch; one without may be ours as well, moved on by a
        // reader of Lance's.
        if epoch.is_none() || versions.iter().any(|(version, _)| !version.by_lance) {
            continue;
        }
        let (first, _) = versions[0];
        let replay_after = versions.iter().map(|(version, _)| version.replay_after).max();
        let replay_after = replay_after.unwrap_or_default();
        let modified = versions.iter().map(|(_, modified)| *modified).max().unwrap_or(now);
        let later_settles = !rules::on(Rule::SettleByData) && versions.len() > 1;
        let silent_for = now.since(modified);
        let state = if epoch >= facts.epoch {
            ClaimState::Current
        } else if settled.contains(&epoch) || later_settles || !rules::on(Rule::KeepLanceClaims) {
            ClaimState::Settled
        } else if inventory.forgotten.contains(&epoch) {
            ClaimState::Forgotten
        } else if !policy.clock_free() && silent_for >= policy.lance_opener_age() {
            ClaimState::LetGo
        } else {
            ClaimState::Unsettled(hold(inventory, epoch, replay_after))
        };
        claims.all.push(Claim { epoch, version: first.version, replay_after, silent_for, state });
    }
    claims
}

/// From `after` to the first entry of a later epoch, if all in between is there.
fn hold(inventory: &Inventory, epoch: Epoch, after: Position) -> Hold {
    let mut at = after.next();
    while inventory.entries.contains(at) {
        match inventory.known.get(&at).and_then(Known::header) {
            Some(header) if header.epoch > epoch => return Hold { after, through: Some(at) },
            Some(_) => at = at.next(),
            None => break,
        }
    }
    Hold { after, through: None }
}

/// The data entries that were read.
fn data(inventory: &Inventory) -> impl Iterator<Item = (Position, Epoch)> {
    let headers = inventory.known.values().filter_map(Known::header);
    headers.filter(|header| header.kind == EntryKind::Data).map(|header| (header.position, header.epoch))
}
