//! Histories of appends and whole reads, checked for linearizability by a tester that knows nothing of us.

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use std::collections::{BTreeMap, BTreeSet};

/// Appends and reads, in the order in which they began and ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    events: Vec<Event>,
    reads: u64,
}

#[derive(Clone, Debug)]
enum Event {
    AppendBegins(u64),
    AppendEnds(u64),
    ReadBegins(u64),
    ReadEnds(u64, Vec<u64>),
}

impl History {
    pub(crate) fn append_begins(&mut self, id: u64) {
        self.events.push(Event::AppendBegins(id));
    }

    pub(crate) fn append_ends(&mut self, id: u64) {
        self.events.push(Event::AppendEnds(id));
    }

    pub(crate) fn read_begins(&mut self) -> u64 {
        self.reads += 1;
        self.events.push(Event::ReadBegins(self.reads));
        self.reads
    }

    pub(crate) fn read_ends(&mut self, read: u64, rows: Vec<u64>) {
        self.events.push(Event::ReadEnds(read, rows));
    }

    /// Whether it is linearizable; `None` if it is too long to find out.
    ///
    /// `log` is the final log. It only says in which order to try, and which appends without an answer took
    /// effect at all.
    pub(crate) fn is_linearizable(&self, log: &[u64]) -> Option<bool> {
        let answered: BTreeSet<u64> = self.events.iter().filter_map(Event::appended).collect();
        let ended: BTreeSet<u64> = self.events.iter().filter_map(Event::read).collect();
        let mut thread = BTreeMap::new();
        for id in log.iter().chain(&answered) {
            let next = thread.len() as u64;
            thread.entry(*id).or_insert(next);
        }
        if thread.len() + ended.len() > OPERATIONS_MAX {
            return None;
        }
        let mut tester = LinearizabilityTester::new(Log::default());
        let mut note = |event: &Event| -> Result<(), String> {
            let noted = match event {
                Event::AppendBegins(id) => match thread.get(id) {
                    Some(&thread) => tester.on_invoke((Kind::Append, thread), Op::Append(*id)),
                    None => return Ok(()),
                },
                Event::AppendEnds(id) => tester.on_return((Kind::Append, thread[id]), Answer::Done),
                Event::ReadBegins(read) if ended.contains(read) => {
                    tester.on_invoke((Kind::Read, *read), Op::Read)
                }
                Event::ReadBegins(_) => return Ok(()),
                Event::ReadEnds(read, rows) => {
                    tester.on_return((Kind::Read, *read), Answer::Rows(rows.clone()))
                }
            };
            noted.map(|_| ())
        };
        let valid = self.events.iter().try_for_each(&mut note);
        valid.expect("every operation has a thread of its own");
        Some(tester.serialized_history().is_some())
    }
}

impl Event {
    const fn appended(&self) -> Option<u64> {
        if let Self::AppendEnds(id) = self { Some(*id) } else { None }
    }

    const fn read(&self) -> Option<u64> {
        if let Self::ReadEnds(read, _) = self { Some(*read) } else { None }
    }
}

/// What a log is: rows in order.
#[derive(Clone, Debug, Default)]
struct Log(Vec<u64>);

#[derive(Clone, Copy, Debug)]
enum Op {
    Append(u64),
    Read,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Done,
    Rows(Vec<u64>),
}

/// Reads first: of what is possible at a moment, a read is never wrong to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Read,
    Append,
}

impl SequentialSpec for Log {
    type Op = Op;
    type Ret = Answer;

    fn invoke(&mut self, op: &Op) -> Answer {
        match op {
            Op::Append(id) => {
                self.0.push(*id);
                Answer::Done
            }
            Op::Read => Answer::Rows(self.0.clone()),
        }
    }
}

const OPERATIONS_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    /// `a1` begins the append of 1, `A1` ends it; `r1` begins a read and `R1:12` ends it with rows 1 and 2.
    fn check(script: &str, log: &[u64], expect: bool) {
        let mut history = History::default();
        for word in script.split_whitespace() {
            let number = u64::from(word.as_bytes()[1] - b'0');
            let rows = word.bytes().skip(3).map(|digit| u64::from(digit - b'0')).collect();
            history.events.push(match word.as_bytes()[0] {
                b'a' => Event::AppendBegins(number),
                b'A' => Event::AppendEnds(number),
                b'r' => Event::ReadBegins(number),
                _ => Event::ReadEnds(number, rows),
            });
        }
        assert_eq!(history.is_linearizable(log), Some(expect), "{script}");
    }

    #[test]
    fn reads_that_fit_are_accepted() {
        check("a1 A1 r1 R1:1", &[1], true);
        check("a1 r1 R1: A1 r2 R2:1", &[1], true);
        check("a1 a2 A2 A1 r1 R1:21", &[2, 1], true);
        check("a1 r1 R1:1", &[1], true);
        check("a1 r1 R1:", &[], true);
    }

    #[test]
    fn reads_that_miss_reorder_or_go_back_are_rejected() {
        check("a1 A1 r1 R1:", &[1], false);
        check("a1 A1 a2 A2 r1 R1:21", &[2, 1], false);
        check("a1 r1 R1:1 r2 R2:", &[1], false);
        check("r1 R1:1 a1 A1", &[1], false);
    }
}
