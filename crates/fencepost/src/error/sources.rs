//! An error's text together with those of what caused it.

use std::error::Error;

/// The texts of an error and of its sources, in one line.
///
/// What a text above has already is not said again, since errors of other libraries print their sources or don't.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// let full = Error::new(ErrorKind::StorageFull, "the disk is full");
/// assert_eq!(fencepost::with_sources(&full), "the disk is full");
/// ```
#[must_use]
pub fn with_sources(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}
