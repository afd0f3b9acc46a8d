//! What must hold of a log whatever happened to it: every acknowledged row once and in order, and nothing
//! comes back that was refused.
//!
//! Rows are numbers. Each writer has a range of its own and numbers its rows one after the other, so a row
//! names its writer and its place. An append without an answer may be in the log or not; that is decided when
//! somebody reads the log after a takeover, and never again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many rows a writer may have.
pub const WRITER_ROWS: u64 = 1_000_000;

/// What a writer was told about its rows, which are the first ones of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// So many were acknowledged.
    pub acknowledged: u64,
    /// So many may be in the log at most: the acknowledged ones, and those of unknown outcome.
    pub possible: u64,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// It was acknowledged, or read by somebody, and is not there.
    Lost {
        /// The row.
        row: u64,
    },
    /// It is there more than once.
    Duplicated {
        /// The row.
        row: u64,
    },
    /// It is there, in the wrong place.
    Reordered {
        /// The row.
        row: u64,
        /// The one before it.
        after: Option<u64>,
    },
    /// It was refused for certain, or nobody wrote it, and it is there.
    Undead {
        /// The row.
        row: u64,
    },
    /// A reader was given this row after that one, and there are others between them.
    Gap {
        /// The last row before the gap.
        after: Option<u64>,
        /// The row that came.
        row: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            |row: &Option<u64>| row.map_or_else(|| "the beginning".to_owned(), |row| format!("row {row}"));
        match self {
            Self::Lost { row } => write!(f, "lost: row {row}"),
            Self::Duplicated { row } => write!(f, "duplicated: row {row}"),
            Self::Reordered { row, after } => write!(f, "reordered: row {row} after {}", name(after)),
            Self::Undead { row } => write!(f, "undead: row {row}"),
            Self::Gap { after, row } => write!(f, "a reader's gap: row {row} after {}", name(after)),
        }
    }
}

/// The history of one log.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// All rows that were ever read after a takeover, in order.
    rows: Vec<u64>,
    /// How many of them lie below the checkpoint.
    below: usize,
    /// What became of the writers whose rows are not decided yet.
    open: BTreeMap<u64, Account>,
    /// How many rows the consumer has had.
    consumed: usize,
    /// Rows acknowledged by decided writers.
    acknowledged: u64,
}

impl Oracle {
    /// A writer of this range ended.
    pub fn writer(&mut self, range: u64, account: Account) {
        self.open.insert(range, account);
    }

    /// A fresh reader, after a takeover, found `above` above the checkpoint. Decides about all writers that ended.
    ///
    /// # Errors
    /// The first thing that must not be.
    pub fn read(&mut self, above: &[u64]) -> Result<(), Violation> {
        let mut seen: BTreeSet<u64> = self.rows[..self.below].iter().copied().collect();
        if let Some(row) = above.iter().find(|row| !seen.insert(**row)) {
            return Err(Violation::Duplicated { row: *row });
        }
        let known = &self.rows[self.below..];
        for (index, row) in known.iter().enumerate() {
            match above.get(index) {
                Some(found) if found == row => {}
                Some(_) if seen.contains(row) => {
                    let after = above.iter().take_while(|found| *found != row).last().copied();
                    return Err(Violation::Reordered { row: *row, after });
                }
                _ => return Err(Violation::Lost { row: *row }),
            }
        }
        let new = &above[known.len()..];
        self.decide(new)?;
        self.rows.extend_from_slice(new);
        Ok(())
    }

    /// Of each open writer a prefix is there, in one piece, with all that was acknowledged and nothing that
    /// was refused.
    fn decide(&mut self, new: &[u64]) -> Result<(), Violation> {
        let mut found: BTreeMap<u64, u64> = BTreeMap::new();
        let mut previous: Option<u64> = None;
        for row in new {
            let range = row / WRITER_ROWS;
            let Some(account) = self.open.get(&range) else { return Err(Violation::Undead { row: *row }) };
            let count = found.entry(range).or_default();
            let begins = *count == 0;
            let follows = previous.is_some_and(|previous| previous / WRITER_ROWS == range);
            if row % WRITER_ROWS > *count {
                let missing = range * WRITER_ROWS + *count;
                return Err(match new.contains(&missing) || *count >= account.acknowledged {
                    true => Violation::Reordered { row: *row, after: previous },
                    false => Violation::Lost { row: missing },
                });
            }
            if row % WRITER_ROWS < *count || (!begins && !follows) {
                return Err(Violation::Reordered { row: *row, after: previous });
            }
            *count += 1;
            if *count > account.possible {
                return Err(Violation::Undead { row: *row });
            }
            previous = Some(*row);
        }
        for (range, account) in std::mem::take(&mut self.open) {
            let found = found.get(&range).copied().unwrap_or(0);
            if found < account.acknowledged {
                return Err(Violation::Lost { row: range * WRITER_ROWS + found });
            }
            self.acknowledged += account.acknowledged;
        }
        Ok(())
    }

    /// A writer of this range, about whose rows was decided while it slept, woke and reports.
    ///
    /// # Errors
    /// It was told what is not so.
    pub fn woken(&self, range: u64, account: Account) -> Result<(), Violation> {
        let found = self.rows.iter().filter(|row| **row / WRITER_ROWS == range).count() as u64;
        if found < account.acknowledged {
            return Err(Violation::Lost { row: range * WRITER_ROWS + found });
        }
        if found > account.possible {
            return Err(Violation::Undead { row: range * WRITER_ROWS + account.possible });
        }
        Ok(())
    }

    /// Everything that was read so far is below the checkpoint now.
    pub const fn checkpoint(&mut self) {
        self.below = self.rows.len();
    }

    /// A consumer that goes on where it was got `rows`. The last one of an earlier run may come again.
    ///
    /// # Errors
    /// A gap, or a row that comes again without a reason.
    pub fn consumer(&mut self, rows: &[u64]) -> Result<(), Violation> {
        let Some(first) = rows.first() else { return Ok(()) };
        let last = self.consumed.checked_sub(1).map(|index| self.rows[index]);
        let start = match last {
            Some(last) if last == *first => self.consumed - 1,
            _ => self.consumed,
        };
        let mut after = last;
        for (index, row) in rows.iter().enumerate() {
            match self.rows.get(start + index) {
                Some(expected) if expected == row => after = Some(*row),
                _ if self.rows[..(start + index).min(self.rows.len())].contains(row) => {
                    return Err(Violation::Duplicated { row: *row });
                }
                Some(_) => return Err(Violation::Gap { after, row: *row }),
                // It read what no later reader finds.
                None => return Err(Violation::Lost { row: *row }),
            }
        }
        self.consumed = self.consumed.max(start + rows.len());
        Ok(())
    }

    /// The consumer says that it is at the end.
    ///
    /// # Errors
    /// It is not.
    pub fn consumer_is_done(&self) -> Result<(), Violation> {
        match self.rows.get(self.consumed) {
            Some(row) => Err(Violation::Lost { row: *row }),
            None => Ok(()),
        }
    }

    /// How many rows of decided writers were acknowledged.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// How many rows are in the log or were.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests;
