//! How a log becomes a table.

use datafusion::arrow::datatypes::SchemaRef;
use fencepost::CursorName;

/// Which columns of the log a table has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogColumns {
    /// Those of the oldest and of the newest entry with rows. A column that came and went between the two is not seen.
    #[default]
    OldestAndNewest,
    /// Those of the newest entry with rows. Costs less to find out.
    Newest,
    /// These, whatever is in the log. Costs nothing to find out. They may all be null.
    These(SchemaRef),
}

/// How a log becomes a table. Each default is explained at its setter.
#[derive(Clone, Debug)]
#[must_use]
pub struct LogTableOptions {
    pub(crate) columns: LogColumns,
    pub(crate) prefix: String,
    pub(crate) hold: Option<CursorName>,
    pub(crate) read_ahead_bytes: u64,
    pub(crate) partition_positions_min: u64,
}

impl Default for LogTableOptions {
    fn default() -> Self {
        Self {
            columns: LogColumns::default(),
            prefix: "_".to_owned(),
            hold: None,
            read_ahead_bytes: READ_AHEAD_BYTES,
            partition_positions_min: PARTITION_POSITIONS_MIN,
        }
    }
}

impl LogTableOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which columns of the log it has. Default: [`LogColumns::OldestAndNewest`].
    pub fn with_columns(mut self, columns: LogColumns) -> Self {
        self.columns = columns;
        self
    }

    /// What the names of the columns that the table adds begin with. Default: `_`, as in `_position`. Choose another
    /// if the log has a column of that name.
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Keep the snapshot from being collected, by a cursor of this name that is made now and removed when the table
    /// and all plans on it are gone. Default: nothing is held, and a query that meets a collected position fails.
    ///
    /// The name must be a new one. The store must be one that may be written to. A process that is killed leaves the
    /// cursor behind, and it holds the log until somebody removes it.
    pub fn with_hold(mut self, name: impl Into<Option<CursorName>>) -> Self {
        self.hold = name.into();
        self
    }

    /// How many bytes of entries one scan holds that were fetched, or are being fetched, all its partitions together.
    /// Default: 64 MiB. Each partition holds one entry more.
    pub const fn with_read_ahead_bytes(mut self, bytes: u64) -> Self {
        self.read_ahead_bytes = bytes;
        self
    }

    /// How many positions a partition has at least, if there are several. Default: 1024.
    ///
    /// Each partition but the first reads up to 63 positions below its own, to know which epoch rules there, and looks
    /// for the manifest. Fewer: more processors share the decoding of a short log, for more requests.
    pub fn with_partition_positions_min(mut self, positions: u64) -> Self {
        self.partition_positions_min = positions.max(1);
        self
    }
}

const READ_AHEAD_BYTES: u64 = 64 << 20;
const PARTITION_POSITIONS_MIN: u64 = 1_024;
