use super::*;

/// The cells of all records, quoted ones in brackets; whatever the pieces in which the bytes come.
fn split(text: &str) -> Result<Vec<Vec<String>>, Fault> {
    let whole = split_by(text, text.len().max(1));
    for size in 1..text.len().min(5) {
        assert_eq!(split_by(text, size), whole, "in pieces of {size} bytes: {text:?}");
    }
    whole
}

fn split_by(text: &str, size: usize) -> Result<Vec<Vec<String>>, Fault> {
    let mut splitter = Splitter::new(b',', 1_000);
    let mut records = Vec::new();
    for mut piece in text.as_bytes().chunks(size) {
        while !piece.is_empty() {
            let (used, record) = splitter.split(piece)?;
            piece = &piece[used..];
            records.extend(record);
        }
    }
    records.extend(splitter.end()?);
    let show = |cell: Cell<'_>| {
        let text = String::from_utf8(cell.bytes.to_vec()).unwrap();
        if cell.quoted { format!("[{text}]") } else { text }
    };
    Ok(records.iter().map(|record| record.cells().map(show).collect()).collect())
}

#[test]
fn cells_are_what_stands_between_delimiters() {
    let cases: [(&str, &[&[&str]]); 9] = [
        ("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]),
        ("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]),
        ("a\n\"x\ny\"\nb\n", &[&["a"], &["[x\ny]"], &["b"]]),
        ("\"a \"\"b\"\"\",\"\",\n", &[&["[a \"b\"]", "[]", ""]]),
        ("5\" pipe,a\"b\"\n", &[&["5\" pipe", "a\"b\""]]),
        ("\"a\r\nb\"\r\n", &[&["[a\r\nb]"]]),
        (",\n,", &[&["", ""], &["", ""]]),
        ("a\n\nb\n", &[&["a"], &[""], &["b"]]),
        ("\"a\"\r", &[&["[a]"]]),
    ];
    for (text, expected) in cases {
        assert_eq!(split(text).unwrap(), expected, "{text:?}");
    }
    assert_eq!(split("").unwrap(), Vec::<Vec<String>>::new());
}

#[test]
fn what_would_be_guessed_is_refused_with_its_place() {
    let cases = [
        ("a,b\n1,\"x\n2,y\n3,z\n", "line 2: column 2: the quotation mark opened here is never closed"),
        ("a,b\n\"x\ny\",\"z\n", "line 3: column 2: the quotation mark"),
        ("a\n\"x\"y\n", "line 2: column 1: text (`y"),
        ("a,b\r1,2\r", "line 1: a carriage return"),
    ];
    for (text, expected) in cases {
        let fault = split_by(text, text.len()).unwrap_err();
        assert!(fault.message.starts_with(expected), "{text:?}: {}", fault.message);
    }
}

#[test]
fn a_row_without_end_is_refused_at_its_bound() {
    let fault = split_by(&format!("a\n{}", "x".repeat(2_000)), 10).unwrap_err();
    assert!(fault.message.contains("line 2: a row of more than 1000 bytes"), "{}", fault.message);
    let fault = split_by(&format!("a\n1\n\"{}", "x\n".repeat(2_000)), 10).unwrap_err();
    assert!(fault.message.contains("line 3: a row of more than 1000 bytes"), "{}", fault.message);
    assert!(fault.advice.unwrap().contains("open since line 3, column 1"));
    split_by(&format!("a\n{}", ",".repeat(2_000)), 10).unwrap_err();
}

#[test]
fn a_cell_knows_its_line() {
    let mut splitter = Splitter::new(b';', 100);
    let (_, record) = splitter.split(b"\"a\nb\";c;\"d\ne\";f\n").unwrap();
    let record = record.unwrap();
    assert_eq!((record.line, record.line_of(1), record.line_of(3)), (1, 2, 3));
    assert_eq!(splitter.line, 4);
}
