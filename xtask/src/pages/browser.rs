//! Chromium without a window.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use snafu::{OptionExt as _, ResultExt as _, ensure};

use crate::error::{FailedSnafu, Result, UnusableSnafu, WriteSnafu};
use crate::invocation::Invocation;

/// A browser that is installed.
#[derive(Debug)]
pub(super) struct Browser(String);

/// What works in the page of a log, and in that of many shards.
pub(super) const LOG: &str = include_str!("probe-log.js");
pub(super) const FLEET: &str = include_str!("probe-fleet.js");

/// What a reader prefers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Browser {
    /// The one that `CHROMIUM` names, or one on the path.
    pub(super) fn find() -> Option<Self> {
        let named = std::env::var("CHROMIUM").ok().filter(|name| !name.is_empty());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = |name: &&&str| std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
        named.or_else(|| NAMES.iter().find(there).map(|name| (*name).to_owned())).map(Self)
    }

    /// The same, or Debian's package, which is installed where nothing asks for a password. The error says why not.
    pub(super) fn find_or_install(root: &Path) -> Result<Self, String> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        for args in [&["update", "--quiet", "--quiet"][..], &INSTALL] {
            let apt = Invocation::new("apt-get", root, args.iter().copied())
                .with_env("DEBIAN_FRONTEND", "noninteractive");
            let output = apt.capture().map_err(|error| format!("{ADVICE}; {error}"))?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{ADVICE}; `{apt}` failed: {}", said.lines().last().unwrap_or_default()));
            }
        }
        Self::find().ok_or_else(|| ADVICE.to_owned())
    }

    /// Opens the page with a probe in it, and returns what the probe saw.
    pub(super) fn probe(&self, folder: &Path, page: &Path, text: &str, probe: &str) -> Result<Value> {
        let probed = page.with_extension("probed.html");
        let (page, end) = text.rsplit_once("</body>").expect("a page has a body");
        let with_probe = format!("{page}<script>\n{probe}</script>\n</body>{end}");
        std::fs::write(&probed, with_probe).context(WriteSnafu { path: &probed })?;
        let document = self.run(folder, &probed, &["--dump-dom".to_owned()])?;
        let saw =
            document.split_once("<pre id=\"saw\">").and_then(|(_, rest)| Some(rest.split_once("</pre>")?.0));
        let message = || {
            format!(
                "the probe in {} did not end; the document has {} bytes",
                probed.display(),
                document.len()
            )
        };
        let saw = saw.and_then(decode).with_context(|| UnusableSnafu { message: message() })?;
        serde_json::from_slice(&saw).ok().with_context(|| UnusableSnafu { message: message() })
    }

    /// A picture of the page.
    pub(super) fn picture(&self, folder: &Path, page: &Path, theme: Theme, to: &Path) -> Result<()> {
        let prefers = match theme {
            Theme::Light => 1,
            Theme::Dark => 0,
        };
        let args = [
            format!("--screenshot={}", to.display()),
            format!("--blink-settings=preferredColorScheme={prefers}"),
            "--hide-scrollbars".to_owned(),
        ];
        self.run(folder, page, &args)?;
        ensure!(to.is_file(), UnusableSnafu { message: format!("there is no {}", to.display()) });
        Ok(())
    }

    /// Opens `page` with a profile of its own; what the browser printed.
    fn run(&self, folder: &Path, page: &Path, args: &[String]) -> Result<String> {
        let profile = folder.join("profile");
        let shown = || format!("{} {}", self.0, page.display());
        let mut all: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        all.push(format!("--user-data-dir={}", profile.display()));
        all.extend_from_slice(args);
        let url = PathBuf::from(page).canonicalize().context(crate::error::ReadSnafu { path: page })?;
        all.push(format!("file://{}", url.display()));
        let output = Command::new(&self.0).args(all).output();
        let output = output.context(crate::error::StartSnafu { command: shown() })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return FailedSnafu { command: shown(), stderr }.fail();
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Base64, in which a document holds any text as it is.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.trim().trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|digit| *digit == letter)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];
const INSTALL: [&str; 5] = ["install", "--yes", "--quiet", "--no-install-recommends", "chromium"];
/// In a container there is no sandbox to be had, and the pages are ours.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--window-size=1280,720",
    "--virtual-time-budget=20000",
];
pub(super) const ADVICE: &str = "There is no Chromium on the path (Debian and Ubuntu: `apt-get install chromium`; or name one in CHROMIUM)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_back() {
        for (text, bytes) in
            [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9v", b"foo"), ("w7w=", "ü".as_bytes())]
        {
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(decode("a b"), None);
    }
}
