//! One create by scripts, with a deadline at 100: what is asked, and what became of it.

use super::*;
use CreateAnswer::{Created, Read};

const EXISTS: CreateAnswer<char> = Created(CreateReply::Exists);
const LATER: CreateAnswer<char> = Created(CreateReply::NotDone { again: true });
const NEVER: CreateAnswer<char> = Created(CreateReply::NotDone { again: false });
const LOST: CreateAnswer<char> = Created(CreateReply::Unknown);
const ABSENT: CreateAnswer<char> = Read(ReadReply::Absent);
const UNREAD: CreateAnswer<char> = Read(ReadReply::Unknown);

#[track_caller]
fn check(answers: &[(u64, CreateAnswer<char>)], asked: &str, end: CreateFate<char>) {
    let mut create = Create::until(Tick(100));
    let (mut out, mut fate) = (Vec::new(), CreateFate::Pending);
    for (now, answer) in answers {
        assert_eq!(fate, CreateFate::Pending, "{out:?}");
        out.push(match create.ask().expect("it asks until it ends") {
            CreateAsk::Create(attempt) => format!("create#{attempt}"),
            CreateAsk::ReadBack(attempt) => format!("read#{attempt}"),
        });
        assert_eq!(create.ask(), None, "one question at a time");
        fate = create.handle(Tick(*now), answer.clone());
    }
    assert_eq!((out.join(" "), fate), (asked.to_owned(), end));
}

#[test]
fn what_the_store_says_for_certain_ends_it() {
    check(&[(0, Created(CreateReply::Done))], "create#0", CreateFate::Created);
    check(&[(0, NEVER)], "create#0", CreateFate::GaveUp(GaveUp::NotDone));
    check(&[(0, EXISTS), (0, Read(ReadReply::Found('x')))], "create#0 read#0", CreateFate::There('x'));
    check(&[(0, EXISTS), (0, Read(ReadReply::Damaged))], "create#0 read#0", CreateFate::Damaged);
}

/// A writer that was fenced while its answer was lost learns of it without another pause.
#[test]
fn what_exists_is_read_at_once_whatever_failed_before() {
    let found = Read(ReadReply::Found('x'));
    check(
        &[(0, LOST), (0, LATER), (0, EXISTS), (0, found.clone())],
        "create#0 create#1 create#2 read#0",
        CreateFate::There('x'),
    );
    check(
        &[(0, LOST), (0, EXISTS), (0, UNREAD), (0, found)],
        "create#0 create#1 read#0 read#2",
        CreateFate::There('x'),
    );
}

/// Some stores say "exists" where two requests met and neither was carried out.
#[test]
fn an_absent_obstacle_is_created_again_and_ever_more_slowly() {
    check(
        &[(0, EXISTS), (0, ABSENT), (0, EXISTS), (0, ABSENT), (0, Created(CreateReply::Done))],
        "create#0 read#0 create#1 read#0 create#2",
        CreateFate::Created,
    );
}

/// "Perhaps written" is never told as "not written".
#[test]
fn a_refusal_after_an_unknown_attempt_is_no_certainty() {
    check(&[(0, LATER), (0, NEVER)], "create#0 create#1", CreateFate::GaveUp(GaveUp::NotDone));
    check(&[(0, LOST), (0, NEVER)], "create#0 create#1", CreateFate::GaveUp(GaveUp::Unknown));
    check(&[(0, LOST), (100, LATER)], "create#0 create#1", CreateFate::GaveUp(GaveUp::Unknown));
}

#[test]
fn at_the_deadline_whatever_settles_nothing_ends_it() {
    check(&[(99, LATER), (100, LATER)], "create#0 create#1", CreateFate::GaveUp(GaveUp::NotDone));
    check(&[(100, LOST)], "create#0", CreateFate::GaveUp(GaveUp::Unknown));
    check(&[(100, EXISTS), (100, UNREAD)], "create#0 read#0", CreateFate::GaveUp(GaveUp::Unknown));
    check(&[(0, EXISTS), (100, ABSENT)], "create#0 read#0", CreateFate::GaveUp(GaveUp::Unknown));
    check(&[(100, Created(CreateReply::Done))], "create#0", CreateFate::Created);
}

#[test]
fn answers_that_nobody_waits_for_are_ignored() {
    let mut create = Create::until(Tick(100));
    assert_eq!(create.handle(Tick(0), Created::<char>(CreateReply::Done)), CreateFate::Pending);
    create.ask();
    assert_eq!(create.handle(Tick(0), Read(ReadReply::Found('x'))), CreateFate::Pending);
    assert_eq!(create.handle(Tick(0), EXISTS), CreateFate::Pending);
    assert_eq!(create.handle(Tick(0), Read(ReadReply::Found('x'))), CreateFate::Pending);
    create.ask();
    assert_eq!(create.handle(Tick(0), Created::<char>(CreateReply::Done)), CreateFate::Pending);
    assert_eq!(create.handle(Tick(0), Read(ReadReply::Found('x'))), CreateFate::There('x'));
}
