//! A snapshot of a log as a table.

use crate::columns::{Told, table_schema};
use crate::error::{LogError, SnapshotSnafu};
use crate::exec::{Asked, LogExec};
use crate::options::{LogColumns, LogTableOptions};
use crate::positions::Positions;
use crate::pushdown::positions_of;
use crate::snapshot::Snapshot;
use crate::tail::tail_table;
use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use fencepost::{CursorName, Position, Wal};
use snafu::ResultExt;
use std::sync::Arc;

/// A snapshot of a log as a table: its rows, and of each row the position of its entry, the epoch of its writer and
/// its place in the entry.
///
/// The snapshot is taken when the table is opened: from the first position that no collection had passed up to the
/// tail. All queries, and all parts of one query, see the same rows; rows that are appended later are in no snapshot
/// but a [new one](Self::open). What is collected before it was read makes a query fail with an error that names the
/// position, unless the snapshot is [held](LogTableOptions::with_hold): no query returns a part for the whole.
///
/// Rows come in the order of the log within a partition, and the plan says so: `ORDER BY _position, _row` sorts
/// nothing. Conditions on `_position` alone decide which entries are read.
#[derive(Clone, Debug)]
pub struct LogTable {
    snapshot: Arc<Snapshot>,
    schema: SchemaRef,
    options: LogTableOptions,
}

impl LogTable {
    /// Takes a snapshot of the log as it stands now.
    ///
    /// Costs one LIST for the first position, what [`Wal::tail_position`] costs for the last, and for the columns one
    /// GET of the newest entry, some more where fences and fillers stand above it, and a manifest search, one LIST and
    /// some GETs for the oldest. A [hold](LogTableOptions::with_hold) costs some ten requests more.
    ///
    /// # Errors
    /// [`LogError`]; nothing is held then.
    ///
    /// # Cancel safety
    /// Dropping the future while a cursor is made may leave it behind.
    pub async fn open(wal: &Wal, options: LogTableOptions) -> Result<Self, LogError> {
        let mut snapshot = Snapshot::take(wal, &options).await?;
        let schemas = match snapshot.schemas(&options.columns).await {
            Ok(schemas) => schemas,
            Err(error) => return Err(snapshot.let_go(error).await),
        };
        let (oldest, newest) = match &options.columns {
            LogColumns::These(schema) => (None, Some(schema)),
            LogColumns::OldestAndNewest | LogColumns::Newest => {
                (schemas.oldest.as_ref(), schemas.newest.as_ref())
            }
        };
        let schema = match table_schema(oldest.map(Arc::as_ref), newest.map(Arc::as_ref), &options.prefix) {
            Ok(schema) => schema,
            Err(error) => return Err(snapshot.let_go(error).await),
        };
        Ok(Self { snapshot: Arc::new(snapshot), schema, options })
    }

    /// The first position of the snapshot.
    #[must_use]
    pub fn first(&self) -> Position {
        self.snapshot.first
    }

    /// The last position of the snapshot. Below [`first`](Self::first) if there was nothing.
    #[must_use]
    pub fn last(&self) -> Position {
        self.snapshot.last
    }

    /// The cursor that holds the snapshot.
    #[must_use]
    pub fn hold(&self) -> Option<&CursorName> {
        self.snapshot.hold.as_ref().map(crate::hold::Hold::name)
    }

    /// The positions that queries over this snapshot have passed so far and whose entries a repair gave up: they were
    /// lost, damaged or unreadable, and their rows are in no answer.
    // P-102.
    #[must_use]
    pub fn given_up(&self) -> Vec<Position> {
        self.snapshot.given_up.all()
    }

    /// Removes the cursor that holds the snapshot, if there is one, and waits until it is gone. Whoever does not call
    /// this leaves it to the runtime, once the table and all plans on it are gone.
    ///
    /// Queries that still run may meet what was collected then, and fail. Costs one LIST and the deletions.
    ///
    /// # Errors
    /// [`LogError::Snapshot`]: it may still hold.
    pub async fn release(&self) -> Result<(), LogError> {
        match &self.snapshot.hold {
            Some(hold) => {
                let log = || SnapshotSnafu { log: self.snapshot.wal.to_string() };
                hold.release().await.with_context(|_| log())
            }
            None => Ok(()),
        }
    }

    /// What comes in above this snapshot, as a table that never ends: together they are the whole log, without a gap.
    ///
    /// Each query over it reads from there on and waits for more, until it is dropped or has as many rows as its
    /// `LIMIT` says. It costs what a [`Tail`](fencepost::Tail) costs. Nothing holds what it has not read yet, so a
    /// query that falls behind a collection fails with an error that names the position. DataFusion refuses to plan
    /// what would have to wait for the end, such as a sum over all rows.
    ///
    /// It has the columns of this table. Conditions on positions are not pushed down.
    ///
    /// DataFusion's filters gather rows until they have a whole batch. So that each row comes through as soon as it is
    /// there, set the session's `batch_size` to 1.
    ///
    /// # Errors
    /// Those of DataFusion; none is expected.
    pub fn tail(&self) -> Result<StreamingTable> {
        tail_table(
            self.snapshot.wal.clone(),
            self.snapshot.last.next(),
            self.schema.clone(),
            &self.options.prefix,
            self.snapshot.given_up.clone(),
        )
    }

    fn position_column(&self) -> String {
        Told::Position.name(&self.options.prefix)
    }
}

#[async_trait]
impl TableProvider for LogTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let position = self.position_column();
        let support = |filter: &&Expr| match positions_of(filter, &position) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let position = self.position_column();
        let all = Positions::between(self.snapshot.first.get(), self.snapshot.last.get());
        let understood = filters.iter().filter_map(|filter| positions_of(filter, &position));
        let positions = understood.fold(all, |asked, more| asked.intersection(&more));
        if positions.ranges().is_empty() {
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let asked = Asked {
            positions,
            partitions: state.config().target_partitions(),
            partition_positions_min: self.options.partition_positions_min,
            read_ahead_bytes: self.options.read_ahead_bytes,
            prefix: self.options.prefix.clone(),
            limit,
        };
        Ok(Arc::new(LogExec::try_new(self.snapshot.clone(), schema, asked)?))
    }
}
