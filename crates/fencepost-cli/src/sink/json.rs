//! Rows as JSON objects, every value exactly or none at all.

use super::text::Texts;
use super::{Failed, first_failure};
use arrow::array::{Array, AsArray, MapArray, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Float16Type, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, NullableEncoder, make_encoder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions, WriterBuilder};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Appends the rows, one object a line. Of rows that cannot be told exactly the first is named, and what comes
/// before it is in `out`.
pub(super) fn write(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Failed> {
    match encode(batch, out) {
        Ok(()) => Ok(()),
        Err(_) => Err(first_failure(batch, out, encode)),
    }
}

fn encode(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let problem = Problem::default();
    let exact = Exact { problem: problem.clone() };
    let builder = WriterBuilder::new().with_explicit_nulls(true).with_encoder_factory(Arc::new(exact));
    let start = out.len();
    let mut writer = builder.build::<_, LineDelimited>(&mut *out);
    let written = writer.write(batch).and_then(|()| writer.finish());
    let result =
        written.and_then(|()| problem.take().map_or(Ok(()), |what| Err(ArrowError::JsonError(what))));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// The first thing that went wrong in an encoder, which has no other way to say so.
#[derive(Clone, Debug, Default)]
struct Problem(Arc<Mutex<Option<String>>>);

impl Problem {
    fn is(&self, what: impl FnOnce() -> String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(what);
    }

    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Takes the place of those encoders that would write `null`, a message, or a name twice instead of a value.
#[derive(Debug)]
struct Exact {
    problem: Problem,
}

impl EncoderFactory for Exact {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let problem = self.problem.clone();
        let plain = || make_encoder(field, array, &PLAIN);
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Float16 => {
                let values = array.as_primitive::<Float16Type>();
                Box::new(Finite { is: Box::new(|at| values.value(at).is_finite()), plain: plain()?, problem })
            }
            DataType::Float32 => {
                let values = array.as_primitive::<Float32Type>();
                Box::new(Finite { is: Box::new(|at| values.value(at).is_finite()), plain: plain()?, problem })
            }
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>();
                Box::new(Finite { is: Box::new(|at| values.value(at).is_finite()), plain: plain()?, problem })
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = make_encoder(field, map.keys().as_ref(), options)?;
                let values = make_encoder(field, map.values().as_ref(), options)?;
                Box::new(Distinct { map, keys, values, problem })
            }
            kind if kind.is_temporal() || kind.is_decimal() => {
                let quote: &[u8] = if kind.is_temporal() { b"\"" } else { b"" };
                Box::new(Plain { texts: Texts::of(array)?, quote, buffer: String::new(), problem })
            }
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

/// Floating-point numbers, of which JSON has the finite ones only.
struct Finite<'a> {
    is: Box<dyn Fn(usize) -> bool + 'a>,
    plain: NullableEncoder<'a>,
    problem: Problem,
}

impl Encoder for Finite<'_> {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        if !(self.is)(at) {
            self.problem.is(|| "JSON has no NaN and no infinity".to_owned());
        }
        self.plain.encode(at, out);
    }
}

/// Times, dates, durations and intervals, between quotes, and decimals, which are numbers. Their texts have
/// no character that JSON escapes.
struct Plain<'a> {
    texts: Texts<'a>,
    quote: &'static [u8],
    buffer: String,
    problem: Problem,
}

impl Encoder for Plain<'_> {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        self.buffer.clear();
        if let Err(error) = self.texts.write(at, &mut self.buffer) {
            self.problem.is(|| error.to_string());
        }
        out.extend_from_slice(self.quote);
        out.extend_from_slice(self.buffer.as_bytes());
        out.extend_from_slice(self.quote);
    }
}

/// Maps, as objects, whose names must differ.
struct Distinct<'a> {
    map: &'a MapArray,
    keys: NullableEncoder<'a>,
    values: NullableEncoder<'a>,
    problem: Problem,
}

impl Encoder for Distinct<'_> {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        let offsets = self.map.value_offsets();
        let mut seen = BTreeSet::new();
        out.push(b'{');
        // Offsets are not negative.
        for (nth, entry) in (offsets[at] as usize..offsets[at + 1] as usize).enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            let start = out.len();
            self.keys.encode(entry, out);
            if !seen.insert(out[start..].to_vec()) {
                self.problem.is(|| "a map has the same key twice".to_owned());
            }
            out.push(b':');
            if self.values.is_null(entry) {
                out.extend_from_slice(b"null");
            } else {
                self.values.encode(entry, out);
            }
        }
        out.push(b'}');
    }
}

/// For leaves, where no option matters.
static PLAIN: LazyLock<EncoderOptions> = LazyLock::new(EncoderOptions::default);
