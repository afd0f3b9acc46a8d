//! Any 64 bytes as a trailer; those that are one are written again as they were. With and without a sound
//! checksum.

#![no_main]

use fencepost_format::{EntryTail, Position, TRAILER_BYTES, Trailer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, u64, Vec<u8>, bool)| {
    let (size, position, mut tail, seal) = input;
    if seal && tail.len() == TRAILER_BYTES {
        tail[..5].copy_from_slice(b"FPWL\x01");
        let crc = crc32c::crc32c(&tail[..60]);
        tail[60..].copy_from_slice(&crc.to_le_bytes());
    }
    let Some(expected) = Position::try_new(position) else { return };
    // With the sizes that it states, too, so that what comes after them is reached.
    let stated = tail.get(52..56).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()));
    let told = tail.get(8..16).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
    for size in [Some(size), stated.map(|bytes| u64::from(bytes) + TRAILER_BYTES as u64)].into_iter().flatten() {
        for expected in [Some(expected), told.and_then(Position::try_new)].into_iter().flatten() {
            let tried = Trailer::decode("fuzz", &tail, size, expected);
            if let Ok(trailer) = &tried {
                assert_eq!(trailer.encode()[..], tail);
                assert_eq!(EntryTail::decode("fuzz", &tail, size, expected).unwrap(), EntryTail::Ours(*trailer));
            } else {
                let _ = EntryTail::decode("fuzz", &tail, size, expected).map_err(|error| error.to_string());
            }
        }
    }
});
