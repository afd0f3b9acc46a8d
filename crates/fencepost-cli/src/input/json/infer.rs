//! The types of JSON values: the first value that is not null decides, and numbers are as wide as they need be.

use super::parser::{Kind, Parser, check_depth};
use crate::input::number::{Written, printed_integer};
use crate::input::types::FIELDS_MAX;
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

/// How many fields the types have so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count(usize);

impl Count {
    /// One more. Beyond what a schema may have nothing is looked at any more.
    fn add(&mut self) -> Result<(), String> {
        self.0 += 1;
        if self.is_too_many() { Err("too many fields".to_owned()) } else { Ok(()) }
    }

    pub(super) const fn is_too_many(self) -> bool {
        self.0 > FIELDS_MAX
    }
}

impl Keys {
    fn entry(&mut self, key: &str, count: &mut Count) -> Result<&mut Shape, String> {
        let at = match self.index.get(key) {
            Some(at) => *at,
            None => {
                count.add()?;
                self.index.insert(key.to_owned(), self.entries.len());
                self.entries.push((key.to_owned(), Shape::Nothing));
                self.entries.len() - 1
            }
        };
        Ok(&mut self.entries[at].1)
    }

    /// Takes in the keys of a row, and the values of those that nobody `chose` a type for.
    pub(super) fn see_row(
        &mut self,
        parser: &mut Parser<'_>,
        count: &mut Count,
        chose: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        self.see(parser, 0, count, &chose)
    }

    fn see(
        &mut self,
        parser: &mut Parser<'_>,
        depth: usize,
        count: &mut Count,
        chose: &dyn Fn(&str) -> bool,
    ) -> Result<(), String> {
        check_depth(depth)?;
        parser.open(b'{')?;
        let mut first = true;
        while parser.more(first, b'}')? {
            let key = parser.key()?;
            let shape = self.entry(&key, count)?;
            if chose(&key) {
                parser.skip(depth + 1)?;
            } else {
                shape.see(parser, depth + 1, count)?;
            }
            first = false;
        }
        Ok(())
    }
}

impl Shape {
    /// Takes in a value. One of another kind is passed over here: the builder refuses it, and knows the place.
    fn see(&mut self, parser: &mut Parser<'_>, depth: usize, count: &mut Count) -> Result<(), String> {
        let kind = parser.kind()?;
        if *self == Self::Nothing {
            if kind == Kind::Array {
                count.add()?;
            }
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
                    inner.see(parser, depth + 1, count)?;
                    first = false;
                }
                Ok(())
            }
            (Self::Object(keys), Kind::Object) => keys.see(parser, depth, count, &|_| false),
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
