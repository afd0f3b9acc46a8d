//! Bytes of a file or stream, as they come.
//!
//! A stream is read by a thread of its own: who waits for its next bytes can then stop waiting, because rows
//! that are there are due, or because the command was asked to end.

use super::stop::Stop;
use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// What came next.
#[derive(Debug)]
pub(super) enum Flow {
    Bytes(Vec<u8>),
    /// Nothing until the time that was given.
    Late,
    End,
    /// Nobody wants more. What was read is not the end of the input.
    Stopped,
}

/// A regular file, or a stream with what was read of it ahead of time.
pub(super) enum Feed {
    File(File, Stop),
    Stream(Stream),
}

impl Feed {
    pub(super) fn stream(input: Box<dyn Read + Send>, stop: Stop) -> Self {
        Self::Stream(Stream::new(input, stop))
    }

    pub(super) const fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// The next bytes. A file never waits, so `until` is for streams.
    pub(super) fn next(&mut self, until: Option<Instant>) -> io::Result<Flow> {
        match self {
            Self::File(_, stop) if stop.is_asked() => Ok(Flow::Stopped),
            Self::File(file, _) => read_chunk(file),
            Self::Stream(stream) => stream.next(until),
        }
    }
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let stream = match self {
            Self::File(file, _) => return file.read(out),
            Self::Stream(stream) => stream,
        };
        if out.is_empty() {
            return Ok(0);
        }
        match stream.next(None)? {
            Flow::Bytes(mut bytes) => {
                let count = bytes.len().min(out.len());
                out[..count].copy_from_slice(&bytes[..count]);
                bytes.drain(..count);
                stream.put_back(bytes);
                Ok(count)
            }
            Flow::Late | Flow::End | Flow::Stopped => Ok(0),
        }
    }
}

/// Bytes that a thread reads.
pub(super) struct Stream {
    head: Vec<u8>,
    messages: Receiver<Message>,
    stop: Stop,
    ended: bool,
}

enum Message {
    Bytes(Vec<u8>),
    End,
    Failed(io::Error),
    /// Look whether to stop.
    Wake,
}

impl Stream {
    fn new(input: Box<dyn Read + Send>, stop: Stop) -> Self {
        let (sender, messages) = sync_channel(CHUNKS_AHEAD);
        let waker = sender.clone();
        // A full channel needs no waking: whoever reads it looks at the flag.
        stop.on_ask(move || drop(waker.try_send(Message::Wake)));
        let asked = stop.clone();
        std::thread::spawn(move || read_all(input, &sender, &asked));
        Self { head: Vec::new(), messages, stop, ended: false }
    }

    /// Hands out `bytes` before anything else.
    pub(super) fn put_back(&mut self, bytes: Vec<u8>) {
        debug_assert!(self.head.is_empty(), "one put back, one taken");
        self.head = bytes;
    }

    pub(super) fn next(&mut self, until: Option<Instant>) -> io::Result<Flow> {
        if !self.head.is_empty() {
            return Ok(Flow::Bytes(std::mem::take(&mut self.head)));
        }
        while !self.ended {
            let stopped = self.stop.is_asked();
            let wait = match until {
                // What was read already is taken along; the thread reads nothing new.
                _ if stopped => STOP_TIMEOUT,
                Some(until) => until.saturating_duration_since(Instant::now()),
                None => Duration::MAX,
            };
            match self.messages.recv_timeout(wait) {
                Ok(Message::Bytes(bytes)) => return Ok(Flow::Bytes(bytes)),
                Ok(Message::Wake) => {}
                Ok(Message::Failed(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Err(RecvTimeoutError::Timeout) if !stopped => return Ok(Flow::Late),
                Ok(Message::End) | Err(_) => self.ended = true,
            }
        }
        Ok(if self.stop.is_asked() { Flow::Stopped } else { Flow::End })
    }
}

fn read_all(mut input: Box<dyn Read + Send>, sender: &SyncSender<Message>, stop: &Stop) {
    while !stop.is_asked() {
        let message = match read_chunk(&mut input) {
            Ok(Flow::Bytes(bytes)) => Message::Bytes(bytes),
            Ok(_) => Message::End,
            Err(error) => Message::Failed(error),
        };
        let last = !matches!(message, Message::Bytes(_));
        if sender.send(message).is_err() || last {
            return;
        }
    }
    let _ = sender.send(Message::End);
}

/// One read: a pipe may be slow, and what came may be enough.
fn read_chunk(input: &mut impl Read) -> io::Result<Flow> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(Flow::End),
            Ok(count) => {
                chunk.truncate(count);
                return Ok(Flow::Bytes(chunk));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

const CHUNK_BYTES: usize = 64 << 10;
const CHUNKS_AHEAD: usize = 4;
/// How long bytes that the thread was reading when it was asked to stop may take to arrive here.
const STOP_TIMEOUT: Duration = Duration::from_millis(20);
