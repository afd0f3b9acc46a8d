//! Clients of cloud stores, set up the one way that a log can use: retries off, no redirect followed,
//! statuses kept.

use super::{BadLocationSnafu, OpenError, UnknownOptionSnafu, location::shown};
use crate::bucket::Bucket;
use crate::connector::{DirectConnector, ReplyConnector};
use crate::options::StoreOptions;
use crate::store::Backend;
use crate::text::redact;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A client, and what can be asked about its bucket.
pub(super) struct Built {
    pub(super) store: Arc<dyn ObjectStore>,
    /// Where its requests go, if that was configured.
    pub(super) endpoint: Option<String>,
    pub(super) bucket: Option<Bucket>,
}

pub(super) fn build(url: &Url, backend: Backend, options: &StoreOptions) -> Result<Built, OpenError> {
    let failed = |error: object_store::Error| OpenError::Client {
        location: shown(url.as_str()),
        message: redact(&error.to_string()),
    };
    let timeout = format!("{}ms", options.request_timeout.as_millis());
    let connector = ReplyConnector::<DirectConnector>::default();
    let tap = connector.tap();
    match backend {
        Backend::S3 => {
            let mut builder = AmazonS3Builder::from_env()
                .with_url(url.as_str())
                .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), timeout)
                .with_retry(no_retries())
                .with_http_connector(connector);
            for (key, value) in &options.client_options {
                builder = builder.with_config(parse(key, "S3")?, value);
            }
            let endpoint = builder.get_config_value(&AmazonS3ConfigKey::S3Endpoint);
            let endpoint = endpoint.or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
            let allowed = builder.get_config_value(&AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
            check_http(url, endpoint.as_deref(), allowed.as_deref())?;
            let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
            let unsigned = builder.get_config_value(&AmazonS3ConfigKey::SkipSignature);
            let store = Arc::new(builder.build().map_err(failed)?);
            Ok(Built {
                bucket: Some(Bucket::s3(tap, Arc::clone(store.credentials()), region, unsigned)),
                store,
                endpoint,
            })
        }
        Backend::Gcs => {
            let mut builder = GoogleCloudStorageBuilder::from_env()
                .with_url(url.as_str())
                .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), timeout)
                .with_retry(no_retries())
                .with_http_connector(connector);
            for (key, value) in &options.client_options {
                builder = builder.with_config(parse(key, "Google Cloud Storage")?, value);
            }
            let unsigned = builder.get_config_value(&GoogleConfigKey::SkipSignature);
            let store = Arc::new(builder.build().map_err(failed)?);
            Ok(Built {
                bucket: Some(Bucket::gcs(tap, Arc::clone(store.credentials()), unsigned)),
                store,
                endpoint: None,
            })
        }
        _ => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_url(url.as_str())
                .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), timeout)
                .with_retry(no_retries())
                .with_http_connector(connector);
            for (key, value) in &options.client_options {
                builder = builder.with_config(parse(key, "Azure")?, value);
            }
            check_emulator(url, &builder)?;
            let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
            Ok(Built {
                store: Arc::new(builder.build().map_err(failed)?),
                endpoint,
                // Its settings belong to the account, whose management has other addresses and other credentials.
                bucket: None,
            })
        }
    }
}

/// Without permission the client refuses plain HTTP only when it sends, and then as an error like any other.
fn check_http(url: &Url, endpoint: Option<&str>, allowed: Option<&str>) -> Result<(), OpenError> {
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) && allowed != Some("true") {
        let problem = "the endpoint is plain HTTP; use HTTPS, or allow it with the option `allow_http` or the \
                       environment variable AWS_ALLOW_HTTP set to true";
        return BadLocationSnafu { location: shown(url.as_str()), problem }.fail();
    }
    Ok(())
}

/// The emulator's client ignores a configured endpoint without a word and talks to another address.
fn check_emulator(url: &Url, builder: &MicrosoftAzureBuilder) -> Result<(), OpenError> {
    let emulator = builder.get_config_value(&AzureConfigKey::UseEmulator).as_deref() == Some("true");
    if emulator && builder.get_config_value(&AzureConfigKey::Endpoint).is_some() {
        let problem = "with the emulator an endpoint has no effect; put its address in the environment variable \
                       AZURITE_BLOB_STORAGE_URL and leave the endpoint out";
        return BadLocationSnafu { location: shown(url.as_str()), problem }.fail();
    }
    Ok(())
}

fn parse<K: FromStr>(key: &str, store: &'static str) -> Result<K, OpenError> {
    key.to_ascii_lowercase().parse().or_else(|_| UnknownOptionSnafu { key, store }.fail())
}

/// One call, one attempt. See [`ClientRetries`](crate::ClientRetries).
fn no_retries() -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: 0, retry_timeout: Duration::ZERO }
}
