//! What an append costs, as the command itself counts it.

use super::support::{Scratch, run, run_with};
use serde_json::json;

#[test]
fn an_append_makes_one_put_for_each_entry_and_nothing_else() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 300);
    let report =
        run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1", "--json"]).ok().json();
    assert_eq!(report["rows"], 300);
    assert_eq!(report["entries"], 300);
    assert_eq!(report["requests"], json!({"put": 300, "get": 0, "head": 0, "list": 0, "delete": 0}));
    assert_eq!(report["epoch"], 1);
    // The first fence entry, which is a clean fence, stands at 1.
    assert_eq!((&report["first_position"], &report["last_position"]), (&json!(2), &json!(301)));
    assert_eq!(report["close_requests"]["put"], 2, "the close entry and the lease");
    assert_eq!(scratch.read_numbers(1), (0..300).collect::<Vec<_>>());
}

#[test]
fn grouped_appends_share_entries() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 50_000);
    let report = run(["append", &scratch.log(), "--from", &file, "--linger", "50ms", "--json"]).ok().json();
    assert_eq!(report["rows"], 50_000);
    assert_eq!(report["requests"]["put"], report["entries"]);
    assert!(report["entries"].as_u64().unwrap() < 7, "{report}");
    assert!(report["bytes"].as_u64().unwrap() > 8 * 50_000, "{report}");
}

#[test]
fn compressed_entries_are_shorter_and_are_read_without_being_told() {
    let bytes = ["none", "lz4", "zstd"].map(|codec| {
        let scratch = Scratch::new();
        let file = scratch.numbers("rows.ndjson", 0, 20_000);
        let args = ["append", &scratch.log(), "--from", &file, "--compress", codec, "--json"];
        let report = run(args).ok().json();
        assert_eq!(scratch.read_numbers(1), (0..20_000).collect::<Vec<_>>());
        report["bytes"].as_u64().unwrap()
    });
    assert!(bytes[1] < bytes[0] && bytes[2] < bytes[0] / 2, "{bytes:?}");
}

#[test]
fn a_closed_log_costs_its_next_writer_no_fillers() {
    let scratch = Scratch::new();
    for epoch in 1..=3_u64 {
        let report = run_with(["append", &scratch.log(), "--json"], b"{\"n\":1}\n{\"n\":2}\n").ok().json();
        assert_eq!(report["epoch"], epoch);
        assert!(report["open_requests"]["put"].as_u64().unwrap() < 5, "{report}");
    }
    assert_eq!(scratch.read_numbers(1), [1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_writer_can_be_told_to_append_one_entry_at_a_time() {
    for (pipelining, in_flight_max) in [("unless-lance", 64), ("always", 64), ("never", 1)] {
        let scratch = Scratch::new();
        let file = scratch.numbers("rows.ndjson", 0, 20);
        let args = ["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"];
        let report = run(args.iter().chain(&["--pipelining", pipelining, "--json"])).ok().json();
        assert_eq!((&report["entries"], &report["in_flight_max"]), (&json!(20), &json!(in_flight_max)));
        assert_eq!(scratch.read_numbers(1), (0..20).collect::<Vec<_>>());
    }
}

#[test]
fn an_empty_input_appends_nothing() {
    let scratch = Scratch::new();
    let report = run_with(["append", &scratch.log(), "--json"], b"").ok().json();
    assert_eq!(
        (&report["rows"], &report["entries"], &report["first_position"]),
        (&json!(0), &json!(0), &json!(null))
    );
    assert_eq!(report["requests"]["put"], json!(0));
}

/// The log was made, and its writer was fenced for nothing.
#[test]
fn an_input_without_rows_opens_no_log() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    run_with(["append", &scratch.log()], b"{\"n\":1}\n").ok();
    let listed = || run(["manifest", "list", &scratch.log(), "--json"]).ok().text();
    let before = listed();
    let inputs: [(&str, &[u8]); 4] = [("ndjson", b""), ("ndjson", b"[]"), ("csv", b"a,b\n"), ("lines", b"")];
    for (format, input) in inputs {
        let file = scratch.path("input");
        std::fs::write(&file, input).unwrap();
        let file = file.to_str().unwrap();
        for log in [&scratch.log(), &other.log()] {
            let args = ["append", log, "--format", format, "--takeover", "now"];
            let said = run_with(args, input).ok().text();
            assert!(said.contains("the input has no rows"), "{format}: {said}");
            run(args.iter().chain(&["--from", file])).ok();
        }
    }
    assert_eq!(listed(), before);
    assert!(!other.path("log").exists());
}

#[test]
fn skipping_goes_on_where_an_append_ended() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 20_000);
    let report = run(["append", &scratch.log(), "--from", &file, "--skip", "19990", "--json"]).ok().json();
    assert_eq!(report["rows"], 10);
    assert_eq!(scratch.read_numbers(1), (19_990..20_000).collect::<Vec<_>>());
}

/// Texts, and what has rows of its own.
#[test]
fn skipping_further_than_the_input_goes_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 2);
    run(["append", &scratch.log(), "--from", &file]).ok();
    let copy = scratch.path("rows.parquet").display().to_string();
    run(["tail", &scratch.log(), "--format", "parquet", "--output", &copy]).ok();
    let other = Scratch::new();
    for from in [&file, &copy] {
        let append = |skip| run(["append", &other.log(), "--from", from, "--skip", skip]);
        append("3").fails(3, "it has 2 rows, and --skip 3");
        let said = append("2").ok().text();
        assert!(said.contains("no rows behind the first 2"), "{said}");
    }
    run_with(["append", &other.log(), "--skip", "3"], b"{\"n\":1}\n").fails(3, "it has 1 row, and --skip 3");
    assert!(!other.path("log").exists());
}
