//! The types of JSON values: the first value that is not null decides, and numbers are as wide as they need be.

use super::parser::{Kind, Parser, check_depth};
use crate::input::number::{Written, printed_integer};
use arrow::datatypes::{DataType, Field};
use std::collections::HashMap;
use std::sync::Arc;

/// What was seen of one value in all rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Shape {
    /// Nothing but null.
    #[default]
    Nothing,
    Bool,
    Text,
    Number {
        fraction: bool,
        above_int64: bool,
        negative: bool,
    },
    List(Box<Self>),
    Object(Keys),
}

/// Keys in the order in which they were first seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Keys {
    pub(super) entries: Vec<(String, Shape)>,
    index: HashMap<String, usize>,
}

impl Keys {
    fn entry(&mut self, key: &str) -> &mut Shape {
        let at = match self.index.get(key) {
            Some(at) => *at,
            None => {
                self.index.insert(key.to_owned(), self.entries.len());
                self.entries.push((key.to_owned(), Shape::Nothing));
                self.entries.len() - 1
            }
        };
        &mut self.entries[at].1
    }

    /// Takes in the keys and values of one object.
    pub(super) fn see(&mut self, parser: &mut Parser<'_>, depth: usize) -> Result<(), String> {
        check_depth(depth)?;
        parser.open(b'{')?;
        let mut first = true;
        while parser.more(first, b'}')? {
            let key = parser.key()?;
            self.entry(&key).see(parser, depth + 1)?;
            first = false;
        }
        Ok(())
    }
}

impl Shape {
    /// Takes in a value. One of another kind is passed over here: the builder refuses it, and knows the place.
    fn see(&mut self, parser: &mut Parser<'_>, depth: usize) -> Result<(), String> {
        let kind = parser.kind()?;
        if *self == Self::Nothing {
            *self = match kind {
                Kind::Null => Self::Nothing,
                Kind::Bool => Self::Bool,
                Kind::String => Self::Text,
                Kind::Number => Self::Number { fraction: false, above_int64: false, negative: false },
                Kind::Array => Self::List(Box::default()),
                Kind::Object => Self::Object(Keys::default()),
            };
        }
        match (self, kind) {
            (Self::Number { fraction, above_int64, negative }, Kind::Number) => {
                let text = parser.number()?;
                let whole = Written::parse(text).is_some_and(|written| written.is_plain_integer());
                *fraction |= !whole;
                *above_int64 |= whole && !text.starts_with('-') && printed_integer::<i64>(text).is_none();
                *negative |= text.starts_with('-');
                Ok(())
            }
            (Self::List(inner), Kind::Array) => {
                check_depth(depth)?;
                parser.open(b'[')?;
                let mut first = true;
                while parser.more(first, b']')? {
                    inner.see(parser, depth + 1)?;
                    first = false;
                }
                Ok(())
            }
            (Self::Object(keys), Kind::Object) => keys.see(parser, depth),
            _ => parser.skip(depth).map(|_| ()),
        }
    }

    /// The type that holds all that was seen. What does not fit even so is refused by the builder.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Nothing | Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Number { fraction: true, .. } => DataType::Float64,
            Self::Number { above_int64: true, negative: false, .. } => DataType::UInt64,
            Self::Number { .. } => DataType::Int64,
            Self::List(inner) => DataType::List(Arc::new(Field::new_list_field(inner.data_type(), true))),
            Self::Object(keys) => {
                let field = |(key, shape): &(String, Self)| Field::new(key, shape.data_type(), true);
                DataType::Struct(keys.entries.iter().map(field).collect())
            }
        }
    }
}
