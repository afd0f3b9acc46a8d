use super::super::feed::Feed;
use super::super::stop::Stop;
use super::super::text::Text;
use super::super::{InputFormat, TextOptions, types};
use super::*;
use std::io::{Seek, Write};
use std::time::Duration;

fn options() -> InputOptions {
    InputOptions {
        format: Some(InputFormat::Ndjson),
        infer_rows: 1_000,
        batch_rows: 8_192,
        rows_exact: false,
        batch_bytes: 1 << 16,
        skip: 0,
        flush_interval: Duration::ZERO,
        line_bytes_max: 1 << 26,
        batch_bytes_max: 1 << 26,
        text: TextOptions { delimiter: b',', null: None, types: Vec::new(), all_text: false },
        stop: Stop::default(),
    }
}

fn open(text: &str, options: &InputOptions) -> Result<Text<Json>, Fault> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    Text::open(Feed::File(file, Stop::default()), Json::new(options), options)
}

/// An object with so many keys.
fn object(keys: usize) -> String {
    let fields: Vec<_> = (0..keys).map(|key| format!("\"k{key}\":{key}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// What is in an object was not counted, and a batch of some kilobytes of text was 2 GB.
#[test]
fn batches_are_as_large_as_their_nulls() {
    let text = format!("{{\"o\":{}}}\n{}", object(100), "{}\n".repeat(5_000));
    let batches: Vec<_> = open(&text, &options()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 5_001);
    assert!(batches.iter().all(|batch| batch.num_rows() <= 82), "{}", batches[1].num_rows());
    let text = format!("{{\"l\":[{},{}{{}}]}}\n{{}}\n", object(100), "{},".repeat(150));
    let batches: Vec<_> = open(&text, &options()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(batches.len(), 2);
}

/// Before it is in memory.
#[test]
fn a_row_that_is_nothing_but_nulls_is_refused_with_its_line_and_column() {
    let text = format!("{{}}\n{{\"l\":[{},{}{{}}]}}\n", object(1_000), "{},".repeat(20_000));
    let fault = open(&text, &options()).err().unwrap();
    let expected = "line 2: `l[8387]`: a row of more than 67108864 bytes in memory";
    assert_eq!(fault.message, expected);
    let advice = fault.advice.unwrap();
    assert!(advice.contains("--batch-bytes-max") && advice.contains("--types 'l=text'"), "{advice}");
    let taken = TextOptions { types: types::parse("l=text").unwrap(), ..options().text };
    let batches = open(&text, &InputOptions { text: taken, ..options() }).unwrap();
    assert_eq!(batches.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
}

/// The log would refuse them, once everything was built.
#[test]
fn more_fields_than_readers_allow_are_refused_by_the_row_that_brings_them() {
    let keys = |from: usize| {
        (from..from + 40_000).map(|key| format!("\"k{key}\":{{}}")).collect::<Vec<_>>().join(",")
    };
    let text = format!("{{\"o\":{{{}}}}}\n{{\"o\":{{{}}}}}\n", keys(0), keys(40_000));
    let fault = open(&text, &options()).err().unwrap();
    assert!(fault.message.starts_with("line 2: with this row"), "{}", fault.message);
    let taken = TextOptions { all_text: true, ..options().text };
    let batches = open(&text, &InputOptions { text: taken, ..options() }).unwrap();
    assert_eq!(batches.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
}

/// The first rows may be more than is held of them as batches. They are all looked at, and none is lost.
#[test]
fn a_fault_among_the_first_rows_is_found_however_large_they_are() {
    let begin = format!("{{\"o\":{}}}\n{}", object(900), "{}\n".repeat(1_000));
    let options = InputOptions { infer_rows: 1_003, ..options() };
    let fault = open(&format!("{begin}{{\"o\":1}}\n"), &options).err().unwrap();
    assert!(fault.message.starts_with("line 1002: `o`: a number (`1`)"), "{}", fault.message);
    let text = format!("{begin}{{\"o\":{{\"k1\":7}}}}\n");
    let batches: Vec<_> = open(&text, &options).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1_002);
}
