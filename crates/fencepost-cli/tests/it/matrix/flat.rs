//! Types without nesting, each with an ordinary value, two that are at its ends or on its dark side, and a null.

use super::case::{Case, Typed};
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::datatypes::*;
use std::sync::Arc;

pub(super) fn cases() -> Vec<Case> {
    let mut all = numbers();
    all.extend(texts());
    all.extend(times());
    all.extend(layouts());
    all
}

fn numbers() -> Vec<Case> {
    let f16 = |value: f32| Some(half::f16::from_f32(value));
    vec![
        Case::plain("Null", NullArray::new(4), ["", "", "", ""]),
        Case::plain(
            "Boolean",
            BooleanArray::from(vec![Some(true), Some(false), Some(true), None]),
            ["true", "false", "true", ""],
        ),
        Case::plain(
            "Int8",
            Int8Array::from(vec![Some(1), Some(i8::MIN), Some(i8::MAX), None]),
            ["1", "-128", "127", ""],
        ),
        Case::plain(
            "Int16",
            Int16Array::from(vec![Some(1), Some(i16::MIN), Some(i16::MAX), None]),
            ["1", "-32768", "32767", ""],
        ),
        Case::plain(
            "Int32",
            Int32Array::from(vec![Some(1), Some(i32::MIN), Some(i32::MAX), None]),
            ["1", "-2147483648", "2147483647", ""],
        ),
        Case::plain(
            "Int64",
            Int64Array::from(vec![Some(1), Some(i64::MIN), Some(i64::MAX), None]),
            ["1", "-9223372036854775808", "9223372036854775807", ""],
        ),
        Case::plain(
            "UInt8",
            UInt8Array::from(vec![Some(1), Some(0), Some(u8::MAX), None]),
            ["1", "0", "255", ""],
        ),
        Case::plain(
            "UInt16",
            UInt16Array::from(vec![Some(1), Some(0), Some(u16::MAX), None]),
            ["1", "0", "65535", ""],
        ),
        Case::plain(
            "UInt32",
            UInt32Array::from(vec![Some(1), Some(0), Some(u32::MAX), None]),
            ["1", "0", "4294967295", ""],
        ),
        Case::plain(
            "UInt64",
            UInt64Array::from(vec![Some(1), Some(0), Some(u64::MAX), None]),
            ["1", "0", "18446744073709551615", ""],
        ),
        Case::new(
            "Float16",
            Float16Array::from(vec![f16(1.5), f16(-0.0), f16(65504.0), None]),
            ["1.5", "-0.0", "65504.0", "null"],
            ["1.5", "-0", "65504", ""],
        ),
        Case::plain(
            "Float32",
            Float32Array::from(vec![Some(0.1), Some(-0.0), Some(f32::MAX), None]),
            ["0.1", "-0.0", "3.4028235e38", ""],
        ),
        Case::new(
            "Float64",
            Float64Array::from(vec![Some(0.1), Some(-0.0), Some(5e-324), None]),
            ["0.1", "-0.0", "5.0e-324", "null"],
            ["0.1", "-0.0", "5e-324", ""],
        ),
        Case::plain(
            "Decimal32(9, 2)",
            Decimal32Array::from(vec![Some(12345), Some(-1), Some(999_999_999), None])
                .with_precision_and_scale(9, 2)
                .unwrap(),
            ["123.45", "-0.01", "9999999.99", ""],
        ),
        Case::plain(
            "Decimal64(18, 0)",
            Decimal64Array::from(vec![Some(1), Some(-10), Some(999_999_999_999_999_999), None])
                .with_precision_and_scale(18, 0)
                .unwrap(),
            ["1", "-10", "999999999999999999", ""],
        ),
        Case::plain(
            "Decimal128(38, 10)",
            Decimal128Array::from(vec![
                Some(15_000_000_000),
                Some(-1),
                Some(99_999_999_999_999_999_999_999_999_999_999_999_999),
                None,
            ])
            .with_precision_and_scale(38, 10)
            .unwrap(),
            ["1.5000000000", "-0.0000000001", "9999999999999999999999999999.9999999999", ""],
        ),
        Case::plain(
            "Decimal256(76, 2)",
            Decimal256Array::from(vec![
                Some(i256::from_i128(150)),
                Some(i256::from_i128(-1)),
                i256::from_string(&"9".repeat(76)),
                None,
            ])
            .with_precision_and_scale(76, 2)
            .unwrap(),
            ["1.50", "-0.01", BIGGEST, ""],
        ),
    ]
}

const BIGGEST: &str = "99999999999999999999999999999999999999999999999999999999999999999999999999.99";

fn texts() -> Vec<Case> {
    let (hard, json) = ("a \"b\",\n\r\u{1}\u{1F600}\\", "\"a \\\"b\\\",\\n\\r\\u0001\u{1F600}\\\\\"");
    let csv = "\"a \"\"b\"\",\n\r\u{1}\u{1F600}\\\"";
    let texts = [Some("Köln"), Some(""), Some(hard), None];
    // What a reader may take for something else: nulls, numbers, blanks that are cut off.
    let views = [Some("null"), Some(" 01"), Some("\u{feff}NaN"), None];
    let bytes: [Option<&[u8]>; 4] = [Some(&[0, 255]), Some(&[]), Some(b"text"), None];
    let sized: Vec<Option<&[u8]>> = vec![Some(&[0, 1]), Some(&[255, 255]), Some(b"\"\n"), None];
    vec![
        Case::new(
            "Utf8",
            StringArray::from(texts.to_vec()),
            ["\"Köln\"", "\"\"", json, "null"],
            ["Köln", "\"\"", csv, ""],
        ),
        Case::new(
            "LargeUtf8",
            LargeStringArray::from(texts.to_vec()),
            ["\"Köln\"", "\"\"", json, "null"],
            ["Köln", "\"\"", csv, ""],
        ),
        Case::new(
            "Utf8View",
            StringViewArray::from(views.to_vec()),
            ["\"null\"", "\" 01\"", "\"\u{feff}NaN\"", "null"],
            ["null", "\" 01\"", "\"\u{feff}NaN\"", ""],
        ),
        Case::quoted("Binary", BinaryArray::from(bytes.to_vec()), ["00ff", "\"\"", "74657874", ""]),
        Case::quoted("LargeBinary", LargeBinaryArray::from(bytes.to_vec()), ["00ff", "\"\"", "74657874", ""]),
        Case::quoted("BinaryView", BinaryViewArray::from(bytes.to_vec()), ["00ff", "\"\"", "74657874", ""]),
        Case::quoted(
            "FixedSizeBinary(2)",
            FixedSizeBinaryArray::try_from_sparse_iter_with_size(sized.into_iter(), 2).unwrap(),
            ["0001", "ffff", "220a", ""],
        ),
    ]
}

fn times() -> Vec<Case> {
    use DataType as T;
    let milliseconds = |zone: Option<&str>| T::Timestamp(TimeUnit::Millisecond, zone.map(Into::into));
    let utc_texts = ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", ""];
    let times = [1, 0, 86_399].map(Some);
    let [one, zero, last] = ["00:00:01", "00:00:00", "23:59:59"];
    let seconds = [Some(0), Some(-1), Some(253_402_300_799), None];
    let texts = ["1970-01-01T00:00:00", "1969-12-31T23:59:59", "9999-12-31T23:59:59", ""];
    let scaled = |by: i64, plus: i64| seconds.map(|s| s.map(|s| s * by + plus)).to_vec();
    let in_32 = |by: i32| times.iter().map(|s| s.map(|s| s * by)).chain([None]).collect::<Vec<Option<i32>>>();
    let in_64 = |by: i64| {
        times
            .iter()
            .map(|s| s.map(|s| i64::from(s) * by + by / 1000))
            .chain([None])
            .collect::<Vec<Option<i64>>>()
    };
    vec![
        Case::quoted(
            "Date32",
            Date32Array::from(vec![Some(19_782), Some(-719_162), Some(2_932_896), None]),
            ["2024-02-29", "0001-01-01", "9999-12-31", ""],
        ),
        Case::quoted(
            "Date64",
            Date64Array::from(vec![Some(0), Some(-1), Some(1_709_208_000_001), None]),
            ["1970-01-01T00:00:00", "1969-12-31T23:59:59.999", "2024-02-29T12:00:00.001", ""],
        )
        .in_parquet(Typed::As(milliseconds(None))),
        Case::quoted("Time32(s)", Time32SecondArray::from(in_32(1)), [one, zero, last, ""])
            .in_parquet(Typed::As(T::Time32(TimeUnit::Millisecond))),
        Case::quoted("Time32(ms)", Time32MillisecondArray::from(in_32(1000)), [one, zero, last, ""]),
        Case::quoted(
            "Time64(µs)",
            Time64MicrosecondArray::from(in_64(1_000_000)),
            ["00:00:01.001", "00:00:00.001", "23:59:59.001", ""],
        ),
        Case::quoted(
            "Time64(ns)",
            Time64NanosecondArray::from(vec![Some(1), Some(0), Some(86_399_999_999_999), None]),
            ["00:00:00.000000001", zero, "23:59:59.999999999", ""],
        ),
        Case::quoted("Timestamp(s)", TimestampSecondArray::from(seconds.to_vec()), texts)
            .in_parquet(Typed::As(milliseconds(None))),
        Case::quoted(
            "Timestamp(ms)",
            TimestampMillisecondArray::from(scaled(1_000, 1)),
            ["1970-01-01T00:00:00.001", "1969-12-31T23:59:59.001", "9999-12-31T23:59:59.001", ""],
        ),
        Case::quoted(
            "Timestamp(µs)",
            TimestampMicrosecondArray::from(scaled(1_000_000, 1)),
            ["1970-01-01T00:00:00.000001", "1969-12-31T23:59:59.000001", "9999-12-31T23:59:59.000001", ""],
        ),
        Case::quoted(
            "Timestamp(ns)",
            TimestampNanosecondArray::from(vec![Some(1), Some(i64::MIN), Some(i64::MAX), None]),
            [
                "1970-01-01T00:00:00.000000001",
                "1677-09-21T00:12:43.145224192",
                "2262-04-11T23:47:16.854775807",
                "",
            ],
        ),
        Case::quoted(
            "Timestamp(s, UTC)",
            TimestampSecondArray::from(seconds.to_vec()).with_timezone("UTC"),
            utc_texts,
        )
        .in_parquet(Typed::As(milliseconds(Some("UTC")))),
        Case::quoted(
            "Timestamp(µs, Europe/Berlin)",
            TimestampMicrosecondArray::from(vec![
                Some(1_711_846_799_000_000),
                Some(1_711_846_800_000_001),
                Some(1_729_990_800_000_000),
                None,
            ])
            .with_timezone("Europe/Berlin"),
            [
                "2024-03-31T01:59:59+01:00",
                "2024-03-31T03:00:00.000001+02:00",
                "2024-10-27T02:00:00+01:00",
                "",
            ],
        ),
        // The city was 19 minutes and 32 seconds ahead, and a text has no seconds there.
        Case::quoted(
            "Timestamp(ms, Europe/Amsterdam), before 1973",
            TimestampMillisecondArray::from(vec![
                Some(-2_208_988_800_000),
                Some(-1),
                Some(94_694_400_000),
                None,
            ])
            .with_timezone("Europe/Amsterdam"),
            ["1900-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1973-01-01T01:00:00+01:00", ""],
        ),
        Case::quoted(
            "Timestamp(ns, +05:30)",
            TimestampNanosecondArray::from(vec![
                Some(94_694_400_000_000_001),
                Some(1_711_846_799_000_000_000),
                Some(i64::MAX),
                None,
            ])
            .with_timezone("+05:30"),
            [
                "1973-01-01T05:30:00.000000001+05:30",
                "2024-03-31T06:29:59+05:30",
                "2262-04-12T05:17:16.854775807+05:30",
                "",
            ],
        ),
        Case::quoted(
            "Duration(s)",
            DurationSecondArray::from(vec![Some(90), Some(-90), Some(0), None]),
            ["PT90S", "-PT90S", "P0D", ""],
        ),
        Case::quoted(
            "Duration(ms)",
            DurationMillisecondArray::from(vec![Some(1_500), Some(-1), Some(i64::MAX), None]),
            ["PT1.5S", "-PT0.001S", "PT9223372036854775.807S", ""],
        ),
        Case::quoted(
            "Duration(µs)",
            DurationMicrosecondArray::from(vec![Some(1), Some(i64::MIN), Some(i64::MAX), None]),
            ["PT0.000001S", "-PT9223372036854.775808S", "PT9223372036854.775807S", ""],
        ),
        Case::quoted(
            "Duration(ns)",
            DurationNanosecondArray::from(vec![Some(1), Some(i64::MIN), Some(i64::MAX), None]),
            ["PT0.000000001S", "-PT9223372036.854775808S", "PT9223372036.854775807S", ""],
        ),
        Case::quoted(
            "Interval(YearMonth)",
            IntervalYearMonthArray::from(vec![Some(14), Some(-1), Some(i32::MAX), None]),
            ["1 years 2 mons", "-1 years 11 mons", "178956970 years 7 mons", ""],
        ),
    ]
}

/// Other layouts of the same values.
fn layouts() -> Vec<Case> {
    let keys = Int8Array::from(vec![Some(1), Some(0), Some(2), None]);
    // A null among the values, which a key leads to, is a null as well.
    let with_null =
        DictionaryArray::new(keys, Arc::new(StringArray::from(vec![Some("zero"), Some("one"), None])));
    let numbers = DictionaryArray::new(
        UInt32Array::from(vec![Some(1), Some(0), Some(1), None]),
        Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX])),
    );
    let runs = RunArray::try_new(
        &Int32Array::from(vec![1, 3, 4]),
        &StringArray::from(vec![Some("a"), Some("b"), None]),
    )
    .unwrap();
    let spans = RunArray::try_new(
        &Int16Array::from(vec![2, 3, 4]),
        &TimestampSecondArray::from(vec![Some(0), Some(1), None]),
    )
    .unwrap();
    let decimals = Decimal128Array::new(vec![1_i128, -1].into(), Some(NullBuffer::new_valid(2)))
        .with_precision_and_scale(20, 1)
        .unwrap();
    let priced =
        DictionaryArray::new(Int16Array::from(vec![Some(1), Some(0), Some(1), None]), Arc::new(decimals));
    let milliseconds = DataType::Timestamp(TimeUnit::Millisecond, None);
    vec![
        Case::quoted("Dictionary(Int8, Utf8)", with_null, ["one", "zero", "", ""]),
        Case::plain(
            "Dictionary(UInt32, Int64)",
            numbers,
            ["9223372036854775807", "-9223372036854775808", "9223372036854775807", ""],
        )
        .in_parquet(Typed::As(DataType::Int64)),
        Case::plain("Dictionary(Int16, Decimal128(20, 1))", priced, ["-0.1", "0.1", "-0.1", ""])
            .in_parquet(Typed::As(DataType::Decimal128(20, 1))),
        Case::quoted("RunEndEncoded(Int32, Utf8)", runs, ["a", "b", "b", ""])
            .in_parquet(Typed::As(DataType::Utf8)),
        Case::quoted(
            "RunEndEncoded(Int16, Timestamp(s))",
            spans,
            ["1970-01-01T00:00:00", "1970-01-01T00:00:00", "1970-01-01T00:00:01", ""],
        )
        .in_parquet(Typed::As(milliseconds)),
    ]
}
