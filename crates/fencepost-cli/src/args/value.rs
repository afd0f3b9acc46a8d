//! What the words of the command line mean: positions, ranges, names, and what else is not a plain number or text.

use crate::input::ColumnType;
use fencepost::doctor::Check;
use fencepost::{CursorName, Epoch, Nonce, Position};
use std::time::Duration;

/// What one `--types` names.
#[derive(Clone, Debug)]
pub(crate) struct TypeList(pub(crate) Vec<ColumnType>);

/// Positions from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PositionRange {
    pub(crate) first: Position,
    pub(crate) last: Position,
}

/// How far to checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    At(Position),
    Tail,
}

pub(super) fn parse_types(text: &str) -> Result<TypeList, String> {
    crate::input::parse_types(text).map(TypeList)
}

pub(super) fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(*byte),
        _ => {
            Err("a delimiter is one ASCII character such as `;`, or `tab`, and not a quotation mark"
                .to_owned())
        }
    }
}

pub(super) fn parse_position(text: &str) -> Result<Position, String> {
    let number = text.parse().map_err(|_| "positions are whole numbers from 1".to_owned())?;
    match Position::try_new(number) {
        Some(position) if !position.is_none() => Ok(position),
        _ => Err("positions go from 1 to 2^62".to_owned()),
    }
}

pub(super) fn parse_receipt(text: &str) -> Result<Nonce, String> {
    let id = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32).map(Nonce);
    id.ok_or_else(|| "a receipt's id has 32 hexadecimal digits, as `gc log` shows it".to_owned())
}

pub(super) fn parse_null(text: &str) -> Result<String, String> {
    if text.contains(['"', ',', '\n', '\r']) {
        return Err(
            "a null is not quoted, so it cannot contain commas, quotation marks or line ends".to_owned()
        );
    }
    Ok(text.to_owned())
}

pub(super) fn parse_range(text: &str) -> Result<PositionRange, String> {
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (parse_position(first)?, parse_position(last)?),
        None => (parse_position(text)?, parse_position(text)?),
    };
    if last < first {
        return Err("the last position is below the first".to_owned());
    }
    Ok(PositionRange { first, last })
}

pub(super) fn parse_epoch(text: &str) -> Result<Epoch, String> {
    let number = text.parse().map_err(|_| "epochs are whole numbers from 1".to_owned())?;
    match Epoch::try_new(number) {
        Some(epoch) if !epoch.is_none() => Ok(epoch),
        _ => Err("epochs go from 1 to 2^62".to_owned()),
    }
}

pub(super) fn parse_target(text: &str) -> Result<Target, String> {
    if text == "tail" { Ok(Target::Tail) } else { parse_position(text).map(Target::At) }
}

pub(super) fn parse_check(text: &str) -> Result<Check, String> {
    let known = || Check::ALL.iter().map(|check| check.id()).collect::<Vec<_>>().join(", ");
    Check::ALL
        .into_iter()
        .find(|check| check.id() == text)
        .ok_or_else(|| format!("the checks are {}", known()))
}

pub(super) fn parse_price(text: &str) -> Result<f64, String> {
    let price = text.parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "a price is a number such as 5 or 0.4".to_owned())
}

/// A number of bytes, with or without a unit.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return Err("units are B, KiB, MiB, GiB and TiB".to_owned()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| "bytes are a whole number, such as 1048576 or 1MiB".to_owned())
}

/// How long a command rests between rounds. With less than a second it would do nothing but ask the store.
pub(super) fn parse_rest(text: &str) -> Result<Duration, String> {
    let rest = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if rest < Duration::from_secs(1) { Err("at least 1s".to_owned()) } else { Ok(rest) }
}

/// How long a row may be: a number of bytes, with or without a unit.
pub(super) fn parse_line_bytes(text: &str) -> Result<usize, String> {
    usize::try_from(parse_bytes(text)?).map_err(|_| "more than this machine can address".to_owned())
}

pub(super) fn parse_cursor(text: &str) -> Result<CursorName, String> {
    CursorName::parse(text).ok_or_else(|| {
        "a name has 1 to 64 characters from a-z A-Z 0-9 . _ - and does not begin with a dot".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_both_ends_in_order() {
        let range = |text| parse_range(text).map(|range| (range.first.get(), range.last.get()));
        assert_eq!(range("3"), Ok((3, 3)));
        assert_eq!(range("3..5"), Ok((3, 5)));
        for refused in ["5..3", "3..", "..3", "0..3", "3-5", ""] {
            assert!(range(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn bytes_are_whole_and_may_have_a_unit() {
        let found = |text| parse_bytes(text).ok();
        assert_eq!((found("7"), found("10GiB"), found("2 KiB")), (Some(7), Some(10 << 30), Some(2_048)));
        for refused in ["", "GiB", "1.5GiB", "-1", "1GB", "99999999TiB"] {
            assert_eq!(found(refused), None, "{refused}");
        }
    }

    #[test]
    fn delimiters_are_single_characters() {
        let found = |text| parse_delimiter(text).ok();
        assert_eq!(
            (found(";"), found("tab"), found("\\t"), found("\t")),
            (Some(b';'), Some(b'\t'), Some(b'\t'), Some(b'\t'))
        );
        assert_eq!((found(""), found(";;"), found("\""), found("é")), (None, None, None, None));
    }
}
