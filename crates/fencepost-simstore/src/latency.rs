//! How long things take.

use crate::random::Random;
use std::time::Duration;

/// A distribution of durations, sampled with integers only, so that a seed means the same on every platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latency {
    body: Body,
    tail: Option<(f64, Box<Self>)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    #[default]
    Zero,
    Uniform(Duration, Duration),
    Spread(Duration, Duration),
}

impl Latency {
    /// No time at all.
    #[must_use]
    pub const fn zero() -> Self {
        Self { body: Body::Zero, tail: None }
    }

    /// Always the same.
    #[must_use]
    pub const fn fixed(duration: Duration) -> Self {
        Self::uniform(duration, duration)
    }

    /// Anything from `min` to `max`, each equally likely.
    #[must_use]
    pub const fn uniform(min: Duration, max: Duration) -> Self {
        Self { body: Body::Uniform(min, max), tail: None }
    }

    /// Anything from `min` to `max`, each *order of magnitude* equally likely: from microseconds to days, say.
    #[must_use]
    pub const fn spread(min: Duration, max: Duration) -> Self {
        Self { body: Body::Spread(min, max), tail: None }
    }

    /// With probability `chance`, takes from `tail` instead.
    #[must_use]
    pub fn with_tail(mut self, chance: f64, tail: Self) -> Self {
        self.tail = Some((chance, Box::new(tail)));
        self
    }

    pub(crate) fn sample(&self, random: &mut Random) -> Duration {
        if let Some((chance, tail)) = &self.tail
            && random.happens(*chance)
        {
            return tail.sample(random);
        }
        match self.body {
            Body::Zero => Duration::ZERO,
            Body::Uniform(min, max) => from_nanos(random.between(nanos(min), nanos(max))),
            Body::Spread(min, max) => {
                let (min, max) = (nanos(min).max(1), nanos(max).max(1));
                let magnitude = random.between(min.ilog2().into(), max.ilog2().into());
                let low = 1_u64 << magnitude;
                from_nanos(random.between(low, low.saturating_mul(2) - 1).clamp(min, max.max(min)))
            }
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 1)
}

const fn from_nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stay_within_their_bounds_and_reach_each_magnitude() {
        let (min, max) = (Duration::from_micros(5), Duration::from_secs(86_400 * 3));
        let latency = Latency::spread(min, max);
        let samples: Vec<_> = (0..2_000).map(|n| latency.sample(&mut Random::new(1, "x", n))).collect();
        assert!(samples.iter().all(|sample| (min..=max).contains(sample)));
        for magnitude in [1_000, 1_000_000, 1_000_000_000, 60_000_000_000_u128] {
            let hit = |sample: &Duration| (magnitude..magnitude * 100).contains(&sample.as_nanos());
            assert!(samples.iter().any(hit), "no sample near {magnitude} ns");
        }
    }

    #[test]
    fn a_tail_is_taken_as_often_as_it_says() {
        let latency = Latency::zero().with_tail(0.25, Latency::fixed(Duration::from_secs(1)));
        let slow =
            (0..4_000).filter(|&n| latency.sample(&mut Random::new(1, "x", n)) > Duration::ZERO).count();
        assert!((900..1_100).contains(&slow), "{slow} of 4000");
    }
}
