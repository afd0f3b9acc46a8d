//! What the texts of a column have in common: the narrowest type that prints all of them back.

use crate::input::moment::{Moment, parse_date, zone};
use crate::input::number::{Written, printed_float, printed_integer};
use arrow::datatypes::{DataType, TimeUnit};

/// What a column's texts are, as far as they were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing was seen but null.
    Empty,
    Bool,
    /// Whole numbers.
    Whole {
        negative: bool,
        above_int64: bool,
    },
    Float,
    Date,
    /// Dates with times, all with the same offset or all with none.
    Moments {
        offset: Option<i32>,
        finer_than_micros: bool,
        beyond_nanos: bool,
    },
    /// Numbers, of which some would not print back the same: kept as text.
    LikeNumbers,
    Text,
}

impl Class {
    pub(super) fn of(text: &str) -> Self {
        let first = text.as_bytes().first().copied().unwrap_or(b'x');
        if matches!(text, "true" | "false") {
            return Self::Bool;
        }
        if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
            return Self::Text;
        }
        if let Some(number) = printed_integer::<i64>(text) {
            return Self::Whole { negative: number < 0, above_int64: false };
        }
        if printed_integer::<u64>(text).is_some() {
            return Self::Whole { negative: false, above_int64: true };
        }
        if printed_float(text).is_some() {
            return Self::Float;
        }
        if Written::parse(text).is_some() {
            return Self::LikeNumbers;
        }
        if parse_date(text).is_some() {
            return Self::Date;
        }
        match Moment::parse(text) {
            Some(moment) => {
                let finer = moment.is_finer_than(TimeUnit::Microsecond);
                let beyond = moment.count(TimeUnit::Nanosecond).is_none();
                if finer && beyond {
                    return Self::Text;
                }
                Self::Moments { offset: moment.offset, finer_than_micros: finer, beyond_nanos: beyond }
            }
            None => Self::Text,
        }
    }

    /// The class of a column that has both.
    pub(super) fn and(self, other: Self) -> Self {
        use Class::{Empty, Float, LikeNumbers, Moments, Text, Whole};
        match (self, other) {
            (Empty, class) | (class, Empty) => class,
            (
                Whole { negative, above_int64 },
                Whole { negative: other_negative, above_int64: other_above },
            ) => {
                let (negative, above_int64) = (negative || other_negative, above_int64 || other_above);
                if negative && above_int64 { LikeNumbers } else { Whole { negative, above_int64 } }
            }
            (
                Moments { offset, finer_than_micros, beyond_nanos },
                Moments { offset: other_offset, finer_than_micros: other_finer, beyond_nanos: other_beyond },
            ) => {
                let (finer_than_micros, beyond_nanos) =
                    (finer_than_micros || other_finer, beyond_nanos || other_beyond);
                if offset != other_offset || (finer_than_micros && beyond_nanos) {
                    return Text;
                }
                Moments { offset, finer_than_micros, beyond_nanos }
            }
            // 1 beside 1.5 would print as 1.0.
            (Whole { .. } | Float | LikeNumbers, Whole { .. } | Float | LikeNumbers) if self != other => {
                LikeNumbers
            }
            _ if self == other => self,
            _ => Text,
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Whole { above_int64: false, .. } => DataType::Int64,
            Self::Whole { above_int64: true, .. } => DataType::UInt64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Moments { offset, finer_than_micros, .. } => {
                let unit = if finer_than_micros { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
                DataType::Timestamp(unit, offset.map(|offset| zone(offset).into()))
            }
            Self::Empty | Self::LikeNumbers | Self::Text => DataType::Utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::types::name;

    fn column(texts: &[&str]) -> String {
        let class = texts.iter().fold(Class::Empty, |class, text| class.and(Class::of(text)));
        name(&class.data_type())
    }

    #[test]
    fn a_column_is_a_number_if_all_of_it_prints_back() {
        let cases: [(&[&str], &str); 14] = [
            (&["1", "-2"], "int64"),
            (&["1", "18446744073709551615"], "uint64"),
            (&["-1", "18446744073709551615"], "text"),
            (&["18446744073709551616"], "text"),
            (&["1.5", "-0.0"], "float64"),
            (&["1", "1.5"], "text"),
            (&["1.50"], "text"),
            (&["01234"], "text"),
            (&["12e5"], "text"),
            (&["9e999"], "text"),
            (&["NaN", "1.5"], "text"),
            (&["-0"], "text"),
            (&["+5"], "text"),
            (&[], "text"),
        ];
        for (texts, expected) in cases {
            assert_eq!(column(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn times_are_kept_with_their_offset() {
        let cases: [(&[&str], &str); 10] = [
            (&["2024-03-31", "2024-04-01"], "date"),
            (&["2024-03-31", "2024-03-31T00:00:00"], "text"),
            (&["2024-03-31T02:30:00", "2024-03-31 02:30:00.5"], "timestamp[us]"),
            (&["2024-03-31T02:30:00+02:00"], "timestamp[us,+02:00]"),
            (&["2024-03-31T02:30:00Z", "2024-03-31T02:30:00+00:00"], "timestamp[us,UTC]"),
            (&["2024-03-31T02:30:00+02:00", "2024-03-31T02:30:00+01:00"], "text"),
            (&["2024-03-31T02:30:00Z", "2024-03-31T02:30:00"], "text"),
            (&["2024-03-31T02:30:00.123456789Z"], "timestamp[ns,UTC]"),
            (&["2024-03-31T02:30:00.123456789Z", "9999-12-31T00:00:00Z"], "text"),
            (&["31.03.2024"], "text"),
        ];
        for (texts, expected) in cases {
            assert_eq!(column(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn truth_is_written_in_one_way() {
        assert_eq!((column(&["true", "false"]), column(&["True"])), ("bool".into(), "text".into()));
        assert_eq!(column(&["true", "1"]), "text");
    }
}
