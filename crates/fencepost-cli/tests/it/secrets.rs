//! No credential shows anywhere, whatever goes wrong and however much is logged.

use super::support::{Scratch, command};
use std::io::{Read, Write};
use std::net::TcpListener;

/// A server that refuses everything and repeats the request in its answer, as some do to help with signatures.
fn tell_tale() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = vec![0; 16 << 10];
                let length = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let body = format!(
                    "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>no\u{1b}[2J</Message>\
                     <CanonicalRequest>{request} x-amz-security-token:{TOKEN}</CanonicalRequest></Error>"
                );
                let head = format!(
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            });
        }
    });
    address
}

/// Where a cloud's client finds its credentials, and where the server is.
type Settings<'a> = &'a [(&'a str, &'a str)];

/// Runs commands against a server that refuses everything, with everything logged that can be.
#[track_caller]
fn check(log: &str, settings: Settings<'_>, secrets: &[&str]) {
    let scratch = Scratch::new();
    let rows = scratch.numbers("rows.ndjson", 0, 3);
    for args in [
        &["doctor", log, "--quick"][..],
        &["append", log, "--from", &rows, "--takeover", "now", "--retry-timeout", "1s"],
        &["append", log, "--from", &rows, "--shard", SHARD, "--retry-timeout", "1s"],
        &["tail", log, "--retry-timeout", "1s"],
        &["gc", "run", log, "--shard", SHARD, "--retry-timeout", "1s"],
    ] {
        for json in [&[][..], &["--json"]] {
            let mut command = command(args.iter().chain(json));
            let output =
                command.envs(settings.iter().copied()).env("FENCEPOST_LOG", "trace").output().unwrap();
            assert!(!output.status.success());
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(text.contains("access denied"), "{args:?} does not say what is wrong: {text}");
            for secret in secrets.iter().chain(&["\u{1b}"]) {
                assert!(!text.contains(secret), "{args:?}: {secret:?} is in: {text}");
            }
        }
    }
}

#[test]
fn no_key_and_no_token_of_s3_is_printed_or_logged() {
    let endpoint = tell_tale();
    let with_password = endpoint.replace("http://", "http://somebody:hunter2@");
    for endpoint in [endpoint, with_password] {
        let settings = [
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", TOKEN),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        check("s3://bucket/prefix", &settings, &[SECRET, TOKEN, "Signature=", "hunter2", "somebody"]);
    }
}

#[test]
fn no_key_and_no_shared_access_signature_of_azure_is_printed_or_logged() {
    let endpoint = tell_tale();
    let common = [
        ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
        ("AZURE_ENDPOINT", endpoint.as_str()),
        ("AZURE_ALLOW_HTTP", "true"),
    ];
    let sas = format!("sv=2022-11-02&sp=rwdl&sig={SIGNATURE}");
    for (name, value) in [("AZURE_STORAGE_SAS_TOKEN", sas.as_str()), ("AZURE_STORAGE_ACCOUNT_KEY", AZURE_KEY)]
    {
        let settings: Vec<_> = common.into_iter().chain([(name, value)]).collect();
        check("az://container/prefix", &settings, &[SIGNATURE, AZURE_KEY, "SharedKey account:"]);
    }
}

#[test]
fn location_with_credentials_is_refused_and_does_not_come_back() {
    for log in [
        "https://somebody:hunter2@account.blob.core.windows.net/container/prefix",
        "https://account.blob.core.windows.net/container/prefix?sv=2022-11-02&sig=hunter2",
        "s3://somebody:hunter2@bucket/prefix",
        "s3://bucket/prefix?token=hunter2",
        "gs://bucket/prefix#hunter2",
    ] {
        for json in [&[][..], &["--json"]] {
            let said =
                command(["tail", log].iter().chain(json)).env("FENCEPOST_LOG", "trace").output().unwrap();
            let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
            assert_eq!(said.status.code(), Some(4), "{log}: {text}");
            assert!(!text.contains("hunter2") && !text.contains("somebody"), "{log}: {text}");
        }
    }
}

const SHARD: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const KEY: &str = "AKIDEXAMPLEEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-secret";
const TOKEN: &str = "FwoGZXIvYXdz-session-token";
const SIGNATURE: &str = "c2lnbmF0dXJlLW9mLXNhcw";
const AZURE_KEY: &str = "YXp1cmUta2V5LXRoYXQtbm9ib2R5LW1heS1zZWU=";
