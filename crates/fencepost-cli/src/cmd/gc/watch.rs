//! `gc watch`: a collector of many shards that goes on until it is asked to end.
//!
//! Several of them may run at the same time, since collections are safe beside each other; they only do some work
//! twice. One that is killed leaves nothing to put right.

use super::{Settings, Task, collect_quietly, damage, leashes};
use crate::args::GcWatch;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use crate::place::{Fleet, Member};
use crate::signal::asked_to_end;
use fencepost::{Receipts, ShardId};
use futures::StreamExt;
use indicatif::HumanBytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::time::Duration;

pub(super) async fn run(watch: &GcWatch, json: bool) -> Result<(), Failure> {
    let settings = Settings::new(&watch.args, Receipts::OfDeletions);
    let mut patience = Patience::default();
    let mut end = pin!(asked_to_end());
    for number in 1_u32.. {
        let round = async {
            match watch.args.place.open_fleet(&watch.args.below).await {
                Ok(fleet) => one_round(&fleet, &settings, watch, &mut patience, json).await,
                // The next round may find the store well.
                Err(failure) => {
                    tell(json, || failure.to_json(), || format!("no round: {}", failure.message))?;
                    Ok(Round { worst: Some(failure.exit), ..Round::default() })
                }
            }
        };
        let round = tokio::select! {
            which = &mut end => return ended(which, json),
            round = round => round?,
        };
        tell(json, || round.document(number), || round.line(number))?;
        if watch.rounds.is_some_and(|rounds| number >= rounds.get()) {
            return round.worst.map_or(Ok(()), |exit| Err(Failure::said(exit)));
        }
        tokio::select! {
            which = &mut end => return ended(which, json),
            () = tokio::time::sleep(jittered(watch.every)) => {}
        }
    }
    Ok(())
}

/// What a round came to.
#[derive(Default)]
struct Round {
    shards: u64,
    failed: u64,
    /// Shards that failed lately, and are left alone for this round.
    rested: u64,
    deleted: u64,
    bytes: u64,
    requests: u64,
    worst: Option<Exit>,
}

impl Round {
    fn document(&self, number: u32) -> Value {
        json!({
            "round": number, "shards": self.shards, "failed": self.failed, "rested": self.rested,
            "deleted": self.deleted, "bytes": self.bytes, "requests": self.requests,
        })
    }

    fn line(&self, number: u32) -> String {
        let Self { shards, failed, rested, deleted, bytes, requests, .. } = self;
        format!(
            "round {number}: {}, {failed} failed, {rested} rested: {}, {} of entries; requests: {requests}",
            counted(*shards, "shard"),
            counted(*deleted, "object"),
            HumanBytes(*bytes)
        )
    }
}

/// Every shard once, several at the same time. One that fails is told of, and stops none of the others.
async fn one_round(
    fleet: &Fleet,
    settings: &Settings,
    watch: &GcWatch,
    patience: &mut Patience,
    json: bool,
) -> Result<Round, Failure> {
    let mut round = Round { shards: fleet.members.len() as u64, ..Round::default() };
    for (log, failure) in &fleet.unseen {
        round.failed += 1;
        round.worst = round.worst.or(Some(failure.exit));
        let document = || {
            let mut document = failure.to_json();
            document["log"] = log.as_str().into();
            document
        };
        tell(json, document, || format!("{log}: not looked into: {}", failure.message))?;
    }
    let mut due = Vec::new();
    for member in &fleet.members {
        match patience.rests(&key(member)) {
            None => due.push(member),
            // It was not well when it was last looked at.
            Some(exit) => {
                round.rested += 1;
                round.worst = round.worst.or(Some(exit));
            }
        }
    }
    let collections = due.into_iter().map(|member| {
        let collector = settings.collector(&member.wal);
        async move { (member, collect_quietly(&collector, Task::Run).await) }
    });
    let mut collections =
        futures::stream::iter(collections).buffer_unordered(watch.args.shards_at_once.get());
    while let Some((member, collected)) = collections.next().await {
        let (wal, name) = (&member.wal, member.name());
        let about = |mut document: Value| {
            document["shard"] = wal.shard().to_string().into();
            member.name_in(&mut document);
            document
        };
        match collected {
            Ok(found) => {
                round.deleted += found.report.deleted.objects();
                round.bytes = round.bytes.saturating_add(found.report.deleted.entry_bytes);
                round.requests += found.requests.total();
                patience.well(&key(member));
                if leashes::need_attention(&found) {
                    round.worst = round.worst.or(Some(Exit::Attention));
                    let document = || about(json!({"over_leash": leashes::documents(&found)}));
                    tell(json, document, || format!("{name}: {}", leashes::lines(&found).join("\n")))?;
                }
                if let Some(exit) = damage::exit(&found).filter(|exit| *exit != Exit::Attention) {
                    round.failed += 1;
                    round.worst = round.worst.or(Some(exit));
                    let document = || about(json!({"damage": damage::documents(wal, &found)}));
                    tell(json, document, || format!("{name}: {}", damage::lines(wal, &found).join("\n")))?;
                }
            }
            Err(failure) => {
                round.failed += 1;
                round.worst = round.worst.or(Some(failure.exit));
                let rounds = patience.failed(key(member), failure.exit);
                let document = || {
                    let mut document = about(failure.to_json());
                    document["rests_for_rounds"] = rounds.into();
                    document
                };
                let line = || {
                    let rest = match rounds {
                        0 => String::new(),
                        1 => ", left alone for a round".to_owned(),
                        _ => format!(", left alone for {rounds} rounds"),
                    };
                    format!("{name}: not collected{rest}: {}", failure.message)
                };
                tell(json, document, line)?;
            }
        }
    }
    Ok(round)
}

/// Shards that fail again and again are tried ever more seldom, up to every 64th round.
#[derive(Default)]
struct Patience(BTreeMap<Key, Impatient>);

/// Copies of a table have shards of the same id.
type Key = (String, ShardId);

fn key(member: &Member) -> Key {
    (member.log.clone(), member.wal.shard())
}

/// A shard that failed lately.
struct Impatient {
    failures: u32,
    /// For so many rounds it rests.
    rest: u64,
    last: Exit,
}

impl Patience {
    /// How this shard failed, if it rests in this round; `None` if it is its turn. Asked once in each round.
    fn rests(&mut self, shard: &Key) -> Option<Exit> {
        let failed = self.0.get_mut(shard).filter(|failed| failed.rest > 0)?;
        failed.rest -= 1;
        Some(failed.last)
    }

    fn well(&mut self, shard: &Key) {
        self.0.remove(shard);
    }

    /// How many rounds it rests now: none after the first failure, then one, three, seven.
    fn failed(&mut self, shard: Key, exit: Exit) -> u64 {
        let failures = self.0.get(&shard).map_or(0, |failed| failed.failures);
        let rest = (1_u64 << failures.min(RESTS_MAX)) - 1;
        self.0.insert(shard, Impatient { failures: failures + 1, rest, last: exit });
        rest
    }
}

fn ended(which: &str, json: bool) -> Result<(), Failure> {
    tell(json, || json!({"ended": which}), || format!("ended by {which}"))
}

fn tell(json: bool, document: impl FnOnce() -> Value, line: impl FnOnce() -> String) -> Result<(), Failure> {
    if json { output::json(&document()) } else { output::line(&printable(&line())) }
}

/// Give or take a tenth, so that many watchers that were started together do not stay together.
fn jittered(every: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 2_001;
    every.mul_f64(0.9 + random as f64 / 10_000.0)
}

const RESTS_MAX: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_fails_again_and_again_is_tried_ever_more_seldom() {
        let shard = (String::new(), ShardId::from_bytes([7; 16]));
        let mut patience = Patience::default();
        let mut tried = Vec::new();
        for round in 0..40 {
            if patience.rests(&shard).is_none() {
                tried.push(round);
                patience.failed(shard.clone(), Exit::Failed);
            }
        }
        assert_eq!(tried, [0, 1, 3, 7, 15, 31]);
        patience.well(&shard);
        assert_eq!((patience.rests(&shard), patience.rests(&shard)), (None, None));
    }

    #[test]
    fn rests_vary_by_a_tenth() {
        let hour = Duration::from_secs(3_600);
        for _ in 0..100 {
            let rest = jittered(hour);
            assert!(rest >= hour.mul_f64(0.9) && rest <= hour.mul_f64(1.1001), "{rest:?}");
        }
    }
}
