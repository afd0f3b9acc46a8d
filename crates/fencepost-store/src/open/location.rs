//! What a location means, before anything is opened.

use super::{BadLocationSnafu, NoBucketSnafu, OpenError, UnknownSchemeSnafu};
use crate::store::Backend;
use object_store::ObjectStoreScheme;
use object_store::path::Path as ObjectPath;
use std::path::PathBuf;
use url::Url;

/// A location, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// An absolute path.
    Directory(PathBuf),
    Memory {
        name: String,
        prefix: ObjectPath,
    },
    Cloud {
        url: Url,
        backend: Backend,
        prefix: ObjectPath,
    },
}

impl Location {
    pub(super) fn parse(text: &str) -> Result<Self, OpenError> {
        let bad = |problem: &str| BadLocationSnafu { location: shown(text), problem }.fail();
        if text.is_empty() {
            return bad("the location is empty; give a directory or a URL");
        }
        let Some(scheme) = scheme(text) else { return directory(text) };
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(url::ParseError::EmptyHost) => {
                return NoBucketSnafu { location: shown(text), scheme: scheme.to_lowercase() }.fail();
            }
            Err(error) => return bad(&format!("not a valid URL ({error})")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return bad(
                "queries and fragments are not used; pass settings as options or environment variables, \
                        and escape `?` as %3F and `#` as %23 in names",
            );
        }
        let azure = matches!(url.scheme(), "az" | "adl" | "azure" | "abfs" | "abfss");
        if url.password().is_some() || (!url.username().is_empty() && !azure) {
            return bad("credentials do not belong in a URL; pass them as options or environment variables");
        }
        match url.scheme() {
            "file" => match url.to_file_path() {
                Ok(path) => Ok(Self::Directory(path)),
                Err(()) => bad("a file URL has no host; write file:///absolute/path with three slashes"),
            },
            "memory" => {
                let name = url.host_str().unwrap_or_default().to_owned();
                Ok(Self::Memory { name, prefix: prefix(text, url.path())? })
            }
            _ => Self::cloud(text, url),
        }
    }

    fn cloud(text: &str, url: Url) -> Result<Self, OpenError> {
        let scheme = url.scheme().to_owned();
        let known =
            ["s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss", "http", "https"].contains(&&*scheme);
        if known && url.host_str().is_none_or(str::is_empty) {
            return NoBucketSnafu { location: shown(text), scheme }.fail();
        }
        let parsed = ObjectStoreScheme::parse(&url);
        let (backend, path) = match parsed {
            Ok((ObjectStoreScheme::AmazonS3, path)) => (Backend::S3, path),
            Ok((ObjectStoreScheme::GoogleCloudStorage, path)) => (Backend::Gcs, path),
            Ok((ObjectStoreScheme::MicrosoftAzure, path)) => (Backend::Azure, path),
            Ok(_) => {
                let problem = "plain web servers cannot create objects exclusively; for a server that speaks S3 write \
                               s3://BUCKET/PREFIX and set AWS_ENDPOINT to its address";
                return BadLocationSnafu { location: shown(text), problem }.fail();
            }
            Err(_) if !known => return UnknownSchemeSnafu { location: shown(text), scheme }.fail(),
            Err(error) => {
                return BadLocationSnafu { location: shown(text), problem: error.to_string() }.fail();
            }
        };
        Ok(Self::Cloud { url, backend, prefix: path })
    }
}

fn directory(text: &str) -> Result<Location, OpenError> {
    std::path::absolute(text)
        .map(Location::Directory)
        .map_err(|error| OpenError::Directory { path: text.into(), source: error })
}

fn prefix(text: &str, path: &str) -> Result<ObjectPath, OpenError> {
    ObjectPath::from_url_path(path)
        .map_err(|error| OpenError::BadLocation { location: shown(text), problem: error.to_string() })
}

/// The part before `://`, or before `:/` for the schemes that are used so. Anything else is a path, a single
/// letter before a colon (a drive) included.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let plausible = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let short = matches!(scheme, "file" | "memory") && rest.starts_with('/');
    (plausible && (rest.starts_with("//") || short)).then_some(scheme)
}

/// The location as it may be shown.
pub(super) fn shown(text: &str) -> String {
    crate::text::redact(text)
}

#[cfg(test)]
mod tests;
