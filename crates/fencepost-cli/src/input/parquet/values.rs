//! The values of one column, one after the other, without those of the others.

use crate::input::fault::Fault;
use crate::input::stop::Stop;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::schema::types::ColumnDescriptor;

/// Goes through the values of a column, or as far as nobody asks to stop. Says of each whether it is the
/// first one of a row; a null and an empty list are a `None`.
///
/// In memory is a row of a list at a time, and some hundred rows otherwise.
pub(super) fn each_value<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    column: &ColumnDescriptor,
    stop: &Stop,
    mut see: impl FnMut(bool, Option<&T::T>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let rows_at_once = if column.max_rep_level() == 0 { ROWS_AT_ONCE } else { 1 };
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    while !stop.is_asked() {
        defined.clear();
        repeated.clear();
        values.clear();
        let (_, _, levels) =
            reader.read_records(rows_at_once, Some(&mut defined), Some(&mut repeated), &mut values)?;
        if levels == 0 {
            break;
        }
        let mut values = values.iter();
        for nth in 0..levels {
            // Columns in which nothing is repeated, or null, have no such levels.
            let begins_row = repeated.get(nth).is_none_or(|level| *level == 0);
            let is_there = defined.get(nth).is_none_or(|level| *level == column.max_def_level());
            see(begins_row, if is_there { values.next() } else { None })?;
        }
    }
    Ok(())
}

const ROWS_AT_ONCE: usize = 512;
