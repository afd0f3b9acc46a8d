//! Signed requests of our own, for what a log never asks of a store: making a bucket, and looking whether a
//! server is up.

use crate::error::{Error, Result};
use crate::kind::Dialect;
use object_store::ClientOptions;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::{HttpConnector as _, HttpRequest, HttpRequestBody, ReqwestConnector};
use std::time::Duration;

/// Whom requests go to, and who signs them.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) dialect: Dialect,
    pub(crate) endpoint: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl Signer {
    /// Makes a bucket. One that is there already is as good.
    pub(crate) async fn make_bucket(&self, bucket: &str) -> Result<()> {
        let target = match self.dialect {
            Dialect::S3 => format!("/{bucket}"),
            Dialect::Azure => format!("/{}/{bucket}?restype=container", self.key),
        };
        match self.put(&target, &[], "").await? {
            200 | 201 | 409 => Ok(()),
            status => Err(self.failed(&target, format!("answered {status}"))),
        }
    }

    /// Gives an S3 bucket a setting.
    pub(crate) async fn set(&self, bucket: &str, setting: &str, document: &'static str) -> Result<()> {
        let target = format!("/{bucket}?{setting}");
        match self.put(&target, &[], document).await? {
            200 | 204 => Ok(()),
            status => Err(self.failed(&target, format!("answered {status}"))),
        }
    }

    /// Writes a small object, whatever was there.
    pub(crate) async fn put_object(&self, name: &str) -> Result<()> {
        let (target, headers): (_, &[_]) = match self.dialect {
            Dialect::S3 => (format!("/{BUCKET}/{name}"), &[]),
            Dialect::Azure => (format!("/{}/{BUCKET}/{name}", self.key), &[("x-ms-blob-type", "BlockBlob")]),
        };
        match self.put(&target, headers, "ready").await? {
            200 | 201 => Ok(()),
            status => Err(self.failed(&target, format!("answered {status}"))),
        }
    }

    async fn put(
        &self,
        target: &str,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Result<u16> {
        let failed = |error: &dyn std::error::Error| self.failed(target, error.to_string());
        let mut builder = http::Request::put(format!("{}{target}", self.endpoint));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let builder = builder.header("content-length", body.len());
        let body = if body.is_empty() { HttpRequestBody::empty() } else { body.to_owned().into() };
        let mut request: HttpRequest = builder.body(body).map_err(|error| failed(&error))?;
        match self.dialect {
            Dialect::S3 => {
                let credential =
                    AwsCredential { key_id: self.key.clone(), secret_key: self.secret.clone(), token: None };
                let authorizer = AwsAuthorizer::new(&credential, "s3", REGION);
                authorizer.try_authorize(&mut request, None).map_err(|error| failed(&error))?;
            }
            Dialect::Azure => {
                let key = AzureAccessKey::try_new(&self.secret).map_err(|error| failed(&error))?;
                let credential = AzureCredential::AccessKey(key);
                let authorizer = AzureAuthorizer::new(&credential, &self.key);
                authorizer.try_authorize(&mut request).map_err(|error| failed(&error))?;
            }
        }
        let options = ClientOptions::new().with_allow_http(true).with_timeout(TIMEOUT);
        let client = ReqwestConnector::default().connect(&options).map_err(|error| failed(&error))?;
        let response = client.execute(request).await.map_err(|error| failed(&error))?;
        Ok(response.status().as_u16())
    }

    fn failed(&self, target: &str, message: String) -> Error {
        Error::Request { what: format!("PUT {}{target}", self.endpoint), message }
    }
}

/// The bucket, or container, of every log here.
pub(crate) const BUCKET: &str = "fencepost";
pub(crate) const REGION: &str = "us-east-1";
const TIMEOUT: Duration = Duration::from_secs(10);
