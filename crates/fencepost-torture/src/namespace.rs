//! A network namespace of its own for a party, joined by a cable that can be pulled: packets vanish, and
//! nobody is told. A connection that is cut tells both ends.

use rustix::process::geteuid;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};

/// A namespace, and a cable to it. Dropping it removes both.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    our_end: String,
    address: Ipv4Addr,
}

impl Namespace {
    /// Makes one.
    ///
    /// # Errors
    /// Why there is none, for people: no Linux, no rights, no `ip` command.
    pub fn new() -> Result<Self, String> {
        if !geteuid().is_root() {
            return Err("only root may make network namespaces".to_owned());
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // A few for each process, so that two runs at once are not in each other's way.
        let number = u16::try_from(std::process::id() * 16 % 16_384).unwrap_or(0) + count % 16;
        // RFC 2544 keeps these for tests. Four to a cable: ours, theirs, and two that nobody can use.
        let [high, low] = (number * 4).to_be_bytes();
        let (address, theirs) =
            (Ipv4Addr::new(198, 18, high, low + 1), Ipv4Addr::new(198, 18, high, low + 2));
        let (our_end, their_end) = (format!("fp{number}a"), format!("fp{number}b"));
        let name = format!("fencepost-{number}");
        let made = Self { name, our_end, address };
        let (name, our_end) = (made.name.as_str(), made.our_end.as_str());
        names().insert(made.name.clone());
        ip(&["netns", "add", name])?;
        ip(&["link", "add", our_end, "type", "veth", "peer", "name", &their_end])?;
        ip(&["link", "set", &their_end, "netns", name])?;
        ip(&["addr", "add", &format!("{address}/30"), "dev", our_end])?;
        ip(&["link", "set", our_end, "up"])?;
        ip(&["-n", name, "addr", "add", &format!("{theirs}/30"), "dev", &their_end])?;
        ip(&["-n", name, "link", "set", &their_end, "up"])?;
        Ok(made)
    }

    /// The address of this side, which the other one reaches.
    #[must_use]
    pub const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The words before a command line that run it inside.
    #[must_use]
    pub fn enter(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).into()
    }

    /// Pulls the cable: whatever is sent vanishes.
    ///
    /// # Errors
    /// The system's words.
    pub fn cut(&self) -> Result<(), String> {
        ip(&["link", "set", &self.our_end, "down"])
    }

    /// Puts the cable back.
    ///
    /// # Errors
    /// The system's words.
    pub fn mend(&self) -> Result<(), String> {
        ip(&["link", "set", &self.our_end, "up"])
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
        // Without a namespace at its other end a cable goes with it; one that was never joined stays.
        let _ = ip(&["link", "del", &self.our_end]);
        names().remove(&self.name);
    }
}

/// Removes every namespace that is left. For a program that is told to end.
pub fn remove_all() {
    for name in names().iter() {
        remove(name);
    }
}

fn remove(name: &str) {
    let _ = ip(&["netns", "del", name]);
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("`ip` cannot be started ({error})"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim())),
    }
}

fn names() -> std::sync::MutexGuard<'static, BTreeSet<String>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

static COUNT: AtomicU16 = AtomicU16::new(0);
static NAMES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::time::Duration;

    /// Where there are none, the reason is said; where there are, a pulled cable swallows a connection and a
    /// mended one lets it through.
    #[test]
    fn cable_that_is_pulled_swallows_what_is_sent_until_it_is_put_back() {
        let namespace = match Namespace::new() {
            Ok(namespace) => namespace,
            Err(why) => return assert!(!why.is_empty()),
        };
        let listener = TcpListener::bind((namespace.address(), 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        namespace.cut().unwrap();
        let words = namespace.enter();
        let send = format!(
            "echo hello > /dev/tcp/{}/{}",
            namespace.address(),
            listener.local_addr().unwrap().port()
        );
        let mut client =
            Command::new(&words[0]).args(&words[1..]).args(["bash", "-c", &send]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(700));
        assert!(client.try_wait().unwrap().is_none(), "nobody told it that the cable is pulled");
        assert!(listener.accept().is_err());
        namespace.mend().unwrap();
        assert!(client.wait().unwrap().success());
        let mut said = String::new();
        listener.set_nonblocking(false).unwrap();
        listener.accept().unwrap().0.read_to_string(&mut said).unwrap();
        assert_eq!(said, "hello\n");
        let name = namespace.name.clone();
        drop(namespace);
        assert!(ip(&["-n", &name, "link"]).is_err(), "it is still there");
    }
}
