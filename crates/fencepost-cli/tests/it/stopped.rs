//! SIGSTOP, a takeover, a collection, SIGCONT, a hundred times: the stalled writer is refused, and nothing
//! that it acknowledged is missing.

use super::support::{Dice, Running, Scratch, command, numbers, run};
use rustix::process::{Signal, WaitOptions, waitpid};
use std::thread::sleep;
use std::time::Duration;

#[test]
fn a_stalled_writer_is_refused_after_takeover_and_collection() {
    std::thread::scope(|scope| {
        for worker in 0..2 {
            scope.spawn(move || (0..ROUNDS / 2).for_each(|round| stall(worker * ROUNDS + round)));
        }
    });
}

fn stall(seed: u64) {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 200_000);
    let args = [
        "append",
        &scratch.log(),
        "--from",
        &file,
        "--rows-per-entry",
        "1",
        "--takeover",
        "now",
        "--json",
        "--verbose-acks",
    ];
    let stalled = Running::start(command(args));
    assert_eq!(stalled.hear()["rows"], 1);
    let mut acknowledged = 1;
    sleep(Duration::from_millis(Dice(seed).below(200)));
    stalled.signal(Signal::STOP);
    let (_, status) = waitpid(Some(stalled.pid()), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped());

    let more = scratch.numbers("more.ndjson", 1_000_000, 10);
    run(["append", &scratch.log(), "--from", &more, "--takeover", "now"]).ok();
    let replayed = numbers(&run(["tail", &scratch.log()]).ok());
    run(["checkpoint", &scratch.log(), "tail", "--takeover", "now"]).ok();
    let collected = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert!(collected["deleted"].as_u64().unwrap() > 64, "{collected}");

    stalled.signal(Signal::CONT);
    let (code, said, stderr) = stalled.wait();
    assert_eq!(code, Some(5), "seed {seed}: {stderr}");
    assert!(stderr.contains("fenced"), "{stderr}");
    acknowledged += said.iter().filter(|ack| ack["rows"] == 1 && ack["position"].is_u64()).count() as u64;
    let report = said.last().unwrap();
    assert_eq!(report["error"]["kind"], "held");
    assert_eq!(report["acknowledged_rows"], acknowledged);
    // P-26: the collection passed the position, so whether an earlier attempt landed there is not known.
    // Never "acknowledged".
    let open = report["unknown_rows"].as_u64().unwrap() + report["not_in_log_rows"].as_u64().unwrap();
    assert!(open > 0, "{report}");

    let of_stalled: Vec<u64> = replayed.iter().copied().take_while(|n| *n < 1_000_000).collect();
    assert_eq!(of_stalled, (0..of_stalled.len() as u64).collect::<Vec<_>>());
    assert!(
        of_stalled.len() as u64 >= acknowledged,
        "seed {seed}: {acknowledged} acknowledged, {} replayed",
        of_stalled.len()
    );
    assert_eq!(replayed[of_stalled.len()..], (1_000_000..1_000_010).collect::<Vec<_>>());
    let left = numbers(&run(["tail", &scratch.log()]).ok());
    assert!(left.is_empty(), "seed {seed}: a refused row came back: {left:?}");
}

const ROUNDS: u64 = 100;
