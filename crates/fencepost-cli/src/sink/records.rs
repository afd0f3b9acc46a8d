//! Records as the bytes that they are.

use super::{OutputFormat, Sink, State, not_written, others};
use crate::exit::Exit;
use crate::failure::Failure;
use fencepost::{LogEntry, records_in};
use std::io::Write;

impl Sink {
    /// Writes the values of the records of `entry`. Their keys and times are left out.
    pub(super) fn write_records(&mut self, entry: &LogEntry) -> Result<(), Failure> {
        let at = entry.position();
        let is_lines = self.options.format == OutputFormat::Lines;
        let name = self.options.format.name();
        let mut row = 0_u64;
        for batch in entry.batches() {
            let Some(records) = records_in(batch) else {
                let message = format!(
                    "position {at}: its rows have columns of their own and are no records, which is all that {name} can carry"
                );
                let mut failure = Failure::new(Exit::Format, message);
                failure.facts.insert("at".into(), at.get().into());
                return Err(failure.with_advice("--format ndjson writes rows of any kind."));
            };
            for record in records {
                row += 1;
                if is_lines && record.value.contains(&b'\n') {
                    let message =
                        format!("position {at}, row {row} of its entry: the record has a line break in it");
                    let mut failure = Failure::new(Exit::Format, message);
                    failure.facts.insert("at".into(), at.get().into());
                    failure.facts.insert("row".into(), row.into());
                    return Err(failure.with_advice(format!(
                        "{} {}",
                        self.kept(),
                        others(OutputFormat::Lines)
                    )));
                }
                let State::New(out) = &mut self.state else { unreachable!("records have no beginning") };
                out.write_all(&record.value)
                    .and_then(|()| if is_lines { out.write_all(b"\n") } else { Ok(()) })
                    .map_err(|error| not_written(&error))?;
            }
        }
        Ok(())
    }
}
