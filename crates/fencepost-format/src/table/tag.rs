//! The tags of a table: objects that keep a version from being cleaned up.

use crate::FormatError;
use crate::error::damaged;
use serde::Deserialize;

/// The version of the main branch that a tag of a Lance table names, as the bytes of `_refs/tags/{name}.json` have it;
/// `None` if it names a version of another branch, which has a MemWAL of its own.
///
/// # Errors
/// [`FormatError::Damaged`].
pub fn decode_table_tag(object: &str, bytes: &[u8]) -> Result<Option<u64>, FormatError> {
    let tag: Tag = serde_json::from_slice(bytes)
        .map_err(|error| damaged(object, 0_u64, format!("not a tag of a table: {error}")))?;
    Ok(tag.branch.is_none().then_some(tag.version))
}

/// Lance's `TagContents`, as far as it matters here.
#[derive(Deserialize)]
struct Tag {
    branch: Option<String>,
    version: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_version_of_its_branch() {
        let decode = |text: &str| decode_table_tag("tag", text.as_bytes());
        let whole = r#"{"branch":null,"version":3,"createdAt":"2026-11-30T10:00:00Z","manifestSize":10,"metadata":{}}"#;
        assert_eq!(decode(whole).unwrap(), Some(3));
        assert_eq!(decode(r#"{"version":7}"#).unwrap(), Some(7));
        assert_eq!(decode(r#"{"branch":"dev","version":7}"#).unwrap(), None);
        for bad in ["", "7", r#"{"branch":null}"#, r#"{"version":-1}"#, r#"{"version":"7"}"#] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }
}
