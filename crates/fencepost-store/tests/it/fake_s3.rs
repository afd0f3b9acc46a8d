//! A server that gives scripted replies to whatever it is asked, for as far as outcomes go: it stands for an
//! S3.

use fencepost_store::{LogStore, StoreOptions};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole reply: status, extra header lines, body.
    Status(u16, &'static str, String),
    /// Headers that promise more bytes than come, then the end of the connection.
    CutBody(u16, &'static str, &'static str),
    /// The connection ends without a reply.
    CutBefore,
    /// The connection ends in the middle of the status line.
    CutStatusLine,
    /// No reply, ever.
    Hang,
}

/// An S3 error body with `code`.
pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>because</Message>\
         <CanonicalRequest>x-amz-security-token:TOKEN</CanonicalRequest></Error>"
    );
    Reply::Status(status, "", body)
}

/// A success with what a GET or a PUT needs.
pub(crate) fn success(body: &str) -> Reply {
    Reply::Status(200, OBJECT_HEADERS, body.to_owned())
}

pub(crate) const OBJECT_HEADERS: &str = "ETag: \"1\"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n";

pub(crate) struct FakeS3 {
    address: String,
    script: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FakeS3 {
    /// Replies in order; more requests than replies are refused with 418, which no test expects.
    pub(crate) async fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (replies, log) = (Arc::clone(&script), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&replies), Arc::clone(&log)));
            }
        });
        Self { address, script, seen }
    }

    pub(crate) fn options(&self) -> StoreOptions {
        options(&self.address)
    }

    pub(crate) fn open(&self, options: StoreOptions) -> LogStore {
        LogStore::open("s3://bucket/base", options).unwrap()
    }

    /// Method and target of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn script_is_done(&self) -> bool {
        self.script.lock().unwrap().is_empty()
    }
}

pub(crate) fn options(endpoint: &str) -> StoreOptions {
    StoreOptions::new()
        .with_request_timeout(Duration::from_secs(20))
        .with_jitter_seed(1)
        .with_client_option("endpoint", endpoint)
        .with_client_option("allow_http", "true")
        .with_client_option("region", "us-east-1")
        .with_client_option("access_key_id", "id")
        .with_client_option("secret_access_key", "secret")
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Reply>>>, seen: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read_request(&mut stream).await else { return };
    seen.lock().unwrap().push(request);
    let reply = script.lock().unwrap().pop_front().unwrap_or(Reply::Status(418, "", String::new()));
    let text = match reply {
        Reply::Status(status, headers, body) => {
            let length = body.len();
            format!(
                "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }
        Reply::CutBody(status, headers, body) => {
            format!(
                "HTTP/1.1 {status} X\r\n{headers}Content-Length: 1000000\r\nConnection: close\r\n\r\n{body}"
            )
        }
        Reply::CutBefore => return,
        Reply::CutStatusLine => "HTTP/1.1 20".to_owned(),
        Reply::Hang => return std::future::pending().await,
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Reads one request whole and returns its method and target.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let line = String::from_utf8_lossy(&bytes).lines().next()?.to_owned();
    Some(line.trim_end_matches(" HTTP/1.1").to_owned())
}
