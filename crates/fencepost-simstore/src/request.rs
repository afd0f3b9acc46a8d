//! Requests and replies as the store keeps them: plain data, so that they outlive whoever sent them.

use crate::Failure;
use crate::object::Object;
use crate::random::{FNV_START, fnv};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attributes, ObjectMeta, PutMode};
use std::fmt;
use std::sync::Arc;

/// The kinds of request that the store tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Op {
    /// A write under the condition that there is nothing.
    Create,
    /// Any other write of a whole object, completed multipart uploads included.
    Put,
    /// One part of a multipart upload. It has no effect that others see.
    Part,
    /// A read.
    Get,
    /// A read of metadata.
    Head,
    /// One page of a listing. Its path is the prefix.
    List,
    /// A deletion, of one name or many. Its path is the first.
    Delete,
    /// A copy. Its path is the target.
    Copy,
}

impl Op {
    pub(crate) const fn has_effect(self) -> bool {
        matches!(self, Self::Create | Self::Put | Self::Delete | Self::Copy)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "CREATE",
            Self::Put => "PUT",
            Self::Part => "PART",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::List => "LIST",
            Self::Delete => "DELETE",
            Self::Copy => "COPY",
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Request {
    Put { path: Path, payload: Bytes, mode: PutMode, attributes: Attributes },
    Part { path: Path, bytes: u64 },
    Get { path: Path, head: bool },
    List { prefix: String, after: Option<Path> },
    Delete { paths: Vec<Path> },
    Copy { from: Path, to: Path, create: bool },
}

impl Request {
    pub(crate) const fn op(&self) -> Op {
        match self {
            Self::Put { mode: PutMode::Create, .. } => Op::Create,
            Self::Put { .. } => Op::Put,
            Self::Part { .. } => Op::Part,
            Self::Get { head: false, .. } => Op::Get,
            Self::Get { head: true, .. } => Op::Head,
            Self::List { .. } => Op::List,
            Self::Delete { .. } => Op::Delete,
            Self::Copy { .. } => Op::Copy,
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Put { path, .. } | Self::Part { path, .. } | Self::Get { path, .. } => path.as_ref(),
            Self::List { prefix, .. } => prefix,
            Self::Delete { paths } => paths.first().map_or("", |path| path.as_ref()),
            Self::Copy { to, .. } => to.as_ref(),
        }
    }
}

/// What a trace says of it, after its kind.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { path, payload, .. } => {
                write!(f, "{path} ({} bytes, {:016x})", payload.len(), fnv(FNV_START, payload))
            }
            Self::Part { path, bytes } => write!(f, "{path} ({bytes} bytes)"),
            Self::Get { path, .. } => write!(f, "{path}"),
            Self::List { prefix, after: None } => write!(f, "{prefix}/"),
            Self::List { prefix, after: Some(after) } => write!(f, "{prefix}/ after {after}"),
            Self::Delete { paths } => {
                for (index, path) in paths.iter().enumerate() {
                    write!(f, "{}{path}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Copy { from, to, .. } => write!(f, "{from} to {to}"),
        }
    }
}

/// A request on its way: who sent it, and which luck it has.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) id: u64,
    pub(crate) client: Arc<str>,
    /// The client's own count, which picks the stream of randomness.
    pub(crate) nth: u64,
    pub(crate) request: Request,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Written { e_tag: u64 },
    Found(Object),
    Page { objects: Vec<ObjectMeta>, more: bool, changes: u64 },
    Deleted(Vec<(Path, bool)>),
    Done,
    Failed(Failure),
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written { e_tag } => write!(f, "written as \"{e_tag}\""),
            Self::Found(object) => write!(f, "found \"{}\", {} bytes", object.e_tag, object.bytes.len()),
            Self::Page { objects, more, .. } => {
                write!(f, "{} names{}", objects.len(), if *more { " and more" } else { "" })
            }
            Self::Deleted(names) => {
                let left = names.iter().filter(|(_, deleted)| !deleted).count();
                write!(f, "{} deleted, {left} refused", names.len() - left)
            }
            Self::Done => f.write_str("done"),
            Self::Failed(failure) => write!(f, "{failure}"),
        }
    }
}
