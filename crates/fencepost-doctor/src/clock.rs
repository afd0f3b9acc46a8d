//! The store's clock against this machine's.

use super::bench::{Bench, Found};
use super::report::Seen;
use std::time::{Duration, SystemTime};

/// An object's time lies between the sending of its create and the answer, by a clock that is right.
pub(super) async fn skew(bench: Bench<'_>) -> Found {
    let mut worst = Skew::default();
    for probe in 0..PROBES {
        let name = format!("clock/{probe}");
        let before = (bench.options.clock)();
        bench.make(&name, "x").await?;
        let after = (bench.options.clock)();
        let Some(info) = bench.store().head(&name).await.into_result()? else {
            return Ok(Seen::unknown("the object is not found; see the checks of reads"));
        };
        worst = worst.or(Skew::of(info.last_modified, before, after));
    }
    let most = bench.options.clock_skew_max;
    Ok(match worst {
        Skew { by, .. } if by > most => Seen::failed(format!("{worst}, more than {most:?}"), TOO_FAR),
        Skew { by, .. } if by > most / 5 => Seen::warning(worst.to_string(), TOO_FAR),
        _ => Seen::passed(worst.to_string()),
    })
}

/// By how much the clocks differ at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Skew {
    by: Duration,
    store_is_ahead: bool,
}

impl Skew {
    /// `told` may have lost the part of a second.
    fn of(told: SystemTime, before: SystemTime, after: SystemTime) -> Self {
        let ahead = told.duration_since(after).unwrap_or_default();
        let behind = before.duration_since(told + RESOLUTION).unwrap_or_default();
        Self { by: ahead.max(behind), store_is_ahead: ahead > behind }
    }

    fn or(self, other: Self) -> Self {
        if other.by > self.by { other } else { self }
    }
}

impl std::fmt::Display for Skew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.by.is_zero() {
            return f.write_str("the clocks agree, as far as the times of objects show");
        }
        let side = if self.store_is_ahead { "ahead of" } else { "behind" };
        let by = Duration::from_secs(self.by.as_secs());
        write!(f, "the store's clock is at least {by:?} {side} this machine's; one of the two is wrong")
    }
}

const PROBES: usize = 3;
const RESOLUTION: Duration = Duration::from_secs(1);
const TOO_FAR: &str = "retention by age would delete what is too young or keep what is old, and at 15 minutes most stores refuse signed \
                       requests altogether";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_right_clock_explains_is_skew() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for told in 99..=110 {
            assert_eq!(Skew::of(at(told), at(100), at(110)).by, Duration::ZERO, "{told}");
        }
        let ahead = Skew::of(at(3710), at(100), at(110));
        assert_eq!((ahead.by.as_secs(), ahead.store_is_ahead), (3600, true));
        let behind = Skew::of(at(10), at(3611), at(3620));
        assert_eq!((behind.by.as_secs(), behind.store_is_ahead), (3600, false));
        assert!(behind.to_string().contains("at least 3600s behind"), "{behind}");
    }
}
