//! Asking about a bucket itself: its settings, which `object_store` has no requests for.

use crate::connector::{Tap, read_some};
use crate::text::{element, redact};
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::gcp::GcpCredentialProvider;
use std::error::Error;

/// A bucket, and how requests about it are signed.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    tap: Tap,
    signer: Signer,
}

#[derive(Clone, Debug)]
enum Signer {
    S3 { credentials: AwsCredentialProvider, region: String },
    Gcs { credentials: GcpCredentialProvider },
    Nobody,
}

/// What is known of one setting of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers must match each case")]
pub enum BucketSetting {
    /// The store's document.
    Found(String),
    /// Nothing was set.
    Absent,
    /// These credentials may not read it.
    Denied(u16),
    /// It could not be found out, for this reason.
    Unknown(String),
}

impl Bucket {
    pub(crate) fn s3(
        tap: Tap,
        credentials: AwsCredentialProvider,
        region: Option<String>,
        unsigned: Option<String>,
    ) -> Self {
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let signer = match unsigned.as_deref() {
            Some("true") => Signer::Nobody,
            _ => Signer::S3 { credentials, region },
        };
        Self { tap, signer }
    }

    pub(crate) fn gcs(tap: Tap, credentials: GcpCredentialProvider, unsigned: Option<String>) -> Self {
        let signer = match unsigned.as_deref() {
            Some("true") => Signer::Nobody,
            _ => Signer::Gcs { credentials },
        };
        Self { tap, signer }
    }

    /// Reads the setting of this name: `GET bucket?name`. One request, not repeated. Nothing is known before
    /// the first listing, which tells where the bucket is.
    pub(crate) async fn setting(&self, name: &str) -> BucketSetting {
        match self.ask(name).await {
            Ok(setting) => setting,
            Err(error) => BucketSetting::Unknown(redact(&error.to_string())),
        }
    }

    async fn ask(&self, name: &str) -> Result<BucketSetting, Box<dyn Error + Send + Sync>> {
        let Some((client, address)) = self.tap.client_and_bucket() else {
            return Ok(BucketSetting::Unknown("the address of the bucket is not known".to_owned()));
        };
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = format!("{address}?{name}").parse()?;
        match &self.signer {
            Signer::S3 { credentials, region } => {
                let credential = credentials.get_credential().await?;
                AwsAuthorizer::new(&credential, "s3", region).try_authorize(&mut request, None)?;
            }
            Signer::Gcs { credentials } => {
                let credential = credentials.get_credential().await?;
                if !credential.bearer.is_empty() {
                    let bearer = format!("Bearer {}", credential.bearer);
                    request.headers_mut().insert("authorization", bearer.parse()?);
                }
            }
            Signer::Nobody => {}
        }
        let (parts, body) = client.execute(request).await?.into_parts();
        let body = read_some(body, DOCUMENT_BYTES_MAX).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        let code = element(&text, "Code").unwrap_or_default();
        Ok(match (parts.status.as_u16(), code) {
            (200, _) if body.len() < DOCUMENT_BYTES_MAX => BucketSetting::Found(text),
            (200, _) => BucketSetting::Unknown("the store's document is too large".to_owned()),
            (404, code) if NOTHING_SET.contains(&code) => BucketSetting::Absent,
            (status @ (401 | 403), _) => BucketSetting::Denied(status),
            (status, code) => BucketSetting::Unknown(redact(format!("{status} {code}").trim_end())),
        })
    }
}

/// Said where nothing was ever set.
const NOTHING_SET: [&str; 2] = ["NoSuchLifecycleConfiguration", "ObjectLockConfigurationNotFoundError"];
/// A thousand lifecycle rules, which are the most there can be, take less.
const DOCUMENT_BYTES_MAX: usize = 2 << 20;
