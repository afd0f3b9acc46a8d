use super::*;

/// A store that takes `micros` for a PUT when so many are in flight, and is always asked for as many as may be.
fn settled(depth: &mut Depth, puts: usize, micros: impl Fn(usize) -> f64) -> usize {
    let mut reached = 0;
    for _ in 0..puts {
        let in_flight = depth.limit();
        depth.answered(in_flight, Duration::from_secs_f64(micros(in_flight) / 1e6));
        reached = reached.max(depth.limit());
    }
    reached
}

#[test]
fn where_puts_do_not_wait_for_each_other_it_goes_as_deep_as_the_window() {
    let mut depth = Depth::new(64);
    assert_eq!(depth.limit(), 2);
    settled(&mut depth, 7 * 16, |_| 20_000.0);
    assert_eq!(depth.limit(), 64);
    settled(&mut depth, 10_000, |_| 20_000.0);
    assert_eq!(depth.limit(), 64);
}

#[test]
fn where_puts_queue_it_stays_shallow_and_seldom_tries_again() {
    let mut depth = Depth::new(64);
    let mut deeper = 0;
    for _ in 0..20_000 {
        let in_flight = depth.limit();
        deeper += usize::from(in_flight > 2);
        depth.answered(in_flight, Duration::from_micros(450 * in_flight as u64));
    }
    assert!(deeper < 500, "{deeper} of 20,000 PUTs were sent deeper than pays");
}

#[test]
fn it_stops_where_a_store_with_eight_hands_is_busy() {
    let mut depth = Depth::new(64);
    settled(&mut depth, 5_000, |in_flight| 1_000.0 * (in_flight as f64 / 8.0).max(1.0));
    assert!((8..=16).contains(&depth.limit()), "{}", depth.limit());
}

/// A store that becomes slower at all depths alike looks for a while as if depth did not pay.
#[test]
fn a_store_that_becomes_slower_is_found_out_to_reward_depth_all_the_same() {
    let mut depth = Depth::new(64);
    settled(&mut depth, 1_000, |_| 5_000.0);
    settled(&mut depth, 10_000, |_| 50_000.0);
    assert_eq!(depth.limit(), 64);
}

#[test]
fn a_few_very_slow_puts_change_nothing() {
    let mut depth = Depth::new(64);
    settled(&mut depth, 200, |_| 10_000.0);
    for number in 0..10_000 {
        let micros = if number % 50 == 0 { 500_000 } else { 10_000 };
        depth.answered(depth.limit(), Duration::from_micros(micros));
        assert_eq!(depth.limit(), 64, "after {number}");
    }
}

#[test]
fn it_never_goes_deeper_than_it_is_told() {
    for limit in [1, 2, 5, 64] {
        let mut depth = Depth::new(limit);
        assert!(settled(&mut depth, 1_000, |_| 1_000.0) <= limit);
        assert_eq!(depth.limit(), limit);
    }
}

/// What was sent past the limit, for a flush or because nobody could join it, tells nothing.
#[test]
fn what_is_in_flight_past_the_limit_does_not_count() {
    let mut depth = Depth::new(64);
    for _ in 0..1_000 {
        depth.answered(64, Duration::from_millis(1));
    }
    assert_eq!(depth.limit(), 2);
}
