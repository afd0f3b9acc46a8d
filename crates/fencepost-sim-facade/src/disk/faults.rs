//! What goes wrong with a simulated disk, and how often.

use fencepost_store::disk::Flush;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::time::Duration;

/// The sorts of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Opens, reads and lists: changes nothing.
    Look,
    /// Makes a file or a directory.
    Create,
    /// Writes to a file.
    Write,
    /// Flushes a file.
    FlushFile,
    /// Flushes a directory.
    FlushDirectory,
    /// Gives a file another name.
    Link,
    /// Moves a file to a name.
    Rename,
    /// Takes a name away.
    Unlink,
    /// Marks a file.
    Mark,
}

/// A power cut to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// At which sort of operation; any, if none.
    pub op: Option<Op>,
    /// At how many more of them; the next one, if 1.
    pub nth: u64,
    /// Whether that one is still carried out.
    pub is_done: bool,
}

/// How often operations go wrong.
#[derive(Clone, Debug)]
pub struct DiskFaults {
    /// Chances in ten thousandths, by the names in [`FAULTS`].
    pub chances: BTreeMap<&'static str, u32>,
    /// How long a slow operation takes at most.
    pub slow: Duration,
    /// A kind of flush that is not carried out, to see who notices.
    pub left_out: Option<Flush>,
}

/// What can go wrong, and the greatest chance of it in ten thousandths.
pub(crate) const FAULTS: [(&str, u32); 8] = [
    ("io-error", 100),
    ("full", 150),
    ("interrupted", 300),
    ("short-write", 3_000),
    ("lost-pages", 500),
    ("lost-reply", 300),
    ("failed-flush", 1_500),
    ("slow", 1_000),
];

/// Something that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`text` says it in words")]
pub enum Struck {
    PowerCut,
    NameLost,
    NameReturned,
    ContentLost,
    IoError,
    Full,
    Interrupted,
    ShortWrite,
    LostPages,
    LostReply,
    FailedFlush,
    Slow,
}

impl Struck {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PowerCut,
        Self::NameLost,
        Self::NameReturned,
        Self::ContentLost,
        Self::IoError,
        Self::Full,
        Self::Interrupted,
        Self::ShortWrite,
        Self::LostPages,
        Self::LostReply,
        Self::FailedFlush,
        Self::Slow,
    ];

    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::PowerCut => "the power was cut",
            Self::NameLost => "a name was lost with the power",
            Self::NameReturned => "a name that had been removed was back",
            Self::ContentLost => "bytes were lost with the power",
            Self::IoError => "an operation failed",
            Self::Full => "the disk was full",
            Self::Interrupted => "a signal came in between",
            Self::ShortWrite => "a write took a part",
            Self::LostPages => "a flush failed, and the next one would lie",
            Self::LostReply => "an operation failed and was done all the same",
            Self::FailedFlush => "a flush of a directory failed",
            Self::Slow => "an operation took its time",
        }
    }
}

/// How one operation fails.
pub(super) struct Fault {
    pub(super) number: i32,
    /// Whether it is carried out all the same.
    pub(super) is_done: bool,
}

/// Chance.
pub(super) struct Dice {
    pub(super) rng: ChaCha8Rng,
    faults: DiskFaults,
    pub(super) quiet: bool,
    pub(super) cut: Option<Cut>,
    struck: BTreeMap<Struck, u64>,
}

impl Dice {
    pub(super) fn new(seed: u64, faults: DiskFaults) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(DISK);
        Self { rng, faults, quiet: false, cut: None, struck: BTreeMap::new() }
    }

    pub(super) fn count(&mut self, what: Struck, times: u64) {
        *self.struck.entry(what).or_default() += times;
    }

    pub(super) fn struck(&self, what: Struck) -> u64 {
        self.struck.get(&what).copied().unwrap_or(0)
    }

    pub(super) fn leaves_out(&self, why: Flush) -> bool {
        self.faults.left_out == Some(why)
    }

    fn happens(&mut self, name: &'static str, what: Struck) -> bool {
        let chance = self.faults.chances.get(name).copied().unwrap_or(0);
        let happens = !self.quiet && chance > 0 && self.rng.random_range(0..10_000) < chance;
        self.count(what, u64::from(happens));
        happens
    }

    /// How long an operation takes.
    pub(super) fn latency(&mut self) -> Duration {
        if !self.happens("slow", Struck::Slow) {
            return Duration::ZERO;
        }
        let part: f64 = self.rng.random_range(0.0_f64..1.0).powi(4);
        self.faults.slow.mul_f64(part).max(Duration::from_millis(1))
    }

    pub(super) fn length_of_write(&mut self, bytes: usize) -> usize {
        match bytes > 1 && self.happens("short-write", Struck::ShortWrite) {
            true => self.rng.random_range(1..bytes),
            false => bytes,
        }
    }

    pub(super) fn loses_pages(&mut self, op: Op) -> bool {
        op == Op::FlushFile && self.happens("lost-pages", Struck::LostPages)
    }

    /// Whether the power goes at this operation, and if so whether it is still carried out.
    pub(super) fn cuts_at(&mut self, op: Op) -> Option<bool> {
        let cut = self.cut.as_mut()?;
        if cut.op.is_some_and(|wanted| wanted != op) {
            return None;
        }
        cut.nth = cut.nth.saturating_sub(1);
        (cut.nth == 0).then_some(cut.is_done)
    }

    pub(super) fn fault(&mut self, op: Op) -> Option<Fault> {
        if self.happens("interrupted", Struck::Interrupted) {
            return Some(Fault { number: EINTR, is_done: false });
        }
        if self.happens("io-error", Struck::IoError) {
            return Some(Fault { number: EIO, is_done: false });
        }
        if matches!(op, Op::Create | Op::Write | Op::Link) && self.happens("full", Struck::Full) {
            return Some(Fault { number: ENOSPC, is_done: false });
        }
        if matches!(op, Op::Link | Op::Rename | Op::Unlink) && self.happens("lost-reply", Struck::LostReply) {
            return Some(Fault { number: EIO, is_done: true });
        }
        if op == Op::FlushDirectory && self.happens("failed-flush", Struck::FailedFlush) {
            return Some(Fault { number: EIO, is_done: false });
        }
        None
    }
}

const DISK: u64 = 0xd15c;
const EINTR: i32 = 4;
pub(super) const EIO: i32 = 5;
const ENOSPC: i32 = 28;
