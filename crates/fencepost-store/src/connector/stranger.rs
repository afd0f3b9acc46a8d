//! Replies that are not the store's.
//!
//! Between a client and its store stand proxies, gateways and, in hotels, pages that ask for a room number.
//! Some of them answer in the store's stead, with a 200 or a 404 and a page. Taken for the store's answer,
//! that 200 is a write that nobody stored, an object with a page's bytes, a folder with nothing in it (any
//! well-formed page is a listing without entries to a lenient reader), and that 404 is the end of a log. What
//! gives them away is what they say, so that is looked at wherever it costs no more than the bytes that came
//! anyhow:
//!
//! | reply | is the store's if |
//! |---|---|
//! | 2xx to a PUT | there is no body, or one that is no page and no error |
//! | 2xx to a GET of an object | it does not call itself a page and look like one |
//! | 2xx to a listing | the document is a listing, and says where it goes on if it says that it does |
//! | 2xx to a deletion of many | the document is a result of deletions |
//! | 404 | there is no body (a HEAD has none), or one with a store's code in it |
//!
//! Whatever fails here proves nothing: a write may have happened, and an object is not absent. A stranger who
//! answers with no body at all cannot be told from the store.

use super::read_some;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use snafu::Snafu;

/// A reply that the store cannot have given.
#[derive(Debug, Snafu)]
#[snafu(display(
    "HTTP status {status} with {what}; a server between here and the store may have answered instead of the store"
))]
pub(crate) struct StrangerError {
    status: u16,
    what: &'static str,
}

impl StrangerError {
    fn boxed(status: u16, what: &'static str) -> HttpError {
        HttpError::new(HttpErrorKind::Decode, Self { status, what })
    }

    pub(crate) fn unsigned_absence() -> HttpError {
        Self::boxed(404, "a text that no store sends")
    }
}

/// What was asked, as far as the reply is judged by it.
#[derive(Debug)]
pub(super) struct Asked {
    /// Without query and user name.
    pub(super) address: String,
    pub(super) listing: bool,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Write,
    Read,
    Listing,
    Deletions,
    Other,
}

impl Asked {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let listing = query.split('&').any(|part| part.starts_with("list-type=") || part == "comp=list");
        let what = match request.method().as_str() {
            "PUT" => What::Write,
            "GET" if listing => What::Listing,
            "GET" => What::Read,
            "POST" if query.split('&').any(|part| part == "delete" || part == "delete=") => What::Deletions,
            _ => What::Other,
        };
        let host = uri.authority().map_or("", |authority| {
            let whole = authority.as_str();
            whole.rsplit_once('@').map_or(whole, |(_, host)| host)
        });
        let address = format!("{}://{host}{}", uri.scheme_str().unwrap_or("http"), uri.path());
        Self { address, listing, what }
    }

    /// The reply, a 2xx, unless it is a stranger's.
    pub(super) async fn checked(&self, response: HttpResponse) -> Result<HttpResponse, HttpError> {
        let status = response.status().as_u16();
        let stranger = |what| Err(StrangerError::boxed(status, what));
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        match self.what {
            What::Write if header("content-length") != Some("0") => {
                let (parts, body) = response.into_parts();
                let body = read_some(body, LOOKED_AT_MAX).await;
                if is_page(&body) || holds(&body, "<Error") {
                    return stranger("a page or an error in answer to a write");
                }
                Ok(HttpResponse::from_parts(parts, body.into()))
            }
            What::Read if header("content-type").is_some_and(|kind| kind.contains("html")) => {
                let length = header("content-length").and_then(|length| length.parse().ok());
                if length.is_none_or(|length: usize| length > PAGE_BYTES_MAX) {
                    return Ok(response);
                }
                let (parts, body) = response.into_parts();
                let body = body.bytes().await?;
                if is_page(&body) {
                    return stranger("a page instead of an object");
                }
                Ok(HttpResponse::from_parts(parts, body.into()))
            }
            What::Listing => {
                let (parts, body) = response.into_parts();
                let body = body.bytes().await?;
                if !LISTINGS.iter().any(|root| holds(&body, root)) {
                    return stranger("a document that is not a listing");
                }
                if holds_anywhere(&body, "<IsTruncated>true</IsTruncated>")
                    && !holds_anywhere(&body, "<NextContinuationToken>")
                {
                    return stranger("a part of a listing that does not say where it continues");
                }
                Ok(HttpResponse::from_parts(parts, body.into()))
            }
            What::Deletions => {
                let (parts, body) = response.into_parts();
                let body = body.bytes().await?;
                // An error in a success is one that the client knows.
                if !holds(&body, "DeleteResult") && !holds(&body, "<Error") {
                    return stranger("a document that is not the result of a deletion");
                }
                Ok(HttpResponse::from_parts(parts, body.into()))
            }
            What::Write | What::Read | What::Other => Ok(response),
        }
    }
}

/// Whether a body begins as a web page does.
fn is_page(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let start = String::from_utf8_lossy(&start[..start.len().min(LOOKED_AT_MAX)]).to_ascii_lowercase();
    start.starts_with("<!doctype html") || (start.starts_with('<') && start.contains("<html"))
}

/// Whether a document has `text` near its beginning.
fn holds(body: &[u8], text: &str) -> bool {
    holds_anywhere(&body[..body.len().min(LOOKED_AT_MAX)], text)
}

fn holds_anywhere(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|part| part == text.as_bytes())
}

const LISTINGS: [&str; 2] = ["<ListBucketResult", "<EnumerationResults"];
const LOOKED_AT_MAX: usize = 4 << 10;
/// No page that asks for a password is larger.
const PAGE_BYTES_MAX: usize = 1 << 20;
