//! Taking over by hand, stopping a log and letting it go on, its manifests, and the manners of the command.

use super::support::{Running, Scratch, command, run, run_with};
use std::io::Write;
use std::process::Stdio;

/// A writer that is alive and has had one row acknowledged.
fn alive(scratch: &Scratch) -> (Running, std::process::ChildStdin) {
    let log = scratch.log();
    let args = ["append", &log, "--rows-per-entry", "1", "--infer-rows", "1", "--json", "--verbose-acks"];
    let mut command = command(args);
    command.stdin(Stdio::piped()).args(["--holder", "somebody", "--flush-interval", "20ms"]);
    let mut running = Running::start(command);
    let mut stdin = running.stdin();
    stdin.write_all(b"{\"n\":0}\n{\"n\":1}\n").unwrap();
    stdin.flush().unwrap();
    assert_eq!(running.hear()["rows"], 1);
    assert_eq!(running.hear()["rows"], 1);
    (running, stdin)
}

#[test]
fn a_writer_that_is_fenced_by_hand_is_refused_and_its_rows_stay() {
    let scratch = Scratch::new();
    let (writer, mut rows) = alive(&scratch);
    let would = run(["fence", &scratch.log()]).ok();
    assert!(
        would.text().contains("held by somebody") && would.text().contains("add --yes"),
        "{}",
        would.text()
    );
    assert_eq!(run(["fence", &scratch.log(), "--json"]).ok().json()["dry_run"], true);
    assert_eq!(
        run(["status", &scratch.log(), "--json"]).ok().json()["writer_epoch"],
        1,
        "nothing was changed"
    );

    let done = run(["fence", &scratch.log(), "--yes", "--json"]).ok().json();
    assert_eq!((&done["epoch"], &done["fence"], &done["clean_fence"]), (&2.into(), &4.into(), &false.into()));
    assert_eq!((&done["replayed_rows"], &done["before"]["holder"]), (&2.into(), &"somebody".into()));
    rows.write_all(b"{\"n\":2}\n").unwrap();
    drop(rows);
    let (code, _, stderr) = writer.wait();
    assert_eq!(code, Some(5), "{stderr}");
    assert_eq!(scratch.read_numbers(1), [0, 1]);

    let nobody = run(["fence", &scratch.log()]).ok();
    assert!(
        nobody.text().contains("closed the log itself, so there is nobody to fence"),
        "{}",
        nobody.text()
    );
    let again = run(["fence", &scratch.log(), "--yes"]).ok();
    assert!(again.text().contains("nobody was fenced"), "{}", again.text());
}

/// P-10, P-150.
#[test]
fn a_sealed_log_takes_no_writer_until_it_is_unsealed() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"n\":0}\n").ok();
    let sealed = run(["seal", &scratch.log(), "--json"]).ok().json();
    assert_eq!(
        (&sealed["epoch"], &sealed["tail"], &sealed["already"]),
        (&2.into(), &5.into(), &false.into())
    );
    assert_eq!(run(["seal", &scratch.log(), "--json"]).ok().json()["already"], true);
    run_with(["append", &scratch.log(), "--takeover", "now"], b"{\"n\":9}\n").fails(5, "sealed");
    run(["fence", &scratch.log(), "--yes"]).fails(5, "sealed");
    assert_eq!(scratch.read_numbers(1), [0], "readers go on");

    let unsealed = run(["unseal", &scratch.log(), "--json"]).ok().json();
    assert_eq!((&unsealed["epoch"], &unsealed["already"]), (&3.into(), &false.into()));
    assert!(run(["unseal", &scratch.log()]).ok().text().contains("was not sealed"));
    run_with(["append", &scratch.log()], b"{\"n\":1}\n").ok();
    assert_eq!(scratch.read_numbers(1), [0, 1]);
}

/// Who seals waits for a writer that is alive, and gives up as told.
#[test]
fn a_seal_waits_for_the_writer_that_holds_the_log() {
    let scratch = Scratch::new();
    let (writer, rows) = alive(&scratch);
    run(["seal", &scratch.log(), "--wait-timeout", "300ms"]).fails(5, "holds the lease");
    drop(rows);
    assert_eq!(writer.wait().0, Some(0));
    run(["seal", &scratch.log(), "--wait-timeout", "300ms"]).ok();
    run(["seal", &scratch.path("nothing").display().to_string()]).fails(4, "");
}

#[test]
fn manifests_are_listed_and_shown() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"n\":0}\n").ok();
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    let listed = run(["manifest", "list", &scratch.log(), "--json"]).ok().json();
    let versions: Vec<_> = listed["manifests"].as_array().unwrap().iter().collect();
    assert_eq!((versions.len(), &listed["versions"]), (3, &3.into()));
    assert_eq!(versions[2]["replay_after"], versions[2]["last_seen"], "{listed}");
    let last = run(["manifest", "list", &scratch.log(), "--last", "1"]).ok().text();
    assert!(last.contains("the last 1 of 3 versions"), "{last}");

    let shown = run(["manifest", "show", &scratch.log(), "--json"]).ok().json();
    assert_eq!((&shown["version"], &shown["status"]), (&3.into(), &"active".into()));
    assert_eq!(run(["manifest", "show", &scratch.log(), "1", "--json"]).ok().json()["writer_epoch"], 1);
    run(["manifest", "show", &scratch.log(), "9"]).fails(3, "no manifest of version 9");
}

#[test]
fn every_command_has_a_manual_page() {
    let scratch = Scratch::new();
    let place = scratch.path("man");
    let pages = run(["man", place.to_str().unwrap(), "--json"]).ok().json()["pages"].as_u64().unwrap();
    assert!(pages > 20, "{pages}");
    let page = std::fs::read_to_string(place.join("fencepost-standby.1")).unwrap();
    assert!(page.contains("take over") && page.contains("lease"), "{page}");
}

/// Quiet, what is left on stderr is errors; verbose, it says what becomes of the log.
#[test]
fn stderr_says_as_much_as_is_wanted() {
    let scratch = Scratch::new();
    let (writer, rows) = alive(&scratch);
    let seal = |more: &[&str]| run(["seal", &scratch.log(), "--wait-timeout", "300ms"].iter().chain(more));
    assert!(seal(&[]).stderr.contains("waiting: epoch 1"));
    let quiet = seal(&["--quiet"]);
    assert!(!quiet.stderr.contains("waiting") && quiet.stderr.starts_with("error: "), "{}", quiet.stderr);
    drop(rows);
    assert_eq!(writer.wait().0, Some(0));
    let verbose = run(["fence", &scratch.log(), "--yes", "-v"]).ok();
    assert!(verbose.stderr.contains("claimed"), "{}", verbose.stderr);
    assert_eq!(run(["fence", &scratch.log(), "--yes"]).ok().stderr, "");
}

#[test]
fn a_log_says_what_it_costs() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log(), "--rows-per-entry", "1"], b"{\"n\":0}\n{\"n\":1}\n").ok();
    let local = run(["cost", &scratch.log(), "--json"]).ok().json();
    assert_eq!((&local["measured"]["entries"], &local["measured"]["puts_ever"]), (&4.into(), &4.into()));
    assert!(local["prices"].is_null() && local["month"]["usd"].is_null(), "{local}");
    let load =
        ["cost", &scratch.log(), "--entries-per-second", "100", "--readers", "0", "--prices", "s3", "--json"];
    let s3 = run(load).ok().json();
    let appends = s3["month"]["appends"]["usd"].as_f64().unwrap();
    assert!((appends - 1_296.0).abs() < 0.01, "100 a second are 259.2 million PUTs: {s3}");
    let own = run(load.iter().chain(&["--put-price", "0"])).ok().json();
    assert_eq!((&own["month"]["appends"]["usd"], &own["prices"]["own"]), (&0.0.into(), &true.into()));
    let text = run(["cost", &scratch.log(), "--prices", "s3"]).ok().text();
    assert!(text.contains("list prices of S3 Standard") && text.contains("in all"), "{text}");
}

/// Each is a fence entry and a close entry; a line for each would hide what matters.
#[test]
fn ten_checkpoints_are_one_line() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"n\":0}\n").ok();
    for _ in 0..10 {
        run(["checkpoint", &scratch.log(), "2"]).ok();
    }
    let shown = run(["inspect", &scratch.log()]).ok().text();
    assert!(shown.contains("4..23     fence, close") && shown.contains("2..11"), "{shown}");
    assert!(shown.lines().count() < 10, "{shown}");
    assert_eq!(run(["inspect", &scratch.log(), "--each"]).ok().text().lines().count(), 3 + 1 + 23);
}
