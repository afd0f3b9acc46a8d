//! One column of plain values, built from their texts. A text that the column's type would change is refused.

use super::moment::{self, Moment};
use super::number::{Written, named_float, printed_float, printed_integer, prints_otherwise};
use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};
use std::str::FromStr;

/// How a text must agree with the value it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// The value prints back as the very text: for types that we chose.
    Printed,
    /// The value is the one that the text names, however it is written: for types that somebody asked for,
    /// and JSON.
    Named,
}

/// Builds a column.
pub(super) trait Leaf: Send {
    /// # Errors
    /// What is wrong with the text, to be printed after it: "is not …".
    fn push(&mut self, text: &str) -> Result<(), String>;
    fn push_null(&mut self);
    /// The column, and an empty one to go on with.
    fn take(&mut self) -> ArrayRef;
}

/// The builder for a type, if it is one that texts can be read as.
pub(super) fn leaf(data_type: &DataType, agreement: Agreement) -> Option<Box<dyn Leaf>> {
    let exact = agreement == Agreement::Printed;
    Some(match data_type {
        DataType::Utf8 => Box::new(StringBuilder::with_capacity(0, 0)),
        DataType::Boolean => Box::new(Booleans { builder: BooleanBuilder::with_capacity(0), exact }),
        DataType::Int8 => whole::<Int8Type>(data_type, exact),
        DataType::Int16 => whole::<Int16Type>(data_type, exact),
        DataType::Int32 => whole::<Int32Type>(data_type, exact),
        DataType::Int64 => whole::<Int64Type>(data_type, exact),
        DataType::UInt8 => whole::<UInt8Type>(data_type, exact),
        DataType::UInt16 => whole::<UInt16Type>(data_type, exact),
        DataType::UInt32 => whole::<UInt32Type>(data_type, exact),
        DataType::UInt64 => whole::<UInt64Type>(data_type, exact),
        DataType::Float32 => checked::<Float32Type>(data_type, |text| {
            named_float(text)
                .or_else(|| f32::from_str(special(text)?).ok())
                .ok_or_else(|| no_float(text, prints_otherwise::<f32>(text)))
        }),
        DataType::Float64 if exact => checked::<Float64Type>(data_type, |text| {
            printed_float(text).ok_or_else(|| "would not print back the same as a float64".to_owned())
        }),
        DataType::Float64 => checked::<Float64Type>(data_type, |text| {
            named_float(text)
                .or_else(|| f64::from_str(special(text)?).ok())
                .ok_or_else(|| no_float(text, prints_otherwise::<f64>(text)))
        }),
        DataType::Date32 => checked::<Date32Type>(data_type, |text| {
            moment::parse_date(text)
                .map(moment::days)
                .ok_or_else(|| "is not a date such as 2024-12-31".to_owned())
        }),
        DataType::Decimal128(precision, scale) => {
            decimals::<Decimal128Type>(data_type, *precision, *scale, |text| text.parse().ok())
        }
        DataType::Decimal256(precision, scale) => {
            decimals::<Decimal256Type>(data_type, *precision, *scale, i256::from_string)
        }
        DataType::Timestamp(unit, zone) => {
            let (unit, zoned) = (*unit, zone.is_some());
            // A zone that we chose stands for the offset that all have.
            let offset = zone.as_deref().filter(|_| exact).map(str::to_owned);
            let count = move |text: &str| count(text, unit, zoned, offset.as_deref());
            match unit {
                TimeUnit::Second => checked::<TimestampSecondType>(data_type, count),
                TimeUnit::Millisecond => checked::<TimestampMillisecondType>(data_type, count),
                TimeUnit::Microsecond => checked::<TimestampMicrosecondType>(data_type, count),
                TimeUnit::Nanosecond => checked::<TimestampNanosecondType>(data_type, count),
            }
        }
        _ => return None,
    })
}

impl Leaf for StringBuilder {
    fn push(&mut self, text: &str) -> Result<(), String> {
        self.append_value(text);
        Ok(())
    }

    fn push_null(&mut self) {
        self.append_null();
    }

    fn take(&mut self) -> ArrayRef {
        // Without what it had reserved: memory goes by the rows that are there.
        std::sync::Arc::new(std::mem::replace(self, Self::with_capacity(0, 0)).finish())
    }
}

struct Booleans {
    builder: BooleanBuilder,
    exact: bool,
}

impl Leaf for Booleans {
    fn push(&mut self, text: &str) -> Result<(), String> {
        let value = match text {
            "true" => true,
            "false" => false,
            _ if !self.exact && text.eq_ignore_ascii_case("true") => true,
            _ if !self.exact && text.eq_ignore_ascii_case("false") => false,
            _ => return Err("is neither true nor false".to_owned()),
        };
        self.builder.append_value(value);
        Ok(())
    }

    fn push_null(&mut self) {
        self.builder.append_null();
    }

    fn take(&mut self) -> ArrayRef {
        std::sync::Arc::new(std::mem::replace(&mut self.builder, BooleanBuilder::with_capacity(0)).finish())
    }
}

/// Reads one value of type `T`.
type Parse<T> = Box<dyn Fn(&str) -> Result<<T as ArrowPrimitiveType>::Native, String> + Send>;

struct Checked<T: ArrowPrimitiveType> {
    builder: PrimitiveBuilder<T>,
    data_type: DataType,
    parse: Parse<T>,
}

impl<T: ArrowPrimitiveType> Leaf for Checked<T> {
    fn push(&mut self, text: &str) -> Result<(), String> {
        self.builder.append_value((self.parse)(text)?);
        Ok(())
    }

    fn push_null(&mut self) {
        self.builder.append_null();
    }

    fn take(&mut self) -> ArrayRef {
        let next = PrimitiveBuilder::with_capacity(0).with_data_type(self.data_type.clone());
        std::sync::Arc::new(std::mem::replace(&mut self.builder, next).finish())
    }
}

fn checked<T: ArrowPrimitiveType>(
    data_type: &DataType,
    parse: impl Fn(&str) -> Result<T::Native, String> + Send + 'static,
) -> Box<dyn Leaf> {
    let builder = PrimitiveBuilder::<T>::with_capacity(0).with_data_type(data_type.clone());
    Box::new(Checked { builder, data_type: data_type.clone(), parse: Box::new(parse) })
}

fn whole<T: ArrowPrimitiveType>(data_type: &DataType, exact: bool) -> Box<dyn Leaf>
where
    T::Native: FromStr,
{
    let name = super::types::name(data_type);
    checked::<T>(data_type, move |text| {
        if let Some(value) = printed_integer(text) {
            return Ok(value);
        }
        let written = Written::parse(text);
        match written {
            None => Err(format!("is not a whole number, as {name} needs")),
            Some(written) if written.fraction.is_some() || written.exponent.is_some() => {
                Err(format!("is not written as a whole number, as {name} needs"))
            }
            Some(written) if exact && !written.is_plain_integer() => {
                Err(format!("would not print back the same as {name}"))
            }
            // Signs and zeros in front do not matter to who asked for the type.
            Some(_) => text.parse().map_err(|_| format!("does not fit into {name}")),
        }
    })
}

fn decimals<T: DecimalType>(
    data_type: &DataType,
    precision: u8,
    scale: i8,
    parse: fn(&str) -> Option<T::Native>,
) -> Box<dyn Leaf> {
    let name = super::types::name(data_type);
    checked::<T>(data_type, move |text| {
        let written = Written::parse(text).ok_or_else(|| format!("is not a number, as {name} needs"))?;
        let digits = written.scaled(scale).ok_or_else(|| {
            let what = if written.is_whole() { "digits" } else { "places" };
            format!("has more {what} than {name}")
        })?;
        let fits = digits.trim_start_matches('-').len() <= usize::from(precision);
        let value = parse(&digits).filter(|_| fits);
        value.ok_or_else(|| format!("has more digits than {name}"))
    })
}

/// What floats can hold besides numbers, in the words that programs print.
fn special(text: &str) -> Option<&str> {
    let word = text.strip_prefix(['-', '+']).unwrap_or(text);
    let known = ["nan", "inf", "infinity"].iter().any(|name| word.eq_ignore_ascii_case(name));
    known.then_some(text)
}

fn no_float(text: &str, printed: Option<String>) -> String {
    match (Written::parse(text), printed) {
        (None, _) => "is not a number".to_owned(),
        (_, Some(printed)) => format!("would come out as {printed} of a column of floating-point numbers"),
        (Some(_), None) => "cannot be held exactly by a floating-point number".to_owned(),
    }
}

fn count(text: &str, unit: TimeUnit, zoned: bool, offset: Option<&str>) -> Result<i64, String> {
    let Some(moment) = Moment::parse(text) else {
        let example = if zoned { "2024-12-31T23:59:59+02:00" } else { "2024-12-31T23:59:59" };
        return Err(format!("is not a date and time such as {example}"));
    };
    match (moment.offset, zoned) {
        (Some(_), false) => {
            return Err("has an offset; timestamp[us,UTC] keeps the instant".to_owned());
        }
        (None, true) => return Err("has no offset, so its instant is not known".to_owned()),
        (Some(found), true) if offset.is_some_and(|expected| expected != moment::zone(found)) => {
            return Err("has a different offset from the rows before; timestamp[us,UTC] keeps only instants"
                .to_owned());
        }
        _ => {}
    }
    if moment.is_finer_than(unit) {
        return Err(format!("is finer than the column's unit, {}", super::types::unit_name(unit)));
    }
    moment
        .count(unit)
        .ok_or_else(|| format!("is out of range for a timestamp in {}", super::types::unit_name(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;
    use arrow::util::display::array_value_to_string;

    /// What a column prints for a text, or why it is refused.
    fn through(data_type: &DataType, agreement: Agreement, text: &str) -> Result<String, String> {
        let mut leaf = leaf(data_type, agreement).unwrap();
        leaf.push_null();
        leaf.push(text)?;
        let array = leaf.take();
        assert_eq!((array.data_type(), array.len(), array.null_count()), (data_type, 2, 1));
        Ok(array_value_to_string(&array, 1).unwrap())
    }

    #[test]
    fn what_was_asked_for_is_read_by_its_value() {
        use DataType::{Date32, Decimal128, Decimal256, Float32, Float64, Int8, Timestamp, UInt64};
        let utc = || Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let local = || Timestamp(TimeUnit::Millisecond, None);
        let cases = [
            (Int8, "007", Ok("7")),
            (Int8, "+5", Ok("5")),
            (Int8, "128", Err("does not fit into int8")),
            (Int8, "1.0", Err("not written as a whole number")),
            (Int8, "x", Err("is not a whole number")),
            (UInt64, "18446744073709551615", Ok("18446744073709551615")),
            (UInt64, "-1", Err("does not fit into uint64")),
            (Float64, "12e5", Ok("1200000.0")),
            (Float64, "NaN", Ok("NaN")),
            (Float64, "-inf", Ok("-inf")),
            (Float64, "9e999", Err("cannot be held exactly")),
            (Float64, "9007199254740993", Err("cannot be held exactly")),
            (Float32, "16777217", Err("cannot be held exactly")),
            (Float64, "9223372036854775808", Err("would come out as 9.223372036854776e18")),
            (Float32, "2147483648", Err("would come out as 2.1474836e9")),
            (DataType::Boolean, "TRUE", Ok("true")),
            (DataType::Boolean, "1", Err("neither true nor false")),
            (Date32, "2024-02-29", Ok("2024-02-29")),
            (Date32, "2023-02-29", Err("is not a date")),
            (Decimal128(5, 2), "-1.5", Ok("-1.50")),
            (Decimal128(5, 2), "1.555", Err("more places")),
            (Decimal128(5, 2), "1000", Err("more digits")),
            (Decimal256(40, 0), "18446744073709551616", Ok("18446744073709551616")),
            (utc(), "2024-03-31T02:30:00+02:00", Ok("2024-03-31T00:30:00Z")),
            (utc(), "2024-03-31T02:30:00", Err("no offset")),
            (utc(), "2024-03-31T02:30:00.0000001Z", Err("finer than the column's unit")),
            (local(), "2024-03-31 02:30:00.5", Ok("2024-03-31T02:30:00.500")),
            (local(), "2024-03-31T02:30:00Z", Err("has an offset")),
            (Timestamp(TimeUnit::Nanosecond, None), "2500-01-01T00:00:00", Err("out of range")),
        ];
        for (data_type, text, expected) in cases {
            match (through(&data_type, Agreement::Named, text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text} as {data_type}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{text}: {found}"),
                (found, expected) => panic!("{text} as {data_type}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn what_we_chose_prints_back() {
        use DataType::{Boolean, Float64, Int64, Timestamp, Utf8};
        for (data_type, text) in [(Int64, "-7"), (Float64, "1.5"), (Boolean, "true"), (Utf8, "\u{0} é")] {
            assert_eq!(through(&data_type, Agreement::Printed, text).unwrap(), text);
        }
        for (data_type, text) in
            [(Int64, "+7"), (Int64, "07"), (Float64, "1"), (Float64, "1.50"), (Boolean, "True")]
        {
            through(&data_type, Agreement::Printed, text).unwrap_err();
        }
        let east = Timestamp(TimeUnit::Microsecond, Some("+02:00".into()));
        let text = "2024-03-31T02:30:00+02:00";
        assert_eq!(through(&east, Agreement::Printed, text).unwrap(), text);
        through(&east, Agreement::Printed, "2024-03-31T01:30:00+01:00").unwrap_err();
    }
}
