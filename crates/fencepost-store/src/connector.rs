//! Keeps the status of a reply where [`classify`](crate::outcome::classify) can see it.
//!
//! `object_store` turns most unsuccessful replies into one generic error whose type is private: a 429, which
//! proves that nothing was done, cannot be told from a 500, which proves nothing. A connector sits between
//! the client and the network and sees every reply, so this one turns those replies into an error of its own.
//! It also looks at what a success says, since not every 200 is the store's: see [`stranger`].

mod address;
mod direct;
mod stranger;

pub(crate) use address::SentTo;
pub use direct::DirectConnector;
pub(crate) use stranger::StrangerError;

use crate::text::element;
use futures::StreamExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};
use snafu::Snafu;
use stranger::Asked;

/// An `HttpConnector` that keeps the statuses of failed replies, for callers who build an S3, GCS or Azure
/// client by themselves and hand it to [`LogStore::new`](crate::LogStore::new).
///
/// Without it such a client's 4xx and 5xx replies are all of unknown outcome: safe, but less can be said.
/// Give it to the builder's `with_http_connector`, together with `RetryConfig { max_retries: 0, .. }`: the
/// client no longer retries on those statuses anyhow. [`LogStore::open`](crate::LogStore::open) does both.
///
/// What is beneath should not follow redirects: a write that is redirected ends in a page's 200, and passes for
/// stored. The default, [`DirectConnector`], does not; `object_store`'s own connector does.
#[derive(Debug, Default)]
pub struct ReplyConnector<C = DirectConnector> {
    inner: C,
    tap: Tap,
}

impl<C> ReplyConnector<C> {
    /// Around another connector.
    pub fn around(inner: C) -> Self {
        Self { inner, tap: Tap::default() }
    }

    pub(crate) fn tap(&self) -> Tap {
        self.tap.clone()
    }
}

/// What passes through a connector and is good for asking about the bucket itself: the client, with all its
/// settings, and where listings go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap(std::sync::Arc<std::sync::Mutex<Tapped>>);

#[derive(Debug, Default)]
struct Tapped {
    client: Option<HttpClient>,
    bucket: Option<String>,
}

impl Tap {
    /// The client, and the bucket's address; nothing before the first listing.
    pub(crate) fn client_and_bucket(&self) -> Option<(HttpClient, String)> {
        let tapped = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some((tapped.client.clone()?, tapped.bucket.clone()?))
    }

    fn connected(&self, client: &HttpClient) {
        let mut tapped = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A client for credentials may have come before; the last one is the store's.
        tapped.client = Some(client.clone());
    }

    /// A listing's address is the bucket's, with a query.
    fn lists(&self, uri: &str) {
        let mut tapped = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if tapped.bucket.is_none() {
            tapped.bucket = uri.split('?').next().map(str::to_owned);
        }
    }
}

impl<C: HttpConnector> HttpConnector for ReplyConnector<C> {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = self.inner.connect(options)?;
        self.tap.connected(&inner);
        Ok(HttpClient::new(ReplyService { inner, tap: self.tap.clone() }))
    }
}

/// An unsuccessful reply.
#[derive(Debug, Snafu)]
#[snafu(display("HTTP status {status} {} {}", code.as_deref().unwrap_or(""), message.as_deref().unwrap_or("")))]
pub(crate) struct ReplyError {
    pub(crate) status: u16,
    /// The store's own code, from the body: `SlowDown`, `NoSuchBucket`.
    pub(crate) code: Option<Box<str>>,
    message: Option<Box<str>>,
}

impl ReplyError {
    /// A redirect, which nobody follows. The host alone is named: the rest of such an address may hold a secret.
    fn redirect(status: u16, from: &Asked, location: Option<&str>) -> Self {
        let base = url::Url::parse(&from.address).ok();
        let to = location.and_then(|to| match &base {
            Some(base) => base.join(to).ok(),
            None => to.parse().ok(),
        });
        let host = to.as_ref().and_then(url::Url::host_str).unwrap_or("a place that it does not name");
        let message = format!("the store redirects to `{host}`, and redirects are not followed");
        Self { status, code: None, message: Some(message.into()) }
    }
}

#[derive(Debug)]
struct ReplyService {
    inner: HttpClient,
    tap: Tap,
}

#[async_trait::async_trait]
impl HttpService for ReplyService {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asked = Asked::of(&request);
        if asked.listing {
            self.tap.lists(&request.uri().to_string());
        }
        if let Some(sent_to) = request.extensions_mut().remove::<SentTo>() {
            sent_to.note(&asked.address);
        }
        let response = self.inner.execute(request).await?;
        let status = response.status().as_u16();
        if matches!(status, 200..=299) {
            return asked.checked(response).await;
        }
        if matches!(status, 300..=303 | 305..=399) {
            let location = response.headers().get("location").and_then(|to| to.to_str().ok());
            let error = ReplyError::redirect(status, &asked, location);
            return Err(HttpError::new(HttpErrorKind::Unknown, error));
        }
        // The client gives these a type of its own, and looks at some of them when it fetches credentials. Of
        // a denied listing, though, it makes one error with all others.
        let denied = matches!(status, 401 | 403);
        if matches!(status, 304 | 412) || (denied && !asked.listing) {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = read_some(body, BODY_BYTES_MAX).await;
        let text = String::from_utf8_lossy(&body);
        let code = element(&text, "Code").map(Box::from);
        if status == 404 && code.is_none() && !text.trim().is_empty() {
            return Err(StrangerError::unsigned_absence());
        }
        let distinct = match status {
            404 => code.as_deref().is_some_and(|code| BUCKET_MISSING.contains(&code)),
            409 => code.as_deref().is_some_and(|code| IN_FLIGHT.contains(&code)),
            _ => true,
        };
        if !distinct {
            return Ok(HttpResponse::from_parts(parts, body.into()));
        }
        let message = element(&text, "Message").map(Box::from);
        Err(HttpError::new(HttpErrorKind::Unknown, ReplyError { status, code, message }))
    }
}

/// The beginning of a body. A body that breaks off is used as far as it came: the status has been seen.
pub(crate) async fn read_some(body: HttpResponseBody, bytes_max: usize) -> Vec<u8> {
    let mut stream = body.bytes_stream();
    let mut out = Vec::new();
    while let Some(Ok(chunk)) = stream.next().await {
        out.extend_from_slice(&chunk[..chunk.len().min(bytes_max - out.len())]);
        if out.len() == bytes_max {
            break;
        }
    }
    out
}

const BUCKET_MISSING: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "ContainerDisabled"];
const IN_FLIGHT: [&str; 2] = ["ConditionalRequestConflict", "OperationAborted"];
const BODY_BYTES_MAX: usize = 16 << 10;
