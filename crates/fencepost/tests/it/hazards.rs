//! The hazards of logs on object storage, each played through the public API.
//!
//! Where a cure can be taken away from outside, a second test takes it away and shows the loss: a check that
//! cannot fail is no check.

mod h01_guarding_fence_is_kept;
mod h02_opener_that_stalled_is_fenced;
mod h03_acknowledged_in_order;
mod h04_late_put_finds_a_filler;
mod h05_checkpoint_stays_out_of_fence_ranges;
mod h06_tail_is_not_taken_from_a_listing;
mod h07_hint_never_points_into_a_gap;
mod h08_stalled_commit_into_pruned_space;
mod h09_same_epoch_is_not_held_twice;
mod h10_timed_out_but_landed;
mod h11_store_without_conditional_writes;
mod h12_local_writes_are_flushed;
mod h13_listing_is_no_snapshot;
mod h14_collectors_together_and_broken_off;
mod h15_collected_under_a_reader;
mod h16_checkpoint_by_the_wrong_hand;
mod h17_damaged_entries;
mod h18_numbers_and_clocks_at_their_ends;
mod h19_dropped_at_any_await;
mod h20_memory_is_bounded_by_bytes;
mod h21_no_multipart;
mod h22_failed_read_is_not_absent;
mod h23_claim_that_lost_its_reply;
mod h24_bulk_delete_that_fails_in_part;
mod h25_read_where_something_landed_late;
