//! The common form of the documents under `fencepost/`: small, strict JSON with a format number.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::damaged;
use crate::{Epoch, FormatError, ID_MAX, Position};

/// The number that every document states under `format`. A document that says more than its fields here do
/// gets a higher one, since fields that are not known are refused.
// F-19.
pub(crate) const FORMAT: u64 = 1;

/// The largest document that is read or written, in bytes: 1 MiB.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

#[derive(Deserialize)]
struct FormatNumber {
    format: u64,
}

pub(crate) fn encode<T: Serialize>(object: &str, document: &T) -> Result<Bytes, FormatError> {
    let bytes = serde_json::to_vec(document).expect("numbers, strings and lists always become JSON");
    check_size(object, bytes.len())?;
    Ok(bytes.into())
}

pub(crate) fn decode<T: DeserializeOwned>(object: &str, bytes: &[u8]) -> Result<T, FormatError> {
    decode_up_to(object, bytes, FORMAT)
}

/// Decodes a document that is known in formats up to this one.
pub(crate) fn decode_up_to<T: DeserializeOwned>(
    object: &str,
    bytes: &[u8],
    newest: u64,
) -> Result<T, FormatError> {
    check_size(object, bytes.len())?;
    let fault = |error: serde_json::Error| {
        // serde_json counts lines and columns from 1; ours have one line, others don't matter much.
        let offset = if error.line() == 1 { error.column().saturating_sub(1) } else { 0 };
        damaged(object, offset, format!("not the JSON document it should be: {error}"))
    };
    let FormatNumber { format } = serde_json::from_slice(bytes).map_err(fault)?;
    match format {
        format if (1..=newest).contains(&format) => serde_json::from_slice(bytes).map_err(fault),
        0 => Err(damaged(object, 0_u64, "0 is not a format number")),
        newer => Err(FormatError::Newer {
            object: object.to_owned(),
            offset: 0,
            what: format!("format {newer} of this document").into(),
        }),
    }
}

pub(crate) fn position(object: &str, number: u64) -> Result<Position, FormatError> {
    Position::try_new(number).ok_or_else(|| over(object, number, "position"))
}

pub(crate) fn epoch(object: &str, number: u64) -> Result<Epoch, FormatError> {
    Epoch::try_new(number).ok_or_else(|| over(object, number, "epoch"))
}

pub(crate) fn misplaced(object: &str, what: &'static str, found: u64, expected: u64) -> FormatError {
    FormatError::Misplaced { object: object.to_owned(), offset: 0, what, found, expected }
}

fn over(object: &str, number: u64, what: &str) -> FormatError {
    damaged(object, 0_u64, format!("{number} is not a valid {what}; the highest is {ID_MAX}"))
}

fn check_size(object: &str, bytes: usize) -> Result<(), FormatError> {
    if bytes <= DOCUMENT_BYTES_MAX {
        return Ok(());
    }
    Err(FormatError::TooLarge {
        object: object.to_owned(),
        offset: 0,
        what: "the document in bytes",
        size: bytes as u64,
        limit: DOCUMENT_BYTES_MAX as u64,
    })
}

#[cfg(test)]
mod tests;
