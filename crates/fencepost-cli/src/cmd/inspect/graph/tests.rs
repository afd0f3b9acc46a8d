//! Strips of small logs, as they are printed.

use super::*;

fn items(text: &str) -> Vec<Item> {
    let mut at = Position::NONE;
    let mut epoch = 0;
    let mut items = Vec::new();
    for letter in text.chars() {
        at = at.next();
        let shape = match letter {
            '_' => continue,
            'f' => Shape::Filler,
            'c' => Shape::Close,
            'p' => Shape::Fence,
            'x' => Shape::Stale,
            't' => Shape::Tombstone,
            '?' => Shape::Unreadable,
            _ => Shape::Data,
        };
        epoch += u64::from(shape == Shape::Fence);
        let is_known = shape != Shape::Unreadable;
        let bytes = if shape == Shape::Data { 4_096 } else { 300 };
        items.push(Item {
            position: at,
            bytes,
            shape,
            epoch: is_known.then_some(epoch),
            goes: letter == 'g',
        });
    }
    items
}

fn mark(letter: char, at: u64, says: &str) -> Mark {
    Mark { letter, at: Position::new(at), says: format!("{says} {at}") }
}

const LOG: &str = "pggddcpd?xtpffffddd";

#[test]
fn each_entry_of_a_small_log_has_a_column() {
    let marks = [mark('C', 5, "checkpoint"), mark('T', 19, "tail"), mark('B', 0, "boundary")];
    let expected = "\
position  1                19
epoch     1     2    3
size      ▁████▁▁█▁▁▁▁▁▁▁▁███
kind      ┃████◼┃█?×†┃░░░░███
gc        ━··━━━━━━━━━━━━━━━━
              C             T

19 entries with 35.22 KiB
a collection now would delete 2
█ data   ┃ fence entry   ░ filler
◼ close entry   × stale entry
† given up by a repair   ? unreadable
━ stays   · would go   ╌ some would go
C checkpoint 5   T tail 19   B boundary 0
";
    assert_eq!(draw(&items(LOG), &marks, Style::plain(41, true)), expected);
}

#[test]
fn terminal_without_unicode_gets_ascii() {
    let text = draw(&items(LOG), &[mark('T', 19, "tail")], Style::plain(80, false));
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("kind      |####c|#?xt|----###\n"), "{text}");
    assert!(text.contains("gc        =..======"), "{text}");
}

#[test]
fn colours_are_only_in_the_cells_of_an_epoch_and_end_there() {
    let text = draw(&items("pdd_pd"), &[], Style::coloured(80));
    let plain = draw(&items("pdd_pd"), &[], Style::plain(80, true));
    assert_eq!(console::strip_ansi_codes(&text), plain);
    assert!(text.contains("kind      \u{1b}[38;5;214m┃██\u{1b}[0m⋯\u{1b}[38;5;36m┃█\u{1b}[0m\n"), "{text:?}");
}

/// However many entries: no line is longer than it may be, and a fence entry is never hidden.
#[test]
fn lines_fit_and_rare_entries_are_seen() {
    for count in [1_usize, 69, 70, 71, 1_000, 99_999] {
        let mut log = "d".repeat(count);
        log.push('p');
        log.push_str(&"d".repeat(count));
        for width in [40, 80, 140] {
            let text = draw(&items(&log), &[mark('C', 2, "checkpoint")], Style::plain(width, true));
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= width, "{count}, {width}: {longest}\n{text}");
            assert!(text.lines().nth(3).unwrap().contains('┃'), "{text}");
        }
    }
}

/// A log of which little is left is mostly gaps; then they are not drawn.
#[test]
fn gaps_never_crowd_out_what_there_is() {
    let text = draw(&items(&"p_".repeat(200)), &[], Style::plain(80, true));
    assert!(!text.contains('⋯'), "{text}");
    assert_eq!(text.lines().nth(3).unwrap().chars().filter(|c| *c == '┃').count(), 67, "{text}");
}

#[test]
fn log_without_entries_says_so() {
    assert_eq!(draw(&[], &[], Style::plain(80, true)), "no entries\n");
}
