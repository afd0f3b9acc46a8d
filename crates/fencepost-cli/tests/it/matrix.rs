//! Every type, through a log, into every format: the same values come out, or the command says that they don't.
//!
//! What has to come out is written down by hand, so nothing that the command uses is asked about itself. The
//! table in docs/cli.md is made of these cases; `FENCEPOST_BLESS=1 cargo test -p fencepost-cli matrix` writes
//! it anew.

mod case;
mod documented;
mod flat;
mod many;
mod nested;
mod odd;
mod text;

use super::support::{Run, Scratch, run, run_with};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::DataType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use case::{Case, Text, Typed};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn stream(table: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &table.schema()).unwrap();
    writer.write(table).unwrap();
    writer.into_inner().unwrap()
}

/// A log with this table in it.
fn log_of(table: &RecordBatch) -> Scratch {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log(), "--format", "arrow"], &stream(table)).ok();
    scratch
}

fn tail(scratch: &Scratch, format: &str) -> Run {
    run(["tail", &scratch.log(), "--format", format])
}

fn read_stream(bytes: &[u8]) -> RecordBatch {
    let reader = StreamReader::try_new(bytes, None).unwrap();
    let schema = reader.schema();
    concat_batches(&schema, &reader.map(Result::unwrap).collect::<Vec<_>>()).unwrap()
}

fn read_parquet(bytes: Vec<u8>) -> RecordBatch {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    concat_batches(&schema, &reader.map(Result::unwrap).collect::<Vec<_>>()).unwrap()
}

/// The texts of each case side by side, as a line of each row.
fn lines(
    cases: &[&Case],
    text: impl Fn(&Case) -> &Text,
    line: impl Fn(Vec<(&str, &str)>) -> String,
) -> String {
    let texts = |case: &Case| match text(case) {
        Text::Is(texts) => texts.clone(),
        Text::Refused(why) => panic!("{} is refused: {why}", case.name),
    };
    let columns: Vec<_> = cases.iter().map(|case| (case.name, texts(case))).collect();
    let rows = 0..columns[0].1.len();
    let cells = |row: usize| columns.iter().map(|(name, texts)| (*name, texts[row].as_str())).collect();
    rows.map(|row| line(cells(row)) + "\n").collect()
}

fn json_lines(cases: &[&Case]) -> String {
    lines(
        cases,
        |case| &case.ndjson,
        |cells| {
            let fields: Vec<_> = cells.iter().map(|(name, text)| format!("\"{name}\":{text}")).collect();
            format!("{{{}}}", fields.join(","))
        },
    )
}

fn csv_lines(cases: &[&Case]) -> String {
    let quoted = |name: &str| if name.contains(',') { format!("\"{name}\"") } else { name.to_owned() };
    let header: Vec<_> = cases.iter().map(|case| quoted(case.name)).collect();
    let rows = lines(
        cases,
        |case| &case.csv,
        |cells| cells.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(","),
    );
    format!("{}\n{rows}", header.join(","))
}

/// Shows where two texts part.
#[track_caller]
fn assert_same(found: &str, expected: &str, what: &str) {
    let common = found.char_indices().zip(expected.chars()).find(|((_, a), b)| a != b);
    let at = common.map_or_else(|| found.len().min(expected.len()), |((at, _), _)| at);
    let from = (0..=at).rev().filter(|at| found.is_char_boundary(*at)).nth(60).unwrap_or(0);
    let around = |text: &str| text[from..].chars().take(120).collect::<String>();
    assert!(found == expected, "{what}:\n   found: …{}…\nexpected: …{}…", around(found), around(expected));
}

#[track_caller]
fn check_parquet(cases: &[&Case], bytes: Vec<u8>) {
    let found = read_parquet(bytes);
    for (case, column) in cases.iter().zip(found.columns()) {
        let expected = match &case.parquet {
            Typed::Same => case.array.clone(),
            Typed::As(to) => cast(&case.array, to).unwrap(),
            Typed::Refused(why) => panic!("{} is refused: {why}", case.name),
        };
        assert_eq!(column.data_type(), expected.data_type(), "{}", case.name);
        assert_eq!(&values(column), &values(&expected), "{}", case.name);
    }
}

/// Of a dictionary the values that its keys lead to; the keys are its own business.
fn values(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Dictionary(_, to) => cast(array, to).unwrap(),
        _ => array.clone(),
    }
}

#[track_caller]
fn check_text(case: &Case, expected: &Text, run: Run, lines: impl FnOnce(&[&Case]) -> String) {
    match expected {
        Text::Is(_) => assert_same(&run.ok().text(), &lines(&[case]), case.name),
        Text::Refused(why) => _ = run.fails(9, why),
    }
}

#[test]
fn flat_types_come_out_of_every_format_as_they_are() {
    let cases = flat::cases();
    let cases: Vec<_> = cases.iter().collect();
    let table = Case::table(&cases);
    let scratch = log_of(&table);
    assert_same(&tail(&scratch, "ndjson").ok().text(), &json_lines(&cases), "NDJSON");
    assert_same(&tail(&scratch, "csv").ok().text(), &csv_lines(&cases), "CSV");
    assert_eq!(read_stream(&tail(&scratch, "arrow").ok().stdout), table);
    check_parquet(&cases, tail(&scratch, "parquet").ok().stdout);
    // Each line is JSON to a reader of another house as well.
    assert_eq!(tail(&scratch, "ndjson").lines().len(), table.num_rows());
}

#[test]
fn nested_types_come_out_of_every_format_that_has_them() {
    let cases = nested::cases();
    let cases: Vec<_> = cases.iter().collect();
    let table = Case::table(&cases);
    let scratch = log_of(&table);
    assert_same(&tail(&scratch, "ndjson").ok().text(), &json_lines(&cases), "NDJSON");
    assert_eq!(read_stream(&tail(&scratch, "arrow").ok().stdout), table);
    check_parquet(&cases, tail(&scratch, "parquet").ok().stdout);
    let refused = tail(&scratch, "csv").fails(9, "nested");
    for case in cases {
        assert!(refused.stderr.contains(&format!("`{}`", case.name)), "{}: {}", case.name, refused.stderr);
    }
    assert_eq!(refused.stdout, b"", "said before anything was written");
}

mod long {
    use super::*;

    #[test]
    fn what_is_at_odds_with_a_format_is_refused_there_and_nowhere_else() {
        for case in odd::cases() {
            let table = Case::table(&[&case]);
            let scratch = log_of(&table);
            check_text(&case, &case.ndjson, tail(&scratch, "ndjson"), json_lines);
            check_text(&case, &case.csv, tail(&scratch, "csv"), csv_lines);
            assert_eq!(read_stream(&tail(&scratch, "arrow").ok().stdout), table, "{}", case.name);
            let parquet = tail(&scratch, "parquet");
            match &case.parquet {
                Typed::Refused(why) => _ = parquet.fails(9, why),
                _ => check_parquet(&[&case], parquet.ok().stdout),
            }
        }
    }
}

/// Rows without columns came out of Parquet as no rows at all, and one of two columns of a name out of JSON.
#[test]
fn tables_that_a_format_has_no_room_for_are_refused_before_a_byte_is_written() {
    use arrow::array::{Int32Array, RecordBatchOptions};
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;
    let field = || Field::new("a", DataType::Int32, true);
    let column = || -> ArrayRef { Arc::new(Int32Array::from(vec![1, 2])) };
    let table = |fields: Vec<Field>, columns| {
        let options = RecordBatchOptions::new().with_row_count(Some(2));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).unwrap()
    };
    let twice = table(vec![field(), field()], vec![column(), column()]);
    let without = table(vec![], vec![]);
    for (table, why, formats) in [
        (&twice, "two columns named `a`", &["ndjson", "csv", "parquet"][..]),
        (&without, "rows without columns", &["csv", "parquet"]),
    ] {
        let scratch = log_of(table);
        let file = scratch.path("rows");
        std::fs::write(&file, "before").unwrap();
        for format in formats {
            assert_eq!(tail(&scratch, format).fails(9, why).stdout, b"", "{format}");
            let file = file.to_str().unwrap();
            run(["tail", &scratch.log(), "--format", format, "--output", file]).fails(9, why);
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"before");
        let back = read_stream(&tail(&scratch, "arrow").ok().stdout);
        assert_eq!((back.num_rows(), &back), (2, table));
    }
    assert_eq!(tail(&log_of(&without), "ndjson").ok().text(), "{}\n{}\n");
}

/// Once in, the rows no longer know how they came.
#[test]
fn formats_with_types_bring_in_what_they_hold() {
    let (flat, nested) = (flat::cases(), nested::cases());
    // Parquet's reader does not read what its writer writes of this one.
    let readable = |case: &&Case| case.name != "Dictionary(Int16, Decimal128(20, 1))";
    let cases: Vec<_> = flat.iter().chain(&nested).filter(readable).collect();
    let (table, all) = (Case::table(&cases), cases.len());
    let mut file = FileWriter::try_new(Vec::new(), &table.schema()).unwrap();
    file.write(&table).unwrap();
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], &file.into_inner().unwrap()).ok();
    assert_eq!(read_stream(&tail(&scratch, "arrow").ok().stdout), table);

    // Parquet brings in what Parquet holds. Before Arrow 60 its writer had no runs.
    let is_written = |case: &&Case| {
        let table = Case::table(std::slice::from_ref(case));
        ArrowWriter::try_new(Vec::new(), table.schema(), None).is_ok()
    };
    let cases: Vec<_> = cases.into_iter().filter(is_written).collect();
    assert!(cases.len() + 3 > all, "{} of {all}", cases.len());
    let table = Case::table(&cases);
    let mut parquet = ArrowWriter::try_new(Vec::new(), table.schema(), None).unwrap();
    parquet.write(&table).unwrap();
    let parquet = parquet.into_inner().unwrap();
    let held = read_parquet(parquet.clone());
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], &parquet).ok();
    assert_eq!(read_stream(&tail(&scratch, "arrow").ok().stdout), held);
}

#[test]
fn the_documentation_has_the_table_of_what_each_format_carries() {
    documented::check(&flat::cases(), &nested::cases(), &odd::cases());
}
