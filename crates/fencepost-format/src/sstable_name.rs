//! The names of the folders of Lance's SSTables.

use std::fmt;

use crate::Generation;

/// The folder of an SSTable of Lance's, or of a flush that was to become one: `0a1b2c3d_gen_5`.
///
/// The hexadecimal half is random. Lance draws it anew for each attempt to flush a generation, so that
/// several folders may have the same generation, of which the manifest names one. (Where a table has blobs,
/// it is drawn when the memtable begins, and kept.)
///
/// ```
/// use fencepost_format::{Generation, SsTableName};
///
/// let name = SsTableName::parse("0a1b2c3d_gen_5").unwrap();
/// assert_eq!((name.generation, name.hash), (Generation(5), 0x0a1b_2c3d));
/// assert_eq!(name.to_string(), "0a1b2c3d_gen_5");
/// assert_eq!(SsTableName::parse("0A1B2C3D_gen_5"), None);
/// ```
// F-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SsTableName {
    /// The generation that was flushed there.
    pub generation: Generation,
    /// The random half.
    pub hash: u32,
}

impl SsTableName {
    /// Parses a folder's name. It is strict: eight hexadecimal digits in lower case, and a number as Lance
    /// prints it. For anything else it returns `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (hash, generation) = name.split_once("_gen_")?;
        let is_hash = hash.len() == 8 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let hash = u32::from_str_radix(is_hash.then_some(hash)?, 16).ok()?;
        let parsed = Self { generation: Generation(generation.parse().ok()?), hash };
        // What does not print as it was, such as `+5` or `05`, was not printed by Lance.
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for SsTableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}_gen_{}", self.hash, self.generation.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lance_prints_is_a_name() {
        for good in ["00000000_gen_0", "517a104b_gen_2", "ffffffff_gen_18446744073709551615"] {
            assert_eq!(SsTableName::parse(good).unwrap().to_string(), good);
        }
        let bad = [
            "",
            "_gen_1",
            "517a104_gen_1",
            "517a104b0_gen_1",
            "517A104B_gen_1",
            "517a104b_gen_",
            "517a104b_gen_01",
            "517a104b_gen_+1",
            "517a104b_gen_-1",
            "517a104b_gen_1 ",
            "517a104b_gen_18446744073709551616",
            "517a104b-gen-1",
            "517a104b_gen_1/data",
            "+17a104b_gen_1",
            "wal",
        ];
        for bad in bad {
            assert_eq!(SsTableName::parse(bad), None, "{bad}");
        }
    }
}
