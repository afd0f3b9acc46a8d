//! The first shard of a base: driving the core's race for it.
// P-68.

use crate::drive::{Driver, Search, Searching};
use crate::error::{FirstShardSnafu, MaybeTableSnafu, TableSnafu};
use crate::shard::{Performed, created, read_as};
use crate::table::is_table;
use crate::{Environment, WalError};
use fencepost_fence::{
    FirstShardRace, FirstShardReply, FirstShardRequest, NoFirstShard, Params, ReadReply, Tick,
};
use fencepost_format::{DOCUMENT_BYTES_MAX, FirstShard, ShardId, ShardPaths};
use fencepost_store::{LogStore, pause_before};
use snafu::ResultExt;
use std::time::Duration;

/// The shard that all take who find none at `base`, the root of `store`. Costs one LIST and one PUT, and one
/// GET if another was quicker.
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
    let once = store.with_retry_timeout(Duration::ZERO);
    let retry_timeout = Duration::from_millis(params.retry_timeout);
    let race = FirstShardRace::new(random(environment), environment.now().plus(params.retry_timeout));
    let mut driver = Driver::new(Searching::new(race), environment);
    let perform =
        |request| perform(once.clone(), object.clone(), retry_timeout, environment.jitter_seed(), request);
    match driver.outcome(perform).await {
        Ok(shard) => Ok(shard),
        Err(why) => {
            let why = match why {
                NoFirstShard::Damaged => None,
                NoFirstShard::GaveUp(why) => Some(why),
            };
            FirstShardSnafu { object, why, cause: driver.take_cause() }.fail()
        }
    }
}

async fn perform(
    store: LogStore,
    object: String,
    retry_timeout: Duration,
    jitter_seed: Option<u64>,
    request: FirstShardRequest,
) -> Performed<FirstShardReply> {
    let (FirstShardRequest::Create { attempt, .. } | FirstShardRequest::Read { attempt }) = request;
    tokio::time::sleep(pause_before(attempt, retry_timeout, jitter_seed)).await;
    match request {
        FirstShardRequest::Create { shard, .. } => {
            let outcome = store.create(&object, FirstShard { shard }.encode().into()).await;
            created(outcome).map(FirstShardReply::Created)
        }
        FirstShardRequest::Read { .. } => read(&store, &object).await.map(FirstShardReply::Read),
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

impl Search for FirstShardRace {
    type Request = FirstShardRequest;
    type Reply = FirstShardReply;
    type Outcome = Result<ShardId, NoFirstShard>;

    fn poll_request(&mut self) -> Option<FirstShardRequest> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: FirstShardReply) -> Option<Self::Outcome> {
        self.handle(now, &reply)
    }
}
