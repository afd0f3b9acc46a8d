//! One type with its values, and what each format has to make of them.

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};
use std::sync::Arc;

/// A column that is appended, and what comes out in each format. An Arrow stream always carries it as it is.
pub(super) struct Case {
    /// How the documentation calls it.
    pub(super) name: &'static str,
    pub(super) array: ArrayRef,
    pub(super) ndjson: Text,
    pub(super) csv: Text,
    pub(super) parquet: Typed,
}

/// What becomes of the values in a format that is text.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// The text of each row, to the letter.
    Is(Vec<String>),
    /// Code 9, and this is said.
    Refused(&'static str),
}

/// What becomes of the values in a format with types.
#[derive(Clone, Debug)]
pub(super) enum Typed {
    Same,
    /// The same values in another type.
    As(DataType),
    Refused(&'static str),
}

impl Case {
    /// Carried by everything, with one text for NDJSON and CSV.
    pub(super) fn plain(name: &'static str, array: impl Array + 'static, texts: [&str; 4]) -> Self {
        let json = texts.map(|text| if text.is_empty() { "null" } else { text });
        Self::new(name, array, json, texts)
    }

    /// Carried by everything, as a text in JSON.
    pub(super) fn quoted(name: &'static str, array: impl Array + 'static, texts: [&str; 4]) -> Self {
        let json = texts.map(|text| match text {
            "" => "null".to_owned(),
            "\"\"" => text.to_owned(),
            text => format!("\"{text}\""),
        });
        Self::new(name, array, json.each_ref().map(String::as_str), texts)
    }

    /// Carried by everything.
    pub(super) fn new(
        name: &'static str,
        array: impl Array + 'static,
        json: [&str; 4],
        csv: [&str; 4],
    ) -> Self {
        Self {
            name,
            array: Arc::new(array),
            ndjson: Text::Is(json.map(str::to_owned).to_vec()),
            csv: Text::Is(csv.map(str::to_owned).to_vec()),
            parquet: Typed::Same,
        }
    }

    /// With nesting, which CSV does not have.
    pub(super) fn nested(name: &'static str, array: impl Array + 'static, json: [&str; 4]) -> Self {
        Self { csv: Text::Refused("nested"), ..Self::new(name, array, json, [""; 4]) }
    }

    /// One value that is at odds with a format.
    pub(super) fn odd(
        name: &'static str,
        array: impl Array + 'static,
        ndjson: Text,
        csv: Text,
        parquet: Typed,
    ) -> Self {
        Self { name, array: Arc::new(array), ndjson, csv, parquet }
    }

    pub(super) fn in_parquet(self, parquet: Typed) -> Self {
        Self { parquet, ..self }
    }

    /// The table with these columns.
    pub(super) fn table(cases: &[&Self]) -> RecordBatch {
        let fields = cases.iter().map(|case| Field::new(case.name, case.array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = cases.iter().map(|case| case.array.clone()).collect();
        let rows = cases.first().map(|case| case.array.len());
        RecordBatch::try_new_with_options(schema, columns, &RecordBatchOptions::new().with_row_count(rows))
            .unwrap()
    }
}

/// Texts of one or more rows.
pub(super) fn is<const N: usize>(texts: [&str; N]) -> Text {
    Text::Is(texts.map(str::to_owned).to_vec())
}
