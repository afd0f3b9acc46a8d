//! Any bytes as a manifest; what is one is written and read again without loss.

#![no_main]

use fencepost_format::{FormatError, Manifest, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(manifest) = decode(bytes) else { return };
    let written = manifest.encode();
    let again = Manifest::decode("fuzz", manifest.version, &written).expect("what was written is read");
    assert_eq!(again, normal(manifest));
    assert_eq!(again.encode(), written, "and written again as it was");
});

/// Decodes under whatever version the bytes state.
fn decode(bytes: &[u8]) -> Option<Manifest> {
    match Manifest::decode("fuzz", Version::FIRST, bytes) {
        Ok(manifest) => Some(manifest),
        Err(FormatError::Misplaced { found, .. }) => {
            Some(Manifest::decode("fuzz", Version::new(found), bytes).expect("only the version was wrong"))
        }
        Err(error) => {
            assert_eq!(error.object(), Some("fuzz"));
            None
        }
    }
}

/// Fields that came in any order are written in the order of their numbers.
fn normal(manifest: Manifest) -> Manifest {
    Manifest::decode("fuzz", manifest.version, &manifest.encode()).unwrap()
}
