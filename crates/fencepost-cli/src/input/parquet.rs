//! Parquet files, in batches as large as memory is meant to bear.

mod int96;
mod plan;
mod values;
mod zones;

use super::fault::{DAMAGED, Fault};
use super::stop::Stop;
use super::types::check_fields;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetMetaData;
use plan::Run;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

pub(super) use plan::Bounds;

/// The batches of a file.
pub(super) struct Batches {
    file: File,
    metadata: ArrowReaderMetadata,
    /// With what the file says besides its columns.
    schema: SchemaRef,
    runs: std::vec::IntoIter<Run>,
    reader: Option<ParquetRecordBatchReader>,
    bounds: Bounds,
    stop: Stop,
}

/// Opens a file whose columns can be read as they are.
pub(super) fn open(mut file: File, bounds: Bounds, stop: &Stop) -> Result<Batches, Fault> {
    let mut metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    check_whole(&mut file, metadata.metadata())?;
    if let Some(kept) = zones::kept(metadata.metadata(), metadata.schema()) {
        let options = ArrowReaderOptions::new().with_schema(kept);
        metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?;
    }
    if let Some(exact) = int96::exact(&file, metadata.schema(), stop)? {
        let options = ArrowReaderOptions::new().with_schema(exact);
        metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?;
    }
    check_fields(metadata.schema())?;
    let runs = plan::runs(metadata.metadata(), bounds).into_iter();
    let (schema, stop) = (metadata.schema().clone(), stop.clone());
    Ok(Batches { file, metadata, schema, runs, reader: None, bounds, stop })
}

impl Batches {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        // What is asked to stop may not have looked at everything.
        while !self.stop.is_asked() {
            if let Some(batch) = self.reader.as_mut().and_then(Iterator::next) {
                return Ok(Some(batch?.with_schema(self.schema.clone())?));
            }
            let Some(run) = self.runs.next() else { break };
            let rows = match run.rows {
                Some(rows) => rows,
                None => plan::measured(&self.file, run.groups[0], self.bounds, &self.stop)?,
            };
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                self.file.try_clone()?,
                self.metadata.clone(),
            );
            self.reader = Some(builder.with_row_groups(run.groups).with_batch_size(rows).build()?);
        }
        Ok(None)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
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
            return Err(Fault::new("the index names a column outside the file").with_advice(DAMAGED));
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
    // Then as many bytes are stale as the first file has.
    let gap = footer_at.saturating_sub(data_end);
    let mut magic = [0; 8];
    if gap < 12 || file.seek(SeekFrom::Start(gap - 4)).and_then(|_| file.read_exact(&mut magic)).is_err() {
        return Ok(());
    }
    if magic == *b"PAR1PAR1" {
        let fault = Fault::new("it holds several Parquet files, one after the other");
        return Err(fault.with_advice("Append the files one by one."));
    }
    Ok(())
}

const MAGIC: &[u8] = b"PAR1";

#[cfg(test)]
mod tests;
