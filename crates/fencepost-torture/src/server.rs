//! One server: started on loopback, stopped, killed, started again, always with the same ports and data.

use crate::error::{Error, IoSnafu, Result};
use crate::group::Group;
use crate::install::Installed;
use crate::kind::{Dialect, Kind};
use crate::launch::{HOST, Place, keys};
use crate::signed::{BUCKET, REGION, Signer};
use rustix::process::Signal;
use snafu::ResultExt as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    place: Place,
    log: PathBuf,
    group: Option<Group>,
    runtime: Runtime,
}

/// How a client reaches a server: a location for `fencepost`, and variables for its environment.
#[derive(Clone, Debug)]
pub struct Access {
    /// The location of a log.
    pub location: String,
    /// The settings of the client.
    pub env: Vec<(&'static str, String)>,
}

impl Server {
    /// Starts `kind` with an empty `data` folder, waits until it takes an object, and says how long that took.
    ///
    /// # Errors
    /// It cannot be started, or takes no object in time.
    pub fn start(kind: Kind, installed: &Installed, data: &Path) -> Result<(Self, Duration)> {
        if data.exists() {
            std::fs::remove_dir_all(data)
                .context(IoSnafu { what: format!("emptying {}", data.display()) })?;
        }
        let place = Place::new(kind, &installed.dir, data.to_owned())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context(IoSnafu { what: "a runtime" })?;
        let log = data.join("output.log");
        let mut server = Self { kind, place, log, group: None, runtime };
        let took = server.up()?;
        Ok((server, took))
    }

    /// Which it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.place.ports[0]))
    }

    /// How to reach the log `name` on it: directly, or through something that listens at `via`.
    #[must_use]
    pub fn access(&self, name: &str, via: Option<SocketAddr>) -> Access {
        let endpoint = format!("http://{}", via.unwrap_or_else(|| self.address()));
        access(self.kind, name, &endpoint)
    }

    /// Kills all its processes with signal 9.
    pub fn kill(&mut self) {
        if let Some(mut group) = self.group.take() {
            group.kill();
        }
    }

    /// Starts it again with its data, if it does not run, and waits until it takes an object.
    ///
    /// # Errors
    /// As of [`start`](Self::start).
    pub fn up(&mut self) -> Result<Duration> {
        let started = Instant::now();
        if self.group.is_none() {
            let log = std::fs::File::options().create(true).append(true).open(&self.log);
            let log = log.context(IoSnafu { what: format!("opening {}", self.log.display()) })?;
            let errors =
                log.try_clone().context(IoSnafu { what: format!("opening {}", self.log.display()) })?;
            let mut command = self.place.command(self.kind);
            command.stdin(Stdio::null()).stdout(log).stderr(errors).current_dir(&self.place.data);
            self.group = Some(Group::start(&mut command)?);
        }
        self.ready(started)?;
        Ok(started.elapsed())
    }

    /// Stops all its processes, as a machine that hangs would.
    pub fn freeze(&self) {
        self.group.iter().for_each(|group| group.signal(Signal::STOP));
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.group.iter().for_each(|group| group.signal(Signal::CONT));
    }

    /// Makes an S3 bucket of its own.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_bucket(&self, bucket: &str) -> Result<()> {
        self.runtime.block_on(self.signer().make_bucket(bucket))
    }

    /// Gives an S3 bucket a setting.
    ///
    /// # Errors
    /// The server refuses, or knows no such setting.
    pub fn set(&self, bucket: &str, setting: &str, document: &'static str) -> Result<()> {
        self.runtime.block_on(self.signer().set(bucket, setting, document))
    }

    fn signer(&self) -> Signer {
        let (key, secret) = keys(self.kind);
        Signer {
            dialect: self.kind.facts().dialect,
            endpoint: format!("http://{HOST}:{}", self.place.ports[0]),
            key: key.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// A port that is open is no server that is ready: only an object that was taken is.
    fn ready(&mut self, started: Instant) -> Result<()> {
        let signer = self.signer();
        let last = loop {
            let attempt = self.runtime.block_on(async {
                signer.make_bucket(BUCKET).await?;
                signer.put_object("ready").await
            });
            match attempt {
                Ok(()) => return Ok(()),
                Err(error) if started.elapsed() > RETRY_TIMEOUT => break error.to_string(),
                Err(_) => std::thread::sleep(PAUSE),
            }
            // Nothing is to be hoped of a server that is gone. A killed one is started anew by the next call.
            if let Some(status) = self.group.as_mut().and_then(|group| group.wait(Duration::ZERO)) {
                self.group = None;
                break format!("it ended: {status}");
            }
        };
        let (waited, log) = (started.elapsed(), self.log.display().to_string());
        Err(Error::NotReady { server: self.kind.to_string(), waited, last, log })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut group) = self.group.take() {
            group.signal(Signal::CONT);
            group.end(GRACE);
        }
    }
}

/// How to reach the log `name` of a server of `kind` at `endpoint`.
#[must_use]
pub fn access(kind: Kind, name: &str, endpoint: &str) -> Access {
    let (key, secret) = keys(kind);
    match kind.facts().dialect {
        Dialect::S3 => Access {
            location: format!("s3://{BUCKET}/{name}"),
            env: vec![
                ("AWS_ENDPOINT", endpoint.to_owned()),
                ("AWS_ALLOW_HTTP", "true".to_owned()),
                ("AWS_REGION", REGION.to_owned()),
                ("AWS_ACCESS_KEY_ID", key.to_owned()),
                ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
            ],
        },
        Dialect::Azure => Access {
            location: format!("az://{BUCKET}/{name}"),
            env: vec![
                ("AZURE_STORAGE_USE_EMULATOR", "true".to_owned()),
                ("AZURITE_BLOB_STORAGE_URL", endpoint.to_owned()),
                ("AZURE_STORAGE_ACCOUNT_NAME", key.to_owned()),
                ("AZURE_STORAGE_ACCOUNT_KEY", secret.to_owned()),
            ],
        },
    }
}

impl Access {
    /// The same with a secret that the server does not know.
    #[must_use]
    pub fn with_wrong_secret(mut self) -> Self {
        for (name, value) in &mut self.env {
            match *name {
                "AWS_SECRET_ACCESS_KEY" => "wrong".clone_into(value),
                "AZURE_STORAGE_ACCOUNT_KEY" => "d3Jvbmc=".clone_into(value),
                _ => {}
            }
        }
        self
    }
}

const RETRY_TIMEOUT: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);
const GRACE: Duration = Duration::from_secs(5);
