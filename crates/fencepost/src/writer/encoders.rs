//! The encoders of what callers append: one for each schema, kept.

use crate::AppendError;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use fencepost_format::{BatchEncoder, Compression, EncodedBatches, FormatError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Encodes in the task of whoever calls. The lock is held to find an encoder, and not while it works.
#[derive(Debug)]
pub(super) struct Encoders {
    compression: Compression,
    copies: bool,
    /// The last ones used, the latest first.
    kept: Mutex<VecDeque<Arc<BatchEncoder>>>,
}

impl Encoders {
    pub(super) const fn new(compression: Compression, copies: bool) -> Self {
        Self { compression, copies, kept: Mutex::new(VecDeque::new()) }
    }

    pub(super) fn encode(&self, batches: &[RecordBatch]) -> Result<EncodedBatches, AppendError> {
        let encoded = match batches.first() {
            Some(first) => self.of(first.schema_ref()).and_then(|encoder| encoder.encode(batches)),
            None => EncodedBatches::encode(batches),
        };
        encoded.map_err(|error| AppendError::Refused { reason: error.to_string() })
    }

    fn of(&self, schema: &SchemaRef) -> Result<Arc<BatchEncoder>, FormatError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|encoder| encoder.takes(schema)) {
            if at > 0 {
                let encoder = kept.remove(at).expect("it was found there");
                kept.push_front(encoder);
            }
        } else {
            let encoder = BatchEncoder::new(Arc::clone(schema))?;
            let encoder = encoder.with_compression(self.compression).with_copies(self.copies);
            kept.push_front(Arc::new(encoder));
            kept.truncate(KEPT_MAX);
        }
        Ok(Arc::clone(&kept[0]))
    }
}

/// A writer of more schemas than this makes encoders anew, some microseconds each.
const KEPT_MAX: usize = 8;
