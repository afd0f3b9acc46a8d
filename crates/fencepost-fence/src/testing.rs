//! The core's machines played by scripts.
//!
//! A script is a list of words. `@500` sets the clock; the others are replies, or commands of the machine:
//!
//! | word | reply |
//! |---|---|
//! | `put5=done`, `exists`, `no`, `later`, `?` | to the create of entry 5; `no` and `later` are definite |
//! | `get5=d2`, `absent`, `bad`, `?` | to the read of entry 5: kind (d, p, h, f, c, t) and epoch, `x` behind it for a stranger's nonce, `l` for Lance, `g3` for Lance's generation 3 |
//! | `tail5` | nothing stands above 5: all that a look at 5 peeks at is absent |
//! | `peek5=d2`, … | to the peek at entry 5, as to a read |
//! | `list=7`, `?` | the highest version of a listing |
//! | `man7=e2r5`, `absent`, `bad`, `?` | to the read of manifest 7: epoch and `replay_after`; also `h9`, `n3` (nonce), `s` (sealed), `g3` (generation) |
//! | `bound=7`, `?` | the highest boundary of a listing |
//! | `cursor=7`, `absent`, `?` | the position of the reader's cursor |
//! | `cre7=done`, `exists`, `no`, `later`, `?` | to the create of manifest 7 |
//!
//! What the machine tells, and then what it asks, comes out as words too: `PUT5:d GET5 LIST MAN7
//! CRE7:e2r5h0`, with `#2` for the third attempt.

use crate::{CreateReply, Params, Pipelining, ReadReply, Reply, Request, Tick, Window};
use fencepost_format::{
    EntryHeader, EntryKind, Epoch, Generation, Manifest, Nonce, Position, ShardId, ShardStatus, Version,
};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// A window of 4, two reads ahead, 100 ms of retry timeout.
pub(crate) const PARAMS: Params = Params {
    window: Window::for_models(4),
    pipelining: Pipelining::UnlessLance,
    in_table: false,
    read_ahead: 2,
    retry_timeout: 100,
};
pub(crate) const SHARD: ShardId = ShardId::from_bytes([7; 16]);

/// A machine and its words.
pub(crate) trait Party: Clone + PartialEq + Debug {
    fn request(&mut self, now: Tick) -> Option<Request>;
    fn handle(&mut self, now: Tick, reply: &Reply);
    fn event(&mut self) -> Option<String>;
    fn command(&mut self, now: Tick, word: &str) {
        panic!("no such word: {word} at {now:?}");
    }
}

/// Plays `script` to a new machine and returns everything that was asked and told, in order. After each step
/// the machine is told what it did not ask for, too: it must not take notice.
pub(crate) fn play(party: &mut impl Party, script: &str) -> String {
    play_and(party, script, ignores_what_was_not_asked)
}

/// The same with a machine that may still wait for answers: it is told no others.
pub(crate) fn play_on(party: &mut impl Party, script: &str) -> String {
    play_and(party, script, |_, _| ())
}

fn play_and<P: Party>(party: &mut P, script: &str, check: impl Fn(&BTreeSet<Question>, &P)) -> String {
    let (mut now, mut open) = (Tick(0), BTreeSet::new());
    let mut out = drain(party, now, &mut open);
    for word in script.split_whitespace() {
        let mut answer = |party: &mut P, reply: &Reply| {
            party.handle(now, reply);
            open.remove(&answered(reply));
        };
        match (word.strip_prefix('@'), word.split_once('=')) {
            (Some(time), _) => now = Tick(number(time)),
            (None, None) if word.starts_with("tail") => {
                for at in window_above(&word[4..]) {
                    answer(party, &Reply::Peeked(at, ReadReply::Absent));
                }
            }
            (None, Some((of, text))) => answer(party, &reply(of, text)),
            (None, None) => party.command(now, word),
        }
        out.extend(drain(party, now, &mut open));
        check(&open, party);
    }
    out.join(" ")
}

/// Tells it all that it did not ask for.
fn ignores_what_was_not_asked(open: &BTreeSet<Question>, party: &impl Party) {
    let is_open = |reply: &Reply| match answered(reply) {
        // A look takes the read ahead for a peek.
        ("get" | "peek", at) => open.contains(&("get", at)) || open.contains(&("peek", at)),
        question => open.contains(&question),
    };
    for reply in replies().filter(|reply| !is_open(reply)) {
        let mut told = party.clone();
        // Early, as nothing is due that any reply would set off.
        told.handle(Tick(0), &reply);
        assert!(told == *party, "{reply:?} was not asked for; asked: {open:?}\n{party:?}\n{told:?}");
    }
}

/// Replies of all kinds, of most outcomes.
fn replies() -> impl Iterator<Item = Reply> {
    let numbered = (1..12).flat_map(|number| {
        let (at, version) = (Position::new(number), Version::new(number));
        let entries = ["d1", "p9", "absent", "bad", "?"].into_iter().flat_map(move |text| {
            let peeked = read(text, |text| peeked(number, text));
            [Reply::Entry(at, read(text, |text| header(number, text))), Reply::Peeked(at, peeked)]
        });
        let manifests = ["e9r1", "absent", "bad", "?"].into_iter();
        let manifests =
            manifests.map(move |text| Reply::Manifest(version, read(text, |text| manifest(number, text))));
        let not_done = CreateReply::NotDone { again: false };
        let creates = [CreateReply::Done, CreateReply::Exists, CreateReply::Unknown, not_done];
        let creates = creates
            .into_iter()
            .flat_map(move |reply| [Reply::EntryCreated(at, reply), Reply::ManifestCreated(version, reply)]);
        entries.chain(manifests).chain(creates)
    });
    let others = ["0", "9", "absent", "?"].into_iter().flat_map(|text| {
        let position = || read(text, |text| Position::try_new(number(text)).unwrap_or(Position::NONE));
        let version = read(text, |text| Version::new(number(text)));
        [Reply::Listed(version), Reply::Boundary(position()), Reply::Cursor(position())]
    });
    numbered.chain(others)
}

/// What a request asks, and a reply answers.
type Question = (&'static str, u64);

const fn asked(request: &Request) -> Question {
    match request {
        Request::ListManifests { .. } => ("list", 0),
        Request::ReadManifest { version, .. } => ("man", version.get()),
        Request::CreateManifest { manifest, .. } => ("cre", manifest.version.get()),
        Request::ReadEntry { at, .. } => ("get", at.get()),
        Request::PeekEntry { at, .. } => ("peek", at.get()),
        Request::ListBoundaries { .. } => ("bound", 0),
        Request::ReadCursor { .. } => ("cursor", 0),
        Request::CreateEntry { entry, .. } => ("put", entry.position.get()),
    }
}

const fn answered(reply: &Reply) -> Question {
    match reply {
        Reply::Listed(_) => ("list", 0),
        Reply::Manifest(version, _) => ("man", version.get()),
        Reply::ManifestCreated(version, _) => ("cre", version.get()),
        Reply::Entry(at, _) => ("get", at.get()),
        Reply::Peeked(at, _) => ("peek", at.get()),
        Reply::Boundary(_) => ("bound", 0),
        Reply::Cursor(_) => ("cursor", 0),
        Reply::EntryCreated(at, _) => ("put", at.get()),
    }
}

/// What is expected, with each `LOOK5` as the requests of a look above 5.
pub(crate) fn looks(expect: &str) -> String {
    let words = expect.split_whitespace().map(|word| match word.strip_prefix("LOOK") {
        Some(at) => window_above(at).map(|at| format!("PEEK{at}")).collect::<Vec<_>>().join(" "),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn window_above(at: &str) -> impl Iterator<Item = Position> {
    let at = Position::new(number(at));
    (1..=PARAMS.window.get()).map(move |step| at.plus(step))
}

/// The nonce of whoever holds `epoch`.
pub(crate) fn nonce(epoch: Epoch) -> Nonce {
    Nonce(u128::from(epoch.get()) * 10)
}

pub(crate) fn manifest(version: u64, words: &str) -> Manifest {
    let mut manifest = Manifest::initial(SHARD);
    (manifest.version, manifest.nonce) = (Version::new(version), Some(Nonce(u128::MAX)));
    for (at, letter) in words.match_indices(char::is_alphabetic) {
        let digits: String = words[at + 1..].chars().take_while(char::is_ascii_digit).collect();
        match letter {
            "e" => manifest.writer_epoch = Epoch::new(number(&digits)),
            "r" => manifest.replay_after = Position::new(number(&digits)),
            "h" => manifest.last_seen = Position::new(number(&digits)),
            "n" => manifest.nonce = Some(Nonce(u128::from(number(&digits)))),
            "s" => manifest.status = ShardStatus::Sealed,
            "l" => manifest.nonce = None,
            "g" => manifest.current_generation = Generation(number(&digits)),
            "b" => manifest.lance_before = true,
            other => panic!("{other} in {words}"),
        }
    }
    manifest
}

fn drain(party: &mut impl Party, now: Tick, open: &mut BTreeSet<Question>) -> Vec<String> {
    let requests: Vec<_> = std::iter::from_fn(|| party.request(now)).collect();
    open.extend(requests.iter().map(asked));
    let asked: Vec<_> = requests.iter().map(ask).collect();
    let told = std::iter::from_fn(|| party.event());
    told.chain(asked).collect()
}

fn ask(request: &Request) -> String {
    let (text, attempt) = match request {
        Request::ListManifests { attempt } => ("LIST".to_owned(), attempt),
        Request::ReadManifest { version, attempt } => (format!("MAN{version}"), attempt),
        Request::CreateManifest { manifest, attempt } => {
            let Manifest { version, writer_epoch, replay_after, last_seen, .. } = manifest;
            let before = if manifest.lance_before { "b" } else { "" };
            (format!("CRE{version}:e{writer_epoch}r{replay_after}h{last_seen}{before}"), attempt)
        }
        Request::ReadEntry { at, attempt } => (format!("GET{at}"), attempt),
        Request::ListBoundaries { attempt } => ("BOUND".to_owned(), attempt),
        Request::ReadCursor { attempt } => ("CURSOR".to_owned(), attempt),
        Request::PeekEntry { at, attempt } => (format!("PEEK{at}"), attempt),
        Request::CreateEntry { entry, attempt } => {
            (format!("PUT{}:{}", entry.position, letter(entry.kind)), attempt)
        }
    };
    if *attempt == 0 { text } else { format!("{text}#{attempt}") }
}

fn reply(of: &str, answer: &str) -> Reply {
    let (what, at) = of.split_at(of.find(|c: char| c.is_ascii_digit()).unwrap_or(of.len()));
    let create = || match answer {
        "done" => CreateReply::Done,
        "exists" => CreateReply::Exists,
        "no" => CreateReply::NotDone { again: false },
        "later" => CreateReply::NotDone { again: true },
        "?" => CreateReply::Unknown,
        other => panic!("{of}={other}"),
    };
    match what {
        "put" => Reply::EntryCreated(Position::new(number(at)), create()),
        "cre" => Reply::ManifestCreated(Version::new(number(at)), create()),
        "list" => Reply::Listed(read(answer, |answer| Version::new(number(answer)))),
        "man" => {
            Reply::Manifest(Version::new(number(at)), read(answer, |answer| manifest(number(at), answer)))
        }
        "bound" => Reply::Boundary(read(answer, |answer| Position::new(number(answer)))),
        "cursor" => Reply::Cursor(read(answer, |answer| Position::new(number(answer)))),
        "peek" => Reply::Peeked(Position::new(number(at)), read(answer, |answer| peeked(number(at), answer))),
        "get" => Reply::Entry(Position::new(number(at)), read(answer, |answer| header(number(at), answer))),
        other => panic!("{other}"),
    }
}

fn read<T>(answer: &str, found: impl FnOnce(&str) -> T) -> ReadReply<T> {
    match answer {
        "absent" => ReadReply::Absent,
        "bad" => ReadReply::Damaged,
        "?" => ReadReply::Unknown,
        there => ReadReply::Found(found(there)),
    }
}

/// `l`: an object without a trailer of ours.
fn peeked(at: u64, words: &str) -> Option<EntryHeader> {
    Some(header(at, words)).filter(|header| !header.is_by_lance())
}

pub(crate) fn header(at: u64, words: &str) -> EntryHeader {
    let kind = match &words[..1] {
        "d" => EntryKind::Data,
        "p" => EntryKind::Fence,
        "h" => EntryKind::CleanFence,
        "f" => EntryKind::Filler,
        "c" => EntryKind::Close,
        "t" => EntryKind::Tombstone,
        other => panic!("{other}"),
    };
    let (words, generation) = match words.split_once('g') {
        Some((words, generation)) => (words, Some(Generation(number(generation)))),
        None => (words, None),
    };
    let epoch = Epoch::new(number(words[1..].trim_end_matches(['x', 'l'])));
    let nonce = match words.chars().last() {
        Some('x') => Some(Nonce(1)),
        Some('l') => None,
        _ if generation.is_some() => None,
        _ => Some(nonce(epoch)),
    };
    EntryHeader { position: Position::new(at), epoch, kind, nonce, generation }
}

pub(crate) const fn letter(kind: EntryKind) -> char {
    match kind {
        EntryKind::Data => 'd',
        EntryKind::Fence => 'p',
        EntryKind::CleanFence => 'h',
        EntryKind::Filler => 'f',
        EntryKind::Close => 'c',
        EntryKind::Tombstone => 't',
    }
}

pub(crate) fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or_else(|_| panic!("{digits:?} is no number"))
}
