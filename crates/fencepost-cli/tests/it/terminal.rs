//! Rows on a terminal. What is in them is anybody's, and a terminal obeys what it reads; a file or a pipe
//! gets the rows as they are.

use super::support::{Scratch, command, run};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Read;

/// What `args` show on a terminal.
fn shown(args: &[&str]) -> String {
    shown_with(args, &[])
}

/// The same with these variables, and of those that colours depend on no others.
fn shown_with(args: &[&str], variables: &[(&str, &str)]) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = File::options().read(true).write(true).open(path).unwrap();
    let mut command = command(args);
    command.env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied());
    let mut child = command.stdout(theirs).spawn().unwrap();
    drop(command);
    let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
    let mut terminal = File::from(ours);
    // Once nobody has the other end, reading fails.
    while let Ok(count @ 1..) = terminal.read(&mut bytes) {
        shown.extend_from_slice(&bytes[..count]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap()
}

/// Colours are for terminals, and for people who want them.
#[test]
fn graph_has_colours_on_a_terminal_only() {
    let scratch = Scratch::new();
    run(["append", &scratch.log(), "--from", &scratch.numbers("rows.ndjson", 0, 9)]).ok();
    let args = ["inspect", &scratch.log(), "--graph"];
    assert!(shown(&args).contains("\u{1b}[38;5;"));
    assert!(!shown_with(&args, &[("NO_COLOR", "1")]).contains('\u{1b}'));
    let ascii = shown_with(&args, &[("LC_ALL", "C"), ("NO_COLOR", "1")]);
    assert!(ascii.is_ascii(), "{ascii}");
    assert!(shown_with(&args, &[("LC_ALL", "de_DE.UTF-8"), ("NO_COLOR", "1")]).contains('█'));
}

#[test]
fn terminal_is_shown_rows_that_it_cannot_obey() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.ndjson");
    // A colour, a window's title by a C1 character, a line shown backwards, and plain text with letters of
    // several bytes.
    let texts = ["\u{1b}[31mred", "\u{9b}2J", "\u{202e}txt.exe", "\u{7f}", "naïve 漢字\ttab"];
    let rows: String =
        texts.iter().map(|text| serde_json::json!({"text": text}).to_string() + "\n").collect();
    std::fs::write(&file, &rows).unwrap();
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    for format in ["ndjson", "csv"] {
        let args = ["tail", &scratch.log(), "--format", format];
        let shown = shown(&args);
        let obeyed = |c: char| (c.is_control() && !"\r\n\t".contains(c)) || c == '\u{202e}';
        assert!(!shown.contains(obeyed), "{format}: {shown:?}");
        assert!(shown.contains("naïve 漢字") && shown.contains("txt.exe"), "{format}: {shown:?}");
        let piped = run(args).ok().text();
        match format {
            "csv" => assert!(piped.contains("\u{1b}[31mred") && piped.contains('\u{9b}'), "{piped:?}"),
            // What the terminal got is the same JSON.
            _ => {
                let values = |text: &str| -> Vec<serde_json::Value> {
                    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
                };
                assert_eq!(values(&shown), values(&piped));
                assert!(piped.contains('\u{9b}'), "{piped:?}");
            }
        }
    }
}
