//! JSON values into columns: a value that its column's type would change is refused.

use super::parser::{Kind, Parser, check_depth};
use crate::input::leaf::{Agreement, Leaf, leaf};
use crate::input::types;
use crate::shown::shown;
use arrow::array::{Array, ArrayRef, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What is wrong, and the names that lead there, innermost first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) what: String,
    path: Vec<Step>,
    /// Lines from the row's first one.
    pub(super) line: u64,
    /// Whether it is nothing but too large.
    pub(super) is_of_size: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Misfit {
    fn new(what: impl Into<String>, parser: &Parser<'_>) -> Self {
        Self { what: what.into(), path: Vec::new(), line: parser.line(), is_of_size: false }
    }

    fn of_size(what: String, parser: &Parser<'_>) -> Self {
        Self { is_of_size: true, ..Self::new(what, parser) }
    }

    fn below(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }

    /// The column, if the fault is in one.
    pub(super) fn column(&self) -> Option<&str> {
        self.path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }

    /// Such as `a.b[2]`.
    pub(super) fn place(&self) -> String {
        let mut out = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Key(key) if out.is_empty() => out.push_str(key),
                Step::Key(key) => {
                    let _ = write!(out, ".{key}");
                }
                Step::Index(at) => {
                    let _ = write!(out, "[{at}]");
                }
            }
        }
        out
    }
}

/// What a row takes in a batch, and how much that may be: nulls in place of missing keys may be far more than
/// its text.
#[derive(Debug)]
pub(super) struct Room {
    used: usize,
    max: usize,
}

impl Room {
    pub(super) fn new(max: u64) -> Self {
        Self { used: 0, max: usize::try_from(max).unwrap_or(usize::MAX) }
    }

    pub(super) const fn used(&self) -> usize {
        self.used
    }

    fn take(&mut self, bytes: usize, parser: &Parser<'_>) -> Result<(), Misfit> {
        self.used = self.used.saturating_add(bytes);
        if self.used <= self.max {
            return Ok(());
        }
        let what = format!("a row of more than {} bytes in memory", self.max);
        Err(Misfit::of_size(what, parser))
    }
}

/// Builds one column or what is nested in one.
pub(super) enum Node {
    Leaf { leaf: Box<dyn Leaf>, data_type: DataType, takes: Takes },
    List { field: FieldRef, inner: Box<Self>, offsets: Vec<i32>, valid: Vec<bool> },
    Object { keys: Keys, valid: Vec<bool> },
}

/// Which values a leaf takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Those of the kind that the first rows have.
    Only(Kind),
    /// Whatever names a value of the type that was asked for; any value as it is written, for text.
    Any,
}

/// The keys of an object, each with its values.
pub(super) struct Keys {
    fields: Fields,
    nodes: Vec<Node>,
    index: HashMap<String, usize>,
    /// What a null in each of them takes, and in all of them.
    widths: Vec<usize>,
    width: usize,
    /// In which object, counted from 1, each key was last seen.
    seen: Vec<u64>,
    objects: u64,
}

impl Keys {
    pub(super) fn new(fields: Fields, mut node: impl FnMut(&FieldRef) -> Node) -> Self {
        let nodes: Vec<_> = fields.iter().map(&mut node).collect();
        let index = fields.iter().enumerate().map(|(at, field)| (field.name().clone(), at)).collect();
        let seen = vec![0; nodes.len()];
        let widths: Vec<_> = nodes.iter().map(Node::width).collect();
        let width = widths.iter().sum();
        Self { fields, nodes, index, widths, width, seen, objects: 0 }
    }

    pub(super) fn inferred(fields: Fields) -> Self {
        Self::new(fields, |field| Node::inferred(field.data_type()))
    }

    /// Adds an object. What is not in it is null.
    pub(super) fn push(
        &mut self,
        parser: &mut Parser<'_>,
        depth: usize,
        room: &mut Room,
    ) -> Result<(), Misfit> {
        check_depth(depth).and_then(|()| parser.open(b'{')).map_err(|what| Misfit::new(what, parser))?;
        self.objects += 1;
        let (mut first, mut missing) = (true, self.width);
        while parser.more(first, b'}').map_err(|what| Misfit::new(what, parser))? {
            first = false;
            let key = parser.key().map_err(|what| Misfit::new(what, parser))?;
            let below = |misfit: Misfit| misfit.below(Step::Key(key.clone().into_owned()));
            let Some(&at) = self.index.get(&*key) else {
                let what = "a field that the first rows do not have";
                return Err(below(Misfit::new(what, parser)));
            };
            if std::mem::replace(&mut self.seen[at], self.objects) == self.objects {
                return Err(below(Misfit::new("the key occurs twice", parser)));
            }
            self.nodes[at].push(parser, depth + 1, room).map_err(below)?;
            missing -= self.widths[at];
        }
        room.take(missing, parser)?;
        for (node, seen) in self.nodes.iter_mut().zip(&self.seen) {
            if *seen != self.objects {
                node.push_null();
            }
        }
        Ok(())
    }

    fn push_null(&mut self) {
        self.nodes.iter_mut().for_each(Node::push_null);
    }

    pub(super) fn take(&mut self, rows: usize) -> Vec<ArrayRef> {
        self.nodes.iter_mut().map(|node| node.take(rows)).collect()
    }
}

impl Node {
    pub(super) fn inferred(data_type: &DataType) -> Self {
        match data_type {
            DataType::List(field) => Self::List {
                field: field.clone(),
                inner: Box::new(Self::inferred(field.data_type())),
                offsets: vec![0],
                valid: Vec::new(),
            },
            DataType::Struct(fields) => {
                Self::Object { keys: Keys::inferred(fields.clone()), valid: Vec::new() }
            }
            _ => {
                let kind = match data_type {
                    DataType::Utf8 => Kind::String,
                    DataType::Boolean => Kind::Bool,
                    _ => Kind::Number,
                };
                Self::leaf(data_type, Takes::Only(kind))
            }
        }
    }

    pub(super) fn leaf(data_type: &DataType, takes: Takes) -> Self {
        // Whole numbers have one form in JSON; 1.5 and 15e-1 are the same float.
        let exact = takes != Takes::Any && data_type.is_integer();
        let agreement = if exact { Agreement::Printed } else { Agreement::Named };
        let leaf = leaf(data_type, agreement).expect("types that are asked for or chosen can be built");
        Self::Leaf { leaf, data_type: data_type.clone(), takes }
    }

    /// What a null takes, about.
    fn width(&self) -> usize {
        match self {
            Self::Leaf { data_type, .. } => {
                data_type.primitive_width().unwrap_or(VALUE_BYTES).max(VALUE_BYTES)
            }
            Self::List { .. } => VALUE_BYTES,
            Self::Object { keys, .. } => keys.width + 1,
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Leaf { leaf, .. } => leaf.push_null(),
            Self::List { offsets, valid, .. } => {
                offsets.push(*offsets.last().expect("the first one is 0"));
                valid.push(false);
            }
            Self::Object { keys, valid } => {
                keys.push_null();
                valid.push(false);
            }
        }
    }

    fn push(&mut self, parser: &mut Parser<'_>, depth: usize, room: &mut Room) -> Result<(), Misfit> {
        let kind = parser.kind().map_err(|what| Misfit::new(what, parser))?;
        if kind == Kind::Null {
            parser.null().map_err(|what| Misfit::new(what, parser))?;
            room.take(self.width(), parser)?;
            self.push_null();
            return Ok(());
        }
        match self {
            Self::Leaf { leaf, data_type, takes } => {
                let before = parser.rest().len();
                push_leaf(&mut **leaf, data_type, *takes, kind, parser, depth)?;
                let written = if *data_type == DataType::Utf8 { before - parser.rest().len() } else { 0 };
                room.take(self.width() + written, parser)
            }
            Self::List { inner, offsets, valid, .. } if kind == Kind::Array => {
                check_depth(depth)
                    .and_then(|()| parser.open(b'['))
                    .map_err(|what| Misfit::new(what, parser))?;
                let mut count = 0;
                while parser.more(count == 0, b']').map_err(|what| Misfit::new(what, parser))? {
                    inner.push(parser, depth + 1, room).map_err(|misfit| misfit.below(Step::Index(count)))?;
                    count += 1;
                }
                // A batch is bounded by bytes, and an element takes two at least.
                let end = i32::try_from(count).ok().and_then(|count| offsets.last()?.checked_add(count));
                offsets.push(end.ok_or_else(|| Misfit::new("too many elements", parser))?);
                valid.push(true);
                room.take(VALUE_BYTES, parser)
            }
            Self::Object { keys, valid } if kind == Kind::Object => {
                keys.push(parser, depth, room)?;
                valid.push(true);
                room.take(1, parser)
            }
            Self::List { .. } => Err(other_kind(kind, Kind::Array, parser, depth)),
            Self::Object { .. } => Err(other_kind(kind, Kind::Object, parser, depth)),
        }
    }

    /// The first values, and nothing is left. There may be one more, of which a part was refused.
    fn take(&mut self, rows: usize) -> ArrayRef {
        match self {
            Self::Leaf { leaf, .. } => leaf.take().slice(0, rows),
            Self::List { field, inner, offsets, valid } => {
                let mut offsets = std::mem::replace(offsets, vec![0]);
                offsets.truncate(rows + 1);
                let count = *offsets.last().expect("the first one is 0");
                let values = inner.take(usize::try_from(count).expect("counted up from 0"));
                let offsets = OffsetBuffer::new(offsets.into());
                Arc::new(ListArray::new(field.clone(), offsets, values, take_valid(valid, rows)))
            }
            Self::Object { keys, valid } => {
                let valid = take_valid(valid, rows);
                if keys.nodes.is_empty() {
                    return Arc::new(StructArray::new_empty_fields(rows, valid));
                }
                Arc::new(StructArray::new(keys.fields.clone(), keys.take(rows), valid))
            }
        }
    }
}

fn take_valid(valid: &mut Vec<bool>, rows: usize) -> Option<NullBuffer> {
    let mut valid = std::mem::take(valid);
    valid.truncate(rows);
    (!valid.iter().all(|valid| *valid)).then(|| NullBuffer::from(valid))
}

fn push_leaf(
    leaf: &mut dyn Leaf,
    data_type: &DataType,
    takes: Takes,
    kind: Kind,
    parser: &mut Parser<'_>,
    depth: usize,
) -> Result<(), Misfit> {
    if let Takes::Only(expected) = takes
        && kind != expected
    {
        return Err(other_kind(kind, expected, parser, depth));
    }
    let before = parser.clone();
    let pushed = match kind {
        Kind::String => parser.string().map(|text| leaf.push(&text).map_err(|why| (shown(&text), why))),
        Kind::Number => parser.number().map(|text| leaf.push(text).map_err(|why| (shown(text), why))),
        Kind::Bool => parser.truth().map(|text| leaf.push(text).map_err(|why| (shown(text), why))),
        // Only text takes them, as they are written.
        Kind::Array | Kind::Object if *data_type == DataType::Utf8 => {
            parser.skip(depth).map(|text| leaf.push(text).map_err(|why| (shown(text), why)))
        }
        Kind::Array | Kind::Object | Kind::Null => {
            let what = format!("{} where {} was asked for", kind.name(), types::name(data_type));
            return Err(Misfit::new(what, parser));
        }
    };
    match pushed {
        Ok(Ok(())) => Ok(()),
        Ok(Err((text, why))) => Err(Misfit::new(format!("{text} {why}"), &before)),
        Err(what) => Err(Misfit::new(what, &before)),
    }
}

fn other_kind(found: Kind, expected: Kind, parser: &mut Parser<'_>, depth: usize) -> Misfit {
    let before = parser.clone();
    match parser.skip(depth) {
        Ok(text) => {
            let what =
                format!("{} ({}) where the first rows have {}", found.name(), shown(text), expected.name());
            Misfit::new(what, &before)
        }
        Err(what) => Misfit::new(what, &before),
    }
}

/// About the least that a value takes in a batch.
const VALUE_BYTES: usize = 8;
