//! One version of an object.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attributes, ObjectMeta};
use std::time::SystemTime;

/// One version of an object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) attributes: Attributes,
    pub(crate) modified: SystemTime,
    pub(crate) e_tag: u64,
}

impl Object {
    pub(crate) fn meta(&self, location: Path) -> ObjectMeta {
        ObjectMeta {
            location,
            last_modified: self.modified.into(),
            size: self.bytes.len() as u64,
            e_tag: Some(quoted(self.e_tag)),
            version: None,
        }
    }
}

pub(crate) fn quoted(e_tag: u64) -> String {
    format!("\"{e_tag}\"")
}
