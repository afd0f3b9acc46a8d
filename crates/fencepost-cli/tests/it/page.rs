//! `inspect --html` and `ls --html`: the pages hold what `--json` says.

use crate::support::{Scratch, run};
use serde_json::Value;

fn data(page: &str) -> Value {
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(data).unwrap()
}

/// The values of a column, from its runs.
fn column(data: &Value, name: &str) -> Vec<i64> {
    let runs: Vec<i64> = serde_json::from_value(data["entries"][name].clone()).unwrap();
    runs.chunks(2).flat_map(|run| vec![run[0]; usize::try_from(run[1]).unwrap()]).collect()
}

#[test]
fn page_draws_what_inspect_tells() {
    let scratch = Scratch::new();
    let log = scratch.log();
    for from in [0, 10] {
        run(["append", &log, "--from", &scratch.numbers("rows.ndjson", from, 10)]).ok();
    }
    run(["checkpoint", &log, "2"]).ok();
    let html = scratch.path("log.html");
    let told = run(["inspect", &log, "--json"]).ok().json();
    let said = run(["inspect", &log, "--html", html.to_str().unwrap(), "--json"]).ok().json();
    let data = data(&std::fs::read_to_string(html).unwrap());

    let entries = told["entries"].as_array().unwrap();
    assert_eq!(said["entries"], entries.len());
    let word = |words: &str, column_name: &str, nth: usize| {
        data[words][usize::try_from(column(&data, column_name)[nth]).unwrap()].clone()
    };
    let mut position: i64 = data["first"].as_str().unwrap().parse().unwrap();
    for (nth, entry) in entries.iter().enumerate() {
        position += column(&data, "step")[nth];
        assert_eq!(entry["position"], position);
        assert_eq!(entry["kind"], word("kinds", "kind", nth));
        assert_eq!(entry["epoch"], word("epochs", "epoch", nth));
        assert_eq!(entry["state"], word("states", "state", nth));
        assert_eq!(entry["bytes"], column(&data, "bytes")[nth]);
        assert_eq!(entry["kept_because"], word("reasons", "reason", nth)["name"]);
    }
    assert_eq!(data["manifest"]["replay_after"], told["manifest"]["replay_after"].to_string());
    assert_eq!(data["tail"], told["tail"].to_string());
}

#[test]
fn page_of_shards_has_what_ls_tells() {
    let scratch = Scratch::new();
    let log = scratch.log();
    let rows = scratch.numbers("rows.ndjson", 0, 10);
    run(["append", &log, "--from", &rows, "--rows-per-entry", "1"]).ok();
    run(["tail", &log, "--cursor", "slow", "--to", "4"]).ok();
    let html = scratch.path("shards.html");
    let told = run(["ls", &log, "--json"]).ok().json();
    let said = run(["ls", &log, "--html", html.to_str().unwrap(), "--json"]).ok().json();
    assert_eq!(said["shards"], 1);
    let data = data(&std::fs::read_to_string(html).unwrap());
    let cell = |name: &str| {
        let at = data["columns"].as_array().unwrap().iter().position(|column| column == name);
        &data["shards"][0][at.unwrap()]
    };
    let shard = &told["shards"][0];
    for (name, told) in [
        ("shard", &shard["shard"]),
        ("epoch", &shard["writer_epoch"]),
        ("above", &shard["above_checkpoint"]["objects"]),
        ("above_bytes", &shard["above_checkpoint"]["bytes"]),
        ("entries", &shard["entries"]["objects"]),
        ("bytes", &shard["entries"]["bytes"]),
        ("lag", &shard["cursors"][0]["lag"]),
        ("slowest", &shard["cursors"][0]["name"]),
    ] {
        assert_eq!(cell(name), told, "{name}");
    }
    assert_eq!((cell("collected"), cell("attention")), (&Value::Null, &Value::from("")));
}

/// The strip is for people: on a pipe it has no colours, and programs are told so.
#[test]
fn graph_is_a_strip_of_plain_text_on_a_pipe() {
    let scratch = Scratch::new();
    let log = scratch.log();
    let rows = scratch.numbers("rows.ndjson", 0, 100);
    run(["append", &log, "--from", &rows, "--rows-per-entry", "1"]).ok();
    run(["checkpoint", &log, "50"]).ok();
    let strip = run(["inspect", &log, "--graph"]).ok().text();
    assert!(strip.lines().all(|line| line.chars().count() <= 80), "{strip}");
    assert!(!strip.contains('\u{1b}'), "{strip}");
    assert!(strip.contains("C checkpoint 50"), "{strip}");
    let narrow = run(["inspect", &log, "--graph", "--width", "40", "--last", "5"]).ok().text();
    assert!(narrow.starts_with("position  "), "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    run(["inspect", &log, "--graph", "--json"]).fails(2, "--graph");
}

#[test]
fn page_that_cannot_be_written_names_its_file() {
    let scratch = Scratch::new();
    let log = scratch.log();
    run(["append", &log, "--from", &scratch.numbers("rows.ndjson", 0, 1)]).ok();
    let nowhere = scratch.path("no/such/folder/page.html");
    run(["inspect", &log, "--html", nowhere.to_str().unwrap()]).fails(1, "page.html");
}
