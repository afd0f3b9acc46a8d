//! Every small model, searched to the end: all promises hold, and every dangerous state is met.
//!
//! Those that take more than a second are in `long`, which `cargo xtask test --fast` leaves out.

use fencepost_sim::model::suite;
use std::collections::BTreeSet;

fn check(name: &str) {
    let case = suite::small().into_iter().find(|case| case.name() == name).expect("the suite has this model");
    let finding = case.search(None);
    for broken in &finding.broken {
        println!("{name}: {}\n  {}", broken.promise, broken.trace.join("\n  "));
    }
    assert!(finding.broken.is_empty(), "{name}: a promise was broken");
    assert_eq!(finding.missed, Vec::<String>::new(), "{name}: the search never met these");
    for reached in &finding.reached {
        println!("{name}: {reached}");
    }
    println!("{name}: {} states, {} deep, {} s", finding.states, finding.depth, finding.seconds);
}

macro_rules! models {
    ($($(#[$doc:meta])* $test:ident $name:literal,)*) => {
        pub(super) const HERE: &[&str] = &[$($name),*];

        $($(#[$doc])* #[test] fn $test() { crate::check($name); })*
    };
}

#[test]
fn every_small_model_is_searched_here() {
    let here: BTreeSet<_> = short::HERE.iter().chain(long::HERE).copied().collect();
    let suite: BTreeSet<_> = suite::small().iter().map(|case| case.name()).collect();
    assert_eq!(suite, here);
    assert_eq!(here.len(), short::HERE.len() + long::HERE.len(), "a model is searched twice");
}

mod short {
    models! {
        /// P-90 to P-92: an entry is lost under a reader.
        a_loss_is_not_passed_by_a_reader "log/lost-under-a-reader",
        /// P-90 to P-92: an entry is lost before an opening.
        a_loss_is_not_passed_by_an_opener "log/lost",
        /// P-101: acknowledged rows that a loss fenced off.
        what_a_loss_fenced_off_stays "log/fenced-off",
        /// P-22: an entry of a foreign program stops a writer, and nothing is acknowledged over it.
        a_foreign_entry_is_never_stepped_over "log/strangers",
        /// P-135 to P-137: what openers' records vouch for is deleted unread, and nothing else is.
        what_goes_unread_is_vouched_for "log/records",
        /// P-101, P-135: what a loss fenced off is not passed unread.
        what_a_loss_fenced_off_is_never_passed_unread "log/records-fenced-off",
        /// P-101, P-137: the same where the loss came after a replay, and the successor's record is missing.
        what_a_later_loss_fenced_off_is_never_passed_unread "log/records-lost-later",
        /// P-137: fence entries and appends that landed late go unread, and guarded nothing.
        what_landed_late_goes_unread_and_guarded_nothing "log/records-late",
        /// P-135 to P-137: the same where writers close, and their fence entries are collected.
        what_goes_unread_is_vouched_for_where_fences_go "log/records-closing",
        /// P-1 to P-6, P-9, P-32: claims and checkpoints under pruning of all but the latest version.
        a_commit_into_pruned_space_does_not_win "manifest/pruned",
        /// P-1: listings that miss the newest version.
        a_lagging_list_is_made_good_by_probing "manifest/lagging",
        /// P-111: what a look takes for the latest, where listings lag.
        a_lagging_list_is_made_good_by_a_look "manifest/lagging-looks",
        /// P-66, P-111: a bucket that was put back.
        a_holder_from_before_a_restore_learns_of_it "manifest/restored",
        /// P-10.
        a_sealed_shard_is_not_claimed "manifest/sealed",
        /// P-99.
        a_fence_range_goes_as_a_whole "cursors/fence_range",
        /// P-68: late and doubled creates, lost replies, conflicts where nothing stands.
        all_first_writers_take_one_shard "first-shard",
        /// P-150 to P-153.
        a_copy_takes_a_logs_place_when_nobody_is_told_anything_there_any_more "restore",
        /// P-57: where a foreign hand moved `last_seen` back.
        a_misled_hint_meets_no_gap "lance/misled",
        /// P-27, F-15: a writer of ours knows of Lance from the manifest of another of ours.
        lance_is_remembered "lance/after-lance",
        /// P-26: what is definite among us is not for Lance.
        a_stale_entry_is_flushed_by_lance "lance/stale-flushed",
        /// P-27: necessary.
        a_pipelined_writer_loses_rows_to_an_opener_of_lances "lance/pipelined",
        /// The collector that Lance's users would write: everything up to `replay_after`.
        the_naive_collector_loses_rows "lance/naive",
        /// P-57: necessary.
        without_epoch_firsts_rows_are_lost "lance/no-epoch-firsts",
        /// With no collector at all.
        a_stalled_wal_only_opener_loses_rows_in_stock_lance "lance/wal-only-opener",
        /// With no collector at all.
        a_stalled_appender_loses_rows_in_stock_lance "lance/appender",
        /// P-80, P-81: flushes that fail, are tried again and land late; no clock.
        what_a_manifest_names_or_will_name_is_never_deleted "sstables/clock-free",
        /// P-80: where manifests are pruned and SSTables compacted.
        what_was_compacted_is_not_taken_for_a_failed_flush "sstables/pruned",
        /// P-81: without the minimum age, and not clock-free.
        a_collection_that_waits_for_nothing_deletes_an_sstable "sstables/no-age",
    }
}

mod long {
    models! {
        /// P-83 to P-86: flushes, a compactor, a restore and a cleanup around a reclaim and a collection.
        what_was_flushed_is_in_every_version_or_in_an_sstable "reclaim/strict",
        /// P-84: two reclaims at once, of which one dies anywhere.
        a_reclaim_that_died_is_finished_by_another "reclaim/two-at-once",
        /// P-86: a flush that committed without hearing of it names its folder once more.
        a_folder_that_is_named_again_stays "reclaim/unheard",
        /// P-83: Lance before 11.0.0.
        a_version_without_fragments_holds_sstables "reclaim/without-fragments",
        /// P-83: a marker that comes late, and a restore.
        of_two_compactors_one_fails_and_nothing_is_missed "reclaim/two-compactors",
        /// P-89: what others took out of the manifest.
        what_others_drained_is_deleted_once_they_have_moved_on "reclaim/drained-by-others",
        /// P-58, P-85: a reclaim's version in an epoch of Lance's.
        a_drain_does_not_settle_the_claim_of_its_epoch "lance/drained",
        /// P-10 to P-33 and P-50 to P-52: three writers, two appends each, two collectors.
        stalled_writers_collide_with_guarding_fences "log/three-writers",
        /// P-22, P-51: what lands twice, or after its sender died, changes nothing.
        late_and_doubled_creates_are_harmless "log/crash-and-duplicate",
        /// P-114: a claim whose create stalls while its opener reads.
        what_is_read_beside_a_claim_counts_only_upon_it "log/claims",
        /// P-15, P-35: after a close entry nothing is in flight.
        a_clean_fence_needs_no_fillers "log/closing",
        /// P-22 to P-26: what clients are told about appends is true, whatever replies were lost.
        lost_replies_are_never_guessed "log/losses",
        /// P-22, P-17: stores that say "exists" where nothing stands.
        a_conflict_is_not_an_entry "log/conflicts",
        /// P-40 to P-42: what a reader was handed is the log.
        a_reader_never_passes_a_hole "log/reader",
        /// P-43, P-47: readers that begin anywhere.
        a_reader_that_begins_anywhere_is_not_misled "log/reader-anywhere",
        /// P-45 to P-47: what landed late in collected space, under a reader, in two takeovers.
        what_landed_late_hides_nothing_from_a_reader "log/reader-two-takeovers",
        /// P-45 to P-49: a reader with a cursor.
        a_consumer_reads_on_from_its_cursor "log/consumer",
        /// P-20: the smallest window, which has fence ranges of one position.
        a_window_of_one_is_safe "log/window-of-one",
        /// P-16: the smallest window in which a stalled opener's fillers can reach above the tail.
        a_window_of_three_is_safe "log/window-of-three",
        /// P-44, P-48: what Lance flushed, above `replay_after` and late in collected space.
        what_lance_flushed_is_passed_and_hides_nothing "log/flushed",
        /// P-111: looks in place of searches.
        a_look_is_as_good_as_a_search "manifest/looks",
        /// P-112, P-113: claims upon what a watcher of the lease had found.
        a_claim_upon_what_was_watched_is_refused_rightly "manifest/watched",
        /// P-1: a search that stalls while versions are pruned and others land late.
        a_search_finds_what_was_the_latest "manifest/searches",
        /// P-3 to P-6: lost replies, doubled creates, commits given up.
        a_commit_learns_of_its_own_win "manifest/lost",
        /// P-53, P-54, P-95: whatever listings show of a cursor that moves.
        cursor_and_collector_see_each_other "cursors",
        /// P-98.
        a_boundary_that_is_looked_at_stays "cursors/boundaries",
        /// P-97: two that open one name at once.
        a_cursor_is_granted_or_given_up_once "cursors/openers",
        /// P-160 to P-164: a cursor over its leash is broken while its consumer moves.
        a_consumer_learns_that_its_cursor_was_broken "cursors/leash",
        /// P-165: one that was broken is opened, or made anew.
        a_broken_cursor_is_made_anew_and_never_by_accident "cursors/leash-anew",
        /// P-11, P-60 to P-64.
        safety_never_depends_on_a_lease "lease",
        /// P-57, P-58: Lance's memtable-mode writers, stalled anywhere, under all guards.
        memtable_mode_writers_are_safe_exactly "lance/memtable",
        /// P-52, P-57: of the highest entry and the hint guard, one is enough where only Lance moves `last_seen`.
        the_highest_entry_alone_shows_the_tail "lance/no-hint-guard",
        /// P-57.
        the_hint_guard_alone_shows_the_tail "lance/no-highest",
        /// P-57: and without the guard.
        a_misled_hint_loses_rows_without_its_guard "lance/misled-no-hint-guard",
        /// P-27, P-40, P-57, P-58: Lance takes over from us, and we from Lance.
        lance_between_writers_of_ours_is_safe "lance/between-ours",
        /// P-27, P-57, P-58: we take over from Lance, and Lance from us.
        ours_between_writers_of_lances_is_safe "lance/around-ours",
        /// P-57.
        an_open_wal_only_writer_is_safe "lance/wal-only-writer",
        /// P-58: necessary.
        without_unsettled_claims_rows_are_lost "lance/no-claims",
        /// P-52, P-57: one of the two is necessary.
        without_highest_and_hint_rows_are_lost "lance/neither-highest-nor-hint",
    }
}
