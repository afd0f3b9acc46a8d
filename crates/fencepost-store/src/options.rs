//! The options of requests, and what each costs.

use std::time::Duration;

/// Whether the client beneath a store may send one create more than once without telling us.
///
/// It matters because of this sequence, which needs no bug anywhere: a client sends a create, the store
/// carries it out, the reply is lost, the client tries again by itself, and the second attempt is refused for
/// a reason of its own (the token has expired: 403; the connection is refused). The error that surfaces
/// speaks of the *last* attempt only and reads like a proof that nothing was written, yet the object stands
/// there. So with [`Possible`](Self::Possible) no error of a create counts as a proof: every
/// [`Refusal::NotDone`](crate::Refusal::NotDone) is reported as
/// [`Refusal::Unknown`](crate::Refusal::Unknown).
///
/// "Already exists" stays what it is, since whoever gets it has to read the object back anyhow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientRetries {
    /// One call is one attempt. True of every store that [`LogStore::open`](crate::LogStore::open) builds.
    Off,
    /// The client may retry by itself: the safe assumption about a store somebody else built.
    Possible,
}

/// How requests are made: time-outs, retries of what is safe to repeat, and options of the client.
///
/// ```
/// use fencepost_store::StoreOptions;
/// use std::time::Duration;
///
/// let options = StoreOptions::new()
///     .with_request_timeout(Duration::from_secs(10))
///     .with_client_option("region", "eu-central-1");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct StoreOptions {
    pub(crate) request_timeout: Duration,
    pub(crate) retry_timeout: Duration,
    pub(crate) jitter_seed: Option<u64>,
    pub(crate) create_missing: bool,
    pub(crate) client_retries: Option<ClientRetries>,
    pub(crate) client_options: Vec<(String, String)>,
    pub(crate) address: Option<String>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            request_timeout: REQUEST_TIMEOUT,
            retry_timeout: RETRY_TIMEOUT,
            jitter_seed: None,
            create_missing: true,
            client_retries: None,
            client_options: Vec::new(),
            address: None,
        }
    }
}

impl StoreOptions {
    /// The defaults, each explained at its setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Longest wait for one attempt, body included. Default: 30 s.
    ///
    /// Long enough for an object of tens of MiB on a slow line and for stores that serialise racing creates
    /// (some take 5 s and more); it is also what HTTP clients in this field use. Shorter notices a lost reply
    /// sooner but turns slow successes into unknown outcomes, which cost a second attempt and may poison a
    /// writer. Longer leaves callers waiting for replies that never come.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Time after which a read, list or delete that keeps failing is given up. Default: 60 s; zero: one
    /// attempt.
    ///
    /// No attempt *starts* later than this, so a call lasts at most this and one request time-out. Creates
    /// and overwrites are never repeated here, whatever the budget. Pauses between attempts are those of
    /// [`pause_before`](crate::pause_before).
    pub fn with_retry_timeout(mut self, budget: Duration) -> Self {
        self.retry_timeout = budget;
        self
    }

    /// Makes the jitter between retries reproducible. Default: random. For simulations only: clients that
    /// share a seed retry in step, which is what jitter is there to prevent.
    pub fn with_jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    /// Whether opening a local directory creates it. Default: yes. Choose no for a store that is opened to be
    /// read, so that a mistyped path is an error instead of an empty log. Buckets are never created.
    pub fn create_missing(mut self, create: bool) -> Self {
        self.create_missing = create;
        self
    }

    /// What to assume of the client beneath. Default: [`ClientRetries::Off`] for stores opened by URL,
    /// [`ClientRetries::Possible`] for stores handed in.
    ///
    /// Claim `Off` only for a store whose retries are known to be off (for those of `object_store`:
    /// `RetryConfig { max_retries: 0, .. }`) or that has no network, such as one in memory.
    pub fn with_client_retries(mut self, retries: ClientRetries) -> Self {
        self.client_retries = Some(retries);
        self
    }

    /// Sets the address of a store that is [handed in](crate::LogStore::new): endpoint, bucket and prefix, in
    /// any words. Use always the same words for one place, and different ones for two. Leave credentials out:
    /// the store keeps the address. With it, the [probe](crate::LogStore::probe_once) of a place is
    /// remembered from one process to the next. Stores opened by URL know their address, and do not need it.
    pub fn with_address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Adds an option of the cloud client by name, such as `region`, `endpoint` or `allow_http`. It overrides
    /// the environment. A name that the client does not know is an error on opening, not ignored.
    pub fn with_client_option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.client_options.push((key.into(), value.into()));
        self
    }
}

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
