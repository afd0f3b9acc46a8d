//! As much of the XML API of Google Cloud Storage as a log uses: objects with generations, conditions on
//! them, pages of listings.
//!
//! No emulator that can be had honours the conditions, so this stands in for the requests' shapes. It is no
//! proof about the service.

use fencepost_store::{LogStore, StoreOptions};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct FakeGcs {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (u64, Vec<u8>)>,
    generation: u64,
    seen: Vec<Seen>,
    /// Statuses to answer instead of doing anything.
    refusals: VecDeque<u16>,
    ignores_conditions: bool,
    /// Documents about the bucket, by the query that asks for them.
    settings: BTreeMap<&'static str, &'static str>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Method and target.
    pub(crate) line: String,
    head: String,
    body: Vec<u8>,
}

impl Seen {
    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

impl FakeGcs {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, state }
    }

    pub(crate) fn open(&self) -> LogStore {
        let key = format!(
            r#"{{"gcs_base_url":"{}","disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}}"#,
            self.address
        );
        let options = StoreOptions::new()
            .with_request_timeout(Duration::from_secs(20))
            .with_retry_timeout(Duration::ZERO)
            .with_client_option("google_service_account_key", key)
            .with_client_option("allow_http", "true");
        LogStore::open("gs://bucket/root", options).unwrap()
    }

    /// Answers questions about a setting of the bucket with a document.
    pub(crate) fn set(&self, name: &'static str, document: &'static str) {
        self.state.lock().unwrap().settings.insert(name, document);
    }

    /// Answers the next request with this status, and does nothing.
    pub(crate) fn refuse(&self, status: u16) {
        self.state.lock().unwrap().refusals.push_back(status);
    }

    /// From now on every conditional write succeeds, as on the emulators.
    pub(crate) fn ignore_conditions(&self) {
        self.state.lock().unwrap().ignores_conditions = true;
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }
}

impl State {
    /// Status, fields and body of the reply.
    fn reply(&mut self, seen: &Seen) -> (u16, String, Vec<u8>) {
        if let Some(status) = self.refusals.pop_front() {
            let body = "<Error><Code>Because</Code><Message>told to</Message></Error>";
            return (status, String::new(), body.into());
        }
        let (method, target) = seen.line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // The client encodes the slashes of a name, as the service asks for.
        let name = path.strip_prefix("/bucket/").unwrap_or_default().replace("%2F", "/");
        match method {
            "GET" if name.is_empty() && !query.contains('=') => match self.settings.get(query) {
                Some(document) => (200, String::new(), document.as_bytes().to_vec()),
                None => (403, String::new(), b"<Error><Code>AccessDenied</Code></Error>".into()),
            },
            "GET" if name.is_empty() => (200, String::new(), self.list(query).into_bytes()),
            "PUT" => {
                let must_be = seen.field("x-goog-if-generation-match").map(|value| value.parse().unwrap());
                let is = self.objects.get(&name).map_or(0, |(generation, _)| *generation);
                if must_be.is_some_and(|must_be: u64| must_be != is) && !self.ignores_conditions {
                    return (412, String::new(), b"<Error><Code>PreconditionFailed</Code></Error>".into());
                }
                self.generation += 1;
                self.objects.insert(name, (self.generation, seen.body.clone()));
                (200, fields(self.generation), Vec::new())
            }
            "GET" | "HEAD" => match self.objects.get(&name) {
                None => (404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".into()),
                Some((generation, body)) => part(fields(*generation), body, seen.field("range")),
            },
            "DELETE" => match self.objects.remove(&name) {
                Some(_) => (204, String::new(), Vec::new()),
                None => (404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".into()),
            },
            _ => (405, String::new(), Vec::new()),
        }
    }

    /// Two objects a page.
    fn list(&self, query: &str) -> String {
        let query: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        assert_eq!(query["list-type"], "2");
        let prefix = query.get("prefix").map_or("", String::as_str);
        let after = query.get("continuation-token").map_or("", String::as_str);
        let mut matching = self
            .objects
            .iter()
            .filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after)
            .peekable();
        let mut text = "<ListBucketResult>".to_owned();
        let mut last = "";
        for (name, (generation, body)) in matching.by_ref().take(2) {
            let size = body.len();
            write!(
                text,
                "<Contents><Key>{name}</Key><Size>{size}</Size><LastModified>2025-01-01T00:00:00.000Z</LastModified>\
                 <ETag>\"{generation}\"</ETag></Contents>"
            )
            .unwrap();
            last = name;
        }
        if matching.peek().is_some() {
            write!(text, "<NextContinuationToken>{last}</NextContinuationToken>").unwrap();
        }
        text + "</ListBucketResult>"
    }
}

fn fields(generation: u64) -> String {
    format!(
        "ETag: \"e{generation}\"\r\nx-goog-generation: {generation}\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n"
    )
}

fn part(fields: String, body: &[u8], range: Option<&str>) -> (u16, String, Vec<u8>) {
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return (200, fields, body.to_vec());
    };
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let to = to.min(body.len() - 1);
    let fields = format!("{fields}Content-Range: bytes {from}-{to}/{}\r\n", body.len());
    (206, fields, body[from..=to].to_vec())
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(seen) = read_request(&mut stream).await else { return };
    let (status, fields, body) = {
        let mut state = state.lock().unwrap();
        state.seen.push(seen.clone());
        state.reply(&seen)
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    if !seen.line.starts_with("HEAD") {
        let _ = stream.write_all(&body).await;
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let mut seen = Seen { line, head, body: Vec::new() };
    let length: usize = seen.field("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = bytes.split_off(end);
    Some(seen)
}
