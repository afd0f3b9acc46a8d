//! What became of each row.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{counted, is_or_are};
use fencepost::{AppendError, Appended, Position};
use serde_json::{Map, Value, json};

/// The outcomes so far. Acknowledgements come in order, so the acknowledged rows are the first ones of the input.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) acknowledged: u64,
    pub(super) failure: Option<AppendError>,
    not_in_log: u64,
    unknown: u64,
    entries: u64,
    first: Option<Position>,
    last: Option<Position>,
}

impl Account {
    pub(super) fn settle(&mut self, rows: u64, outcome: Result<Appended, AppendError>) {
        match outcome {
            Ok(appended) => {
                self.acknowledged += rows;
                self.first.get_or_insert(appended.position);
                if self.last.replace(appended.position) != Some(appended.position) {
                    self.entries += 1;
                }
            }
            Err(error) => {
                if error.is_definite() {
                    self.not_in_log += rows;
                } else {
                    self.unknown += rows;
                }
                self.failure.get_or_insert(error);
            }
        }
    }

    pub(super) fn facts(&self, skipped: u64) -> Map<String, Value> {
        let facts = json!({
            "rows": self.acknowledged,
            "entries": self.entries,
            "first_position": self.first.map(Position::get),
            "last_position": self.last.map(Position::get),
            "acknowledged_rows": self.acknowledged,
            "not_in_log_rows": self.not_in_log,
            "unknown_rows": self.unknown,
            "skipped_rows": skipped,
        });
        match facts {
            Value::Object(facts) => facts,
            _ => unreachable!("written as an object above"),
        }
    }
}

/// Adds to a failure what became of the rows, and what to do.
pub(super) fn explain(failure: Failure, facts: &Map<String, Value>) -> Failure {
    let number = |key: &str| facts.get(key).and_then(Value::as_u64).unwrap_or(0);
    let (acknowledged, unknown) = (number("acknowledged_rows"), number("unknown_rows"));
    let not_in_log = number("not_in_log_rows");
    let done = number("skipped_rows") + acknowledged;
    let mut account = match facts.get("last_position").and_then(Value::as_u64) {
        Some(last) => format!(
            "{} {} acknowledged and in the log, up to position {last}.",
            counted(acknowledged, "row"),
            is_or_are(acknowledged)
        ),
        None => "No row was acknowledged.".to_owned(),
    };
    if unknown > 0 {
        account.push_str(&format!("\nThe next {} may or may not be in the log.", counted(unknown, "row")));
    }
    if not_in_log > 0 {
        account.push_str(&format!(
            "\n{} submitted {} not in the log.",
            counted(not_in_log, "row"),
            is_or_are(not_in_log)
        ));
    }
    account.push_str("\nThe rest of the input was not sent.");
    let exit = failure.exit;
    let advice = match exit {
        Exit::Held if unknown > 0 => "Another writer has the log now. Before you send these rows again, look for them: above the checkpoint \
             with `tail`, below it where the log's rows were stored. To take the log back, append those that are missing with --takeover now."
            .to_owned(),
        Exit::Held => format!(
            "Another writer has the log now. Stand down. To take the log back instead, append the same input with --skip {done} --takeover now."
        ),
        Exit::Unknown => {
            let from = match number("last_position") {
                0 => String::new(),
                last => format!(" --from {}", last + 1),
            };
            format!(
                "First take the log over (any append does), and see with `tail{from}` which of these rows are in it. \
                 Then append the rest with --skip."
            )
        }
        // What may be in the log need not be the next rows alone, so no number says where to go on.
        _ if unknown > 0 => "Once the cause is gone, and before you send these rows again, look for them: above the checkpoint with `tail`, \
             below it where the log's rows were stored. Send only those that are missing."
            .to_owned(),
        _ if done == 0 => "Once the cause is gone, append the same input again.".to_owned(),
        _ => format!("Once the cause is gone, append the same input with --skip {done}."),
    };
    failure.with_advice(account).with_advice(advice).with_facts(facts.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(exit: Exit, acknowledged: u64, unknown: u64) -> String {
        let account = Account { acknowledged, unknown, ..Account::default() };
        explain(Failure::new(exit, "why"), &account.facts(100)).message
    }

    /// Whoever went on behind the acknowledged rows had those twice that were in the log after all.
    #[test]
    fn rows_that_may_be_in_the_log_are_to_be_looked_for_before_they_are_sent_again() {
        let exits =
            [Exit::Held, Exit::Damaged, Exit::Failed, Exit::Input, Exit::Interrupted, Exit::Truncated];
        for exit in exits {
            let text = advice(exit, 15, 45);
            assert!(text.contains("look for them") && !text.contains("--skip"), "{exit:?}: {text}");
            let text = advice(exit, 15, 0);
            assert!(text.contains("--skip 115") && !text.contains("look for them"), "{exit:?}: {text}");
        }
        let text = advice(Exit::Unknown, 15, 45);
        assert!(text.contains("see with `tail`") && !text.contains("--skip 1"), "{text}");
    }
}
