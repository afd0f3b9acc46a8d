//! Characters and colours of the strip.

use super::Shape;
use super::columns::Column;
use std::env;

/// How the strip is drawn.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Style {
    /// Columns of the terminal.
    pub(in super::super) width: usize,
    /// Whether its characters are more than ASCII.
    unicode: bool,
    colour: bool,
}

impl Style {
    /// For this process's stdout. Its colours and its width count only if it is a terminal.
    pub(in super::super) fn of_stdout(width: Option<u16>) -> Self {
        let terminal = console::Term::stdout();
        let columns = terminal.size_checked().filter(|_| terminal.is_term()).map(|(_, columns)| columns);
        let width = width.or(columns).unwrap_or(WIDTH).clamp(WIDTH_MIN, WIDTH_MAX);
        Self {
            width: width.into(),
            unicode: is_utf8(),
            colour: terminal.is_term() && console::colors_enabled(),
        }
    }

    #[cfg(test)]
    pub(super) const fn plain(width: usize, unicode: bool) -> Self {
        Self { width, unicode, colour: false }
    }

    #[cfg(test)]
    pub(super) const fn coloured(width: usize) -> Self {
        Self { width, unicode: true, colour: true }
    }

    /// A line of cells, each in the colour of its epoch.
    pub(super) fn cells(self, columns: &[Column], cell: impl Fn(&Column) -> char) -> String {
        let mut line = String::new();
        let mut now = None;
        for column in columns {
            let wanted = column.epoch.filter(|_| self.colour && column.shape.is_some());
            if wanted != now {
                match wanted {
                    Some(epoch) => line.push_str(COLOURS[(epoch % COLOURS.len() as u64) as usize]),
                    None => line.push_str(RESET),
                }
                now = wanted;
            }
            line.push(cell(column));
        }
        if now.is_some() {
            line.push_str(RESET);
        }
        line
    }

    /// The mean size of a column's entries, between the smallest of all and the largest, by orders of magnitude.
    pub(super) fn size(self, column: &Column, smallest: u64, largest: u64) -> char {
        if column.shape.is_none() {
            return ' ';
        }
        let steps = if self.unicode { SIZES } else { SIZES_ASCII };
        let magnitude = |bytes: u64| (bytes as f64).ln_1p();
        let span = magnitude(largest) - magnitude(smallest);
        let share =
            if span > 0.0 { (magnitude(column.bytes_mean) - magnitude(smallest)) / span } else { 1.0 };
        let step = (share * (steps.len() - 1) as f64).round() as usize;
        steps[step.min(steps.len() - 1)]
    }

    pub(super) fn kind(self, column: &Column) -> char {
        let Some(shape) = column.shape else { return self.either('⋯', ':') };
        self.shape(shape)
    }

    /// What a collection would do with the column.
    pub(super) fn fate(self, column: &Column) -> char {
        match (column.goes, column.items.len()) {
            (_, 0) => ' ',
            (0, _) => self.either('━', '='),
            (goes, all) if goes == all => self.either('·', '.'),
            _ => self.either('╌', '~'),
        }
    }

    /// What the kinds look like that are drawn.
    pub(super) fn kinds(self, columns: &[Column]) -> Vec<String> {
        let known =
            KINDS.iter().filter(|(shape, _)| columns.iter().any(|column| column.shape == Some(*shape)));
        let mut kinds: Vec<String> =
            known.map(|(shape, says)| format!("{} {says}", self.shape(*shape))).collect();
        if columns.iter().any(|column| column.shape.is_none()) {
            kinds.push(format!("{} nothing there", self.either('⋯', ':')));
        }
        kinds
    }

    pub(super) fn fates(self) -> [String; 3] {
        [
            format!("{} stays", self.either('━', '=')),
            format!("{} would go", self.either('·', '.')),
            format!("{} some would go", self.either('╌', '~')),
        ]
    }

    const fn shape(self, shape: Shape) -> char {
        match shape {
            Shape::Data => self.either('█', '#'),
            Shape::Filler => self.either('░', '-'),
            Shape::Close => self.either('◼', 'c'),
            Shape::Fence => self.either('┃', '|'),
            Shape::Stale => self.either('×', 'x'),
            Shape::Tombstone => self.either('†', 't'),
            Shape::Unreadable => '?',
        }
    }

    const fn either(self, unicode: char, ascii: char) -> char {
        if self.unicode { unicode } else { ascii }
    }
}

/// Whether the locale says that text is UTF-8: the first of its variables that is set decides.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| env::var(name).ok());
    let locale = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

const KINDS: [(Shape, &str); 7] = [
    (Shape::Data, "data"),
    (Shape::Fence, "fence entry"),
    (Shape::Filler, "filler"),
    (Shape::Close, "close entry"),
    (Shape::Stale, "stale entry"),
    (Shape::Tombstone, "given up by a repair"),
    (Shape::Unreadable, "unreadable"),
];

const SIZES: &[char] = &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SIZES_ASCII: &[char] = &['.', ':', '-', '=', '+', '*', '#', '@'];

/// Those of the page, as near as 256 colours come.
const COLOURS: [&str; 7] = [
    "\u{1b}[38;5;32m",
    "\u{1b}[38;5;214m",
    "\u{1b}[38;5;36m",
    "\u{1b}[38;5;175m",
    "\u{1b}[38;5;74m",
    "\u{1b}[38;5;166m",
    "\u{1b}[38;5;142m",
];
const RESET: &str = "\u{1b}[0m";

const WIDTH: u16 = 80;
const WIDTH_MIN: u16 = 40;
const WIDTH_MAX: u16 = 500;
