//! Numbers as they are written, and whether a machine's number is the same.

use std::fmt::LowerExp;
use std::str::FromStr;

/// The parts of a number that is written in decimal: `-12.50e3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    pub(super) negative: bool,
    pub(super) whole: &'a str,
    pub(super) fraction: Option<&'a str>,
    pub(super) exponent: Option<i32>,
    plus: bool,
}

impl<'a> Written<'a> {
    /// `None` if `text` is not a number: infinities, hexadecimals, white space and separators are none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, plus, rest) = match text.as_bytes().first()? {
            b'-' => (true, false, &text[1..]),
            b'+' => (false, true, &text[1..]),
            _ => (false, false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], Some(parse_exponent(&rest[at + 1..])?)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let some = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
        (some && digits(whole) && digits(fraction.unwrap_or_default())).then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
            plus,
        })
    }

    /// Whether it is written as JSON and most programs print whole numbers: no sign but minus, no leading zero.
    pub(super) fn is_plain_integer(&self) -> bool {
        self.fraction.is_none() && self.exponent.is_none() && !self.plus && self.has_plain_whole()
            // A whole number has no sign of zero.
            && !(self.negative && self.whole == "0")
    }

    /// Whether the number is a whole one, however it is written.
    pub(super) fn is_whole(&self) -> bool {
        let (digits, first) = self.significant();
        first + 1 >= digits.len() as i64
    }

    fn has_plain_whole(&self) -> bool {
        self.whole == "0" || !(self.whole.is_empty() || self.whole.starts_with('0'))
    }

    /// The digits without zeros at either end, and the exponent of ten of the first one: 0.0120 is `12`, -2.
    fn significant(&self) -> (String, i64) {
        let mut digits: String = self.whole.to_owned();
        digits.push_str(self.fraction.unwrap_or_default());
        let zeros = digits.len() - digits.trim_start_matches('0').len();
        let digits = digits.trim_matches('0').to_owned();
        let first = self.whole.len() as i64 - 1 - zeros as i64 + i64::from(self.exponent.unwrap_or(0));
        if digits.is_empty() { (digits, 0) } else { (digits, first) }
    }

    /// The number times ten to the power of `scale`, if that is a whole number: its digits with a sign.
    pub(super) fn scaled(&self, scale: i8) -> Option<String> {
        let (digits, first) = self.significant();
        if digits.is_empty() {
            return Some("0".to_owned());
        }
        let places = first + i64::from(scale) + 1;
        let zeros = usize::try_from(places - digits.len() as i64).ok().filter(|zeros| *zeros <= 80)?;
        let sign = if self.negative { "-" } else { "" };
        Some(format!("{sign}{digits}{}", "0".repeat(zeros)))
    }
}

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Beyond that, no number is held by anything here, and sums do not overflow.
    let size = digits.parse().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

const EXPONENT_MAX: i32 = 1_000_000;

/// A whole number that prints back as `text`.
pub(super) fn printed_integer<T: FromStr>(text: &str) -> Option<T> {
    Written::parse(text).filter(Written::is_plain_integer).and_then(|_| text.parse().ok())
}

/// A float that prints back as `text`, with a point and without an exponent.
///
/// Floats below 0.0001 and from 10^16 print with an exponent, in one of several ways, so none of them does.
pub(super) fn printed_float(text: &str) -> Option<f64> {
    let written = Written::parse(text)?;
    if written.plus || written.exponent.is_some() || written.fraction.is_none() || !written.has_plain_whole()
    {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    (format!("{value:?}") == text).then_some(value)
}

/// The float that `text` names: rounded to as many digits as are written, it has just those.
///
/// That is what programs print who hold this very float, whether in the fewest digits that tell it from
/// others, in 17, or in all that it has. Another number that merely lies near it is `None`, as are
/// infinities. A whole number may count or identify something, so it has to come out digit for digit: it is
/// `None` if the fewest digits name another one, as they do of many from 2^53 on.
pub(super) fn named_float<F: FromStr + LowerExp>(text: &str) -> Option<F> {
    let written = Written::parse(text)?;
    let (value, found) = rounded::<F>(&written, text)?;
    let comes_out = || Written::parse(&format!("{value:e}")).is_some_and(|out| out.significant() == found);
    (!written.is_whole() || comes_out()).then_some(value)
}

/// A type for `--types` that holds a number which is not written as a number of it prints.
pub(super) fn number_type(text: &str) -> Option<&'static str> {
    if named_float::<f64>(text).is_some() {
        return Some("float64");
    }
    let digits = Written::parse(text)?.scaled(0)?;
    (digits.trim_start_matches('-').len() <= 38).then_some("decimal(38,0)")
}

/// How the float of a whole number is printed, if it is the very number and yet comes out as another.
pub(super) fn prints_otherwise<F: FromStr + LowerExp>(text: &str) -> Option<String> {
    let written = Written::parse(text).filter(Written::is_whole)?;
    rounded::<F>(&written, text).map(|(value, _)| format!("{value:e}"))
}

/// The float nearest to a number, if it has the digits that are written; and these digits.
fn rounded<F: FromStr + LowerExp>(written: &Written<'_>, text: &str) -> Option<(F, (String, i64))> {
    let value: F = text.parse().ok()?;
    let (digits, first) = written.significant();
    if digits.len() > FLOAT_DIGITS_MAX {
        return None;
    }
    let printed = format!("{value:.*e}", digits.len().saturating_sub(1));
    let found = Written::parse(&printed)?.significant();
    (found == (digits, first)).then_some((value, found))
}

/// No double has more digits.
const FLOAT_DIGITS_MAX: usize = 767;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_print_back() {
        for text in ["0", "7", "-7", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(printed_integer::<i64>(text).unwrap().to_string(), text);
        }
        for text in ["", "-", "-0", "+5", "007", "00", "1.0", "1e3", " 1", "1 ", "1_000", "0x1", "٣"] {
            assert_eq!(printed_integer::<i64>(text), None, "{text}");
        }
        assert_eq!(printed_integer::<i64>("9223372036854775808"), None);
        assert_eq!(printed_integer::<u64>("18446744073709551615"), Some(u64::MAX));
        assert_eq!(printed_integer::<u64>("18446744073709551616"), None);
    }

    #[test]
    fn floats_print_back() {
        for text in ["0.0", "-0.0", "1.5", "-2.25", "0.1", "123456789.123", "9007199254740992.0", "0.0001"] {
            assert_eq!(format!("{:?}", printed_float(text).unwrap()), text);
        }
        for text in ["1", "1.", ".5", "1.50", "01.5", "+1.5", "1e5", "12e5", "9e999", "NaN", "inf", "0.00001"]
        {
            assert_eq!(printed_float(text), None, "{text}");
        }
        assert_eq!(printed_float("9007199254740993.0"), None);
        assert_eq!(printed_float("0.12345678901234567890"), None);
    }

    #[test]
    fn a_float_is_named_by_its_own_digits_only() {
        for text in ["1", "1.50", "12e5", "+5", "007", "-0", "0e9", "1e-7", "0.1", "0.10000000000000001"] {
            assert_eq!(named_float::<f64>(text), text.parse().ok(), "{text}");
        }
        assert!(named_float::<f64>("-0").unwrap().is_sign_negative());
        let all = format!("{:.60}", 0.1);
        assert_eq!(named_float::<f64>(&all), Some(0.1));
        assert_eq!(named_float::<f64>("9007199254740992"), Some(9_007_199_254_740_992.0));
        for text in ["9007199254740993", "0.1000000000000000001", "9e999", "1e-400", "NaN", "inf", "1e", "x"]
        {
            assert_eq!(named_float::<f64>(text), None, "{text}");
        }
        // 2^60 and 2^63, which print as 1152921504606847000 and 9223372036854776000.
        for text in
            ["1152921504606846976", "9223372036854775808", "-9223372036854775808.0", "90071992547409936"]
        {
            assert_eq!(named_float::<f64>(text), None, "{text}");
            assert!(prints_otherwise::<f64>(text).is_some(), "{text}");
        }
        for text in ["1152921504606847000", "9.223372036854776e18", "-9007199254740994", "1e300", "1e23", "0"]
        {
            assert_eq!(named_float::<f64>(text), text.parse().ok(), "{text}");
        }
        assert_eq!(prints_otherwise::<f64>("9007199254740993"), None);
        let types = ["01234", "18446744073709551616", "1e400", "0.1234567890123456789"].map(number_type);
        assert_eq!(types, [Some("float64"), Some("decimal(38,0)"), None, None]);
        assert_eq!(named_float::<f32>("2147483648"), None);
        assert_eq!(named_float::<f32>("0.1"), Some(0.1));
        assert_eq!(named_float::<f32>("16777217"), None);
    }

    #[test]
    fn decimals_are_scaled_without_loss() {
        let scaled = |text, scale| Written::parse(text).unwrap().scaled(scale);
        assert_eq!(scaled("-12.50", 1).as_deref(), Some("-125"));
        assert_eq!(scaled("12.5", 3).as_deref(), Some("12500"));
        assert_eq!(scaled("12e5", 0).as_deref(), Some("1200000"));
        assert_eq!(scaled("-0.00", 2).as_deref(), Some("0"));
        assert_eq!(scaled("12.55", 1), None);
        assert_eq!(scaled("1e900000000", 1), None);
    }
}
