//! Looks through a schema's flatbuffer before Arrow does.
//!
//! Arrow 58 and 59 panic on schemas that are sound flatbuffers but no sound schemas, and later ones on some
//! too. And a flatbuffer may refer to one field many times, so that a small message unfolds into a large
//! schema. Both are caught here; what passes can be converted by any of the supported versions.

use arrow_ipc::{
    DateUnit, Endianness, Field, Int, IntervalUnit, Precision, Schema, TimeUnit, Type, UnionMode,
};

use arrow_schema::DataType;

use super::limits::{Budget, Fault, ensure};

/// Refuses `schema` unless Arrow can convert it within `budget`.
pub(super) fn check_schema(schema: Schema<'_>, budget: &mut Budget) -> Result<(), Fault> {
    ensure(schema.endianness() == Endianness::Little, || "a big-endian stream".to_owned())?;
    let fields = schema.fields().ok_or_else(|| Fault::Damaged("a schema without fields".to_owned()))?;
    for field in fields {
        check_field(field, 0, budget)?;
    }
    for pair in schema.custom_metadata().into_iter().flatten() {
        budget.take_bytes(text(pair.key()) + text(pair.value()))?;
    }
    Ok(())
}

/// The type of the values of the dictionary `id`, which is the same wherever the schema uses it.
pub(super) fn dictionary_type(schema: &arrow_schema::Schema, id: i64) -> Option<DataType> {
    #[expect(deprecated, reason = "Arrow's own reader has no other way to find the fields of a dictionary")]
    let fields = schema.fields_with_dict_id(id);
    match fields.first()?.data_type() {
        DataType::Dictionary(_, values) => Some(values.as_ref().clone()),
        _ => None,
    }
}

fn check_field(field: Field<'_>, depth: usize, budget: &mut Budget) -> Result<(), Fault> {
    budget.take_field()?;
    ensure(depth < DEPTH_MAX, || format!("fields nested more than {DEPTH_MAX} deep"))?;
    budget.take_bytes(text(field.name()))?;
    for pair in field.custom_metadata().into_iter().flatten() {
        budget.take_bytes(text(pair.key()) + text(pair.value()))?;
    }
    if let Some(dictionary) = field.dictionary() {
        ensure(dictionary.indexType().is_some_and(is_integer), || bad(field, "dictionary index"))?;
    }
    for child in field.children().into_iter().flatten() {
        check_field(child, depth + 1, budget)?;
    }
    ensure(is_sound_type(field, budget)?, || bad(field, "type"))
}

/// Whether the type of `field` itself, its children apart, is one that Arrow knows and means.
fn is_sound_type(field: Field<'_>, budget: &mut Budget) -> Result<bool, Fault> {
    let children = field.children().map_or(0, |children| children.len());
    let is_sound = match field.type_type() {
        Type::Null | Type::Bool | Type::Struct_ => true,
        Type::Utf8 | Type::LargeUtf8 | Type::Utf8View => true,
        Type::Binary | Type::LargeBinary | Type::BinaryView => true,
        Type::List | Type::LargeList | Type::ListView | Type::LargeListView => children == 1,
        Type::Int => field.type_as_int().is_some_and(is_integer),
        Type::FloatingPoint => field.type_as_floating_point().is_some_and(|float| {
            matches!(float.precision(), Precision::HALF | Precision::SINGLE | Precision::DOUBLE)
        }),
        Type::FixedSizeBinary => field.type_as_fixed_size_binary().is_some_and(|size| size.byteWidth() >= 0),
        Type::FixedSizeList => {
            children == 1 && field.type_as_fixed_size_list().is_some_and(|size| size.listSize() >= 0)
        }
        Type::Date => field
            .type_as_date()
            .is_some_and(|date| matches!(date.unit(), DateUnit::DAY | DateUnit::MILLISECOND)),
        Type::Time => field.type_as_time().is_some_and(|time| match time.unit() {
            TimeUnit::SECOND | TimeUnit::MILLISECOND => time.bitWidth() == 32,
            TimeUnit::MICROSECOND | TimeUnit::NANOSECOND => time.bitWidth() == 64,
            _ => false,
        }),
        Type::Timestamp => {
            let zone = field.type_as_timestamp().map(|timestamp| text(timestamp.timezone()));
            budget.take_bytes(zone.unwrap_or(0))?;
            field.type_as_timestamp().is_some_and(|timestamp| is_time_unit(timestamp.unit()))
        }
        Type::Duration => field.type_as_duration().is_some_and(|duration| is_time_unit(duration.unit())),
        Type::Interval => field.type_as_interval().is_some_and(|interval| {
            matches!(
                interval.unit(),
                IntervalUnit::YEAR_MONTH | IntervalUnit::DAY_TIME | IntervalUnit::MONTH_DAY_NANO
            )
        }),
        Type::Decimal => is_decimal(field),
        Type::Map => children == 1 && field.type_as_map().is_some() && has_pairs(field),
        Type::RunEndEncoded => children == 2 && has_run_ends(field),
        Type::Union => is_union(field, children),
        _ => false,
    };
    Ok(is_sound)
}

fn is_integer(int: Int<'_>) -> bool {
    matches!(int.bitWidth(), 8 | 16 | 32 | 64)
}

fn is_time_unit(unit: TimeUnit) -> bool {
    matches!(unit, TimeUnit::SECOND | TimeUnit::MILLISECOND | TimeUnit::MICROSECOND | TimeUnit::NANOSECOND)
}

fn is_decimal(field: Field<'_>) -> bool {
    field.type_as_decimal().is_some_and(|decimal| {
        let digits = match decimal.bitWidth() {
            32 => 9,
            64 => 18,
            128 => 38,
            256 => 76,
            _ => return false,
        };
        (1..=digits).contains(&decimal.precision())
            && (-digits..=decimal.precision()).contains(&decimal.scale())
    })
}

/// A map's entries are structs of a key and a value.
fn has_pairs(field: Field<'_>) -> bool {
    field.children().into_iter().flatten().all(|entries| {
        let pairs = entries.children().map_or(0, |children| children.len());
        entries.type_type() == Type::Struct_ && entries.dictionary().is_none() && pairs == 2
    })
}

fn has_run_ends(field: Field<'_>) -> bool {
    field.children().into_iter().flatten().next().is_some_and(|run_ends| {
        let int = run_ends.type_as_int();
        let signed = int.is_some_and(|int| int.is_signed() && matches!(int.bitWidth(), 16 | 32 | 64));
        signed && run_ends.dictionary().is_none()
    })
}

fn is_union(field: Field<'_>, children: usize) -> bool {
    field.type_as_union().is_some_and(|union| {
        let ids: Vec<i32> = match union.typeIds() {
            None => (0..).take(children).collect(),
            Some(ids) if ids.len() == children => ids.iter().collect(),
            Some(_) => return false,
        };
        let distinct: std::collections::BTreeSet<_> = ids.iter().copied().collect();
        matches!(union.mode(), UnionMode::Dense | UnionMode::Sparse)
            && distinct.len() == ids.len()
            && ids.iter().all(|id| (0..=127).contains(id))
    })
}

fn text(text: Option<&str>) -> u64 {
    text.map_or(0, |text| text.len() as u64)
}

fn bad(field: Field<'_>, what: &str) -> String {
    format!(
        "field `{}` has no sound {what} ({})",
        field.name().unwrap_or_default().escape_debug(),
        field.type_type().variant_name().unwrap_or("of an unknown type")
    )
}

/// Arrow recurses for each level; flatbuffers' own verifier stops at 64 tables.
const DEPTH_MAX: usize = 64;
