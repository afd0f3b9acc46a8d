//! The fixed layout from inside: that it is taken, and that only sound ones are.

use arrow_ipc::{MessageHeader, root_as_message};

use super::*;
use crate::entry::assemble_entry;
use crate::{Epoch, Nonce, Position};

const AT: Position = Position::new(5);

fn object_of(groups: &[&[Record]], epoch: Epoch) -> Bytes {
    let groups: Vec<_> =
        groups.iter().map(|records| EncodedBatches::encode_records(records).unwrap()).collect();
    assemble_entry(AT, epoch, Nonce(7), &groups).unwrap().concat().into()
}

fn trailer_of(object: &Bytes) -> Trailer {
    let tail = &object[object.len() - TRAILER_BYTES..];
    Trailer::decode("entry", tail, object.len() as u64, AT).unwrap()
}

/// The object with other bytes at `at`, and the checksums that go with them.
fn changed(object: &Bytes, at: usize, bytes: &[u8]) -> Bytes {
    let mut body = object[..object.len() - TRAILER_BYTES].to_vec();
    body[at..at + bytes.len()].copy_from_slice(bytes);
    let trailer = Trailer { body_crc: crc32c::crc32c(&body), ..trailer_of(object) };
    body.extend(trailer.encode());
    body.into()
}

/// F-30: no array is built for what was written as records, in epochs of however many digits.
#[test]
fn what_is_written_as_records_is_read_by_place() {
    let two = [Record::new("a").with_key("k"), Record::new(vec![1; 5_000]).with_timestamp_us(-5)];
    let one = [Record::new("")];
    for epoch in [1, 9, 10, 12_345, crate::ID_MAX] {
        let object = object_of(&[&two, &one], Epoch::new(epoch));
        let trailer = trailer_of(&object);
        let body = &object[..object.len() - TRAILER_BYTES];
        assert_eq!(glance(&trailer, body, DecodeLimits::DEFAULT), Some((2, 3)), "epoch {epoch}");
        let read = read("entry", &trailer, &object).unwrap();
        assert_eq!(read[..2], two);
        assert_eq!(read[2..], one);
    }
}

/// The header is one that Arrow understands, with the numbers where it looks for them.
#[test]
fn the_header_is_a_sound_flatbuffer_with_every_number_in_its_place() {
    let records = [Record::new("abc").with_key("kk"), Record::new("d").with_timestamp_us(1), Record::new("")];
    let layout = Layout::of(&records).unwrap();
    let header = layout.header();
    let message = root_as_message(&header[8..]).unwrap();
    assert_eq!(message.header_type(), MessageHeader::RecordBatch);
    assert_eq!(message.bodyLength() as u64, layout.body_bytes());
    let batch = message.header_as_record_batch().unwrap();
    assert_eq!(batch.length(), 3);
    let nodes: Vec<_> =
        batch.nodes().unwrap().iter().map(|node| (node.length(), node.null_count())).collect();
    assert_eq!(nodes, [(3, 2), (3, 2), (3, 0)]);
    let buffers: Vec<_> = batch.buffers().unwrap().iter().map(|it| (it.offset(), it.length())).collect();
    assert_eq!(buffers, [(0, 1), (8, 24), (32, 1), (40, 16), (56, 2), (64, 0), (64, 32), (96, 4)]);
    assert_eq!(layout.body_bytes(), 128);
}

/// A writer that was wrong, though its checksum is right: an error that names the place, and no panic.
#[test]
fn values_that_do_not_follow_one_another_are_damage() {
    let records = [Record::new("abc").with_key("kk"), Record::new("d").with_key("l")];
    let object = object_of(&[&records], Epoch::FIRST);
    let body = schema_message(Epoch::FIRST).len() + layout::HEADER_BYTES;
    // The second offset of the keys and of the values.
    let (key_end, value_end) = (body + 8 + 16 + 8 + 4, body + 8 + 16 + 8 + 16 + 8 + 8);
    assert_eq!(object[key_end..key_end + 4], 2_u32.to_le_bytes());
    assert_eq!(object[value_end..value_end + 8], 3_u64.to_le_bytes());
    for (at, bytes) in [
        (key_end, &4_i32.to_le_bytes()[..]),
        (key_end, &(-1_i32).to_le_bytes()),
        (key_end - 4, &1_i32.to_le_bytes()),
        (value_end, &5_u64.to_le_bytes()),
        (value_end, &u64::MAX.to_le_bytes()),
        (value_end - 8, &1_u64.to_le_bytes()),
    ] {
        let object = changed(&object, at, bytes);
        let read = read("entry", &trailer_of(&object), &object);
        assert!(matches!(read, Err(FormatError::Damaged { .. })), "{bytes:?} at {at}: {read:?}");
    }
}

/// Numbers of a header that belong to no layout are left to the reader that knows them all.
#[test]
fn headers_with_other_numbers_are_not_taken() {
    let object = object_of(&[&[Record::new("abc")]], Epoch::FIRST);
    let header = schema_message(Epoch::FIRST).len();
    for at in (header..header + layout::HEADER_BYTES).step_by(8) {
        let object = changed(&object, at, &[0xff; 8]);
        let body = &object[..object.len() - TRAILER_BYTES];
        assert_eq!(glance(&trailer_of(&object), body, DecodeLimits::DEFAULT), None, "at {at}");
    }
}
