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

#[test]
fn no_credential_is_printed_or_logged() {
    let scratch = Scratch::new();
    let rows = scratch.numbers("rows.ndjson", 0, 3);
    let endpoint = tell_tale();
    for args in [
        &["doctor", "s3://bucket/prefix", "--quick"][..],
        &["append", "s3://bucket/prefix", "--from", &rows, "--takeover", "now"],
        &["tail", "s3://bucket/prefix"],
    ] {
        for json in [&[][..], &["--json"]] {
            let mut command = command(args.iter().chain(json));
            command
                .env("AWS_ACCESS_KEY_ID", KEY)
                .env("AWS_SECRET_ACCESS_KEY", SECRET)
                .env("AWS_SESSION_TOKEN", TOKEN)
                .env("AWS_REGION", "us-east-1")
                .env("AWS_ENDPOINT", &endpoint)
                .env("AWS_ALLOW_HTTP", "true")
                .env("FENCEPOST_LOG", "debug");
            let output = command.output().unwrap();
            assert!(!output.status.success());
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(text.contains("access denied"), "it says what is wrong: {text}");
            for secret in [SECRET, TOKEN, "Signature=", "\u{1b}"] {
                assert!(!text.contains(secret), "{secret:?} is in: {text}");
            }
        }
    }
}

const KEY: &str = "AKIDEXAMPLEEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-secret";
const TOKEN: &str = "FwoGZXIvYXdz-session-token";
