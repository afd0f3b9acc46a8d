//! Types and values at odds with a format: each is refused there, by name, or carried exactly.

use super::case::{Case, Text, Typed, is};
use super::nested::{map_of, union};
use Text::Refused;
use arrow::array::*;
use arrow::datatypes::*;
use std::sync::Arc;

pub(super) fn cases() -> Vec<Case> {
    let mut all = types();
    all.extend(numbers());
    all.extend(times());
    all
}

fn types() -> Vec<Case> {
    let keyed = map_of(Int32Array::from(vec![1, 2, 3]), &[1, 2]);
    let twice = map_of(StringArray::from(vec!["a", "b", "a"]), &[0, 3]);
    let empty = StructArray::new_empty_fields(1, None);
    let same_name =
        Fields::from(vec![Field::new("a", DataType::Int32, true), Field::new("a", DataType::Int32, true)]);
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let same_name = StructArray::new(same_name, vec![one.clone(), one], None);
    let nothing =
        FixedSizeBinaryArray::try_from_sparse_iter_with_size([Some([]), None].into_iter(), 0).unwrap();
    let none_of = FixedSizeListArray::new(
        Arc::new(Field::new_list_field(DataType::Int32, true)),
        0,
        Arc::new(Int32Array::from(Vec::<i32>::new())),
        Some(arrow::buffer::NullBuffer::from(vec![true, false])),
    );
    let interval = IntervalMonthDayNanoArray::from(vec![
        IntervalMonthDayNano::new(1, -2, 1),
        IntervalMonthDayNano::new(0, 0, 0),
    ]);
    let interval_texts = ["1 mons -2 days 0.000000001 secs", "0 secs"];
    let days =
        IntervalDayTimeArray::from(vec![IntervalDayTime::new(1, -2), IntervalDayTime::new(0, 90_061_001)]);
    let day_texts = ["1 days -0.002 secs", "25 hours 1 mins 1.001 secs"];
    let quoted =
        |texts: [&str; 2]| is(texts.map(|text| format!("\"{text}\"")).each_ref().map(String::as_str));
    let nested = || Refused("nested");
    vec![
        Case::odd(
            "Union, dense",
            union(true),
            Refused("a union"),
            Refused("a union"),
            Typed::Refused("a union"),
        ),
        Case::odd(
            "Union, sparse",
            union(false),
            Refused("a union"),
            Refused("a union"),
            Typed::Refused("a union"),
        ),
        Case::odd("Map(Int32, Int32)", keyed, Refused("keys are not texts"), nested(), Typed::Same),
        Case::odd(
            "Map with a key twice",
            twice,
            Refused("row 2 of its entry, column `Map with a key twice`"),
            nested(),
            Typed::Same,
        ),
        Case::odd(
            "Struct without fields",
            empty,
            is(["{}"]),
            nested(),
            Typed::Refused("a struct without fields"),
        ),
        Case::odd(
            "Struct with a name twice",
            same_name,
            Refused("two fields of a struct with the same name"),
            nested_twice(),
            Typed::Refused("two fields of a struct with the same name"),
        ),
        Case::odd(
            "FixedSizeBinary(0)",
            nothing,
            is(["\"\"", "null"]),
            Refused("--null"),
            Typed::Refused("values of zero bytes"),
        ),
        Case::odd(
            "FixedSizeList(Int32, 0)",
            none_of,
            is(["[]", "null"]),
            nested(),
            Typed::Refused("lists of length zero"),
        ),
        Case::odd("Interval(DayTime)", days, quoted(day_texts), is(day_texts), Typed::Same),
        Case::odd(
            "Interval(MonthDayNano)",
            interval,
            quoted(interval_texts),
            is(interval_texts),
            Typed::Refused("nanoseconds"),
        ),
    ]
}

fn nested_twice() -> Text {
    Refused("two fields of a struct with the same name")
}

fn numbers() -> Vec<Case> {
    let f16 = |value| Float16Array::from(vec![half::f16::from_f32(value)]);
    let no = || Refused("JSON has no NaN and no infinity");
    let hundreds = Decimal128Array::from(vec![5, -5]).with_precision_and_scale(4, -2).unwrap();
    // Six digits where the type has room for five. Nobody checks that on the way in.
    let many = Decimal128Array::from(vec![1, 123_456]).with_precision_and_scale(5, 2).unwrap();
    let huge = Decimal256Array::from(vec![i256::from_i128(1 << 40)]).with_precision_and_scale(9, 0).unwrap();
    vec![
        Case::odd("Float16 NaN", f16(f32::NAN), no(), is(["NaN"]), Typed::Same),
        Case::odd(
            "Float32 infinity",
            Float32Array::from(vec![1.0, f32::INFINITY]),
            Refused("row 2 of its entry, column `Float32 infinity`"),
            is(["1.0", "inf"]),
            Typed::Same,
        ),
        Case::odd(
            "Float64 -infinity",
            Float64Array::from(vec![f64::NEG_INFINITY]),
            no(),
            is(["-inf"]),
            Typed::Same,
        ),
        Case::odd(
            "Decimal128(4, -2)",
            hundreds,
            is(["500", "-500"]),
            is(["500", "-500"]),
            Typed::Refused("a negative scale"),
        ),
        Case::odd(
            "Decimal128(5, 2) with six digits",
            many,
            is(["0.01", "1234.56"]),
            is(["0.01", "1234.56"]),
            Typed::Refused("row 2 of its entry, column `Decimal128(5, 2) with six digits`"),
        ),
        Case::odd(
            "Decimal256(9, 0) with 13 digits",
            huge,
            is(["1099511627776"]),
            is(["1099511627776"]),
            Typed::Refused("row 1 of its entry"),
        ),
    ]
}

fn times() -> Vec<Case> {
    let far = 1_i64 << 62;
    let out = || Refused("row 2 of its entry");
    let milliseconds = || TimestampMillisecondArray::from(vec![0, far]);
    let last_of_chrono = TimestampSecondArray::from(vec![8_210_266_876_799]).with_timezone("+14:00");
    vec![
        Case::odd(
            "Timestamp(s) 2^62",
            TimestampSecondArray::from(vec![0, far]),
            out(),
            out(),
            Typed::Refused("row 2 of its entry"),
        ),
        Case::odd("Timestamp(ms) 2^62", milliseconds(), out(), out(), Typed::Same),
        Case::odd("Timestamp(ms, UTC) 2^62", milliseconds().with_timezone("UTC"), out(), out(), Typed::Same),
        Case::odd(
            "Timestamp(s, +14:00) at the end of time",
            last_of_chrono,
            is(["\"+262142-12-31T23:59:59Z\""]),
            is(["+262142-12-31T23:59:59Z"]),
            Typed::As(DataType::Timestamp(TimeUnit::Millisecond, Some("+14:00".into()))),
        ),
        Case::odd(
            "Timestamp(ms) in year 10000",
            TimestampMillisecondArray::from(vec![253_402_300_800_000]),
            is(["\"+10000-01-01T00:00:00\""]),
            is(["+10000-01-01T00:00:00"]),
            Typed::Same,
        ),
        Case::odd(
            "Timestamp in a zone that is not known",
            TimestampMillisecondArray::from(vec![0]).with_timezone("Mars/Olympus"),
            Refused("Mars/Olympus"),
            Refused("Mars/Olympus"),
            Typed::Same,
        ),
        Case::odd("Date32 2^31", Date32Array::from(vec![0, i32::MAX]), out(), out(), Typed::Same),
        Case::odd(
            "Date64 2^63",
            Date64Array::from(vec![0, i64::MAX]),
            out(),
            out(),
            Typed::As(DataType::Timestamp(TimeUnit::Millisecond, None)),
        ),
        Case::odd(
            "Time32(s) of 25 hours",
            Time32SecondArray::from(vec![0, 90_000]),
            out(),
            out(),
            Typed::As(DataType::Time32(TimeUnit::Millisecond)),
        ),
        Case::odd(
            "Time64(ns) below zero",
            Time64NanosecondArray::from(vec![0, -1]),
            out(),
            out(),
            Typed::Same,
        ),
        Case::odd("Duration(s) 2^62", DurationSecondArray::from(vec![0, far]), out(), out(), Typed::Same),
        Case::odd(
            "Duration(ms) -2^63",
            DurationMillisecondArray::from(vec![0, i64::MIN]),
            out(),
            out(),
            Typed::Same,
        ),
    ]
}
