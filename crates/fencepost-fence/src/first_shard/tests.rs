//! The first shard by lists of answers. The retry timeout is 100 ms.

use super::*;

const OURS: ShardId = ShardId::from_bytes([1; 16]);
const THEIRS: ShardId = ShardId::from_bytes([2; 16]);

/// Answers what is asked, each at a time of its own; returns what was asked and the outcome.
fn play(answers: &[(u64, FirstShardReply)]) -> (String, Option<Result<ShardId, NoFirstShard>>) {
    let mut first = FirstShardRace::new(OURS, Tick(100));
    let mut asked = Vec::new();
    let mut outcome = None;
    for (now, answer) in answers {
        assert_eq!(outcome, None, "nobody asks after the end");
        asked.push(match first.poll_request().expect("it asks until it ends") {
            FirstShardRequest::Create { shard, attempt } => {
                assert_eq!(shard, OURS);
                format!("create#{attempt}")
            }
            FirstShardRequest::Read { attempt } => format!("read#{attempt}"),
        });
        assert_eq!(first.poll_request(), None, "one question at a time");
        outcome = first.handle(Tick(*now), answer);
    }
    (asked.join(" "), outcome)
}

fn check(answers: &[(u64, FirstShardReply)], asked: &str, outcome: Result<ShardId, NoFirstShard>) {
    assert_eq!(play(answers), (asked.to_owned(), Some(outcome)));
}

const DONE: FirstShardReply = FirstShardReply::Created(CreateReply::Done);
const EXISTS: FirstShardReply = FirstShardReply::Created(CreateReply::Exists);
const LOST: FirstShardReply = FirstShardReply::Created(CreateReply::Unknown);
const LATER: FirstShardReply = FirstShardReply::Created(CreateReply::NotDone { again: true });
const NEVER: FirstShardReply = FirstShardReply::Created(CreateReply::NotDone { again: false });
const ABSENT: FirstShardReply = FirstShardReply::Read(ReadReply::Absent);
const UNREAD: FirstShardReply = FirstShardReply::Read(ReadReply::Unknown);
const DAMAGED: FirstShardReply = FirstShardReply::Read(ReadReply::Damaged);

fn found(shard: ShardId) -> FirstShardReply {
    FirstShardReply::Read(ReadReply::Found(shard))
}

/// P-68.
#[test]
fn the_first_to_come_names_the_shard_and_the_others_take_it() {
    check(&[(0, DONE)], "create#0", Ok(OURS));
    check(&[(0, EXISTS), (0, found(THEIRS))], "create#0 read#0", Ok(THEIRS));
}

/// P-68: a create whose answer was lost may have won.
#[test]
fn an_unknown_outcome_is_tried_again_and_read_back() {
    check(&[(0, LOST), (0, EXISTS), (0, found(OURS))], "create#0 create#1 read#0", Ok(OURS));
    check(&[(0, LOST), (0, EXISTS), (0, found(THEIRS))], "create#0 create#1 read#0", Ok(THEIRS));
    check(&[(0, LATER), (0, DONE)], "create#0 create#1", Ok(OURS));
    check(&[(0, EXISTS), (0, UNREAD), (0, found(THEIRS))], "create#0 read#0 read#1", Ok(THEIRS));
}

#[test]
fn a_conflict_where_nothing_stands_is_tried_again_and_ever_more_slowly() {
    check(
        &[(0, EXISTS), (0, ABSENT), (0, EXISTS), (0, ABSENT), (0, DONE)],
        "create#0 read#0 create#1 read#0 create#2",
        Ok(OURS),
    );
}

#[test]
fn it_ends_at_the_deadline_and_says_what_may_have_happened() {
    let gave_up = |why| Err(NoFirstShard::GaveUp(why));
    check(&[(0, NEVER)], "create#0", gave_up(GaveUp::NotDone));
    check(&[(0, LOST), (0, NEVER)], "create#0 create#1", gave_up(GaveUp::Unknown));
    check(&[(99, LATER), (100, LATER)], "create#0 create#1", gave_up(GaveUp::NotDone));
    check(&[(100, LOST)], "create#0", gave_up(GaveUp::Unknown));
    check(&[(0, EXISTS), (100, UNREAD)], "create#0 read#0", gave_up(GaveUp::Unknown));
    check(&[(0, EXISTS), (100, ABSENT)], "create#0 read#0", gave_up(GaveUp::Unknown));
    check(&[(0, EXISTS), (0, DAMAGED)], "create#0 read#0", Err(NoFirstShard::Damaged));
}
