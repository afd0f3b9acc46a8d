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
        let Some(scheme) = scheme(text) else {
            return match mistyped(text) {
                Some(problem) => BadLocationSnafu { location: shown(&without_user(text)), problem }.fail(),
                None => directory(text),
            };
        };
        if text.trim() != text {
            return bad(WHITE_SPACE);
        }
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
            // Of these, `url` makes the root directory.
            "file" if has_no_path(text) => {
                bad("the URL names no directory; write file:///absolute/path with three slashes")
            }
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

/// Whether nothing follows `file://`, or no more than a host.
fn has_no_path(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '\\']))
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

/// Why a path is more likely a URL or a home directory that was mistyped, and what to write instead.
///
/// A log in a directory of such a name would be acknowledged all the same, and be found nowhere later. What
/// is really meant to be a directory of that name is written with `./` in front.
fn mistyped(text: &str) -> Option<String> {
    let here = |why: &str| Some(format!("{why} (or, for a directory of this very name, put ./ in front)"));
    if text.starts_with(char::is_whitespace) {
        return here(WHITE_SPACE);
    }
    if text.starts_with('~') {
        return here(
            "the shell did not put the home directory in place of `~`; write the whole path, or $HOME",
        );
    }
    if text.starts_with('$') || (text.starts_with('%') && text[1..].contains('%')) {
        return here("the shell did not put a value in place of the variable; write the whole path");
    }
    let first = text.split(['/', '\\']).next().unwrap_or(text);
    let host = first.split(':').next().unwrap_or(first).to_ascii_lowercase();
    if CLOUD_HOSTS.iter().any(|suffix| host.ends_with(suffix)) {
        return here("a web address begins with https://");
    }
    // A slash begins a path, and so do `./` and `../`: what follows is not looked at.
    if first.is_empty() || first == "." || first == ".." {
        return None;
    }
    if let Some((before, after)) = text.split_once(':') {
        let name = before.trim().to_ascii_lowercase();
        if name == "arn" {
            return here("names of resources are not used; write s3://BUCKET/PREFIX");
        }
        if SCHEMES.contains(&&*name) {
            let rest = without_user(after.trim_start_matches(['/', '\\']));
            let slashes = if name == "file" { ":///" } else { "://" };
            return here(&format!("a URL of this kind is written {name}{slashes}{rest}"));
        }
        let port = after.split('/').next().unwrap_or_default();
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let host = before.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if before.len() > 1 && digits && host {
            return here(
                "this is the address of a server; write s3://BUCKET/PREFIX and set AWS_ENDPOINT to it",
            );
        }
        let (plain, slash) = (!before.contains('/') && before.len() > 1, after.starts_with(['/', '\\']));
        if (plain && slash) || after.starts_with("//") {
            return here("this is neither a path nor a URL; URLs begin with file:///, s3://, gs:// or az://");
        }
    }
    let bare = first.to_ascii_lowercase();
    if SCHEMES.contains(&&*bare) && text[first.len()..].starts_with("//") {
        let rest = without_user(text[first.len()..].trim_start_matches('/'));
        return here(&format!("there is a colon missing; write {bare}://{rest}"));
    }
    None
}

/// Without what stands before an `@` or behind a `?`, which may be a credential.
fn without_user(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or(text);
    match text.rsplit_once('@') {
        Some((_, after)) => format!("..@{after}"),
        None => text.to_owned(),
    }
}

const WHITE_SPACE: &str = "there is white space around it; leave it out";

/// What URLs begin with, those included that are not known here but meant.
const SCHEMES: [&str; 15] = [
    "file", "memory", "s3", "s3a", "s3n", "gs", "gcs", "az", "adl", "azure", "abfs", "abfss", "wasbs",
    "http", "https",
];

/// How the names of the clouds' own servers end.
const CLOUD_HOSTS: [&str; 6] = [
    ".amazonaws.com",
    ".core.windows.net",
    ".fabric.microsoft.com",
    ".googleapis.com",
    ".cloudflarestorage.com",
    ".digitaloceanspaces.com",
];

/// The location as it may be shown.
pub(super) fn shown(text: &str) -> String {
    crate::text::redact(text)
}

#[cfg(test)]
mod tests;
