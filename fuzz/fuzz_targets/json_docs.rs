//! Any bytes as one of the documents; what is one is written and read again without loss.

#![no_main]

use fencepost_format::{
    Boundary, CursorDecision, CursorName, Epoch, FormatError, Lease, Nonce, Position, decode_version_hint,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = decode_version_hint(bytes);
    let boundary = |bytes: &[u8]| at_stated(|at| Boundary::decode("fuzz", Position::new(at), bytes));
    if let Some(document) = boundary(bytes) {
        assert_eq!(boundary(&document.encode().unwrap()), Some(document));
    }
    let name = CursorName::parse("a").unwrap();
    let decision = |bytes: &[u8]| CursorDecision::decode("fuzz", &name, Nonce(1), bytes).ok();
    if let Some(document) = decision(bytes) {
        assert_eq!(decision(&document.encode(&name, Nonce(1))), Some(document));
    }
    let lease = |bytes: &[u8]| at_stated(|at| Lease::decode("fuzz", Epoch::new(at), bytes));
    if let Some(document) = lease(bytes) {
        assert_eq!(lease(&document.encode()), Some(document));
    }
});

/// Decodes under whatever number the bytes state.
fn at_stated<T>(decode: impl Fn(u64) -> Result<T, FormatError>) -> Option<T> {
    match decode(1) {
        Err(FormatError::Misplaced { found, .. }) => decode(found).ok(),
        other => other.ok(),
    }
}
