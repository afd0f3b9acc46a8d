//! Generated cells and values: what goes in comes out equal, or is refused. Many rows go through each run of
//! the command.

use super::support::{Run, Scratch, run, run_with};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

/// Texts that readers have changed, and their neighbours.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        (-1_000_i64..1_000).prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        (-1_000_i64..1_000, 0_usize..4).prop_map(|(n, places)| format!("{:.places$}", n as f64 / 16.0)),
        "[-+]?[0-9]{0,4}\\.?[0-9]{0,25}([eE][-+]?[0-9]{1,3})?",
        "(true|false|True|null|NULL|NA|NaN|inf|-Infinity|0x1F|1_000|1,5| 7|7 )",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        "20[0-9]{2}-0[1-9]-[0-2][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,10})?(Z|\\+00:00|[-+]0[0-9]:[03]0)?",
        "\\PC{0,8}",
        "[\"',;\n\t x]{0,5}",
    ]
}

/// A column whose cells are mostly of one kind.
fn column() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        3 => (any::<prop::sample::Index>(), prop::collection::vec(cell(), ROWS)).prop_map(|(one, mut cells)| {
            // One of the others among equals: the interesting case for a type that was guessed.
            let other = one.get(&cells).clone();
            let base = cells[0].clone();
            cells.iter_mut().for_each(|cell| cell.clone_from(&base));
            *cells.last_mut().expect("ROWS is not 0") = other;
            cells
        }),
        2 => prop::collection::vec(cell(), ROWS),
        1 => prop::collection::vec((-100_i64..100).prop_map(|n| n.to_string()), ROWS),
    ]
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// Cells that name the same, read by hand: the same text, or the same instant.
fn same(before: &str, after: &str) -> bool {
    before == after || (before.len() >= 19 && instant(before).is_some() && instant(before) == instant(after))
}

/// Seconds, the fraction without zeros at its end, and whether an offset is written; for this century.
fn instant(text: &str) -> Option<(i64, String, bool)> {
    let number = |from, to| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let lengths = [31, 28 + i64::from(year % 4 == 0), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = (2000..year).map(|year| 365 + i64::from(year % 4 == 0)).sum::<i64>()
        + lengths.iter().take(usize::try_from(month).ok()?.checked_sub(1)?).sum::<i64>()
        + day;
    let seconds = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    let rest = &text[19..];
    let end = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(end);
    let fraction = fraction.trim_start_matches('.').trim_end_matches('0').to_owned();
    let offset = match zone {
        "" | "Z" => 0,
        zone => {
            let size = zone[1..3].parse::<i64>().ok()? * 3_600 + zone[4..6].parse::<i64>().ok()? * 60;
            if zone.starts_with('-') { -size } else { size }
        }
    };
    Some((seconds - offset, fraction, !zone.is_empty()))
}

/// The rows that were acknowledged are there and no others; else the command says why.
#[track_caller]
fn check_refusal(run: &Run, rows: usize) {
    match run.code {
        Some(0) => assert_eq!(rows, ROWS),
        Some(3) => {
            assert!(run.stderr.contains("line "), "{}", run.stderr);
            assert_eq!(run.json()["acknowledged_rows"].as_u64().unwrap_or(0), rows as u64, "{}", run.stderr);
        }
        code => panic!("code {code:?}: {}", run.stderr),
    }
}

fn runner(name: &'static str) -> TestRunner {
    let config =
        Config { cases: 30, failure_persistence: None, source_file: Some(name), ..Config::default() };
    TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default()))
}

#[test]
fn csv_cells_come_back_as_they_were_written_or_are_refused() {
    let columns = prop::collection::vec(column(), COLUMNS);
    runner("csv")
        .run(&(columns, prop::sample::select(vec!["1", "5", "1000"])), |(columns, infer)| {
            let names: Vec<_> = (0..COLUMNS).map(|n| format!("c{n}")).collect();
            let mut text = names.join(",") + "\n";
            for row in 0..ROWS {
                text += &columns.iter().map(|cells| quoted(&cells[row])).collect::<Vec<_>>().join(",");
                text += "\n";
            }
            let scratch = Scratch::new();
            let args = ["append", &scratch.log(), "--format", "csv", "--json", "--infer-rows", infer];
            let appended = run_with(args, text.as_bytes());
            let found = if appended.json()["acknowledged_rows"].as_u64().unwrap_or(0) > 0 {
                read_csv(&run(["tail", &scratch.log(), "--format", "csv"]).ok().text())
            } else {
                Vec::new()
            };
            check_refusal(&appended, found.len().saturating_sub(1));
            for (row, cells) in found.iter().skip(1).enumerate() {
                for (column, cell) in cells.iter().enumerate() {
                    let before = &columns[column][row];
                    assert!(same(before, cell), "row {row}, column {column}: {before:?} became {cell:?}");
                }
            }
            Ok(())
        })
        .unwrap();
}

/// An independent reader.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    rows
}

/// JSON values of some shape, as they are written.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => cell().prop_filter("is JSON", |cell| serde_json::from_str::<Value>(cell).is_ok_and(|value| !value.is_string())),
        1 => any::<f64>().prop_map(|n| serde_json::to_string(&n).expect("writes")),
        2 => cell().prop_map(|cell| Value::from(cell).to_string()),
        1 => Just("null".to_owned()),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(|entries| {
                let entries: Vec<_> =
                    entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

/// The same value: a key that is missing, one that is null, and an object of nothing but such are the same to
/// a column.
fn same_json(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let keys = before.keys().chain(after.keys());
            keys.into_iter().all(|key| {
                let get =
                    |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                same_json(&get(before), &get(after))
            })
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before.iter().zip(after).all(|(before, after)| same_json(before, after))
        }
        (Value::Number(one), Value::Number(other)) => {
            let exact = |n: &serde_json::Number| n.as_i128();
            // Whole numbers beside fractions are doubles, and exact ones.
            exact(one) == exact(other) && exact(one).is_some()
                || one.as_f64() == other.as_f64()
                    && one.as_f64().map(f64::is_sign_negative) == other.as_f64().map(f64::is_sign_negative)
                    && (one.is_f64() || exact(one).is_some_and(|n| n as f64 as i128 == n))
        }
        _ => before == after,
    }
}

#[test]
fn json_values_come_back_equal_or_are_refused() {
    let rows = prop_oneof![
        (value(), value(), 0..ROWS).prop_map(|(base, other, at)| {
            let mut rows = vec![base; ROWS];
            rows[at] = other;
            rows
        }),
        prop::collection::vec(value(), ROWS),
        prop::collection::vec(any::<f64>().prop_map(|n| serde_json::to_string(&n).expect("writes")), ROWS),
    ];
    let columns = prop::collection::vec(rows, 2);
    runner("json")
        .run(
            &(columns, any::<bool>(), prop::sample::select(vec!["1", "5", "1000"])),
            |(columns, array, infer)| {
                let lines: Vec<String> = (0..ROWS)
                    .map(|row| format!("{{\"n\":{row},\"x\":{},\"y\":{}}}", columns[0][row], columns[1][row]))
                    .collect();
                let text = if array { format!("[{}]", lines.join(",")) } else { lines.join("\n") };
                let scratch = Scratch::new();
                let args = ["append", &scratch.log(), "--format", "ndjson", "--json", "--infer-rows", infer];
                let appended = run_with(args, text.as_bytes());
                let found = if appended.json()["acknowledged_rows"].as_u64().unwrap_or(0) > 0 {
                    run(["tail", &scratch.log()]).ok().lines()
                } else {
                    Vec::new()
                };
                check_refusal(&appended, found.len());
                for (line, after) in lines.iter().zip(&found) {
                    let before: Value = serde_json::from_str(line).expect("is JSON");
                    assert!(same_json(&before, after), "{line} became {after}");
                }
                Ok(())
            },
        )
        .unwrap();
}

const ROWS: usize = 8;
const COLUMNS: usize = 3;
