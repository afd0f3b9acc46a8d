//! Tables for people: columns as wide as they must be, and no line ends in blanks.

use std::fmt::Write as _;

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// The table as text, a header first. A row may have fewer cells than there are columns; its last cell then
/// goes to the end of the line.
pub(crate) fn table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = columns.iter().map(|(name, _)| width(name)).collect();
    for row in rows.iter().filter(|row| row.len() == columns.len()) {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let header = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&header).chain(rows) {
        let mut line = String::new();
        for ((cell, widest), (_, align)) in row.iter().zip(&widths).zip(columns) {
            let blanks = " ".repeat(widest.saturating_sub(width(cell)));
            let _ = match align {
                Align::Left => write!(line, "{cell}{blanks}  "),
                Align::Right => write!(line, "{blanks}{cell}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells_and_lines_end_where_text_ends() {
        let columns = [("name", Align::Left), ("n", Align::Right)];
        let rows = [
            vec!["é".into(), "100".into()],
            vec!["a longer one".into(), "7".into()],
            vec!["it failed, and says so".into()],
        ];
        let expected = "name            n\né             100\na longer one    7\nit failed, and says so\n";
        assert_eq!(table(&columns, &rows), expected);
    }
}
