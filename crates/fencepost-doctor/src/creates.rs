//! Creates must be exclusive.

use super::bench::{Bench, Created, Found};
use super::report::Seen;
use fencepost_store::{Refusal, StoreError};
use futures::future::join_all;

pub(super) async fn twice(bench: Bench<'_>) -> Found {
    for round in 0..ROUNDS {
        let name = format!("twice/{round}");
        bench.make(&name, "first").await?;
        for again in 0..AGAIN {
            let second = format!("second {again}");
            if matches!(bench.create(&name, &second).await?, Created::Yes | Created::YesAtLast) {
                return Ok(Seen::failed("a second create of an existing object succeeded", TWO_OWNERS));
            }
            // Absent would be a lie of reads, which have a check of their own.
            if bench.read(&name).await?.is_some_and(|bytes| bytes != "first") {
                return Ok(Seen::failed(
                    "a create was refused, and its bytes were written all the same",
                    TWO_OWNERS,
                ));
            }
        }
    }
    Ok(Seen::passed(format!("{} second creates, all refused", ROUNDS * AGAIN)))
}

pub(super) async fn race(bench: Bench<'_>) -> Found {
    let (mut decided, mut failure) = (0, None);
    for round in 0..bench.options.race_rounds {
        if round > 0 && bench.time_is_up() {
            break;
        }
        let name = format!("race/{round}");
        match one_race(bench, &name).await {
            Ok(Race::OneWon) => decided += 1,
            Ok(Race::NobodyWon) => {}
            Ok(Race::Broken(seen)) => return Ok(Seen::failed(seen, TWO_OWNERS)),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if decided == 0 => Err(error),
        _ if decided == 0 => Ok(Seen::unknown("nobody won any of the races")),
        _ => Ok(Seen::passed(format!("{decided} races of {}, one winner in each", bench.options.racers))),
    }
}

enum Race {
    OneWon,
    NobodyWon,
    Broken(String),
}

async fn one_race(bench: Bench<'_>, name: &str) -> Result<Race, StoreError> {
    bench.scratch.note(name);
    let racers = (0..bench.options.racers).map(|racer| async move {
        let text = format!("racer {racer}");
        (bench.store().create(name, text.clone().into()).await, text)
    });
    let (mut winners, mut uncertain) = (Vec::new(), None);
    for (outcome, text) in join_all(racers).await {
        match outcome.map_err(|refused| refused.why) {
            Ok(_) => winners.push(text),
            Err(Refusal::Exists) => {}
            Err(Refusal::NotDone { source, .. } | Refusal::Unknown { source }) => uncertain = Some(source),
        }
    }
    if winners.len() > 1 {
        let racers = bench.options.racers;
        return Ok(Race::Broken(format!(
            "{} of {racers} racing creates of one name succeeded",
            winners.len()
        )));
    }
    let there = bench.read(name).await?;
    match (winners.first(), there, uncertain) {
        // Absent would be a lie of reads, which have a check of their own.
        (Some(winner), Some(bytes), _) if bytes != winner.as_bytes() => Ok(Race::Broken(
            "one of the racing creates was told that it won, but the bytes of another are there".into(),
        )),
        (Some(_), ..) | (None, Some(_), _) => Ok(Race::OneWon),
        (None, None, Some(error)) => Err(error),
        (None, None, None) => Ok(Race::NobodyWon),
    }
}

/// Some stores answer 409 to requests that race, and clients report that as "exists", though nothing may be
/// there yet.
pub(super) async fn exists_of_nothing(bench: Bench<'_>) -> Found {
    let (mut refused, mut of_nothing) = (0, 0);
    for round in 0..bench.options.keys.min(ROUNDS_OF_TWO) {
        if bench.time_is_up() {
            break;
        }
        let name = &format!("nothing/{round}");
        bench.scratch.note(name);
        let two = ["one", "other"].map(|text| async move {
            match bench.store().create(name, text.into()).await.map_err(|refused| refused.why) {
                Err(Refusal::Exists) => bench.read(name).await.map(|found| Some(found.is_some())),
                _ => Ok(None),
            }
        });
        for found in join_all(two).await {
            match found? {
                None => {}
                Some(found) => {
                    refused += 1;
                    of_nothing += i32::from(!found);
                }
            }
        }
        if bench.create(name, "third").await? == Created::TakenByNothing {
            let lost = "a writer would retry this position for ever: no rows are lost, but the log stops";
            return Ok(Seen::warning("a name stays taken though nothing is there", lost));
        }
    }
    Ok(Seen::passed(match of_nothing {
        0 => format!("{refused} refusals, something was there each time"),
        _ => format!("{of_nothing} of {refused} refusals were of nothing; writers read back and try again"),
    }))
}

pub(super) async fn after_delete(bench: Bench<'_>) -> Found {
    let mut names = Vec::new();
    for round in 0..ROUNDS {
        let name = format!("again/{round}");
        if bench.make(&name, "old").await? {
            names.push(name);
        }
    }
    bench.scratch.delete(&names).await?;
    let mut taken = 0;
    for name in &names {
        match bench.create(name, "new").await? {
            Created::Yes | Created::YesAtLast => {}
            Created::Taken | Created::TakenByNothing => taken += 1,
        }
        // Absent would be a lie of reads, which have a check of their own.
        if taken == 0 && bench.read(name).await?.is_some_and(|bytes| bytes != "new") {
            let lost = "a reader would replay rows that were collected instead of those that were appended";
            return Ok(Seen::failed("a read returned the bytes of an object deleted before", lost));
        }
    }
    Ok(match taken {
        0 if names.is_empty() => Seen::unknown("no create had a clear answer"),
        0 => Seen::passed("deleted names were created again"),
        _ => Seen::warning(
            format!("{taken} of {} deleted names could not be created again", names.len()),
            "no rows, but deleted names stay taken, and the protocol was not checked for that",
        ),
    })
}

const TWO_OWNERS: &str = "two writers could both be told that a position is theirs, and the rows of one of them, acknowledged, would be \
                          overwritten";
const ROUNDS: usize = 3;
const AGAIN: usize = 3;
const ROUNDS_OF_TWO: usize = 20;
