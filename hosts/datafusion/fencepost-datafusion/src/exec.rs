//! The plan of a scan: which partition reads which positions.

use crate::columns::Told;
use crate::positions::Positions;
use crate::scan::{Counts, Scan};
use crate::snapshot::Snapshot;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{SplitPoint, internal_err};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalSortExpr, RangePartitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions,
};
use datafusion::scalar::ScalarValue;
use std::fmt;
use std::sync::Arc;

/// What is asked of a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Positions of the snapshot, and at least one.
    pub(crate) positions: Positions,
    /// How many partitions the session would like.
    pub(crate) partitions: usize,
    /// How many positions each of several partitions has at least.
    pub(crate) partition_positions_min: u64,
    /// How many bytes all partitions may hold.
    pub(crate) read_ahead_bytes: u64,
    /// What the names of the table's own columns begin with.
    pub(crate) prefix: String,
    /// No more rows than these are needed from any partition.
    pub(crate) limit: Option<usize>,
}

/// Reads positions of a snapshot, in order within each partition.
#[derive(Clone, Debug)]
pub(crate) struct LogExec {
    snapshot: Arc<Snapshot>,
    schema: SchemaRef,
    asked: Asked,
    /// Stretches of positions to be read, upward within each partition and from one to the next.
    partitions: Vec<Vec<(u64, u64)>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl LogExec {
    pub(crate) fn try_new(snapshot: Arc<Snapshot>, schema: SchemaRef, asked: Asked) -> Result<Self> {
        let stretches = asked.positions.stretches(GAP_MAX);
        let partitions = shared_out(&stretches, asked.partitions, asked.partition_positions_min);
        let properties = Arc::new(properties(&schema, &asked.prefix, &partitions)?);
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Self { snapshot, schema, asked, partitions, properties, metrics })
    }
}

/// Shares the positions of these stretches out among partitions, in order, each of about as many.
fn shared_out(stretches: &[(u64, u64)], wanted: usize, positions_min: u64) -> Vec<Vec<(u64, u64)>> {
    let total: u64 = stretches.iter().map(|(first, last)| last - first + 1).sum();
    let count = (total / positions_min).clamp(1, wanted.max(1) as u64);
    let share = total.div_ceil(count);
    let (mut partitions, mut current, mut room) = (Vec::new(), Vec::new(), share);
    for &(mut first, last) in stretches {
        while first <= last {
            let end = last.min(first + room - 1);
            current.push((first, end));
            room -= end - first + 1;
            first = end + 1;
            if room == 0 {
                partitions.push(std::mem::take(&mut current));
                room = share;
            }
        }
    }
    if !current.is_empty() {
        partitions.push(current);
    }
    partitions
}

fn properties(schema: &SchemaRef, prefix: &str, partitions: &[Vec<(u64, u64)>]) -> Result<PlanProperties> {
    let options = SortOptions { descending: false, nulls_first: false };
    let ascending = |told: Told| {
        let (nth, field) = schema.column_with_name(&told.name(prefix))?;
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), nth));
        Some(PhysicalSortExpr::new(column, options))
    };
    let position = ascending(Told::Position);
    let by_position = position.clone().map(|position| std::iter::once(position).chain(ascending(Told::Row)));
    let orderings = by_position.and_then(LexOrdering::new);
    let equivalences = EquivalenceProperties::new_with_orderings(schema.clone(), orderings);
    let partitioning = match position.and_then(|position| LexOrdering::new([position])) {
        Some(by_position) if partitions.len() > 1 => {
            let starts = partitions.iter().skip(1).filter_map(|stretches| stretches.first());
            let splits = starts.map(|(first, _)| SplitPoint::new(vec![ScalarValue::UInt64(Some(*first))]));
            Partitioning::Range(RangePartitioning::try_new(by_position, splits.collect())?)
        }
        _ => Partitioning::UnknownPartitioning(partitions.len()),
    };
    Ok(PlanProperties::new(equivalences, partitioning, EmissionType::Incremental, Boundedness::Bounded))
}

impl DisplayAs for LogExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogExec: shard={}, positions=[", self.snapshot.wal.shard())?;
        let ranges = self.asked.positions.ranges();
        for (nth, (first, last)) in ranges.iter().take(SHOWN).enumerate() {
            write!(f, "{}{first}..={last}", if nth > 0 { ", " } else { "" })?;
        }
        if ranges.len() > SHOWN {
            write!(f, ", and {} more ranges", ranges.len() - SHOWN)?;
        }
        write!(f, "], partitions={}", self.partitions.len())?;
        if let Some(limit) = self.asked.limit {
            write!(f, ", limit={limit}")?;
        }
        if let Some(hold) = &self.snapshot.hold {
            write!(f, ", hold={}", hold.name())?;
        }
        Ok(())
    }
}

impl ExecutionPlan for LogExec {
    fn name(&self) -> &'static str {
        "LogExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(stretches) = self.partitions.get(partition) else {
            return internal_err!("LogExec has no partition {partition}");
        };
        let scan = Scan::new(
            self.snapshot.clone(),
            self.schema.clone(),
            &self.asked,
            stretches.clone(),
            self.asked.read_ahead_bytes / self.partitions.len() as u64,
            context.session_config().batch_size(),
            Counts::new(&self.metrics, partition),
        );
        Ok(scan.into_stream())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    // `supports_limit_pushdown` stays false: it says that a limit may go on to children, and there are none.
    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let mut other = self.clone();
        other.asked.limit = limit;
        Some(Arc::new(other))
    }

    fn fetch(&self) -> Option<usize> {
        self.asked.limit
    }
}

/// To begin anew, a reader reads up to 63 positions below its start; so far apart it may as well go on.
const GAP_MAX: u64 = 64;
/// How many ranges an explanation names.
const SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_shared_out_in_order_and_none_is_lost() {
        let stretches = [(3, 3), (100, 299), (500, 501)];
        assert_eq!(shared_out(&stretches, 4, 1_000), [stretches.to_vec()], "too few to share");
        let shared = shared_out(&stretches, 4, 10);
        assert_eq!(shared.len(), 4);
        assert!(shared.iter().flatten().is_sorted());
        let positions = |stretches: &[(u64, u64)]| -> Vec<u64> {
            stretches.iter().flat_map(|(first, last)| *first..=*last).collect()
        };
        assert_eq!(positions(&shared.concat()), positions(&stretches));
        assert!(shared.iter().all(|part| positions(part).len() <= 203_usize.div_ceil(4)));
    }

    #[test]
    fn numbers_at_the_end_of_all_numbers_are_shared_out_too() {
        let last = 1 << 62;
        let shared = shared_out(&[(1, last)], 3, 1);
        assert_eq!((shared.len(), shared[0][0].0, shared[2][0].1), (3, 1, last));
    }
}
