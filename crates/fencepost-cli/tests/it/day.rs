//! docs/day.md, run as it stands.
//!
//! Every `console` block of the page is given to one shell, command by command, and what that prints is compared with the
//! page. `FENCEPOST_BLESS=1 cargo test -p fencepost-cli day` writes the page anew.

use super::support::{PROGRAM, Scratch};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Two writers, a consumer, a collector, a crash, a full disk, a restore: what the page shows is what happens.
#[test]
fn a_day_in_the_life_goes_as_its_page_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/day.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let ran = run(&page);
    if std::env::var_os("FENCEPOST_BLESS").is_some() {
        // What only differs from run to run stays as it was.
        if normal(&page) != normal(&ran) {
            std::fs::write(&path, ran).unwrap();
        }
        return;
    }
    for (there, here) in normal(&page).lines().zip(normal(&ran).lines()) {
        assert_eq!(there, here, "docs/day.md has the first, the commands printed the second:\n{ran}");
    }
    assert_eq!(normal(&page), normal(&ran));
}

/// The page with what its commands print now.
fn run(page: &str) -> String {
    let scratch = Scratch::new();
    let mut shell = Shell::new(&scratch.path(""));
    let (mut out, mut is_console) = (String::new(), false);
    for line in page.lines() {
        match line {
            "```console" => is_console = true,
            "```" => is_console = false,
            _ => {}
        }
        let command = line.strip_prefix("$ ").filter(|_| is_console);
        if !is_console || command.is_some() || line == "```console" {
            out.push_str(line);
            out.push('\n');
        }
        if let Some(command) = command {
            out.push_str(&shell.run(command));
        }
    }
    out
}

/// One shell for the whole page: it keeps variables, pipes and what runs in the background.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Shell {
    fn new(place: &Path) -> Self {
        let programs = Path::new(PROGRAM).parent().unwrap().to_owned();
        let path = std::env::join_paths(
            [programs].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let mut child = Command::new("bash")
            .args(["--norc", "-c", "exec bash --norc 2>&1"])
            .current_dir(place)
            .env("PATH", path.unwrap())
            .env_remove("FENCEPOST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, stdin, lines }
    }

    /// What a command prints until it is done. What it starts in the background goes on.
    fn run(&mut self, command: &str) -> String {
        writeln!(self.stdin, "{command}\necho {DONE}").unwrap();
        let mut out = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("`{command}` goes on after {PATIENCE:?}:\n{out}"));
            if line == DONE {
                return out;
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = writeln!(self.stdin, "kill -9 $(jobs -p) 2> /dev/null; exit");
        let _ = self.child.wait();
    }
}

/// The page without what differs from run to run: names of shards, receipts and processes, times, counts of requests.
fn normal(page: &str) -> String {
    let (mut out, mut word, mut before) = (String::new(), String::new(), String::new());
    for c in page.chars() {
        if c.is_alphanumeric() || matches!(c, '-' | ':' | '.') {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            out.push_str(if varies(&word, &before) { "…" } else { &word });
            before = std::mem::take(&mut word);
        }
        out.push(c);
    }
    out
}

fn varies(word: &str, before: &str) -> bool {
    let word = word.trim_end_matches([':', '.']);
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let is_time = ["ns", "µs", "ms", "s"].iter().any(|unit| word.strip_suffix(unit).is_some_and(is_number));
    let is_name = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_process =
        word.rsplit_once(':').is_some_and(|(_, process)| process.len() > 1 && is_number(process));
    let is_moment = word.len() == 20 && word.ends_with('Z') && word.contains('T');
    is_time || is_name || is_process || is_moment || (before == "requests:" && is_number(word))
}

#[test]
fn only_names_times_and_requests_count_as_the_same() {
    let page = "writer 0s ago by vm:1; 12 entries (after 4.9ms) at 2026-11-30T15:21:20Z; requests: 83\n";
    let same = "writer 17s ago by vm:1; 12 entries (after 47.1µs) at 2027-01-01T00:00:00Z; requests: 9\n";
    assert_eq!(normal(page), normal(same));
    assert_ne!(normal(page), normal(&page.replace("12 entries", "13 entries")));
    assert_ne!(normal(page), normal(&page.replace("vm", "host")));
}

const DONE: &str = "--- done ---";
const PATIENCE: Duration = Duration::from_secs(60);
