use super::*;
use datafusion::arrow::array::{AsArray, Int32Array, Int64Array, StringArray};
use datafusion::arrow::compute::can_cast_types;
use datafusion::arrow::datatypes::{Int64Type, UInt64Type};

fn schema(columns: &[(&str, DataType)]) -> Schema {
    Schema::new(columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), false)).collect::<Vec<_>>())
}

fn named(schema: &Schema) -> Vec<(&str, &DataType)> {
    schema.fields().iter().map(|field| (field.name().as_str(), field.data_type())).collect()
}

#[test]
fn a_table_has_the_columns_of_its_oldest_and_its_newest_entry() {
    let oldest = schema(&[("id", DataType::Int32), ("gone", DataType::Utf8), ("odd", DataType::Utf8)]);
    let newest = schema(&[("late", DataType::Float64), ("id", DataType::Int64), ("odd", DataType::Int8)]);
    let table = table_schema(Some(&oldest), Some(&newest), "_").unwrap();
    let expected = [
        ("late", &DataType::Float64),
        ("id", &DataType::Int64),
        ("odd", &DataType::Int8),
        ("gone", &DataType::Utf8),
        ("_position", &DataType::UInt64),
        ("_epoch", &DataType::UInt64),
        ("_row", &DataType::UInt64),
    ];
    assert_eq!(named(&table), expected);
    // The wider type, whichever of the two has it.
    let turned = table_schema(Some(&newest), Some(&oldest), "_").unwrap();
    assert_eq!(turned.field_with_name("id").unwrap().data_type(), &DataType::Int64);
    assert!(table.fields()[..4].iter().all(|field| field.is_nullable()));
}

#[test]
fn a_column_of_the_log_is_not_hidden_by_one_of_the_table() {
    let log = schema(&[("_epoch", DataType::Utf8)]);
    let error = table_schema(None, Some(&log), "_").unwrap_err();
    assert!(matches!(error, LogError::ColumnTaken { ref column, .. } if column == "_epoch"), "{error}");
    assert!(table_schema(None, Some(&log), "log_").is_ok());
}

#[test]
fn columns_go_by_name_and_missing_ones_are_null() {
    let table = table_schema(None, Some(&schema(&[("late", DataType::Utf8), ("id", DataType::Int64)])), "_");
    let mut adapter = Adapter::new(table.unwrap(), "_");
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    let batch = RecordBatch::try_from_iter([("other", names), ("id", ids)]).unwrap();
    let adapted = adapter.adapt(Position::new(9), Epoch::new(3), 10, &batch).unwrap();
    assert_eq!(adapted.column(0).null_count(), 2, "late");
    assert_eq!(adapted.column(1).as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(7), None]));
    let told = |nth: usize| adapted.column(nth).as_primitive::<UInt64Type>().values().to_vec();
    assert_eq!([told(2), told(3), told(4)], [vec![9, 9], vec![3, 3], vec![10, 11]]);
}

#[test]
fn another_type_is_an_error_that_names_the_position_if_the_column_is_asked_for() {
    let table =
        table_schema(None, Some(&schema(&[("a", DataType::Int32), ("b", DataType::Utf8)])), "_").unwrap();
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let batch = RecordBatch::try_from_iter([("a", wide), ("b", text)]).unwrap();
    let error =
        Adapter::new(table.clone(), "_").adapt(Position::new(5), Epoch::new(1), 0, &batch).unwrap_err();
    assert_eq!(
        error.to_string(),
        "position 5: column \"a\" is Int64 there, but Int32 in the table; ask for positions with one type of it, or \
         for other columns"
    );
    let only_b = Arc::new(table.project(&[1]).unwrap());
    assert!(Adapter::new(only_b, "_").adapt(Position::new(5), Epoch::new(1), 0, &batch).is_ok());
}

#[test]
fn two_columns_of_one_name_are_no_column() {
    let table = table_schema(None, Some(&schema(&[("a", DataType::Int32)])), "_").unwrap();
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let twice = Arc::new(schema(&[("a", DataType::Int32), ("a", DataType::Int32)]));
    let batch = RecordBatch::try_new(twice, vec![one.clone(), one]).unwrap();
    let error = Adapter::new(table, "_").adapt(Position::new(5), Epoch::new(1), 0, &batch).unwrap_err();
    assert!(matches!(error, LogError::TwoColumns { .. }), "{error}");
}

/// What is called lossless is something that Arrow can do.
#[test]
fn conversions_that_are_allowed_exist() {
    use DataType as T;
    let dictionary = T::Dictionary(Box::new(T::Int32), Box::new(T::Utf8));
    let zone = || Some("UTC".into());
    let kinds = [
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::UInt8,
        T::UInt16,
        T::UInt32,
        T::UInt64,
        T::Float16,
        T::Float32,
        T::Float64,
        T::Utf8,
        T::LargeUtf8,
        T::Utf8View,
        T::Binary,
        T::LargeBinary,
        T::BinaryView,
        T::Boolean,
        T::Null,
        dictionary,
        T::Timestamp(TimeUnit::Second, zone()),
        T::Timestamp(TimeUnit::Nanosecond, zone()),
        T::Timestamp(TimeUnit::Nanosecond, None),
    ];
    for from in &kinds {
        for to in &kinds {
            assert!(!keeps_values(from, to) || can_cast_types(from, to), "{from} to {to}");
        }
    }
    let kept = |from: T, to: T| keeps_values(&from, &to);
    assert!(kept(T::UInt32, T::Int64) && kept(T::Int32, T::Float64) && kept(T::Utf8, T::Utf8View));
    assert!(!kept(T::Int32, T::UInt64) && !kept(T::Int64, T::Float64) && !kept(T::UInt64, T::Int64));
    assert!(!kept(T::Int64, T::Int32) && !kept(T::Utf8, T::Int64) && !kept(T::Binary, T::Utf8));
}
