//! Arrow files, which are read by the index at their end.

use super::message::{Content, Message, Sizes, bearable};
use crate::input::fault::{DAMAGED, Fault};
use crate::input::types::check_fields;
use arrow::array::RecordBatch;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::{Block, root_as_footer};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The batches of a file. Reads the index and the dictionaries.
pub(in crate::input) fn open(
    mut file: File,
    bytes_max: u64,
) -> Result<impl Iterator<Item = Result<RecordBatch, Fault>> + Send, Fault> {
    let length = file.seek(SeekFrom::End(0))?;
    let trailer_at = length
        .checked_sub(TRAILER_BYTES)
        .ok_or_else(|| Fault::new("the file is too short").with_advice(DAMAGED))?;
    let mut trailer = [0; TRAILER_BYTES as usize];
    file.seek(SeekFrom::Start(trailer_at))?;
    file.read_exact(&mut trailer)?;
    let footer_length = read_footer_length(trailer)? as u64;
    bearable(footer_length, bytes_max)?;
    let footer_at = trailer_at
        .checked_sub(footer_length)
        .ok_or_else(|| Fault::new("the index is longer than the file").with_advice(DAMAGED))?;
    let mut bytes = vec![0; footer_length as usize];
    file.seek(SeekFrom::Start(footer_at))?;
    file.read_exact(&mut bytes)?;
    let footer = root_as_footer(&bytes)
        .map_err(|error| Fault::new(format!("the index cannot be read: {error}")).with_advice(DAMAGED))?;
    let schema = footer.schema().ok_or_else(|| Fault::new("the index has no schema").with_advice(DAMAGED))?;
    let (beginning, data_from) = beginning(&mut file)?;
    if !beginning.has_columns_of(schema) {
        return Err(Fault::new("the schemas in the index and at the beginning differ").with_advice(DAMAGED));
    }
    // Decoded from the message, since all versions of Arrow that we take can do that.
    let (schema, _) = beginning.schema()?;
    check_fields(&schema)?;
    let blocks: Vec<Block> = footer.recordBatches().into_iter().flatten().copied().collect();
    let dictionaries: Vec<Block> = footer.dictionaries().into_iter().flatten().copied().collect();
    check_whole(data_from, footer_at, dictionaries.iter().chain(&blocks))?;
    let mut decoder = FileDecoder::new(schema, footer.version());
    let mut sizes = Sizes::new(bytes_max);
    for block in &dictionaries {
        let message = read(&mut file, block, footer_at, bytes_max)?;
        match message.content(&mut sizes)? {
            Content::Dictionary(block) => decoder.read_dictionary(&block, message.bytes())?,
            _ => {
                return Err(
                    Fault::new("the index names a dictionary where there is none").with_advice(DAMAGED)
                );
            }
        }
    }
    Ok(blocks.into_iter().map(move |block| {
        let message = read(&mut file, &block, footer_at, bytes_max)?;
        match message.content(&mut sizes)? {
            Content::Batch(block) => decoder.read_record_batch(&block, message.bytes())?,
            _ => None,
        }
        .ok_or_else(|| Fault::new("the index names a batch where there is none").with_advice(DAMAGED))
    }))
}

fn read(file: &mut File, block: &Block, footer_at: u64, bytes_max: u64) -> Result<Message, Fault> {
    let outside = || Fault::new("the index names a batch outside the file").with_advice(DAMAGED);
    let end = end(block).filter(|end| *end <= footer_at).ok_or_else(outside)?;
    let from = u64::try_from(block.offset()).map_err(|_| outside())?;
    file.seek(SeekFrom::Start(from))?;
    let message = Message::read(&mut Read::by_ref(file).take(end - from), bytes_max)?.ok_or_else(outside)?;
    // The index counts padding in or not.
    if message.len() + PADDING_BYTES < end - from {
        return Err(Fault::new("the index and the batch disagree about its length").with_advice(DAMAGED));
    }
    Ok(message)
}

fn end(block: &Block) -> Option<u64> {
    let end =
        block.offset().checked_add(i64::from(block.metaDataLength()))?.checked_add(block.bodyLength())?;
    u64::try_from(end).ok().filter(|end| *end >= block.offset() as u64)
}

/// The index must follow on what it names. In two files one behind the other it would name places in the
/// first one.
fn check_whole<'a>(
    data_from: u64,
    footer_at: u64,
    blocks: impl Iterator<Item = &'a Block>,
) -> Result<(), Fault> {
    let mut data_end = data_from;
    for block in blocks {
        data_end = data_end.max(end(block).unwrap_or(u64::MAX));
    }
    if data_end.saturating_add(PADDING_BYTES) < footer_at {
        let fault = Fault::new(format!(
            "{} bytes of the file are not in its index: it holds several files, one after the other, or is damaged",
            footer_at - data_end
        ));
        return Err(fault.with_advice("Append the files one by one."));
    }
    Ok(())
}

/// The message at the beginning, which holds the schema, and where it ends. Some writers pad the magic bytes
/// to 64.
fn beginning(file: &mut File) -> Result<(Message, u64), Fault> {
    for at in (MAGIC_BYTES..=PADDED_MAGIC_BYTES).step_by(8) {
        file.seek(SeekFrom::Start(at))?;
        match Message::read(file, SCHEMA_BYTES_MAX)? {
            Some(padding) if padding.is_end() => {}
            Some(schema) => {
                let end = at + schema.len();
                return Ok((schema, end));
            }
            None => break,
        }
    }
    Err(Fault::new("the file has no schema").with_advice(DAMAGED))
}

const MAGIC_BYTES: u64 = 8;
const PADDED_MAGIC_BYTES: u64 = 64;
/// The length of the index, and the magic bytes again.
const TRAILER_BYTES: u64 = 10;
/// The mark of a stream's end, and alignment. No file is as short.
const PADDING_BYTES: u64 = 128;
const SCHEMA_BYTES_MAX: u64 = 1 << 30;
