use super::*;
use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::Int32Type;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use std::io::Write;
use std::sync::Arc;

fn batch(from: i32, rows: i32) -> RecordBatch {
    let words: DictionaryArray<Int32Type> =
        (from..from + rows).map(|n| Some(["a", "b", "c"][n as usize % 3])).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(Int32Array::from_iter_values(from..from + rows))),
        ("word", Arc::new(words)),
        ("text", Arc::new(StringArray::from_iter_values((from..from + rows).map(|n| format!("row {n}"))))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

fn in_file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

fn read_stream(bytes: &[u8], bytes_max: u64) -> Result<Vec<RecordBatch>, Fault> {
    Streams::open(bytes, bytes_max)?.collect()
}

fn read_file(bytes: &[u8], bytes_max: u64) -> Result<Vec<RecordBatch>, Fault> {
    let mut temporary = tempfile::tempfile().unwrap();
    temporary.write_all(bytes).unwrap();
    file(temporary, bytes_max)?.collect()
}

const MANY: u64 = 1 << 30;

#[test]
fn batches_come_back_as_they_were() {
    let batches = [batch(0, 10), batch(10, 3)];
    let zstd = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
    for options in [IpcWriteOptions::default(), zstd] {
        assert_eq!(read_stream(&stream(&batches, options), MANY).unwrap(), batches);
    }
    assert_eq!(read_file(&in_file(&batches[..1]), MANY).unwrap(), batches[..1]);
}

/// Readers stop at the first stream's end, and took the first half for all.
#[test]
fn a_second_stream_is_read_or_refused() {
    let first = stream(&[batch(0, 10)], IpcWriteOptions::default());
    let second = stream(&[batch(10, 3)], IpcWriteOptions::default());
    let both = [first.clone(), second].concat();
    assert_eq!(read_stream(&both, MANY).unwrap(), [batch(0, 10), batch(10, 3)]);
    let other = stream(&[batch(0, 1).project(&[0]).unwrap()], IpcWriteOptions::default());
    let fault = read_stream(&[first.clone(), other].concat(), MANY).unwrap_err();
    assert!(fault.message.contains("with a different schema"), "{}", fault.message);
    for rest in [&b"x"[..], b"0123456789", &[0; 16]] {
        let fault = read_stream(&[&first, rest].concat(), MANY).unwrap_err();
        assert!(fault.message.starts_with("after the end of the stream"), "{}", fault.message);
    }
}

/// The index of the second file names places in the first: its rows were read in place of those of the second.
#[test]
fn two_files_one_behind_the_other_are_refused() {
    let (one, two) = (in_file(&[batch(0, 10)]), in_file(&[batch(10, 10)]));
    let fault = read_file(&[one.clone(), two].concat(), MANY).unwrap_err();
    assert!(fault.message.contains("several files"), "{}", fault.message);
    let none = in_file(&[batch(0, 0)]);
    read_file(&[one.clone(), none].concat(), MANY).unwrap_err();
    read_file(&[&one[..], b"x"].concat(), MANY).unwrap_err();
}

#[test]
fn a_stream_or_file_that_is_cut_off_is_refused() {
    let whole = stream(&[batch(0, 10), batch(10, 3)], IpcWriteOptions::default());
    let without_mark = whole.len() - 8;
    for end in 0..whole.len() {
        match read_stream(&whole[..end], MANY) {
            Ok(found) if end == without_mark => assert_eq!(found.len(), 2),
            // Between two messages it looks like a stream without a mark, and a warning says so.
            Ok(found) => assert!(found.len() < 2, "{end}"),
            Err(_) => {}
        }
    }
    let whole = in_file(&[batch(0, 10)]);
    for end in 0..whole.len() {
        read_file(&whole[..end], MANY).unwrap_err();
    }
}

#[test]
fn a_batch_is_refused_before_it_is_in_memory() {
    let zeros: ArrayRef = Arc::new(Int32Array::from(vec![0; 1 << 20]));
    let large = RecordBatch::try_from_iter([("n", zeros)]).unwrap();
    let zstd = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
    let packed = stream(std::slice::from_ref(&large), zstd);
    assert!(packed.len() < 10_000);
    for bytes in [packed, stream(std::slice::from_ref(&large), IpcWriteOptions::default())] {
        let fault = read_stream(&bytes, 1 << 20).unwrap_err();
        assert!(fault.message.contains("a batch is held in memory whole"), "{}", fault.message);
        assert!(fault.advice.unwrap().contains("--batch-bytes-max"));
        assert_eq!(read_stream(&bytes, 5 << 20).unwrap(), std::slice::from_ref(&large));
    }
    assert!(read_file(&in_file(&[large]), 1 << 20).unwrap_err().message.contains("held in memory whole"));
    // A length that is not true reserves nothing.
    let mut lying = vec![0xff; 4];
    lying.extend(i32::MAX.to_le_bytes());
    assert!(read_stream(&lying, 1 << 40).unwrap_err().message.contains("in the middle of a message"));
}
