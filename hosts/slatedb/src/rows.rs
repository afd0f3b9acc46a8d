//! A row of SlateDB as a record: its value is the record's value and is not copied; all else is in the key.
//!
//! ```text
//! kind: 0 value, 1 merge operand, 2 tombstone │ flags: 1 created, 2 expires │ sequence number │ created │ expires │ key
//! one byte                                    │ one byte                    │ 8 bytes, and so are the others
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use fencepost::{Record, RecordsEntry};
use slatedb::wal::{WalError, WalRows};
use slatedb::{RowEntry, ValueDeletable};
use std::sync::Arc;

pub(crate) fn record(row: &RowEntry) -> Record {
    let (kind, value) = match &row.value {
        ValueDeletable::Value(value) => (VALUE, value.clone()),
        ValueDeletable::Merge(operand) => (MERGE, operand.clone()),
        ValueDeletable::Tombstone => (TOMBSTONE, Bytes::new()),
    };
    let mut head = BytesMut::with_capacity(HEAD_BYTES + row.key.len());
    head.put_u8(kind);
    head.put_u8(u8::from(row.create_ts.is_some()) | u8::from(row.expire_ts.is_some()) << 1);
    head.put_u64(row.seq);
    head.put_i64(row.create_ts.unwrap_or(0));
    head.put_i64(row.expire_ts.unwrap_or(0));
    head.put_slice(&row.key);
    Record::new(value).with_key(head)
}

fn row(record: Record) -> Option<RowEntry> {
    let mut key = record.key?;
    if key.len() < HEAD_BYTES {
        return None;
    }
    let head = key.split_to(HEAD_BYTES);
    let number = |at: usize| Some(u64::from_be_bytes(head.get(at..at + 8)?.try_into().ok()?));
    let time = |bit: u8, at| number(at).filter(|_| head[1] & bit != 0).map(u64::cast_signed);
    let value = match head[0] {
        VALUE => ValueDeletable::Value(record.value),
        MERGE => ValueDeletable::Merge(record.value),
        TOMBSTONE => ValueDeletable::Tombstone,
        _ => return None,
    };
    Some(RowEntry { key, value, seq: number(2)?, create_ts: time(1, 10), expire_ts: time(2, 18) })
}

/// The rows of an entry, as SlateDB's iterators hand them out.
pub(crate) fn rows(entry: RecordsEntry) -> Result<WalRows, WalError> {
    let id = entry.position().get();
    let rows = entry.into_records().into_iter().map(row).collect::<Option<Vec<_>>>();
    let error =
        || std::io::Error::other(format!("the entry at {id} holds records that are no rows of SlateDB"));
    let rows = rows.ok_or_else(|| WalError::DataError(Arc::new(error())))?;
    Ok(WalRows { rows, last_consumed_wal_file_id: id })
}

const VALUE: u8 = 0;
const MERGE: u8 = 1;
const TOMBSTONE: u8 = 2;
const HEAD_BYTES: usize = 2 + 3 * 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_kind_come_back() {
        let values = [
            ValueDeletable::Value(Bytes::from_static(b"v")),
            ValueDeletable::Value(Bytes::new()),
            ValueDeletable::Merge(Bytes::from_static(b"m")),
            ValueDeletable::Tombstone,
        ];
        for value in values {
            for (create_ts, expire_ts) in
                [(None, None), (Some(-1), None), (None, Some(i64::MAX)), (Some(0), Some(0))]
            {
                let entry = RowEntry {
                    key: Bytes::from_static(b"key"),
                    value: value.clone(),
                    seq: u64::MAX,
                    create_ts,
                    expire_ts,
                };
                assert_eq!(row(record(&entry)), Some(entry));
            }
        }
        assert_eq!(row(Record::new("no key")), None);
        assert_eq!(row(Record::new("").with_key("short")), None);
        assert_eq!(row(Record::new("").with_key(vec![9; HEAD_BYTES])), None);
    }
}
