//! The report as people read it.

use super::{Line, Report, Sizes};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "lance {}\n", self.lance)?;
        writeln!(f, "{}\n", table(&self.lines))?;
        if let Some(sizes) = &self.sizes {
            writeln!(f, "{sizes}\n")?;
        }
        for line in self.lines.iter().filter(|line| !line.ok) {
            let why = line.error.as_deref().unwrap_or(&line.note);
            writeln!(f, "not as it must be: {}: {}: {why}", line.family, line.scenario)?;
        }
        let as_they_must = self.lines.iter().filter(|line| line.ok).count();
        let of = self.lines.len();
        write!(f, "{as_they_must} of {of} scenarios came out as they must, in {:.0} s", self.seconds)
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(HEADER);
    for column in NUMBERS {
        let column = table.column_mut(column).expect("the header has that many columns");
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut family = "";
    for line in lines {
        let shown = if line.family == family { "" } else { line.family };
        family = line.family;
        let lost = if line.must_lose > 0 && line.ok {
            format!("{} (shown)", line.lost)
        } else if line.ok {
            line.lost.to_string()
        } else {
            format!("{}, must be {}", line.lost, line.must_lose)
        };
        table.add_row([
            shown.to_owned(),
            line.scenario.clone(),
            line.collector.to_owned(),
            line.acknowledged_by_lance.to_string(),
            line.acknowledged_by_us.to_string(),
            line.refused.to_string(),
            line.found.to_string(),
            lost,
        ]);
    }
    table
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header(["what stays", "objects", "bytes", "why"]);
        for kept in &self.kept {
            table.add_row([
                kept.reason.clone(),
                kept.objects.to_string(),
                kept.bytes.to_string(),
                kept.why.clone(),
            ]);
        }
        writeln!(
            f,
            "entries: {} of {} bytes before, {} of {} bytes after; all but SSTables: {} bytes before, {} bytes after\n",
            self.entries_before,
            self.entry_bytes_before,
            self.entries_after,
            self.entry_bytes_after,
            self.bytes_before,
            self.bytes_after,
        )?;
        write!(f, "{table}")
    }
}

const HEADER: [&str; 8] =
    ["family", "scenario", "collector", "acked by Lance", "acked by us", "refused", "found", "lost"];
const NUMBERS: std::ops::Range<usize> = 3..8;
