//! Batches cut to what an entry should hold, each without what only the others show.
//!
//! Views, dictionaries, list views and dense unions point into values that a slice keeps whole, and every
//! entry brings along all that its batches keep. So what is cut is packed anew; a batch that need not be cut
//! stays as it is.

mod pack;

use crate::weight::held;
use arrow::array::RecordBatch;

/// How large pieces are to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    pub(super) rows_max: usize,
    /// Whether more rows are not to be in one, even if that would take less room.
    pub(super) rows_exact: bool,
    /// About.
    pub(super) bytes_max: usize,
}

/// The rows from `first` on, in pieces.
pub(super) fn slices(
    batch: RecordBatch,
    first: usize,
    pieces: Pieces,
) -> impl Iterator<Item = RecordBatch> + Send {
    let shares = pack::shares(&batch);
    let rows_max = pieces.rows_max.max(1);
    let whole = first == 0 && batch.num_rows() <= rows_max && held(&batch) <= pieces.bytes_max as u64;
    let rows = if whole {
        batch.num_rows().max(1)
    } else if shares {
        rows_of_packed(&batch, first, pieces)
    } else {
        rows_for(&batch, pieces.bytes_max as u64).min(rows_max)
    };
    (first..batch.num_rows()).step_by(rows).flat_map(move |start| {
        let piece = batch.slice(start, rows.min(batch.num_rows() - start));
        if shares && !whole { bearable(&piece) } else { vec![piece] }
    })
}

/// Packed, and in halves as long as that is too large for an entry.
fn bearable(piece: &RecordBatch) -> Vec<RecordBatch> {
    let packed = pack::packed(piece);
    let rows = packed.num_rows();
    if rows < 2 || held(&packed) <= ENTRY_BYTES_MAX {
        return vec![packed];
    }
    let halves = [packed.slice(0, rows / 2), packed.slice(rows / 2, rows - rows / 2)];
    halves.iter().flat_map(bearable).collect()
}

/// As many rows as take so many bytes, if all are alike.
fn rows_for(batch: &RecordBatch, bytes_max: u64) -> usize {
    let row = (held(batch) / batch.num_rows().max(1) as u64).max(1);
    usize::try_from(bytes_max / row).unwrap_or(usize::MAX).max(1)
}

/// The same where rows share values: pieces are larger if, smaller, they would have too much in common.
fn rows_of_packed(batch: &RecordBatch, first: usize, pieces: Pieces) -> usize {
    let left = batch.num_rows() - first;
    let whole = pack::packed(&batch.slice(first, left));
    let mut rows = rows_for(&whole, pieces.bytes_max as u64).min(pieces.rows_max.max(1));
    let twice = held(&whole).saturating_mul(2);
    while rows < left {
        let sizes = (0..left).step_by(rows).map(|start| {
            let piece = whole.slice(start, rows.min(left - start));
            held(&pack::packed(&piece))
        });
        let (sum, largest) =
            sizes.fold((0_u64, 0), |(sum, largest), size| (sum.saturating_add(size), size.max(largest)));
        let wider = if pieces.rows_exact { pieces.rows_max.max(1) } else { usize::MAX };
        let more = rows.saturating_mul(2).min(wider);
        if sum <= twice || more == rows || largest > ENTRY_BYTES_MAX / 2 {
            break;
        }
        rows = more;
    }
    rows
}

/// Half of what a submission may have.
const ENTRY_BYTES_MAX: u64 = 32 << 20;

#[cfg(test)]
mod tests;
