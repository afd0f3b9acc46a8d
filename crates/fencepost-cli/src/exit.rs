//! Exit codes. They are a promise: scripts rely on them.

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A failure that has no code of its own: a store that does not answer, output that cannot be written.
    Failed = 1,
    /// The command line is wrong. Clap uses the same code.
    Usage = 2,
    /// What was to be appended cannot be read, or a position does not exist.
    Input = 3,
    /// There is no log at that place, or the place cannot be opened.
    NoLog = 4,
    /// Another writer has the log: this one was fenced, the lease is held, or the shard is sealed.
    Held = 5,
    /// Something in the log is damaged.
    Damaged = 6,
    /// It is not known whether the last rows are in the log.
    Unknown = 7,
    /// The position was collected.
    Truncated = 8,
    /// The output format cannot carry the rows.
    Format = 9,
    /// The store is not safe for a log.
    Unsafe = 10,
    /// `status`, `gc claims` or a collection found something that needs attention.
    Attention = 11,
    /// Stopped by a signal, after everything acknowledged was closed cleanly.
    Interrupted = 130,
}

impl Exit {
    /// A stable word for JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Input => "input",
            Self::NoLog => "no_log",
            Self::Held => "held",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
            Self::Truncated => "truncated",
            Self::Format => "format",
            Self::Unsafe => "unsafe",
            Self::Attention => "attention",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Printed below the help of the command.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done
    1  any other failure: the store does not answer, output cannot be written
    2  wrong use of the command line
    3  bad input: a file that cannot be read, a position that does not exist
    4  no log at that place, or a place that cannot be opened
    5  another writer has the log: fenced, held, or the shard is sealed
    6  something in the log is damaged; `verify` found problems
    7  it is not known whether the last rows are in the log
    8  the position was collected
    9  the output format cannot carry the rows
   10  `doctor` found that the store is not safe for a log
   11  `status`, `gc claims` or a collection found something that needs attention
  130  stopped by a signal; what was acknowledged was closed cleanly

LOG is a directory or a URL: ./dir, file:///dir, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix.
Settings of the cloud clients come from the environment (AWS_*, GOOGLE_*, AZURE_*). Data goes to stdout,
everything else to stderr; FENCEPOST_LOG=info (or debug, or a filter) shows more.";
