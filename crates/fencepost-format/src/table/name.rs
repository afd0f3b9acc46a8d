//! Names of table manifests.

/// The version in the name of an object of a table's `_versions/`.
///
/// Both of Lance's schemes: `7.manifest`, and `18446744073709551608.manifest`, which is `u64::MAX` less the
/// version in twenty digits. Anything else is `None`; among that are detached versions (`d…`), which are not
/// part of a table's history.
///
/// ```
/// use fencepost_format::parse_table_manifest_name;
///
/// assert_eq!(parse_table_manifest_name("7.manifest"), Some(7));
/// assert_eq!(parse_table_manifest_name("18446744073709551608.manifest"), Some(7));
/// assert_eq!(parse_table_manifest_name("d9223372036854775815.manifest"), None);
/// ```
#[must_use]
pub fn parse_table_manifest_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".manifest")?;
    let number: u64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?.parse().ok()?;
    let (version, printed) = match digits.len() {
        20 => (u64::MAX - number, format!("{number:020}")),
        _ => (number, number.to_string()),
    };
    // The highest bit marks a detached version, which has a name of another form.
    (printed == digits && version > 0 && version >> 63 == 0).then_some(version)
}

/// The version in the name of a detached version's manifest: one that was committed beside the table's history,
/// and that can be opened by its number. Its highest bit is set.
///
/// ```
/// use fencepost_format::parse_detached_manifest_name;
///
/// assert_eq!(parse_detached_manifest_name("d9223372036854775815.manifest"), Some(1 << 63 | 7));
/// assert_eq!(parse_detached_manifest_name("7.manifest"), None);
/// ```
#[must_use]
pub fn parse_detached_manifest_name(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('d')?.strip_suffix(".manifest")?;
    let version: u64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?.parse().ok()?;
    (version.to_string() == digits && version >> 63 == 1).then_some(version)
}
