//! What is handed over comes back equal, or is refused with its place. One paragraph for each way in which
//! values were once changed.

use super::support::{Run, Scratch, run, run_with};
use serde_json::json;

fn append(scratch: &Scratch, format: &str, args: &[&str], text: &str) -> Run {
    let log = scratch.log();
    let all = ["append", &log, "--format", format, "--json"].into_iter().chain(args.iter().copied());
    run_with(all, text.as_bytes())
}

/// The rows that come back.
fn through(format: &str, args: &[&str], text: &str) -> Vec<serde_json::Value> {
    let scratch = Scratch::new();
    append(&scratch, format, args, text).ok();
    run(["tail", &scratch.log()]).ok().lines()
}

/// What is said about the row that is refused, and how many were acknowledged before it.
#[track_caller]
fn refused(format: &str, args: &[&str], text: &str, saying: &[&str]) -> u64 {
    let scratch = Scratch::new();
    let failed = append(&scratch, format, args, text).fails(3, saying[0]);
    for part in saying {
        assert!(failed.stderr.contains(part), "`{part}` is not in: {}", failed.stderr);
    }
    failed.json()["acknowledged_rows"].as_u64().unwrap_or(0)
}

/// 1.5 became 1, and "77" became 77.
#[test]
fn json_fractions_and_texts_are_no_whole_numbers() {
    let many: String = (0..1_000).map(|n| format!("{{\"a\":{n}}}\n")).collect();
    for (row, saying) in [
        ("{\"a\":1.5}\n", "`1.5` is not written as a whole number"),
        ("{\"a\":\"77\"}\n", "a text (`\"77\"`) where the first rows have a number"),
        ("{\"a\":1.0}\n", "`1.0` is not written"),
        ("{\"a\":9223372036854775808}\n", "`9223372036854775808` does not fit into int64"),
        ("{\"a\":true}\n", "a truth value"),
        ("{\"a\":[1]}\n", "an array (`[1]`)"),
        ("{\"a\":-0}\n", "would not print back the same"),
    ] {
        let text = many.clone() + row + "{\"a\":1}\n";
        let acknowledged =
            refused("ndjson", &[], &text, &["line 1001: `a`: ", saying, "--types 'a=text'", "--skip 1000"]);
        assert_eq!(acknowledged, 1_000);
    }
    // Among the first rows they decide.
    assert_eq!(through("ndjson", &[], "{\"a\":1}\n{\"a\":1.5}\n")[1]["a"], 1.5);
    assert_eq!(
        through("ndjson", &["--types", "a=text"], "{\"a\":1.50}\n{\"a\":\"77\"}\n{\"a\":{\"b\": 1}}\n{}\n"),
        [json!({"a": "1.50"}), json!({"a": "77"}), json!({"a": "{\"b\": 1}"}), json!({"a": null})]
    );
}

/// Whole numbers beyond 2^53 went through a double.
#[test]
fn json_whole_numbers_are_exact() {
    let numbers = [9_007_199_254_740_993, u64::MAX, 0];
    let text: String = numbers.iter().map(|n| format!("{{\"id\":{n}}}\n")).collect();
    let found: Vec<_> = through("ndjson", &[], &text).iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(found, numbers);
    assert_eq!(through("ndjson", &[], "{\"id\":-9223372036854775808}\n")[0]["id"], i64::MIN);
    refused(
        "ndjson",
        &[],
        "{\"id\":18446744073709551616}\n",
        &["line 1: `id`: `18446744073709551616` does not fit"],
    );
    refused("ndjson", &[], "{\"id\":-1}\n{\"id\":18446744073709551615}\n", &["line 2: `id`: "]);
    refused(
        "ndjson",
        &[],
        "{\"x\":9007199254740993}\n{\"x\":0.5}\n",
        &["line 1: `x`: `9007199254740993` cannot be held exactly"],
    );
    // The double is the very number, and its fewest digits are those of another.
    for number in ["9223372036854775808", "1152921504606846976"] {
        let text = format!("{{\"x\":1.5}}\n{{\"x\":{number}}}\n");
        refused("ndjson", &[], &text, &["line 2: `x`: ", number, "would come out as"]);
        refused("csv", &["--types", "x=float64"], &format!("x\n{number}\n"), &[number, "would come out as"]);
    }
    assert_eq!(
        through("ndjson", &[], "{\"x\":1.5}\n{\"x\":9223372036854776000}\n")[1]["x"],
        9.223372036854776e18
    );
    for number in ["1e400", "0.1234567890123456789"] {
        refused("ndjson", &[], &format!("{{\"x\":{number}}}\n"), &["cannot be held exactly", number]);
    }
    let scratch = Scratch::new();
    let text = "{\"id\":-1}\n{\"id\":18446744073709551616}\n";
    append(&scratch, "ndjson", &["--types", "id=decimal(38,0)"], text).ok();
    let found = run(["tail", &scratch.log(), "--format", "csv"]).ok().text();
    assert_eq!(found, "id\n-1\n18446744073709551616\n");
}

#[test]
fn json_objects_are_whole_and_say_each_thing_once() {
    for (text, saying) in [
        ("{\"a\":1,\"a\":2}\n", "line 1: `a`: the key occurs twice"),
        ("{\"o\":{\"b\":[{\"c\":1,\"c\":1}]}}\n", "line 1: `o.b[0].c`: the key occurs twice"),
        ("{\"a\":1}\n{\"a\":1,\"b\":2\n", "line 2: the object that begins here is incomplete"),
        ("{\"a\":1}\nnull\n", "line 2: `null` where an object was expected"),
        ("{\"a\":01}\n", "line 1: `a`: `1}` where the end of the number"),
        ("{\"a\":\"\\ud800\"}\n", "line 1: `a`: half of a surrogate pair"),
        ("{\"a\":\"\\ud800\\u0041\"}\n", "line 1: `a`: half of a surrogate pair"),
        ("{\"a\":\"x\ny\"}\n", "line 1: `a`: an unescaped control character"),
        ("{\"a\":NaN}\n", "line 1: `a`: `NaN}` where a value"),
    ] {
        refused("ndjson", &[], text, &[saying]);
    }
    let scratch = Scratch::new();
    let bytes = [&b"{\"a\":\"x\"}\n{\"a\":\"\xff\"}\n"[..]].concat();
    run_with(["append", &scratch.log(), "--format", "ndjson"], &bytes)
        .fails(3, "line 2: `\\xff\\\"}` is not UTF-8");
}

#[test]
fn json_comes_as_lines_as_one_array_or_as_it_likes() {
    let rows = [json!({"a": 1, "b": {"c": [1, null]}}), json!({"a": 2, "b": null})];
    for text in [
        "{\"a\":1,\"b\":{\"c\":[1,null]}}\n{\"a\":2}",
        "\u{feff}[{\"a\":1,\"b\":{\"c\":[1,null]}},\n{\"a\":2}]\n",
        "{\n \"a\": 1,\n \"b\": {\"c\": [1, null]}\n}\n{\n \"a\": 2\n}\n",
    ] {
        assert_eq!(through("ndjson", &[], text), rows, "{text}");
        // By its content as well.
        let scratch = Scratch::new();
        run_with(["append", &scratch.log()], text.as_bytes()).ok();
        assert_eq!(run(["tail", &scratch.log()]).ok().lines(), rows, "{text}");
    }
    let failed = refused("ndjson", &[], "[{\"a\":1},\n{\"a\":2}", &["line 2: the array is never closed"]);
    assert_eq!(failed, 2);
    let long = format!("[{}]", vec!["{\"a\":1}"; 5_000].join(","));
    assert_eq!(through("ndjson", &[], &long).len(), 5_000);
    refused("ndjson", &[], &format!("{long}x"), &["`x` after the end of the array"]);
}

/// "01234" became 1234, 12e5 became 1200000.0, 9e999 null.
#[test]
fn csv_cells_that_would_print_otherwise_stay_text() {
    let text = "zip,ref,big,plus,zero,hex,mixed,padded\n\"01234\",12e5,9e999,+5,-0,0x10,1,1.50\n\"98765\",7,8,9,1,2,2.5,2.25\n";
    let scratch = Scratch::new();
    let said = append(&scratch, "csv", &[], text).ok();
    assert!(
        said.stderr.contains("column `zip` is kept as text: `01234` would not print back"),
        "{}",
        said.stderr
    );
    let found = run(["tail", &scratch.log(), "--format", "csv"]).ok().text();
    assert_eq!(found, text.replace('"', ""));
    let numbers = "n,u,f,b,d\n-7,18446744073709551615,1.5,true,2024-02-29\n0,0,-0.0,false,2024-03-01\n";
    let found = through("csv", &[], numbers);
    assert_eq!(found[0], json!({"n": -7, "u": u64::MAX, "f": 1.5, "b": true, "d": "2024-02-29"}));
    let asked = through("csv", &["--types", "zip=int32,ref=float64"], "zip,ref\n01234,12e5\n");
    assert_eq!(asked, [json!({"zip": 1234, "ref": 1_200_000.0})]);
    let texts = through("csv", &["--all-text", "--types", "c=int64"], "a,b,c\n1,true,3\n");
    assert_eq!(texts, [json!({"a": "1", "b": "true", "c": 3})]);
}

#[test]
fn csv_cells_that_later_do_not_fit_are_refused() {
    let many: String = (0..1_000).map(|n| format!("{n},x\n")).collect();
    for (cell, saying) in [
        ("1.5", "`1.5` is not written as a whole number"),
        ("007", "`007` would not print back the same as int64"),
        ("9223372036854775808", "does not fit into int64"),
        ("", ""),
        ("seven", "is not a whole number"),
        ("\"7\n\"", "`7\\n` is not a whole number"),
        ("\u{1b}[31m", "`\\u{1b}[31m` is not a whole number"),
    ] {
        let text = format!("a,b\n{many}{cell},\"p\nq\"\n1,x\n");
        if cell.is_empty() {
            assert_eq!(through("csv", &[], &text)[1_000]["a"], serde_json::Value::Null);
            continue;
        }
        let acknowledged = refused("csv", &[], &text, &["line 1002: column 1 (`a`): ", saying, "--all-text"]);
        assert_eq!(acknowledged, 1_000);
    }
    let failed = refused(
        "csv",
        &["--types", "b=int8"],
        "a,b\n\"x\ny\",128\n",
        &["line 3: column 2 (`b`): `128` does not fit into int8"],
    );
    assert_eq!(failed, 0);
}

/// An offset was applied, and the zone forgotten.
#[test]
fn csv_times_keep_their_instant_and_their_zone() {
    let text = "at,utc,local,mixed,odd\n2024-03-31T02:30:00+02:00,2024-03-31T00:30:00.5Z,2024-03-31T02:30:00,2024-03-31T02:30:00+02:00,31.3.2024\n\
                2024-03-31T03:30:00+02:00,2024-03-31T00:30:00+00:00,2024-03-31 02:30:00,2024-03-31T00:30:00Z,1.4.2024\n";
    assert_eq!(
        through("csv", &[], text),
        [
            json!({"at": "2024-03-31T02:30:00+02:00", "utc": "2024-03-31T00:30:00.500Z", "local": "2024-03-31T02:30:00",
               "mixed": "2024-03-31T02:30:00+02:00", "odd": "31.3.2024"}),
            json!({"at": "2024-03-31T03:30:00+02:00", "utc": "2024-03-31T00:30:00Z", "local": "2024-03-31T02:30:00",
               "mixed": "2024-03-31T00:30:00Z", "odd": "1.4.2024"}),
        ]
    );
    let types = ["--infer-rows", "1", "--rows-per-entry", "1"];
    let text = "at\n2024-03-31T02:30:00+02:00\n2024-03-31T01:30:00+01:00\n";
    refused(
        "csv",
        &types,
        text,
        &["line 3: column 1 (`at`): `2024-03-31T01:30:00+01:00` has a different offset"],
    );
    let instants = through("csv", &["--types", "at=timestamp[us,UTC]"], text);
    assert_eq!(instants, [json!({"at": "2024-03-31T00:30:00Z"}), json!({"at": "2024-03-31T00:30:00Z"})]);
}

/// The rest of the file became one value.
#[test]
fn csv_is_refused_where_its_form_is_broken() {
    for (text, saying) in [
        ("a,b\n1,\"x\n2,y\n", "line 2: column 2: the quotation mark opened here is never closed"),
        ("a,b\n1,\"x\"y\n", "line 2: column 2: text (`y"),
        ("a,b\n1\n", "line 2: 1 cells, where the header has 2"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, where the header has 2"),
        ("a,b,a\n1,2,3\n", "line 1: column 3: the name `a` occurs twice"),
        ("a\n1\n\n2\n", "line 3: an empty line"),
        ("a\r1\r", "line 1: a carriage return"),
    ] {
        refused("csv", &[], text, &[saying]);
    }
    for (bytes, saying) in [
        (&b"a\nx\n\xe9\n"[..], "line 3: column 1 (`a`): `\\xe9` is not UTF-8"),
        (b"\xff\xfea\0\n\0", "UTF-16"),
        (b"a\0b\n1\n", "a zero byte"),
    ] {
        let scratch = Scratch::new();
        run_with(["append", &scratch.log(), "--format", "csv"], bytes).fails(3, saying);
    }
    let mark = through("csv", &[], "\u{feff}a,b\r\n1,\"\u{feff}\"\r\n\r\n");
    assert_eq!(mark, [json!({"a": 1, "b": "\u{feff}"})]);
    assert_eq!(through("csv", &[], "a\nx\u{0}y\n"), [json!({"a": "x\u{0}y"})]);
}

#[test]
fn csv_null_and_the_empty_text_are_told_apart() {
    assert_eq!(
        through("csv", &[], "a,b\n,1\n\"\",\nx,2\n"),
        [json!({"a": null, "b": 1}), json!({"a": "", "b": null}), json!({"a": "x", "b": 2})]
    );
    assert_eq!(
        through("csv", &["--null", "NA"], "a,b\nNA,1\n,NA\n\"NA\",2\n"),
        [json!({"a": null, "b": 1}), json!({"a": "", "b": null}), json!({"a": "NA", "b": 2})]
    );
}

#[test]
fn csv_may_have_other_delimiters() {
    let rows = [json!({"a,": 1, "b": "x;"})];
    assert_eq!(through("csv", &["--delimiter", ";"], "a,;b\n1;\"x;\"\n"), rows);
    assert_eq!(through("csv", &["--delimiter", "tab"], "a,\tb\n1\tx;\n"), rows);
    let scratch = Scratch::new();
    let said = append(&scratch, "csv", &[], "a;b\n1;2\n").ok();
    assert!(said.stderr.contains("--delimiter ';'"), "{}", said.stderr);
}

/// A file is refused as a whole where its first rows are wrong; of a stream the rows before are kept.
#[test]
fn a_file_that_is_wrong_at_once_takes_the_log_from_nobody() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    std::fs::write(&file, "a\n1\n2\n\"x\n").unwrap();
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).fails(3, "line 4");
    assert!(!scratch.path("log").exists());
    assert_eq!(refused("csv", &[], "a\n1\n2\n\"x\n", &["line 4", "--skip 2"]), 2);
}

#[test]
fn rows_are_skipped_without_a_look_at_their_types() {
    let text = "a\n1\nx\n2\n";
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    std::fs::write(&file, text).unwrap();
    let args = ["--types", "a=int64", "--skip", "2", "--from", file.to_str().unwrap()];
    assert_eq!(append(&scratch, "csv", &args, "").ok().json()["rows"], 1);
    assert_eq!(run(["tail", &scratch.log()]).ok().lines(), [json!({"a": 2})]);
}

#[test]
fn types_are_for_texts_and_for_columns_that_are_there() {
    let scratch = Scratch::new();
    append(&scratch, "parquet", &["--types", "a=int64"], "").fails(2, "for CSV and NDJSON");
    append(&scratch, "csv", &["--types", "b=int64"], "a\n1\n").fails(3, "no column `b`");
    append(&scratch, "csv", &["--types", "a=int65"], "a\n1\n").fails(2, "`int65` is not a type");
    append(&scratch, "csv", &["--delimiter", "ab"], "a\n1\n").fails(2, "one ASCII character");
    for option in [["--delimiter", ";"], ["--null", "NA"]] {
        append(&scratch, "ndjson", &option, "{\"a\":1}\n").fails(2, "JSON has a null and separators");
    }
    // In JSON a column may come later.
    let found = through("ndjson", &["--types", "b=int64", "--infer-rows", "1"], "{\"a\":1}\n{\"b\":\"2\"}\n");
    assert_eq!(found, [json!({"a": 1, "b": null}), json!({"a": null, "b": 2})]);
}

#[test]
fn a_mistyped_url_is_no_directory_and_memory_is_no_log() {
    let here = Scratch::new();
    for (log, saying) in [
        ("s3:/bucket/log", "s3://bucket/log"),
        ("s3:bucket", "s3://bucket"),
        ("~/x", "$HOME"),
        ("memory://x", "gone when the command ends"),
        ("memory:/x", "gone when the command ends"),
        ("MEMORY:x", "gone when the command ends"),
    ] {
        let mut command = super::support::command(["append", log]);
        let output = command.current_dir(here.path(".")).output().unwrap();
        Run::new(output).fails(4, saying);
    }
    assert_eq!(std::fs::read_dir(here.path(".")).unwrap().count(), 0);
}

/// What readers refuse must not be acknowledged.
#[test]
fn what_is_acknowledged_can_be_read_however_deep_it_is_nested() {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StructArray};
    use arrow::datatypes::Field;
    use arrow::ipc::writer::StreamWriter;
    use std::sync::Arc;
    for depth in [10, 30, 60, 100] {
        let mut column: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        for _ in 0..depth {
            let field = Arc::new(Field::new("a", column.data_type().clone(), true));
            column = Arc::new(StructArray::from(vec![(field, column)]));
        }
        let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        let scratch = Scratch::new();
        let appended =
            run_with(["append", &scratch.log(), "--format", "arrow"], &writer.into_inner().unwrap());
        if appended.code == Some(0) {
            run(["verify", &scratch.log()]).ok();
            assert!(run(["tail", &scratch.log()]).ok().text().contains("{\"a\":7}"), "{depth}");
        } else {
            appended.fails(3, "stdin");
        }
    }
}
