//! Parquet files, in batches as large as memory is meant to bear.

use super::fault::{DAMAGED, Fault};
use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The batches of a file, of at most so many rows, and about so many bytes.
pub(super) fn open(
    mut file: File,
    rows_max: usize,
    bytes_max: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, Fault>> + Send, Fault> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
    check_whole(&mut file, builder.metadata())?;
    let rows = (bytes_max as u64 / row_bytes(builder.metadata())).clamp(1, rows_max as u64) as usize;
    Ok(builder.with_batch_size(rows).build()?.map(|batch| Ok(batch?)))
}

/// What a row takes in memory, in the row group where it takes most.
fn row_bytes(metadata: &ParquetMetaData) -> u64 {
    let of_group = |group: &parquet::file::metadata::RowGroupMetaData| {
        let bytes = group.columns().iter().map(|column| {
            // Values that repeat are stored once.
            let unpacked = column.unencoded_byte_array_data_bytes().unwrap_or(0);
            column.uncompressed_size().max(unpacked).max(0) as u64
        });
        bytes.sum::<u64>() / (group.num_rows().max(1) as u64)
    };
    metadata.row_groups().iter().map(of_group).max().unwrap_or(1).max(1)
}

/// In two files one behind the other, the index of the second would be read with the data of the first.
fn check_whole(file: &mut File, metadata: &ParquetMetaData) -> Result<(), Fault> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut trailer = [0; 8];
    file.seek(SeekFrom::Start(length.saturating_sub(8)))?;
    file.read_exact(&mut trailer)?;
    let footer = u64::from(u32::from_le_bytes(trailer[..4].try_into().expect("four bytes")));
    let footer_at = length.saturating_sub(8 + footer);
    let mut data_end = MAGIC.len() as u64;
    for column in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let first = column
            .dictionary_page_offset()
            .unwrap_or_else(|| column.data_page_offset())
            .min(column.data_page_offset());
        // Negative ones are taken for broken promises of the program itself further down.
        let (Ok(from), Ok(bytes)) = (u64::try_from(first), u64::try_from(column.compressed_size())) else {
            return Err(Fault::new("the index names a column outside of the file").with_advice(DAMAGED));
        };
        data_end = data_end.max(from.saturating_add(bytes));
        for (from, bytes) in [
            (column.column_index_offset(), column.column_index_length()),
            (column.offset_index_offset(), column.offset_index_length()),
            (column.bloom_filter_offset(), column.bloom_filter_length()),
        ] {
            let (from, bytes) = (from.unwrap_or(0).max(0) as u64, bytes.unwrap_or(0).max(0) as u64);
            data_end = data_end.max(from.saturating_add(bytes));
        }
    }
    // Then as many bytes are left over as the first file has.
    let gap = footer_at.saturating_sub(data_end);
    let mut magic = [0; 8];
    if gap < 12 || file.seek(SeekFrom::Start(gap - 4)).and_then(|_| file.read_exact(&mut magic)).is_err() {
        return Ok(());
    }
    if magic == *b"PAR1PAR1" {
        let fault = Fault::new("it holds several Parquet files, one behind the other");
        return Err(fault.with_advice("Append the files one by one."));
    }
    Ok(())
}

const MAGIC: &[u8] = b"PAR1";

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::io::Write;
    use std::sync::Arc;

    fn written(from: i64, rows: i64, text: &str) -> Vec<u8> {
        let columns: [(&str, ArrayRef); 2] = [
            ("n", Arc::new(Int64Array::from_iter_values(from..from + rows))),
            ("text", Arc::new(StringArray::from_iter_values((0..rows).map(|_| text)))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        // Bloom filters lie behind the columns, as the indexes of pages do.
        let properties = WriterProperties::builder().set_bloom_filter_enabled(true).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    fn read(bytes: &[u8], bytes_max: usize) -> Result<Vec<RecordBatch>, Fault> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        open(file, 8_192, bytes_max)?.collect()
    }

    fn rows(batches: &[RecordBatch]) -> usize {
        batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The rows of the first file were read in place of those of the second.
    #[test]
    fn two_files_one_behind_the_other_are_refused() {
        let (one, two) = (written(0, 10, "x"), written(100, 10, "x"));
        assert_eq!(rows(&read(&one, 1 << 20).unwrap()), 10);
        for (first, second) in
            [(&one, &two), (&two, &one), (&one, &written(0, 1_000, "long")), (&one, &written(0, 0, ""))]
        {
            let fault = read(&[&first[..], &second[..]].concat(), 1 << 20).unwrap_err();
            assert!(fault.message.contains("several Parquet files"), "{}", fault.message);
        }
    }

    /// A value that repeats is stored once, and takes its room in memory for every row.
    #[test]
    fn batches_are_bounded_by_what_rows_take_in_memory() {
        let batches = read(&written(0, 1_000, &"x".repeat(10_000)), 1 << 20).unwrap();
        assert_eq!(rows(&batches), 1_000);
        assert!(batches[0].num_rows() <= 105, "{}", batches[0].num_rows());
    }
}
