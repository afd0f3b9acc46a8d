//! As much of HTTP/1.1 as a proxy needs that takes one request per connection.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A request, whole.
#[derive(Clone, Debug)]
pub(super) struct Request {
    method: String,
    target: String,
    /// Head and body as they came, but for a line that asks the server to close the connection.
    pub(super) bytes: Vec<u8>,
    /// Where the body begins.
    pub(super) body: usize,
}

impl Request {
    /// Reads one; `None` if the client goes away first, or does not speak HTTP.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let Some(end) = read_head(from, &mut bytes).await? else { return Ok(None) };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
        let length = field(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        while bytes.len() < end + length {
            if from.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        }
        let mut whole = with_close(&head).into_bytes();
        let body = whole.len();
        whole.extend_from_slice(&bytes[end..]);
        Ok(Some(Self { method: method.to_owned(), target: target.to_owned(), bytes: whole, body }))
    }

    pub(super) fn is_put(&self) -> bool {
        self.method == "PUT"
    }

    pub(super) fn is_entry(&self) -> bool {
        self.is_put() && self.target.contains("/wal/")
    }

    fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

/// A reply, whole, that tells the client to close the connection.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) bytes: Vec<u8>,
}

impl Reply {
    /// Reads the reply to `request`; `None` if the connection ends before it is whole.
    pub(super) async fn read(
        from: &mut (impl AsyncRead + Unpin),
        request: &Request,
    ) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let Some(end) = read_head(from, &mut bytes).await? else { return Ok(None) };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let length: Option<usize> = match field(&head, "content-length") {
            _ if request.is_head() || matches!(status, 204 | 304) => Some(0),
            Some(value) => value.parse().ok(),
            None => None,
        };
        let chunked = field(&head, "transfer-encoding").is_some_and(|value| value.contains("chunked"));
        loop {
            let whole = match length {
                Some(length) => bytes.len() >= end + length,
                None => chunked && bytes.ends_with(b"0\r\n\r\n"),
            };
            if whole {
                break;
            }
            if from.read_buf(&mut bytes).await? == 0 {
                match length {
                    None if !chunked => break,
                    _ => return Ok(None),
                }
            }
        }
        let mut whole = with_close(&head).into_bytes();
        whole.extend_from_slice(&bytes[end..]);
        Ok(Some(Self { status, bytes: whole }))
    }

    /// A refusal in the server's stead, in the words of both dialects.
    pub(super) fn refusal(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>\
             <Message>answered in the server's stead</Message></Error>"
        );
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/xml\r\nx-ms-error-code: {code}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        Self { status, bytes: (head + &body).into_bytes() }
    }
}

/// Reads at least to the end of the head, and says where that is.
async fn read_head(from: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<Option<usize>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(end + 4));
        }
        if bytes.len() > HEAD_BYTES_MAX || from.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// The value of the first field of this name, in lower case.
fn field(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines
        .filter(|(field, _)| field.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_ascii_lowercase())
        .next()
}

/// The head with one field about the connection: that it is to be closed.
fn with_close(head: &str) -> String {
    let mut out = String::with_capacity(head.len() + 20);
    for (index, line) in head.trim_end().split("\r\n").enumerate() {
        let name = line.split(':').next().unwrap_or_default();
        if name.eq_ignore_ascii_case("connection") || name.eq_ignore_ascii_case("keep-alive") {
            continue;
        }
        out.push_str(line);
        out.push_str("\r\n");
        if index == 0 {
            out.push_str("connection: close\r\n");
        }
    }
    out.push_str("\r\n");
    out
}

const HEAD_BYTES_MAX: usize = 64 << 10;
