//! A client that goes where it was sent and nowhere else.

use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};
use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// Connects as `object_store`'s own connector does, with one difference: redirects are not followed.
///
/// A write that is redirected has been stored nowhere, or at a place that nobody will read; followed, a 303 turns
/// it into a GET of some page, whose 200 then passes for the write's. A redirect therefore reaches the caller as
/// the failure it is.
///
/// All settings that have a [`ClientConfigKey`] are obeyed, and default headers and a DNS resolver too. Root
/// certificates given as values (`ClientOptions::with_root_certificate`) cannot be read from the options: put them
/// among the system's.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no state")]
pub struct DirectConnector;

impl HttpConnector for DirectConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = configured(options)?.build().map_err(failed)?;
        Ok(HttpClient::new(client))
    }
}

fn configured(options: &ClientOptions) -> object_store::Result<ClientBuilder> {
    use ClientConfigKey as Key;
    let settings = Settings(options);
    // Compressed bodies would have other lengths than their objects.
    let mut builder = ClientBuilder::new()
        .redirect(Policy::none())
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .user_agent(settings.text(&Key::UserAgent).unwrap_or_else(|| USER_AGENT.to_owned()))
        .https_only(!settings.flag(&Key::AllowHttp)?)
        .tls_danger_accept_invalid_certs(settings.flag(&Key::AllowInvalidCertificates)?);
    if settings.flag(&Key::NoSystemCertificates)? {
        builder = builder.tls_certs_only(std::iter::empty::<Certificate>());
    }
    if let Some(headers) = options.get_default_headers() {
        builder = builder.default_headers(headers.clone());
    }
    if let Some(proxy) = settings.text(&Key::ProxyUrl) {
        let mut proxy = Proxy::all(proxy).map_err(failed)?;
        if let Some(certificate) = settings.text(&Key::ProxyCaCertificate) {
            let certificate = Certificate::from_pem(certificate.as_bytes()).map_err(failed)?;
            builder = builder.tls_certs_merge(std::iter::once(certificate));
        }
        if let Some(excludes) = settings.text(&Key::ProxyExcludes) {
            proxy = proxy.no_proxy(NoProxy::from_string(&excludes));
        }
        builder = builder.proxy(proxy);
    }
    if let Some(timeout) = settings.duration(&Key::Timeout)? {
        builder = builder.timeout(timeout);
    }
    if let Some(timeout) = settings.duration(&Key::ConnectTimeout)? {
        builder = builder.connect_timeout(timeout);
    }
    if let Some(timeout) = settings.duration(&Key::ReadTimeout)? {
        builder = builder.read_timeout(timeout);
    }
    if let Some(timeout) = settings.duration(&Key::PoolIdleTimeout)? {
        builder = builder.pool_idle_timeout(timeout);
    }
    if let Some(max) = settings.number(&Key::PoolMaxIdlePerHost)? {
        builder = builder.pool_max_idle_per_host(max);
    }
    if let Some(interval) = settings.duration(&Key::Http2KeepAliveInterval)? {
        builder = builder.http2_keep_alive_interval(interval);
    }
    if let Some(timeout) = settings.duration(&Key::Http2KeepAliveTimeout)? {
        builder = builder.http2_keep_alive_timeout(timeout);
    }
    if settings.flag(&Key::Http2KeepAliveWhileIdle)? {
        builder = builder.http2_keep_alive_while_idle(true);
    }
    if let Some(size) = settings.number::<u32>(&Key::Http2MaxFrameSize)? {
        builder = builder.http2_max_frame_size(size);
    }
    if settings.flag(&Key::Http1Only)? {
        builder = builder.http1_only();
    }
    if settings.flag(&Key::Http2Only)? {
        builder = builder.http2_prior_knowledge();
    }
    if let Some(resolver) = options.dns_resolver() {
        builder = builder.dns_resolver(Arc::new(Theirs(Arc::clone(resolver))));
    } else if settings.flag(&Key::RandomizeAddresses)? {
        builder = builder.dns_resolver(Arc::new(Shuffled));
    }
    Ok(builder)
}

/// Options are private to `object_store`, but each can be had as text.
struct Settings<'a>(&'a ClientOptions);

impl Settings<'_> {
    fn text(&self, key: &ClientConfigKey) -> Option<String> {
        self.0.get_config_value(key)
    }

    fn parsed<T>(
        &self,
        key: &ClientConfigKey,
        parse: impl Fn(&str) -> Option<T>,
    ) -> object_store::Result<Option<T>> {
        let Some(text) = self.text(key) else { return Ok(None) };
        match parse(text.trim()) {
            Some(value) => Ok(Some(value)),
            None => Err(failed(format!("the option `{}` cannot be `{text}`", key.as_ref()))),
        }
    }

    fn number<T: std::str::FromStr>(&self, key: &ClientConfigKey) -> object_store::Result<Option<T>> {
        self.parsed(key, |text| text.parse().ok())
    }

    fn duration(&self, key: &ClientConfigKey) -> object_store::Result<Option<Duration>> {
        self.parsed(key, |text| humantime::parse_duration(text).ok())
    }

    /// The words that `object_store` takes for yes and no.
    fn flag(&self, key: &ClientConfigKey) -> object_store::Result<bool> {
        let word = |text: &str| match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "on" | "yes" | "y" => Some(true),
            "0" | "false" | "off" | "no" | "n" => Some(false),
            _ => None,
        };
        Ok(self.parsed(key, word)?.unwrap_or(false))
    }
}

/// A resolver that the caller gave.
struct Theirs(Arc<dyn object_store::client::DnsResolver>);

impl Resolve for Theirs {
    fn resolve(&self, name: Name) -> Resolving {
        let theirs = Arc::clone(&self.0);
        Box::pin(async move {
            let found = theirs.resolve(name.as_str()).await?;
            // The port is the URL's.
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// The system's resolver, its answers from a random one on, so that clients spread over a service's servers.
struct Shuffled;

impl Resolve for Shuffled {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let lookup = tokio::task::spawn_blocking(move || (host.as_str(), 0).to_socket_addrs());
            let mut found: Vec<_> = lookup.await??.collect();
            let random = RandomState::new().hash_one(name.as_str());
            if let Some(first) = random.checked_rem(found.len() as u64) {
                found.rotate_left(first as usize);
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> object_store::Error {
    object_store::Error::Generic { store: "HTTP client", source: source.into() }
}

const USER_AGENT: &str = concat!("fencepost/", env!("CARGO_PKG_VERSION"));
