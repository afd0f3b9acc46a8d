//! Types of columns as they are named on the command line.

use super::fault::Fault;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Schema, TimeUnit};

/// A column with the type that it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnType {
    pub(super) column: String,
    pub(super) data_type: DataType,
}

/// Reads `id=int64,price=decimal(10,2)`.
///
/// A column's name may have commas and equals signs in it: the last `=` of an item stands before the type,
/// and an item without one belongs to the name that follows.
pub(crate) fn parse(text: &str) -> Result<Vec<ColumnType>, String> {
    let (mut found, mut name_so_far) = (Vec::<ColumnType>::new(), String::new());
    for item in items(text) {
        let Some((name, type_name)) = item.rsplit_once('=') else {
            name_so_far.push_str(item);
            name_so_far.push(',');
            continue;
        };
        let column = std::mem::take(&mut name_so_far) + name;
        let data_type = data_type(type_name.trim())
            .ok_or_else(|| format!("`{}` is not a type; {KNOWN}", type_name.trim()))?;
        if found.iter().any(|other| other.column == column) {
            return Err(format!("`{column}` occurs twice"));
        }
        found.push(ColumnType { column, data_type });
    }
    if name_so_far.is_empty() { Ok(found) } else { Err(format!("write NAME=TYPE; {KNOWN}")) }
}

/// Split at commas outside of brackets.
fn items(text: &str) -> Vec<&str> {
    let (mut items, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[from..]);
    items
}

fn data_type(text: &str) -> Option<DataType> {
    let lower = text.to_ascii_lowercase();
    Some(match lower.as_str() {
        "text" | "string" | "utf8" => DataType::Utf8,
        "bool" | "boolean" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" | "int" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" | "uint" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" | "float" | "double" => DataType::Float64,
        "date" | "date32" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => {
            let (head, inside) = lower.split_once(['(', '['])?;
            let inside = inside.strip_suffix([')', ']'])?;
            match head.trim() {
                "decimal" => decimal(inside)?,
                // Names of zones keep their case.
                "timestamp" => timestamp(&text[text.len() - inside.len() - 1..text.len() - 1])?,
                _ => return None,
            }
        }
    })
}

fn decimal(inside: &str) -> Option<DataType> {
    let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
    let (precision, scale): (u8, i8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    if scale < 0 || scale as u8 > precision {
        return None;
    }
    if precision == 0 || precision > DECIMAL256_MAX_PRECISION {
        return None;
    }
    Some(if precision <= DECIMAL128_MAX_PRECISION {
        DataType::Decimal128(precision, scale)
    } else {
        DataType::Decimal256(precision, scale)
    })
}

fn timestamp(inside: &str) -> Option<DataType> {
    let (unit, zone) = match inside.split_once(',') {
        Some((unit, zone)) => (unit, Some(zone.trim())),
        None => (inside, None),
    };
    let unit = match unit.trim() {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" => TimeUnit::Microsecond,
        "ns" => TimeUnit::Nanosecond,
        _ => return None,
    };
    if zone.is_some_and(|zone| zone.parse::<arrow::array::timezone::Tz>().is_err()) {
        return None;
    }
    Some(DataType::Timestamp(unit, zone.map(Into::into)))
}

/// The name by which a type can be asked for.
pub(super) fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "text".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("decimal({precision},{scale})")
        }
        DataType::Timestamp(unit, None) => format!("timestamp[{}]", unit_name(*unit)),
        DataType::Timestamp(unit, Some(zone)) => format!("timestamp[{},{zone}]", unit_name(*unit)),
        // In full they may be of any length.
        DataType::Struct(_) => "object".to_owned(),
        DataType::List(_) => "array".to_owned(),
        other => other.to_string().to_ascii_lowercase(),
    }
}

pub(super) const fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// Refuses a schema that readers of a log would refuse.
pub(super) fn check_fields(schema: &Schema) -> Result<(), Fault> {
    let fields = schema.flattened_fields().len();
    if fields <= FIELDS_MAX { Ok(()) } else { Err(too_many_fields(format_args!("{fields} fields"))) }
}

pub(super) fn too_many_fields(found: impl std::fmt::Display) -> Fault {
    let fault = Fault::new(format!("{found}, including nested ones; readers of a log allow {FIELDS_MAX}"));
    fault.with_advice("Use fewer columns. Objects of JSON can be taken as text, as in --types 'a=text'.")
}

/// How many fields a schema may have, nested ones included: the default of readers.
pub(super) const FIELDS_MAX: usize = 1 << 16;
const KNOWN: &str = "types are text, bool, int8 to int64, uint8 to uint64, float32, float64, date, decimal(10,2), \
                     timestamp[us] and timestamp[us,UTC] (s, ms, us, ns)";

#[cfg(test)]
mod tests {
    use super::*;

    fn types(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().map(|one| (one.column, name(&one.data_type))).collect()
    }

    #[test]
    fn names_and_types_are_told_apart() {
        let expected = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(column, name)| ((*column).to_owned(), (*name).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(
            types("zip=text,price=decimal(10,2),at=timestamp[ns, Europe/Berlin],b=BOOL"),
            expected(&[
                ("zip", "text"),
                ("price", "decimal(10,2)"),
                ("at", "timestamp[ns,Europe/Berlin]"),
                ("b", "bool")
            ])
        );
        assert_eq!(types("a,b=c=int64"), expected(&[("a,b=c", "int64")]));
        assert_eq!(
            types("x=decimal(60,0),t=timestamp"),
            expected(&[("x", "decimal(60,0)"), ("t", "timestamp[us]")])
        );
    }

    #[test]
    fn what_is_no_type_is_named() {
        for text in
            ["a=", "a=int63", "a=decimal(0,0)", "a=decimal(2,3)", "a=timestamp[us,Mars]", "a=timestamp[h]"]
        {
            assert!(parse(text).unwrap_err().contains("is not a type"), "{text}");
        }
        assert!(parse("a").unwrap_err().contains("NAME=TYPE"));
        assert!(parse("a=int64,a=text").unwrap_err().contains("twice"));
    }
}
