//! `cargo xtask pages`: the pages that the command draws, looked at in a real browser.
//!
//! Makes logs with a [history](story), has them drawn by `inspect --html`, and opens the pages in Chromium without a
//! window. A [probe](browser) works in each page as a person would, with keys and clicks, and says what it saw; what it
//! saw must be what `inspect --json` says. `--write` puts the screenshots into `docs/img`.

mod browser;
mod story;

use std::path::Path;

use serde_json::Value;
use snafu::{ResultExt as _, ensure};

use crate::args::PagesArgs;
use crate::error::{ReadSnafu, Result, UnusableSnafu, WriteSnafu};
use crate::invocation::Invocation;
use crate::stores::target;
use browser::{Browser, Theme};
use story::Bench;

pub(crate) fn run(root: &Path, args: &PagesArgs) -> Result<bool> {
    let Some(browser) = Browser::find() else {
        return UnusableSnafu { message: browser::ADVICE }.fail();
    };
    if !Invocation::cargo(root, ["build", "--quiet", "-p", "fencepost-cli"]).run_directly()? {
        return Ok(false);
    }
    let screenshots = if args.write { root.join("docs/img") } else { target(root).join("pages/img") };
    for entries in &args.entries {
        log(root, &browser, *entries, &screenshots)?;
    }
    fleet(root, &browser, &screenshots)?;
    Ok(true)
}

/// A small page, with a command that is built. Installs a browser where that is possible; where it is not, says loudly
/// that nothing was looked at.
pub(crate) fn check_small(root: &Path) -> Result<()> {
    match Browser::find_or_install(root) {
        Ok(browser) => {
            let screenshots = target(root).join("pages/img");
            log(root, &browser, SMALL, &screenshots)?;
            fleet(root, &browser, &screenshots)
        }
        Err(why) => {
            println!("NOT CHECKED: the pages of `inspect --html` were not looked at in a browser. {why}");
            Ok(())
        }
    }
}

/// Draws a log of about so many entries, works in its page, and takes pictures of it.
fn log(root: &Path, browser: &Browser, entries: u64, screenshots: &Path) -> Result<()> {
    let bench = Bench::new(root);
    let log = bench.log(entries)?;
    let page = bench.folder.join(format!("log-{entries}.html"));
    bench.run(&["inspect", &log, "--html", &page.display().to_string()])?;
    let told = bench.told(&["inspect", &log, "--json"])?;
    let saw = look(browser, &bench, &page, browser::LOG)?;
    agrees(&page, &saw, &objections(&saw, &Expected::of(&told, &log)))?;
    pictures(browser, &bench, &page, screenshots)
}

/// The same of a folder with many shards.
fn fleet(root: &Path, browser: &Browser, screenshots: &Path) -> Result<()> {
    let bench = Bench::new(root);
    let base = bench.fleet(SHARDS)?;
    let page = bench.folder.join("shards.html");
    bench.run(&["ls", &base, "--html", &page.display().to_string()])?;
    let saw = look(browser, &bench, &page, browser::FLEET)?;
    agrees(&page, &saw, &fleet_objections(&saw, &base))?;
    pictures(browser, &bench, &page, screenshots)
}

/// What a probe sees in the page, which is not too large.
fn look(browser: &Browser, bench: &Bench, page: &Path, probe: &str) -> Result<Value> {
    let text = std::fs::read_to_string(page).context(ReadSnafu { path: page })?;
    let message = || format!("{} has {} bytes", page.display(), text.len());
    ensure!(text.len() < PAGE_BYTES_MAX, UnusableSnafu { message: message() });
    let saw = browser.probe(&bench.folder, page, &text, probe)?;
    println!("{}: {}", message(), saw["summary"].as_str().unwrap_or_default());
    Ok(saw)
}

fn agrees(page: &Path, saw: &Value, problems: &[String]) -> Result<()> {
    let message = || format!("{}: {}; it saw {saw}", page.display(), problems.join("; "));
    ensure!(problems.is_empty(), UnusableSnafu { message: message() });
    Ok(())
}

fn pictures(browser: &Browser, bench: &Bench, page: &Path, screenshots: &Path) -> Result<()> {
    std::fs::create_dir_all(screenshots).context(WriteSnafu { path: screenshots })?;
    let name = page.file_stem().unwrap_or_default().to_string_lossy();
    for theme in [Theme::Light, Theme::Dark] {
        let picture = screenshots.join(format!("{name}-{}.png", theme.name()));
        browser.picture(&bench.folder, page, theme, &picture)?;
        println!("  {}", picture.display());
    }
    Ok(())
}

/// What a page must show.
struct Expected {
    location: String,
    entries: u64,
    goes: u64,
    tail: u64,
}

impl Expected {
    fn of(told: &Value, location: &str) -> Self {
        let entries: &[Value] = told["entries"].as_array().map_or(&[], Vec::as_slice);
        let goes = entries.iter().filter(|entry| entry["kept_because"].is_null()).count();
        Self {
            location: location.to_owned(),
            entries: entries.len() as u64,
            goes: goes as u64,
            tail: told["tail"].as_u64().unwrap_or_default(),
        }
    }
}

/// What is wrong with what the probe saw of a log.
fn objections(saw: &Value, expected: &Expected) -> Vec<String> {
    let says = |field: &str, text: &str| saw[field].as_str().is_some_and(|said| said.contains(text));
    let mut must = vec![
        (
            says("summary", &format!("{} entries", grouped(expected.entries))),
            "the summary counts other entries",
        ),
        (
            says("summary", &format!("delete {} of them", grouped(expected.goes))),
            "the summary deletes others",
        ),
        (says("facts", &grouped(expected.tail)), "the tail is another"),
        (says("cursors", "indexer"), "the cursor is missing"),
        (saw["zoomed"] == true, "+ does not zoom"),
        (saw["moved"] == true, "the arrow keys choose no other entry"),
        (says("fence", "fence entry"), "F does not lead to a fence entry"),
        (says("goes", "would delete it"), "G does not lead to an entry that would go"),
        (
            says("last", &format!("Position {}", grouped(expected.tail))),
            "End does not lead to the last entry",
        ),
        (says("hover", "Position "), "the pointer finds no entry"),
        (saw["themed"] == true, "the theme does not change"),
        (saw["whole"] == true, "0 does not show all"),
    ];
    must.extend(of_any_page(saw, &expected.location));
    failing(must)
}

/// What is wrong with what the probe saw of many shards.
fn fleet_objections(saw: &Value, location: &str) -> Vec<String> {
    let mut must = vec![
        (saw["rows"] == SHARDS, "the table has other shards"),
        (saw["sorted"] == true && saw["said"] == "descending", "a column's title does not sort"),
        (saw["filtered"] == true, "the filter does not filter"),
        (saw["cleared"] == true, "the filter cannot be cleared"),
        (saw["hover"].as_str().is_some_and(|said| said.contains("entries: ")), "the pointer finds no shard"),
        (
            saw["summary"].as_str().is_some_and(|said| said.starts_with(&format!("{SHARDS} shards"))),
            "no summary",
        ),
    ];
    must.extend(of_any_page(saw, location));
    failing(must)
}

fn of_any_page(saw: &Value, location: &str) -> [(bool, &'static str); 4] {
    [
        (saw["fault"] == "", "a script failed"),
        (saw["requests"] == 0, "the page asked somebody"),
        (saw["title"] == location, "the title is not the location"),
        (saw["colours"].as_u64() > Some(5), "the picture is empty"),
    ]
}

fn failing(must: Vec<(bool, &'static str)>) -> Vec<String> {
    must.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what.to_owned()).collect()
}

/// As the page writes numbers.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let head = Some(head.to_owned()).filter(|head| !head.is_empty());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

const SMALL: u64 = 100;
const SHARDS: u64 = 24;
const PAGE_BYTES_MAX: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_grouped_as_pages_do() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    fn sound() -> (Value, Expected) {
        let saw = json!({
            "fault": "", "requests": 0, "title": "log", "summary": "1,200 entries, … delete 7 of them.", "facts": "tail 1,300",
            "cursors": "indexer", "colours": 9, "zoomed": true, "moved": true, "fence": "Position 1: fence entry, …",
            "goes": "A collection now would delete it.", "last": "Position 1,300: data", "hover": "Position 5: data",
            "themed": true, "whole": true,
        });
        (saw, Expected { location: "log".into(), entries: 1_200, goes: 7, tail: 1_300 })
    }

    #[test]
    fn whatever_a_page_of_shards_lacks_is_an_objection() {
        let saw = json!({
            "fault": "", "requests": 0, "title": "fleet", "summary": "24 shards, …", "rows": SHARDS, "colours": 9, "sorted": true,
            "said": "descending", "filtered": true, "cleared": true, "hover": "…\nentries: 12",
        });
        assert!(fleet_objections(&saw, "fleet").is_empty());
        for field in saw.as_object().unwrap().keys() {
            let mut lacking = saw.clone();
            lacking[field] = Value::Null;
            assert!(!fleet_objections(&lacking, "fleet").is_empty(), "{field}");
        }
    }

    #[test]
    fn whatever_a_page_lacks_is_an_objection() {
        let (saw, expected) = sound();
        assert!(objections(&saw, &expected).is_empty(), "{:?}", objections(&saw, &expected));
        for field in saw.as_object().unwrap().keys() {
            let mut lacking = saw.clone();
            lacking[field] = Value::Null;
            assert!(!objections(&lacking, &expected).is_empty(), "{field}");
        }
    }
}
