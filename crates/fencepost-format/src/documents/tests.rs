use proptest::prelude::*;

use crate::{
    Boundary, Consumed, CursorDecision, CursorDocument, CursorName, DOCUMENT_BYTES_MAX, Epoch, Forgotten,
    FormatError, ID_MAX, Lease, Nonce, Position, Version,
};

fn boundary(text: &str) -> Result<Boundary, FormatError> {
    Boundary::decode("boundary", Position::new(42), text.as_bytes())
}

fn decision(text: &str) -> Result<CursorDecision, FormatError> {
    CursorDecision::decode("cursor", &CursorName::parse("copy").unwrap(), Nonce(0xfe), text.as_bytes())
}

const DECISION: &str =
    r#"{"format":1,"name":"copy","nonce":"000000000000000000000000000000fe","granted":true,"epoch":3}"#;

fn lease(text: &str) -> Result<Lease, FormatError> {
    Lease::decode("lease", Epoch::new(3), text.as_bytes())
}

/// F-20, F-21, F-22, F-24: the very bytes, written and read.
#[test]
fn documents_are_laid_out_as_documented() {
    let text = r#"{"format":1,"boundary":42,"guarding_fences":[1,9]}"#;
    let document =
        Boundary { boundary: Position::new(42), guarding_fences: vec![Position::new(1), Position::new(9)] };
    assert_eq!(document.encode().unwrap(), text);
    assert_eq!(boundary(text).unwrap(), document);

    let text = r#"{"format":1,"epoch":3,"version":8,"replay_after":18}"#;
    let document =
        Forgotten { epoch: Epoch::new(3), version: Version::new(8), replay_after: Position::new(18) };
    assert_eq!(document.encode(), text);
    assert_eq!(Forgotten::decode("forgotten", Epoch::new(3), text.as_bytes()).unwrap(), document);
    assert!(Forgotten::decode("forgotten", Epoch::new(2), text.as_bytes()).is_err());

    let text =
        r#"{"format":1,"name":"copy","nonce":"000000000000000000000000000000fe","position":42,"epoch":3}"#;
    let copy = CursorName::parse("copy").unwrap();
    let consumed = Consumed { position: Position::new(42), epoch: Epoch::new(3) };
    for document in [CursorDocument::Cursor, CursorDocument::Position] {
        assert_eq!(document(Nonce(0xfe), consumed).encode(&copy), text);
    }
    let granted = CursorDecision::Granted(Epoch::new(3));
    let given_up = DECISION.replace("true", "false").replace(":3}", ":0}");
    for (document, text) in [(granted, DECISION), (CursorDecision::GivenUp, &given_up)] {
        assert_eq!(document.encode(&copy, Nonce(0xfe)), text);
        assert_eq!(decision(text).unwrap(), document);
    }

    let text = r#"{"format":1,"epoch":3,"holder":"host 1","counter":8,"ttl_ms":5000,"released":false}"#;
    let document = Lease {
        epoch: Epoch::new(3),
        holder: "host 1".to_owned(),
        counter: 8,
        ttl_ms: 5_000,
        released: false,
    };
    assert_eq!(document.encode(), text);
    assert_eq!(lease(text).unwrap(), document);
}

#[test]
fn what_is_no_document_is_refused() {
    let bad = [
        "",
        "{",
        "[]",
        r#"{"boundary":42,"guarding_fences":[]}"#,
        r#"{"format":0,"boundary":42,"guarding_fences":[]}"#,
        r#"{"format":1,"boundary":42}"#,
        r#"{"format":1,"boundary":42,"guarding_fences":[],"more":1}"#,
        r#"{"format":1,"boundary":42,"boundary":42,"guarding_fences":[]}"#,
        r#"{"format":1,"boundary":42,"guarding_fences":[9,1]}"#,
        r#"{"format":1,"boundary":42,"guarding_fences":[9,9]}"#,
        r#"{"format":1,"boundary":42,"guarding_fences":[0]}"#,
        r#"{"format":1,"boundary":42,"guarding_fences":[43]}"#,
        r#"{"format":1,"boundary":-42,"guarding_fences":[]}"#,
        r#"{"format":1,"boundary":42.0,"guarding_fences":[]}"#,
        r#"{"format":1,"boundary":18446744073709551615,"guarding_fences":[]}"#,
        r#"{"format":1,"boundary":42,"guarding_fences":[]} x"#,
    ];
    for text in bad {
        let error = boundary(text).unwrap_err();
        assert!(matches!(error, FormatError::Damaged { .. }), "{text}: {error}");
        assert_eq!(error.object(), Some("boundary"));
    }
    for (from, to) in [("copy", "other"), ("fe", "ff"), ("true", "false"), ("true", "1"), (":3}", ":-3}")] {
        assert!(matches!(decision(&DECISION.replace(from, to)), Err(FormatError::Damaged { .. })), "{to}");
    }
}

#[test]
fn documents_under_a_wrong_name_are_misplaced() {
    let wrong = [
        boundary(r#"{"format":1,"boundary":41,"guarding_fences":[]}"#).unwrap_err(),
        lease(r#"{"format":1,"epoch":2,"holder":"","counter":0,"ttl_ms":0,"released":true}"#).unwrap_err(),
    ];
    for error in wrong {
        assert!(matches!(error, FormatError::Misplaced { .. }), "{error}");
    }
}

/// F-19: a later format may have other fields, so they are not looked at.
#[test]
fn later_formats_are_newer_and_not_damaged() {
    let error = boundary(r#"{"format":2,"everything":"else"}"#).unwrap_err();
    assert!(matches!(error, FormatError::Newer { .. }), "{error}");
}

#[test]
fn documents_above_a_mebibyte_are_neither_read_nor_written() {
    let spaces = " ".repeat(DOCUMENT_BYTES_MAX + 1);
    assert!(matches!(boundary(&spaces), Err(FormatError::TooLarge { .. })));
    let first = ID_MAX - 60_000;
    let guarding_fences = (first..ID_MAX).map(Position::new).collect();
    let many = Boundary { boundary: Position::new(ID_MAX), guarding_fences };
    assert!(matches!(many.encode(), Err(FormatError::TooLarge { .. })));
    let unordered = Boundary { boundary: Position::new(9), guarding_fences: vec![Position::new(10)] };
    assert!(matches!(unordered.encode(), Err(FormatError::Refused { .. })));
}

#[test]
fn long_holders_are_cut_at_a_character() {
    let long = Lease {
        epoch: Epoch::new(3),
        holder: "é".repeat(513),
        counter: u64::MAX,
        ttl_ms: u64::MAX,
        released: true,
    };
    let read = Lease::decode("lease", Epoch::new(3), &long.encode()).unwrap();
    assert_eq!(read.holder, "é".repeat(512));
    assert_eq!((read.counter, read.released), (u64::MAX, true));
}

proptest! {
    #[test]
    fn documents_come_back(at in 0..=ID_MAX, fences in prop::collection::btree_set(1..=ID_MAX, 0..20), holder in ".*") {
        let guarding_fences: Vec<_> = fences.into_iter().filter(|fence| *fence <= at).map(Position::new).collect();
        let document = Boundary { boundary: Position::new(at), guarding_fences };
        let bytes = document.encode().unwrap();
        prop_assert_eq!(Boundary::decode("b", Position::new(at), &bytes).unwrap(), document);

        let name = CursorName::parse("a.b-c_d").unwrap();
        let consumed = Consumed { position: Position::new(at), epoch: Epoch::new(at) };
        let document = CursorDocument::Position(Nonce(at.into()), consumed);
        prop_assert_eq!(CursorDocument::parse(&document.object_name()), Some(document));
        let document = CursorDecision::Granted(Epoch::new(at));
        let bytes = document.encode(&name, Nonce(at.into()));
        prop_assert_eq!(CursorDecision::decode("c", &name, Nonce(at.into()), &bytes).unwrap(), document);

        let document = Lease { epoch: Epoch::new(at), holder, counter: at, ttl_ms: 1, released: true };
        let read = Lease::decode("l", Epoch::new(at), &document.encode()).unwrap();
        prop_assert!(document.holder.starts_with(&read.holder));
    }

    #[test]
    fn any_cut_or_changed_byte_is_a_document_or_a_typed_error(at in 0_usize..60, with: u8, cut in 0_usize..60) {
        let mut bytes = br#"{"format":1,"boundary":42,"guarding_fences":[1,9]}"#.to_vec();
        let at = at % bytes.len();
        bytes[at] = with;
        bytes.truncate(bytes.len() - cut % bytes.len());
        if let Err(error) = Boundary::decode("b", Position::new(42), &bytes) {
            prop_assert_eq!(error.object(), Some("b"));
        }
    }
}
