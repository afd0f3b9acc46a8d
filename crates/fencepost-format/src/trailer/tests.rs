use proptest::prelude::*;

use super::*;

const AT: Position = Position::new(5);

fn trailer() -> Trailer {
    Trailer {
        kind: EntryKind::Data,
        position: AT,
        epoch: Epoch::new(3),
        nonce: Nonce(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100),
        rows: 1_000,
        batches: 2,
        body_bytes: 584,
        body_crc: 0xdead_beef,
    }
}

fn decode(tail: &[u8], object_bytes: u64) -> Result<Trailer, FormatError> {
    Trailer::decode("entry", tail, object_bytes, AT)
}

/// F-8: the very bytes, so that no change of the layout goes unseen.
#[test]
fn trailer_is_laid_out_as_documented() {
    let bytes = trailer().encode();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "4650574c01010000\
         0500000000000000\
         0300000000000000\
         000102030405060708090a0b0c0d0e0f\
         e803000000000000\
         0200000048020000\
         efbeaddec08a2218"
    );
    assert_eq!(decode(&bytes, 648).unwrap(), trailer());
}

/// The range read that a collector makes sees one flipped bit by itself: the kind decides what may be deleted.
#[test]
fn any_flipped_bit_of_a_trailer_is_noticed() {
    let bytes = trailer().encode();
    for bit in 0..TRAILER_BYTES * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = EntryTail::decode("entry", &flipped, 648, AT).unwrap_err();
        assert!(matches!(error, FormatError::Damaged { .. }), "bit {bit}: {error}");
    }
}

/// F-9: a reader that is too old says so, and does not call sound bytes damaged.
#[test]
fn later_versions_are_newer_and_not_damaged() {
    for (at, value) in [(4, 2), (5, 7), (5, 0), (6, 1), (7, 0x80)] {
        let mut later = trailer().encode();
        later[at] = value;
        let crc = crc32c::crc32c(&later[..60]);
        later[60..].copy_from_slice(&crc.to_le_bytes());
        let error = decode(&later, 648).unwrap_err();
        assert!(matches!(error, FormatError::Newer { offset, .. } if offset >= 588), "{error}");
        assert!(error.is_limit_of_reader());
    }
}

#[test]
fn right_bytes_under_a_wrong_name_are_misplaced() {
    let error = Trailer::decode("entry", &trailer().encode(), 648, Position::new(6)).unwrap_err();
    let FormatError::Misplaced { what: "position", found: 5, expected: 6, offset: 592, .. } = error else {
        panic!("{error}");
    };
}

#[test]
fn a_trailer_belongs_to_the_end_of_its_object() {
    assert!(decode(&trailer().encode(), 647).unwrap_err().to_string().contains("584"));
    for short in [0, 1, 63] {
        assert!(matches!(
            decode(&trailer().encode()[..short], short as u64),
            Err(FormatError::Damaged { .. })
        ));
    }
}

/// F-10: where Lance's entries end, and where neither's do.
#[test]
fn the_end_of_an_object_tells_whose_it_is() {
    let end = |tail: &[u8]| EntryTail::decode("entry", tail, 648, AT);
    let mut lances = [0x2a; TRAILER_BYTES];
    lances[56..].copy_from_slice(&END_OF_STREAM);
    assert_eq!(end(&lances).unwrap(), EntryTail::Lances);
    assert_eq!(end(&END_OF_STREAM).unwrap(), EntryTail::Lances, "shorter than a trailer");
    assert_eq!(end(&trailer().encode()).unwrap(), EntryTail::Ours(trailer()));
    assert!(matches!(end(b"hello"), Err(FormatError::Damaged { .. })));
    assert!(matches!(end(b""), Err(FormatError::Damaged { .. })));
}

#[test]
fn ids_that_cannot_be_are_damage() {
    for at in [8, 16] {
        for number in [0, ID_MAX + 1, u64::MAX] {
            let mut odd = trailer().encode();
            odd[at..at + 8].copy_from_slice(&number.to_le_bytes());
            let crc = crc32c::crc32c(&odd[..60]);
            odd[60..].copy_from_slice(&crc.to_le_bytes());
            assert!(matches!(decode(&odd, 648), Err(FormatError::Damaged { .. })), "{at} {number}");
        }
    }
}

proptest! {
    #[test]
    fn trailers_come_back(
        code in 1_u8..=5, position in 1..=ID_MAX, epoch in 1..=ID_MAX, nonce: u128,
        rows: u64, batches: u32, body_bytes: u32, body_crc: u32,
    ) {
        let trailer = Trailer {
            kind: kind_of_code(code).unwrap(),
            position: Position::new(position),
            epoch: Epoch::new(epoch),
            nonce: Nonce(nonce),
            rows,
            batches,
            body_bytes: u64::from(body_bytes),
            body_crc,
        };
        let size = u64::from(body_bytes) + TRAILER_BYTES as u64;
        prop_assert_eq!(Trailer::decode("e", &trailer.encode(), size, trailer.position).unwrap(), trailer);
    }
}
