//! The first shard of a base: driving the core's race for it (P-68).

use crate::error::{FirstShardSnafu, MaybeTableSnafu, TableSnafu};
use crate::shard::{Performed, created, read_as};
use crate::table::is_table;
use crate::{Environment, WalError};
use fencepost_fence::{FirstShardRace, FirstShardReply, FirstShardRequest, NoFirstShard, Params, ReadReply};
use fencepost_format::{DOCUMENT_BYTES_MAX, FirstShard, ShardId, ShardPaths};
use fencepost_store::{LogStore, pause_before};
use snafu::ResultExt;
use std::time::Duration;

/// The shard that all take who find none at `base`, the root of `store`. Costs one LIST and one PUT, and one GET if another was quicker.
///
/// In a Lance table only the table knows which shards it has; where that can't be told, nothing is made either.
pub(crate) async fn first_shard(
    store: &LogStore,
    base: &str,
    environment: &Environment,
    params: Params,
) -> Result<ShardId, WalError> {
    if is_table(store).await.context(MaybeTableSnafu { base })? {
        return TableSnafu { base }.fail();
    }
    let object = ShardPaths::first_shard("");
    // The core repeats what has no answer, so the store must not.
    let once = store.with_retry_budget(Duration::ZERO);
    let patience = Duration::from_millis(params.patience);
    let mut race = FirstShardRace::new(random(environment), environment.now().plus(params.patience));
    let mut cause = None;
    loop {
        let request = race.poll_request().expect("the race asks until it is decided");
        let (FirstShardRequest::Create { attempt, .. } | FirstShardRequest::Read { attempt }) = request;
        tokio::time::sleep(pause_before(attempt, patience, environment.jitter_seed())).await;
        let Performed { reply, cause: met, .. } = match request {
            FirstShardRequest::Create { shard, .. } => {
                let outcome = once.put_new(&object, FirstShard { shard }.encode().into()).await;
                created(outcome).map(FirstShardReply::Created)
            }
            FirstShardRequest::Read { .. } => read(&once, &object).await.map(FirstShardReply::Read),
        };
        cause = met.or(cause);
        match race.handle(environment.now(), &reply) {
            None => {}
            Some(Ok(shard)) => return Ok(shard),
            Some(Err(NoFirstShard::Damaged)) => {
                return FirstShardSnafu { object, why: None, cause }.fail();
            }
            Some(Err(NoFirstShard::GaveUp(why))) => {
                return FirstShardSnafu { object, why: Some(why), cause }.fail();
            }
        }
    }
}

async fn read(store: &LogStore, object: &str) -> Performed<ReadReply<ShardId>> {
    let outcome = store.get_up_to(object, DOCUMENT_BYTES_MAX as u64).await;
    read_as(outcome, |bytes| FirstShard::decode(object, &bytes).map(|FirstShard { shard }| shard))
}

fn random(environment: &Environment) -> ShardId {
    let bytes = environment.nonce().0.to_be_bytes();
    ShardId(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
