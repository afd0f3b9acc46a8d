//! The engine: DataFusion over snapshots of logs.

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use fencepost::ErrorKind;
use fencepost_cli::sql::{Answer, Engine, EngineError, Question, SnapshotOf};
use fencepost_datafusion::{LogError, LogTable, LogTableOptions};
use futures::TryStreamExt;
use std::sync::Arc;

/// DataFusion, which only ever reads.
#[derive(Debug)]
pub(crate) struct DataFusion;

#[async_trait]
impl Engine for DataFusion {
    async fn ask(&self, question: Question) -> Result<Box<dyn Answer>, EngineError> {
        let mut tables = Vec::new();
        match Box::pin(begin(&question, &mut tables)).await {
            Ok(rows) => Ok(Box::new(Rows { schema: rows.schema(), rows: Some(rows), tables })),
            Err(error) => {
                // The first error tells more than one about letting go, which is logged.
                let _ = release(&tables).await;
                Err(error)
            }
        }
    }
}

/// Opens the logs and plans the question.
async fn begin(
    question: &Question,
    tables: &mut Vec<(String, LogTable)>,
) -> Result<SendableRecordBatchStream, EngineError> {
    for (name, wal) in &question.tables {
        let options = LogTableOptions::new().with_prefix(&question.prefix).with_hold(question.hold.clone());
        let table = LogTable::open(wal, options).await.map_err(|error| of_log(&error))?;
        tables.push((name.clone(), table));
    }
    let rows = asked(question, tables).await.map_err(|error| failed(&error))?;
    Ok(rows)
}

async fn asked(
    question: &Question,
    tables: &[(String, LogTable)],
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let config = SessionConfig::new();
    let config = match question.partitions {
        Some(partitions) => config.with_target_partitions(partitions),
        None => config,
    };
    let mut frame = planned(question, tables, config.clone()).await?;
    if follows(&frame, tables)? {
        // Filters gather rows until they have a whole batch, and nobody knows when more will come.
        frame = planned(question, tables, config.with_batch_size(1)).await?;
    }
    if question.explain {
        frame = frame.explain(false, false)?;
    }
    frame.execute_stream().await
}

async fn planned(
    question: &Question,
    tables: &[(String, LogTable)],
    config: SessionConfig,
) -> Result<DataFrame, DataFusionError> {
    let session = SessionContext::new_with_config(config);
    for (name, table) in tables {
        session.register_table(name.as_str(), Arc::new(table.clone()))?;
        session.register_table(tail_of(name), Arc::new(table.tail()?))?;
    }
    // It asks, and does nothing else: no files are written, and no others are read.
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    session.sql_with_options(&question.query, options).await
}

/// What comes after the snapshot of this table.
fn tail_of(name: &str) -> String {
    format!("{name}_tail")
}

/// Whether the question is one to something that never ends.
fn follows(frame: &DataFrame, tables: &[(String, LogTable)]) -> Result<bool, DataFusionError> {
    frame.logical_plan().exists(|plan| {
        let LogicalPlan::TableScan(scan) = plan else { return Ok(false) };
        let scanned = scan.table_name.table();
        Ok(tables.iter().any(|(name, _)| scanned.eq_ignore_ascii_case(&tail_of(name))))
    })
}

/// An answer under way.
struct Rows {
    schema: SchemaRef,
    rows: Option<SendableRecordBatchStream>,
    tables: Vec<(String, LogTable)>,
}

#[async_trait]
impl Answer for Rows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        match &mut self.rows {
            Some(rows) => rows.try_next().await.map_err(|error| failed(&error)),
            None => Ok(None),
        }
    }

    fn snapshots(&self) -> Vec<SnapshotOf> {
        let snapshot = |(name, table): &(String, LogTable)| SnapshotOf {
            name: name.clone(),
            first: table.first(),
            last: table.last(),
            given_up: table.given_up(),
        };
        self.tables.iter().map(snapshot).collect()
    }

    async fn close(&mut self) -> Result<(), EngineError> {
        self.rows = None;
        release(&self.tables).await
    }
}

/// Lets go of all logs, also after one of them could not be let go of.
async fn release(tables: &[(String, LogTable)]) -> Result<(), EngineError> {
    let mut released = Ok(());
    for (_, table) in tables {
        released = released.and(table.release().await.map_err(|error| of_log(&error)));
    }
    released
}

fn of_log(error: &LogError) -> EngineError {
    EngineError { kind: error.kind(), message: error.to_string(), collected: error.collected() }
}

fn failed(error: &DataFusionError) -> EngineError {
    if let Some(error) = LogError::find(error) {
        return of_log(error);
    }
    let kind = match error.find_root() {
        DataFusionError::Internal(_) => ErrorKind::Internal,
        DataFusionError::ResourcesExhausted(_) | DataFusionError::IoError(_) => ErrorKind::Unavailable,
        // The question: its grammar, its names, its types, or values that it makes.
        _ => ErrorKind::Invalid,
    };
    EngineError { kind, message: error.strip_backtrace(), collected: None }
}
