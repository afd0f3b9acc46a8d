//! A store that is not there. Listings and reads used to be tried again for a minute each, whatever
//! `--retry-timeout` said.

use super::support::{Run, Scratch, command};
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn every_command_gives_up_on_a_closed_port_when_its_retry_timeout_ends() {
    every_command_ends(&closed_port(), "no connection to the store could be made");
}

/// Connections are taken by the system and nobody ever reads from them, as when packets vanish.
#[test]
fn every_command_gives_up_on_a_server_that_never_answers() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    every_command_ends(&mute.local_addr().unwrap().to_string(), "no reply in time");
}

fn every_command_ends(address: &str, saying: &str) {
    let scratch = Scratch::new();
    let rows = scratch.numbers("rows.ndjson", 0, 3);
    let commands: [&[&str]; 12] = [
        &["tail", LOG],
        &["tail", LOG, "--follow"],
        &["tail", LOG, "--shard", SHARD],
        &["tail", LOG, "--shard", SHARD, "--cursor", "c"],
        &["inspect", LOG, "--shard", SHARD],
        &["verify", LOG, "--shard", SHARD],
        &["gc", "plan", LOG],
        &["gc", "run", LOG, "--shard", SHARD],
        &["gc", "claims", LOG],
        &["append", LOG, "--from", &rows],
        &["append", LOG, "--shard", SHARD, "--from", &rows],
        &["checkpoint", LOG, "tail", "--shard", SHARD],
    ];
    // All at once, so that the test takes as long as one of them.
    std::thread::scope(|scope| {
        for args in commands {
            scope.spawn(move || {
                let (run, took) = on(address, args);
                assert_eq!(run.code, Some(1), "{args:?}: {}", run.stderr);
                assert!(run.stderr.contains(saying), "{args:?}: {}", run.stderr);
                assert!(run.stderr.contains("waiting for the store: "), "{args:?} is silent: {}", run.stderr);
                assert!(run.stderr.contains(address), "{args:?} does not name the endpoint: {}", run.stderr);
                for secret in [KEY, SECRET, "hunter2", "somebody"] {
                    assert!(!run.stderr.contains(secret), "{args:?}: `{secret}` is in: {}", run.stderr);
                }
                assert!(took >= RETRY_TIMEOUT, "{args:?} did not try again: {took:?}");
                assert!(took < RETRY_TIMEOUT + REQUEST_TIMEOUT + SLACK, "{args:?} took {took:?}");
            });
        }
    });
}

fn on(address: &str, args: &[&str]) -> (Run, Duration) {
    let millis = |time: Duration| format!("{}ms", time.as_millis());
    let mut command = command(args);
    command.args(["--retry-timeout", &millis(RETRY_TIMEOUT), "--request-timeout", &millis(REQUEST_TIMEOUT)]);
    command
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT", format!("http://somebody:hunter2@{address}"))
        .env("AWS_ALLOW_HTTP", "true");
    let started = Instant::now();
    let output = command.output().unwrap();
    (Run::new(output), started.elapsed())
}

fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

const LOG: &str = "s3://bucket/prefix";
const SHARD: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const RETRY_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// For starting twelve processes on a machine that is busy. A second budget of its own, a minute long, does
/// not fit into it.
const SLACK: Duration = Duration::from_secs(12);
const KEY: &str = "AKIDEXAMPLEEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-secret";
