//! The framing of an Arrow IPC stream: one encapsulated message after the other, then the end-of-stream marker.
//!
//! ```text
//!  ff ff ff ff | length: i32 | flatbuffer, padded to `length` | body, as long as the flatbuffer says
//!  …
//!  ff ff ff ff | 00 00 00 00
//! ```

use std::ops::Range;

use arrow_ipc::{Message, MetadataVersion, root_as_message};

use crate::FormatError;
use crate::error::damaged;

/// Walks the messages of a stream. Each is verified as a flatbuffer and lies within the stream.
pub(super) struct Frames<'a> {
    object: &'a str,
    stream: &'a [u8],
    at: usize,
}

/// One message.
pub(super) struct Frame<'a> {
    /// Where it begins.
    pub(super) offset: usize,
    /// Its flatbuffer, not parsed.
    pub(super) flatbuffer: &'a [u8],
    /// Its flatbuffer.
    pub(super) message: Message<'a>,
    /// Where its body lies in the stream.
    pub(super) body: Range<usize>,
}

impl<'a> Frames<'a> {
    /// Walks `stream`, which begins with the object and ends with or before it.
    pub(super) const fn new(object: &'a str, stream: &'a [u8]) -> Self {
        Self { object, stream, at: 0 }
    }

    /// The next message, or `None` at the end-of-stream marker, which must be the last thing in the stream.
    // F-4.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'a>>, FormatError> {
        let offset = self.at;
        let Some((prefix, rest)) = self.stream[offset..].split_first_chunk::<8>() else {
            return Err(self.damaged(offset, "the stream stops without its end-of-stream marker"));
        };
        let [marker, length] = [&prefix[..4], &prefix[4..]];
        if marker != CONTINUATION {
            return Err(self.damaged(offset, "no message of an Arrow stream begins here"));
        }
        let length = i32::from_le_bytes(length.try_into().expect("four of eight bytes"));
        if length == 0 {
            if !rest.is_empty() {
                return Err(self.damaged(offset + 8, "bytes follow the end-of-stream marker"));
            }
            return Ok(None);
        }
        let Some(flatbuffer) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
            return Err(self.damaged(offset + 4, format!("a message header of {length} bytes does not fit")));
        };
        let message = root_as_message(flatbuffer)
            .map_err(|error| self.damaged(offset + 8, format!("not a message header: {error}")))?;
        if message.version() != MetadataVersion::V5 {
            return Err(self.damaged(offset, format!("metadata version {:?}, not V5", message.version())));
        }
        let start = offset + 8 + flatbuffer.len();
        let end = usize::try_from(message.bodyLength()).ok().and_then(|length| start.checked_add(length));
        let Some(end) = end.filter(|end| *end <= self.stream.len()) else {
            let reason = format!("a message body of {} bytes does not fit", message.bodyLength());
            return Err(self.damaged(offset, reason));
        };
        self.at = end;
        Ok(Some(Frame { offset, flatbuffer, message, body: start..end }))
    }

    fn damaged(&self, offset: usize, reason: impl Into<std::borrow::Cow<'static, str>>) -> FormatError {
        damaged(self.object, offset, reason)
    }
}

const CONTINUATION: [u8; 4] = [0xff; 4];
