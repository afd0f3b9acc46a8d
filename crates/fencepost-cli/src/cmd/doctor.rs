//! `doctor`: is this store safe for a log?

use crate::args::Doctor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::progress;
use crate::signal::asked_to_end;
use comfy_table::{ContentArrangement, Table, presets};
use fencepost::doctor::{self, Check, Examination, Options, Outcome, Price, Progress, Report, Verdict};
use fencepost::{LogStore, StoreOptions};

pub(super) async fn run(args: Doctor, json: bool) -> Result<(), Failure> {
    if cfg!(feature = "cloud") {
        crate::credentials::note_missing(&args.store);
    }
    let opened = LogStore::open(&args.store, StoreOptions::new().create_missing(false));
    let store = opened.map_err(|error| Failure::of(Exit::NoLog, &error))?;
    let checks = if args.only.is_empty() { Check::ALL.len() } else { args.only.len() };
    let bar = progress::bar("checks");
    bar.set_length(checks as u64);
    let watch = |progress: Progress<'_>| match progress {
        Progress::Begun(check) => bar.set_message(check.id()),
        Progress::Ended(_) => bar.inc(1),
        _ => bar.set_message("deleting the test objects"),
    };
    let stop = async {
        let signal = asked_to_end().await;
        output::note_line(format_args!("stopped by {signal}; deleting the test objects"));
    };
    let examination = Examination::new(&store, options(&args)).stop_when(stop).watched_by(watch);
    let report = Box::pin(examination.run()).await;
    bar.finish_and_clear();
    if json {
        output::json(&report.to_json())?
    } else {
        output::line(&printable(&describe(&report)))?
    }
    let exit = match report.verdict() {
        Verdict::Unsafe => Exit::Unsafe,
        _ if report.stopped => Exit::Interrupted,
        Verdict::Safe | Verdict::SafeWithWarnings => return Ok(()),
        _ => Exit::Failed,
    };
    Err(Failure::said(exit))
}

fn options(args: &Doctor) -> Options {
    let seed = doctor::seed();
    let mut options = if args.quick { Options::quick(seed) } else { Options::new(seed) };
    if !args.only.is_empty() {
        options = options.with_checks(args.only.iter().copied());
    }
    if let Some(racers) = args.racers {
        options = options.with_racers(racers.into());
    }
    if let Some(rounds) = args.race_rounds {
        options = options.with_race_rounds(rounds.into());
    }
    if let Some(objects) = args.list_objects {
        options = options.with_list_objects(objects as usize);
    }
    if let Some(bytes) = args.large_bytes {
        options = options.with_large_bytes(bytes as usize);
    }
    if let Some(time) = args.check_time {
        options = options.with_check_time(time);
    }
    if let Some(skew) = args.clock_skew {
        options = options.with_clock_skew_max(skew);
    }
    if let Some(price) = args.put_price {
        options = options.with_price(Price::new(price, "given by --put-price"));
    }
    options
}

fn describe(report: &Report) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["check", "result", "seen"]);
    for result in &report.checks {
        table.add_row([result.check.id(), word(result.outcome), &result.seen]);
    }
    let mut text = format!("{}\n\n{}\n\n", report.store.trim_end_matches('/'), table.trim_fmt());
    if let Some(price) = &report.price {
        let cost = price.per_million_appends();
        text.push_str(&format!(
            "a million appends that share no entry cost {cost:.2} USD in PUTs ({})\n",
            price.source
        ));
    }
    text.push_str(&format!(
        "{} requests in {:.1} s; durability across power loss was not tested\n\n{}",
        report.requests.total(),
        report.took.as_secs_f64(),
        report.conclusion()
    ));
    text
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Warning => "WARNING",
        Outcome::Failed => "FAILED",
        Outcome::NotApplicable => "-",
        _ => "not known",
    }
}
