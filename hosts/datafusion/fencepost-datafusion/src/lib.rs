//! SQL over a log of [fencepost](https://docs.rs/fencepost): table providers for
//! [DataFusion](https://docs.rs/datafusion).
//!
//! [`LogTable`] is a snapshot of a log: which rows are in it is decided when it is opened, and every query over it
//! returns all of them or an error. [`LogTable::tail`] is what comes after it, as a table that never ends.
//!
//! ```
//! use datafusion::prelude::SessionContext;
//! use fencepost::arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use fencepost::{Wal, WriterOptions};
//! use fencepost_datafusion::{LogTable, LogTableOptions};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let wal = Wal::at("memory://example").or_new_shard().open().await?;
//! let writer = wal.open_writer(WriterOptions::new()).await?;
//! let entry = writer.append(&[RecordBatch::try_from_iter([("id", ids)])?]).await?;
//!
//! let session = SessionContext::new();
//! session.register_table("log", Arc::new(LogTable::open(&wal, LogTableOptions::new()).await?))?;
//! let query = format!("select sum(id) from log where _position = {}", entry.position);
//! let answer = session.sql(&query).await?.collect().await?;
//! assert_eq!(answer[0].num_rows(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Columns
//!
//! Those of the log, by their names, and three more: `_position` of the entry, `_epoch` of its writer, and `_row`,
//! the row's place in its entry. [`LogColumns`] says what becomes of schemas that change.
//!
//! # What is pushed down
//!
//! * Conditions on `_position` alone: comparisons with whole numbers, `BETWEEN`, `IN`, their negations, and what `AND`
//!   and `OR` make of them. Entries at other positions are not read, but up to 63 below each stretch of positions, which
//!   tell which epoch rules there; and stretches less than 65 positions apart are read as one.
//! * `LIMIT`: reading ends as soon as there are enough rows.
//! * The choice of columns: others are not looked at. (An entry is read whole.)
//!
//! # Versions
//!
//! Arrow is that of DataFusion, and fencepost takes it too: use `datafusion::arrow` or `fencepost::arrow_array`, which
//! are the same.

mod columns;
mod error;
mod exec;
mod hold;
mod options;
mod positions;
mod pushdown;
mod scan;
mod snapshot;
mod table;
mod tail;

pub use error::LogError;
pub use options::{LogColumns, LogTableOptions};
pub use table::LogTable;
