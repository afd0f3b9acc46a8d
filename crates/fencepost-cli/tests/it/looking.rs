//! Commands that look at a log and change nothing: `ls`, `status`, `cat`, `why`, `completions`.

use super::support::{Scratch, run};
use serde_json::json;

/// Two epochs, the second of which died after rows 2 to 6; checkpointed up to 4.
fn log() -> Scratch {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 5);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    run(["checkpoint", &scratch.log(), "4"]).ok();
    scratch
}

#[test]
fn the_shards_of_a_log_are_listed_with_how_far_each_is() {
    let scratch = log();
    let listed = run(["ls", &scratch.log(), "--json"]).ok().json();
    let [only] = listed["shards"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!(
        (&only["checkpoint"], &only["tail"], &only["writer_epoch"]),
        (&json!(4), &json!(9), &json!(2))
    );
    assert_eq!((&only["entries"]["objects"], &only["above_checkpoint"]["objects"]), (&json!(9), &json!(5)));
    let text = run(["ls", &scratch.log()]).ok().text();
    assert!(text.starts_with("shard ") && text.contains(only["shard"].as_str().unwrap()), "{text}");
    assert!(text.lines().count() == 2 && text.lines().all(|line| line == line.trim_end()), "{text}");
    run(["ls", "./not-there"]).fails(4, "not-there");
}

#[test]
fn a_log_in_order_asks_for_no_attention() {
    let scratch = log();
    let text = run(["status", &scratch.log()]).ok().text();
    assert!(text.contains("closed") && text.contains("checkpoint  4; above it 5 entries"), "{text}");
    assert!(!text.contains("attention"), "{text}");
    let document = run(["status", &scratch.log(), "--json"]).ok().json();
    assert_eq!((&document["attention"], &document["lease"]["released"]), (&json!([]), &json!(true)));
}

/// Each threshold has its own word, and monitors an exit code.
#[test]
fn what_is_above_a_threshold_asks_for_attention() {
    let scratch = log();
    run(["tail", &scratch.log(), "--cursor", "slow", "--to", "5"]).ok();
    let kinds = |options: &[&str]| {
        let log = scratch.log();
        let found = run(["status", &log, "--json"].iter().chain(options));
        let document = found.json();
        let kinds = document["attention"]
            .as_array()
            .unwrap()
            .iter()
            .map(|need| need["kind"].clone())
            .collect::<Vec<_>>();
        (found.code, kinds)
    };
    assert_eq!(kinds(&["--warn-entries", "5"]), (Some(0), vec![]));
    assert_eq!(kinds(&["--warn-entries", "4"]), (Some(11), vec![json!("entries")]));
    assert_eq!(
        kinds(&["--warn-bytes", "1", "--warn-age", "0s"]),
        (Some(11), vec![json!("bytes"), json!("age")])
    );
    assert_eq!(kinds(&["--warn-age", "1h", "--warn-lag", "4"]), (Some(0), vec![]));
    assert_eq!(kinds(&["--warn-lag", "3"]), (Some(11), vec![json!("cursor_lag")]));
    let text = run(["status", &scratch.log(), "--warn-lag", "3"]).fails(11, "").text();
    assert!(
        text.contains("cursor      slow at 5, 4 behind the tail") && text.contains("attention   cursor slow"),
        "{text}"
    );
}

/// A gap below an entry is nobody's append any more once the writer closed.
#[test]
fn a_gap_that_no_writer_will_fill_asks_for_attention() {
    let scratch = log();
    std::fs::remove_file(scratch.entry(6)).unwrap();
    let found = run(["status", &scratch.log(), "--json"]);
    assert_eq!((found.code, &found.json()["attention"][0]["kind"]), (Some(11), &json!("gap")));
    assert_eq!((&found.json()["tail"], &found.json()["highest"]), (&json!(5), &json!(9)));
}

#[test]
fn the_rows_of_one_entry_are_printed() {
    let scratch = log();
    let printed = run(["cat", &scratch.log(), "3"]).ok();
    assert_eq!(printed.text(), "{\"n\":1}\n");
    assert!(printed.stderr.contains("position 3: data of epoch 1, 1 row"), "{}", printed.stderr);
    let marker = run(["cat", &scratch.log(), "1"]).ok();
    assert_eq!((marker.text(), marker.stderr.contains("epoch 1, 0 rows")), (String::new(), true));
    run(["cat", &scratch.log(), "99"]).fails(3, "nothing stands at position 99");
    let file = scratch.path("rows.csv").display().to_string();
    run(["cat", &scratch.log(), "3", "--format", "csv", "--output", &file]).ok();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "n\n1\n");
}

/// What is no part of the log any more can be saved: a dead writer's rows stand where readers pass over them.
#[test]
fn rows_that_do_not_count_are_printed_too() {
    let scratch = log();
    let before = std::fs::read(scratch.entry(3)).unwrap();
    run(["gc", "run", &scratch.log()]).ok();
    run(["cat", &scratch.log(), "3"]).fails(3, "nothing stands at position 3");
    std::fs::write(scratch.entry(3), before).unwrap();
    assert_eq!(run(["cat", &scratch.log(), "3"]).ok().text(), "{\"n\":1}\n");
}

#[test]
fn every_rule_that_keeps_an_entry_is_told() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 5);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    run(["tail", &scratch.log(), "--cursor", "slow", "--to", "2"]).ok();
    run(["checkpoint", &scratch.log(), "4"]).ok();
    let why = |at: &str| run(["why", &scratch.log(), at, "--json"]).ok().json();
    let rules = |at: &str| {
        let document = why(at);
        let rules = document["rules"].as_array().unwrap().iter();
        let rules: Vec<_> = rules
            .map(|rule| (rule["rule"].clone(), rule["position"].clone(), rule["keeps"].clone()))
            .collect();
        (document["delete"].clone(), document["kept_because"].clone(), rules)
    };
    let held = vec![
        (json!("checkpoint"), json!(4), json!(false)),
        (json!("cursor"), json!(2), json!(true)),
        (json!("bound"), json!(2), json!(true)),
    ];
    assert_eq!(rules("3"), (json!(false), json!("cursor"), held));
    let (delete, kept, free) = rules("2");
    assert_eq!((delete, kept, free.iter().any(|rule| rule.2 == true)), (json!(true), json!(null), false));
    assert_eq!(why("5")["kept_because"], "live");
    let text = run(["why", &scratch.log(), "3"]).ok().text();
    assert!(text.contains("cursor slow") && text.contains("position 3: it stays"), "{text}");
    run(["why", &scratch.log(), "77"]).fails(3, "never written");
}

#[test]
fn a_shell_learns_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(["completions", shell]).ok().text();
        assert!(script.contains("checkpoint") && script.contains("takeover"), "{shell}: {script}");
    }
}
