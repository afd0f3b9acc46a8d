//! The command line of each server: loopback only, ports and folders of our choice.

use crate::error::{IoSnafu, Result};
use crate::kind::Kind;
use crate::ports;
use snafu::ResultExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a server is and what it was told; the same at every start.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) program: PathBuf,
    pub(crate) data: PathBuf,
    /// The first one takes requests.
    pub(crate) ports: Vec<u16>,
}

/// The key pair that servers are told, or that they have of themselves.
pub(crate) const fn keys(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::S3rver => ("S3RVER", "S3RVER"),
        Kind::Azurite => (AZURITE_ACCOUNT, AZURITE_KEY),
        _ => ("test", "testtest"),
    }
}

impl Place {
    pub(crate) fn new(kind: Kind, installed: &Path, data: PathBuf) -> Result<Self> {
        let program = match kind {
            Kind::Ministack => installed.join("bin/ministack"),
            Kind::Moto => installed.join("bin/python"),
            Kind::MotoThreaded => installed.join("bin/moto_server"),
            Kind::Seaweedfs => installed.join("bin/weed"),
            Kind::Azurite => installed.join("node_modules/azurite/dist/src/blob/main.js"),
            Kind::S3rver => installed.join("node_modules/s3rver/bin/s3rver.js"),
            Kind::Rclone => installed.join("bin/rclone"),
            Kind::Nanio => installed.join("bin/nanio"),
            Kind::S3sFs => installed.join("bin/s3s-fs"),
            Kind::Ceph => data.join("up.sh"),
        };
        std::fs::create_dir_all(&data).context(IoSnafu { what: format!("making {}", data.display()) })?;
        let count = match kind {
            Kind::Seaweedfs => 9,
            Kind::Ceph => 3,
            _ => 1,
        };
        let ports = (0..count).map(|_| ports::free()).collect::<Result<Vec<_>>>()?;
        let place = Self { program, data, ports };
        match kind {
            Kind::Seaweedfs => place.write("s3.json", WEED_IDENTITIES)?,
            Kind::Ceph => place.write("up.sh", CEPH_UP)?,
            Kind::Moto => place.write("one-thread.py", MOTO_ONE_THREAD)?,
            // Where a bucket is a folder.
            Kind::Rclone | Kind::S3sFs => place.folder("objects/fencepost")?,
            _ => place.folder("objects")?,
        }
        Ok(place)
    }

    /// The command that starts it in the foreground.
    pub(crate) fn command(&self, kind: Kind) -> Command {
        let objects = self.data.join("objects");
        let port = self.ports[0].to_string();
        let (key, secret) = keys(kind);
        let mut command = match kind {
            Kind::Azurite | Kind::S3rver => Command::new("node"),
            Kind::Ceph => Command::new("bash"),
            _ => Command::new(&self.program),
        };
        match kind {
            Kind::Ministack => {
                // It listens on all addresses unless it is told otherwise.
                command.env("BIND_HOST", HOST).env("GATEWAY_PORT", &port);
                command.env("S3_PERSIST", "1").env("S3_DATA_DIR", &objects);
                command.env("PERSIST_STATE", "1").env("STATE_DIR", self.data.join("state"));
            }
            Kind::Moto => _ = command.arg(self.data.join("one-thread.py")).args([HOST, &port]),
            Kind::MotoThreaded => _ = command.args(["-H", HOST, "-p", &port]),
            Kind::Seaweedfs => self.weed(&mut command),
            Kind::Azurite => {
                command.arg(&self.program).args(["--blobHost", HOST, "--blobPort", &port, "--location"]);
                // Without the last one it would call home.
                command.arg(&objects).args(["--silent", "--skipApiVersionCheck", "--disableTelemetry"]);
            }
            Kind::Ceph => {
                command.arg(&self.program).arg(&self.data).args(self.ports.iter().map(u16::to_string));
                command.args([key, secret]);
            }
            Kind::Rclone => {
                let address = format!("{HOST}:{port}");
                command.args(["serve", "s3", "--addr", &address, "--auth-key", &format!("{key},{secret}")]);
                command.args(["--config", "/dev/null"]).arg(&objects);
            }
            Kind::S3rver => {
                command.arg(&self.program).args(["-a", HOST, "-p", &port, "-s", "--no-vhost-buckets", "-d"]);
                command.arg(&objects);
            }
            Kind::Nanio => {
                command.args(["serve", "--host", HOST, "--port", &port, "--no-access-log", "--data-dir"]);
                command.arg(&objects).env("NANIO_ACCESS_KEY", key).env("NANIO_SECRET_KEY", secret);
            }
            Kind::S3sFs => {
                command.args(["--host", HOST, "--port", &port, "--access-key", key, "--secret-key", secret]);
                command.arg(&objects);
            }
        }
        command
    }

    fn weed(&self, command: &mut Command) {
        let flag = |name: &str, value: &str| format!("-{name}={value}");
        command.arg("server").arg(flag("dir", &self.data.to_string_lossy()));
        command.arg(flag("s3.config", &self.data.join("s3.json").to_string_lossy()));
        for (name, port) in WEED_PORTS.iter().zip(&self.ports) {
            command.arg(flag(name, &port.to_string()));
        }
        command.args(WEED_FLAGS);
    }

    fn folder(&self, name: &str) -> Result<()> {
        let path = self.data.join(name);
        std::fs::create_dir_all(&path).context(IoSnafu { what: format!("making {}", path.display()) })
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.data.join(name);
        std::fs::write(&path, text).context(IoSnafu { what: format!("writing {}", path.display()) })
    }
}

pub(crate) const HOST: &str = "127.0.0.1";
/// Public: the account that the emulator is documented with.
const AZURITE_ACCOUNT: &str = "devstoreaccount1";
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const WEED_PORTS: [&str; 9] = [
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "iam.port",
];
const WEED_FLAGS: [&str; 11] = [
    "-master.telemetry=false",
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-filer",
    "-s3",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-webdav=false",
    "-volume.max=20",
    "-master.volumeSizeLimitMB=64",
    "-master.electionTimeout=1s",
];
const WEED_IDENTITIES: &str = r#"{"identities":[{"name":"t","credentials":[{"accessKey":"test","secretKey":"testtest"}],"actions":["Admin","Read","List","Tagging","Write"]}]}"#;
const MOTO_ONE_THREAD: &str = include_str!("launch/moto-one-thread.py");
const CEPH_UP: &str = include_str!("launch/ceph-up.sh");
