//! Values as text, for the formats that have nothing else.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The values of one column, each of which can be had as text, or not.
pub(super) struct Texts<'a> {
    formatter: ArrayFormatter<'a>,
    /// Instants that cannot be told exactly in their own zone.
    zoned: Option<Zoned<'a>>,
    digits: Option<Digits<'a>>,
}

/// The text of a decimal.
type Digits<'a> = Box<dyn Fn(usize) -> String + 'a>;

struct Zoned<'a> {
    array: &'a dyn Array,
    unit: TimeUnit,
}

impl<'a> Texts<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Result<Self, ArrowError> {
        let zoned = match array.data_type() {
            DataType::Timestamp(unit, Some(zone)) => {
                // A zone that is not known is told before anything is written.
                let _: Tz = zone.parse()?;
                Some(Zoned { array, unit: *unit })
            }
            _ => None,
        };
        Ok(Self { formatter: ArrayFormatter::try_new(array, &OPTIONS)?, zoned, digits: digits(array) })
    }

    /// Appends the value at `index`, which is not null.
    pub(super) fn write(&self, index: usize, out: &mut String) -> Result<(), ArrowError> {
        if let Some(zoned) = self.zoned.as_ref().filter(|zoned| zoned.needs_utc(index)) {
            return zoned.write_in_utc(index, out);
        }
        if let Some(digits) = &self.digits {
            out.push_str(&digits(index));
            return Ok(());
        }
        let start = out.len();
        self.formatter.value(index).write(out)?;
        // What the formatter says of a duration that it has no words for.
        if out[start..].starts_with("<invalid>") {
            out.truncate(start);
            return Err(ArrowError::CastError("the duration is out of range".to_owned()));
        }
        Ok(())
    }
}

/// A decimal may have more digits than its type says, and Arrow before 60 cuts off what is more. So a type is
/// named that has room for all.
fn digits(array: &dyn Array) -> Option<Digits<'_>> {
    fn of<T: DecimalType>(array: &dyn Array, scale: i8) -> Option<Digits<'_>> {
        let values = array.as_primitive::<T>();
        Some(Box::new(move |at| T::format_decimal(values.value(at), u8::MAX, scale)))
    }
    match array.data_type() {
        DataType::Decimal32(_, scale) => of::<Decimal32Type>(array, *scale),
        DataType::Decimal64(_, scale) => of::<Decimal64Type>(array, *scale),
        DataType::Decimal128(_, scale) => of::<Decimal128Type>(array, *scale),
        DataType::Decimal256(_, scale) => of::<Decimal256Type>(array, *scale),
        _ => None,
    }
}

impl Zoned<'_> {
    /// Until 1972 some zones were off by minutes *and seconds*, and the text has minutes only. At the end of
    /// the years that can be told, what is the last day in one zone is beyond it in another.
    fn needs_utc(&self, index: usize) -> bool {
        let array = self.array;
        let seconds = match self.unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(index),
            TimeUnit::Millisecond => {
                array.as_primitive::<TimestampMillisecondType>().value(index).div_euclid(1_000)
            }
            TimeUnit::Microsecond => {
                array.as_primitive::<TimestampMicrosecondType>().value(index).div_euclid(1_000_000)
            }
            TimeUnit::Nanosecond => {
                array.as_primitive::<TimestampNanosecondType>().value(index).div_euclid(1_000_000_000)
            }
        };
        !(ALL_OFFSETS_ARE_WHOLE_MINUTES..NEARLY_THE_LAST_YEAR).contains(&seconds)
    }

    fn write_in_utc(&self, index: usize, out: &mut String) -> Result<(), ArrowError> {
        let one: ArrayRef = self.array.slice(index, 1);
        let utc = arrow::compute::cast(&one, &DataType::Timestamp(self.unit, Some("UTC".into())))?;
        ArrayFormatter::try_new(utc.as_ref(), &OPTIONS)?.value(0).write(out)
    }
}

static OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);
/// 1973-01-01, after the last zone (Liberia's) gave up its seconds.
const ALL_OFFSETS_ARE_WHOLE_MINUTES: i64 = 94_694_400;
/// In the year 262141, of 262142 that can be told.
const NEARLY_THE_LAST_YEAR: i64 = 8_210_200_000_000;
