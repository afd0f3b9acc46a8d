//! The production reclaim against the world of the model.

use super::world::World;
use fencepost_fence::{CreateReply, Machine, ReadReply, Reply, Request, Tick};
use fencepost_format::{Manifest, Nonce, ShardId, Version};
use fencepost_gc::{Mode, Reclaim, ReclaimEvent, ReclaimReply, ReclaimRequest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A reclaim that has asked for nothing yet.
pub(super) fn begin(number: u8) -> Reclaim {
    Reclaim::new(ShardId::default(), u64::MAX / 2, NOW, Nonce(u128::from(number) + 1), Mode::Delete)
}

/// What a stride of it did.
#[derive(Default)]
pub(super) struct Did {
    pub(super) drained: bool,
    pub(super) lost: bool,
    pub(super) finished_another: bool,
}

/// Performs what it asks for next. A search for the manifest is performed at one go.
pub(super) fn stride(reclaim: &mut Reclaim, world: &mut World) -> Did {
    let mut did = Did::default();
    let mut searching = false;
    loop {
        let mut ready = reclaim.clone();
        let Some(request) = ready.poll_request() else { break };
        let searches = matches!(
            request,
            ReclaimRequest::Manifest(Request::ListManifests { .. } | Request::ReadManifest { .. })
        );
        if searching && !searches {
            break;
        }
        *reclaim = ready;
        searching = searches;
        let reply = answer(world, request, &mut did);
        reclaim.handle(NOW, reply);
        while let Some(event) = reclaim.poll_event() {
            if let ReclaimEvent::Done(done) = event {
                did.finished_another |= done.plan.nonce != done.end.nonce && !done.end.folders.is_empty();
            }
        }
        if !searching {
            break;
        }
    }
    did
}

fn answer(world: &mut World, request: ReclaimRequest, did: &mut Did) -> ReclaimReply {
    match request {
        ReclaimRequest::List { .. } => {
            let listed: BTreeMap<_, _> =
                world.plans.keys().map(|number| (*number, world.ends.contains_key(number))).collect();
            ReclaimReply::Listed(ReadReply::Found(listed))
        }
        ReclaimRequest::ReadPlan { number, .. } => {
            ReclaimReply::Plan(number, found(world.plans.get(&number)))
        }
        ReclaimRequest::ReadEnd { number, .. } => ReclaimReply::End(number, found(world.ends.get(&number))),
        ReclaimRequest::ReadTable { .. } => ReclaimReply::Table(ReadReply::Found(world.history())),
        ReclaimRequest::CreatePlan { plan, .. } => {
            let number = plan.number;
            ReclaimReply::PlanCreated(number, create(&mut world.plans, number, plan))
        }
        ReclaimRequest::CreateEnd { end, .. } => {
            let number = end.number;
            ReclaimReply::EndCreated(number, create(&mut world.ends, number, end))
        }
        ReclaimRequest::Manifest(request) => ReclaimReply::Manifest(match request {
            Request::ListManifests { .. } => {
                let highest = world.manifests.keys().last().copied().map_or(Version::NONE, Version::new);
                Reply::Listed(ReadReply::Found(highest))
            }
            Request::ReadManifest { version, .. } => {
                Reply::Manifest(version, found(world.manifests.get(&version.get())))
            }
            Request::CreateManifest { manifest, .. } => {
                let version = manifest.version;
                let reply = create::<Manifest>(&mut world.manifests, version.get(), manifest);
                did.drained |= reply == CreateReply::Done;
                did.lost |= reply == CreateReply::Exists;
                Reply::ManifestCreated(version, reply)
            }
            other => unreachable!("a reclaim does not ask for {other:?}"),
        }),
    }
}

fn found<T: Clone>(there: Option<&Arc<T>>) -> ReadReply<T> {
    there.map_or(ReadReply::Absent, |there| ReadReply::Found(T::clone(there)))
}

fn create<T>(objects: &mut BTreeMap<u64, Arc<T>>, number: u64, object: T) -> CreateReply {
    if objects.contains_key(&number) {
        return CreateReply::Exists;
    }
    objects.insert(number, Arc::new(object));
    CreateReply::Done
}

const NOW: Tick = Tick(0);
