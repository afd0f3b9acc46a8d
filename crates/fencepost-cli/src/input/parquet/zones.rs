//! Time zones of timestamps whose unit Parquet does not have.
//!
//! A file says in a schema of Arrow's what its columns were. Arrow's reader takes the zone of a timestamp from there
//! only if the unit is that of the column. Seconds, which Parquet does not have, are written as milliseconds, and come
//! out in UTC. So the zones are looked up once more.

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::ipc::convert::try_schema_from_ipc_buffer;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::file::metadata::ParquetMetaData;
use std::sync::Arc;

/// The schema with the zones that the file says; `None` if that is `schema`.
pub(super) fn kept(metadata: &ParquetMetaData, schema: &SchemaRef) -> Option<SchemaRef> {
    let said = said(metadata)?;
    let found = Schema::new_with_metadata(all(schema.fields(), said.fields()), schema.metadata().clone());
    (found != **schema).then(|| Arc::new(found))
}

/// What the columns were when they were written. One that cannot be read has ended the opening of the file already.
fn said(metadata: &ParquetMetaData) -> Option<Schema> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    let text = pairs.iter().find(|pair| pair.key == ARROW_SCHEMA_META_KEY)?.value.as_ref()?;
    try_schema_from_ipc_buffer(&BASE64_STANDARD.decode(text).ok()?).ok()
}

fn all(fields: &Fields, said: &Fields) -> Fields {
    let alike =
        fields.len() == said.len() && fields.iter().zip(said).all(|(one, said)| one.name() == said.name());
    if !alike {
        return fields.clone();
    }
    fields.iter().zip(said).map(|(field, said)| one(field, said)).collect()
}

fn one(field: &FieldRef, said: &Field) -> FieldRef {
    use DataType as T;
    let data_type = match (field.data_type(), plain(said.data_type())) {
        (T::Timestamp(unit, Some(utc)), T::Timestamp(_, Some(zone))) if **utc == *"UTC" => {
            T::Timestamp(*unit, Some(zone.clone()))
        }
        (T::Struct(fields), T::Struct(said)) => T::Struct(all(fields, said)),
        (T::Map(entries, sorted), T::Map(said, _)) => T::Map(one(entries, said), *sorted),
        (T::List(inner), said) => T::List(of_items(inner, said)),
        (T::LargeList(inner), said) => T::LargeList(of_items(inner, said)),
        (T::ListView(inner), said) => T::ListView(of_items(inner, said)),
        (T::LargeListView(inner), said) => T::LargeListView(of_items(inner, said)),
        (T::FixedSizeList(inner, size), said) => T::FixedSizeList(of_items(inner, said), *size),
        _ => return field.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

fn of_items(items: &FieldRef, said: &DataType) -> FieldRef {
    use DataType::{FixedSizeList, LargeList, LargeListView, List, ListView};
    match said {
        List(said) | LargeList(said) | ListView(said) | LargeListView(said) | FixedSizeList(said, _) => {
            one(items, said)
        }
        _ => items.clone(),
    }
}

/// Without what only says how values are laid out in memory.
fn plain(said: &DataType) -> &DataType {
    match said {
        DataType::Dictionary(_, values) => values,
        DataType::RunEndEncoded(_, values) => values.data_type(),
        other => other,
    }
}
