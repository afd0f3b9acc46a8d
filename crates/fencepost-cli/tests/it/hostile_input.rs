//! Inputs that were broken, or made, to be taken for something else.

use super::support::{Scratch, run, run_with};
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::ipc::writer::StreamWriter;
use std::sync::Arc;

/// A stream of two batches of ten rows, and where the second one begins.
fn stream() -> (Vec<u8>, usize) {
    let batch = |from: i64| {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + 10));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    };
    let mut writer = StreamWriter::try_new(Vec::new(), &batch(0).schema()).unwrap();
    writer.write(&batch(0)).unwrap();
    let second = writer.get_ref().len();
    writer.write(&batch(10)).unwrap();
    (writer.into_inner().unwrap(), second)
}

/// A decoder that gave up by a panic was once taken for the end of the input: rows were missing, and all was
/// said to be well.
#[test]
fn a_column_outside_of_its_batch_ends_nothing_in_silence() {
    let (mut bytes, second) = stream();
    // Ten numbers of eight bytes: no other length in the description is the same.
    let length = 80_i64.to_le_bytes();
    let at = bytes[second..].windows(8).position(|window| window == length).expect("how long the column is");
    bytes[second + at..][..8].copy_from_slice(&8_000_i64.to_le_bytes());
    let scratch = Scratch::new();
    let refused = run_with(["append", &scratch.log(), "--format", "arrow"], &bytes).fails(3, "after row 10");
    assert!(!refused.stderr.contains("panic"), "{}", refused.stderr);
    assert_eq!(scratch.read_numbers(1), (0..10).collect::<Vec<_>>());
}

mod long {
    use super::*;

    /// Every byte of the second batch's description, one at a time: the rows are there, or it is said that
    /// they are not.
    #[test]
    fn a_stream_with_any_byte_changed_is_read_whole_or_refused() {
        let (bytes, second) = stream();
        let scratch = Scratch::new();
        for at in (second..bytes.len()).step_by(5) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x90;
            let done = run_with(["append", &scratch.log(), "--format", "arrow", "--takeover", "now"], &bytes);
            assert!(matches!(done.code, Some(0 | 3)), "byte {at}: {:?} {}", done.code, done.stderr);
            assert!(!done.stderr.contains("panicked"), "byte {at}: {}", done.stderr);
        }
    }
}

/// Names are anybody's: they must not look like lines of ours, nor fill a screen.
#[test]
fn column_names_are_shown_escaped_and_short() {
    let long = "x".repeat(100_000);
    for name in ["x'\nerror: all rows are in the log", long.as_str()] {
        let scratch = Scratch::new();
        let csv = format!("\"{name}\",b\n1,1\nx,2\n");
        let refused =
            run_with(["append", &scratch.log(), "--format", "csv", "--infer-rows", "1"], csv.as_bytes());
        assert_eq!(refused.code, Some(3), "{}", refused.stderr);
        assert!(
            refused.stderr.len() < 1_000 && !refused.stderr.contains("\nerror: all"),
            "{}",
            refused.stderr
        );
        let json = format!("{{{:?}:[1]}}\n", name);
        let scratch = Scratch::new();
        run_with(["append", &scratch.log(), "--format", "ndjson"], json.as_bytes()).ok();
        let refused = run(["tail", &scratch.log(), "--format", "csv"]);
        assert_eq!(refused.code, Some(9), "{}", refused.stderr);
        assert!(
            refused.stderr.len() < 1_000 && !refused.stderr.contains("\nerror: all"),
            "{}",
            refused.stderr
        );
    }
}
