//! Dates and times as they are written in ISO 8601.

use arrow::datatypes::TimeUnit;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// A date and time, with an offset or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    local: NaiveDateTime,
    /// In seconds east of Greenwich. `None` if none is written: then nobody knows which instant it is.
    pub(super) offset: Option<i32>,
}

/// `2024-03-31`.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    NaiveDate::from_ymd_opt(number(text, 0, 4)? as i32, number(text, 5, 7)?, number(text, 8, 10)?)
}

/// Days since 1970, as Arrow counts them.
pub(super) fn days(date: NaiveDate) -> i32 {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).expect("years have four digits")
}

impl Moment {
    /// `2024-03-31T02:30:00.5+02:00`; a blank may stand for the `T`, and the offset may be missing.
    ///
    /// `None` for everything that can be read in two ways or not at all: other orders of day and month, names
    /// of zones, leap seconds, 24:00, `-00:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() < 19 || !text.is_ascii() {
            return None;
        }
        let date = parse_date(&text[..10])?;
        if !matches!(bytes[10], b'T' | b' ') || bytes[13] != b':' || bytes[16] != b':' {
            return None;
        }
        let (mut rest, mut nanos) = (&text[19..], 0);
        if let Some(fraction) = rest.strip_prefix('.') {
            let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            if !(1..=9).contains(&end) {
                return None;
            }
            nanos = number(fraction, 0, end)? * 10_u32.pow(9 - end as u32);
            rest = &fraction[end..];
        }
        let (hour, minute, second) = (number(text, 11, 13)?, number(text, 14, 16)?, number(text, 17, 19)?);
        let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?;
        let offset = if rest.is_empty() { None } else { Some(parse_offset(rest)?) };
        Some(Self { local: date.and_time(time), offset })
    }

    /// Since 1970, if the unit is fine enough and its range wide enough. Without an offset, of the local time.
    pub(super) fn count(&self, unit: TimeUnit) -> Option<i64> {
        let seconds = self.local.and_utc().timestamp() - i64::from(self.offset.unwrap_or(0));
        let nanos = i64::from(self.local.and_utc().timestamp_subsec_nanos());
        let per_second: i64 = match unit {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        };
        let each = 1_000_000_000 / per_second;
        if nanos % each != 0 {
            return None;
        }
        // In 128 bits: the first second of the range of nanoseconds is not whole.
        i64::try_from(i128::from(seconds) * i128::from(per_second) + i128::from(nanos / each)).ok()
    }

    pub(super) fn is_finer_than(&self, unit: TimeUnit) -> bool {
        let each = match unit {
            TimeUnit::Second => 1_000_000_000,
            TimeUnit::Millisecond => 1_000_000,
            TimeUnit::Microsecond => 1_000,
            TimeUnit::Nanosecond => 1,
        };
        !self.local.and_utc().timestamp_subsec_nanos().is_multiple_of(each)
    }
}

/// The zone's name in a schema: `UTC`, `+02:00`.
pub(super) fn zone(offset: i32) -> String {
    if offset == 0 {
        return "UTC".to_owned();
    }
    let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    format!("{sign}{:02}:{:02}", size / 60, size % 60)
}

fn parse_offset(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let sign = match bytes {
        [b'Z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    if bytes.len() != 6 || bytes[3] != b':' {
        return None;
    }
    let (hours, minutes) = (number(text, 1, 3)?, number(text, 4, 6)?);
    // RFC 3339: -00:00 says that the offset is not known.
    if hours > 23 || minutes > 59 || (sign < 0 && hours + minutes == 0) {
        return None;
    }
    Some(sign * (hours * 3_600 + minutes * 60) as i32)
}

fn number(text: &str, from: usize, to: usize) -> Option<u32> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};

    #[test]
    fn offsets_keep_the_instant() {
        let count = |text| Moment::parse(text).unwrap().count(Second).unwrap();
        assert_eq!(count("2024-03-31T02:30:00+02:00"), 1_711_845_000);
        assert_eq!(count("2024-03-31T00:30:00Z"), 1_711_845_000);
        assert_eq!(count("2024-03-30 19:00:00-05:30"), 1_711_845_000);
        assert_eq!(Moment::parse("2024-03-31T02:30:00").unwrap().offset, None);
        assert_eq!((zone(7_200), zone(-19_800), zone(0)), ("+02:00".into(), "-05:30".into(), "UTC".into()));
    }

    #[test]
    fn fractions_need_a_unit_that_is_fine_enough() {
        let moment = Moment::parse("1970-01-01T00:00:01.0015Z").unwrap();
        assert_eq!(moment.count(Microsecond), Some(1_001_500));
        assert_eq!((moment.count(Millisecond), moment.is_finer_than(Millisecond)), (None, true));
        let far = Moment::parse("9999-12-31T23:59:59.123456Z").unwrap();
        assert!(far.count(Nanosecond).is_none() && far.count(Microsecond).is_some());
        assert_eq!(
            Moment::parse("1677-09-21T00:12:43.145224192Z").unwrap().count(Nanosecond),
            Some(i64::MIN)
        );
    }

    #[test]
    fn what_is_not_surely_a_date_is_none() {
        for text in ["2024-02-30", "2024-1-1", "01/02/2024", "20240101", "+2024-01-01", "2024-01-1x"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in [
            "2024-01-01",
            "2024-01-01T00:00",
            "2024-01-01T24:00:00",
            "2024-01-01T23:59:60Z",
            "2024-01-01T00:00:00-00:00",
            "2024-01-01T00:00:00+0200",
            "2024-01-01T00:00:00 CET",
            "2024-01-01T00:00:00.",
            "2024-01-01T00:00:00.1234567890",
            "2024-01-01t00:00:00z",
            "2024-01-01T00:00:00é",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
