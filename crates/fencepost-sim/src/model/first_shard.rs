//! The first shard of a base: parties that found none, and the object that all of them want to create (P-68).
//!
//! A create may land late, after its sender was told nothing, or twice; its reply may be lost; a store may
//! report a conflict where nothing stands. Nothing ever deletes the object.

use super::Marks;
use crate::world::Broken;
use fencepost_fence::{
    CreateReply, FirstShardRace, FirstShardReply, FirstShardRequest, NoFirstShard, ReadReply, Tick,
};
use fencepost_format::ShardId;
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// How many parties found no shard.
    pub parties: u8,
    /// Replies to creates that are lost, whether they landed or will.
    pub losses: u8,
    /// Creates that land twice.
    pub duplicates: u8,
    /// Creates that are told "exists" without having been tried.
    pub conflicts: u8,
}

/// The model.
#[derive(Debug)]
pub struct FirstShardModel {
    bounds: Bounds,
    reached: Marks,
}

impl FirstShardModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, or to what")]
pub enum Action {
    /// A create reaches the store, and its sender is told if it still waits.
    Land { create: usize },
    /// The same, and the reply is lost.
    LandUnheard { create: usize },
    /// The same, and a copy is still on its way.
    LandCopied { create: usize },
    /// A create's sender hears nothing; the create is still on its way.
    TimeOut { create: usize },
    /// A create is told "exists" and not tried.
    Conflict { create: usize },
    /// A party's read is performed.
    Read { party: usize },
}

/// The object, the parties, and creates on their way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    object: Option<ShardId>,
    parties: Vec<Party>,
    creates: Vec<Create>,
    losses: u8,
    duplicates: u8,
    conflicts: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Party {
    race: FirstShardRace,
    reads: bool,
    lost_a_reply: bool,
    outcome: Option<Result<ShardId, NoFirstShard>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Create {
    shard: ShardId,
    of: usize,
    awaited: bool,
}

/// Time stands still.
const NOW: Tick = Tick(0);

/// A party took the shard that another named.
const ADOPTED: u32 = 0;
/// A party found its own object after its reply was lost.
const FOUND_OWN: u32 = 1;
/// A party was told of a conflict and found nothing.
const FOUND_NOTHING: u32 = 2;

impl Model for FirstShardModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let Bounds { parties, losses, duplicates, conflicts, .. } = self.bounds;
        let mut state =
            State { object: None, parties: Vec::new(), creates: Vec::new(), losses, duplicates, conflicts };
        for party in 0..parties {
            let race = FirstShardRace::new(ShardId::from_bytes([party + 1; 16]), Tick(u64::MAX));
            state.parties.push(Party { race, reads: false, lost_a_reply: false, outcome: None });
            state.ask(usize::from(party));
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (create, flight) in state.creates.iter().enumerate() {
            actions.push(Action::Land { create });
            if flight.awaited && state.losses > 0 {
                actions.extend([Action::LandUnheard { create }, Action::TimeOut { create }]);
            }
            if flight.awaited && state.duplicates > 0 {
                actions.push(Action::LandCopied { create });
            }
            if flight.awaited && state.conflicts > 0 {
                actions.push(Action::Conflict { create });
            }
        }
        let reading = state.parties.iter().enumerate().filter(|(_, party)| party.reads);
        actions.extend(reading.map(|(party, _)| Action::Read { party }));
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.act(self, action);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(Broken::TwoFirstShards.promise(), |_: &Self, state: &State| {
                state.is_one_shard()
            }),
            Property::sometimes("a party takes the shard that another named", |model: &Self, _: &State| {
                model.reached.has(ADOPTED)
            }),
        ];
        if self.bounds.losses > 0 {
            properties.push(Property::sometimes(
                "a lost reply is made good by a read-back",
                |model: &Self, _: &State| model.reached.has(FOUND_OWN),
            ));
        }
        if self.bounds.conflicts > 0 {
            properties.push(Property::sometimes("a read-back finds nothing", |model: &Self, _: &State| {
                model.reached.has(FOUND_NOTHING)
            }));
        }
        properties
    }
}

impl State {
    /// Whether all who have a shard have the one that the object names.
    fn is_one_shard(&self) -> bool {
        let mut taken = self.parties.iter().filter_map(|party| party.outcome.and_then(Result::ok));
        taken.all(|shard| Some(shard) == self.object)
    }

    fn act(&mut self, model: &FirstShardModel, action: Action) {
        match action {
            Action::Land { create } => {
                let Create { shard, of, awaited } = self.creates.remove(create);
                let reply = self.create(shard);
                if awaited {
                    self.tell(of, &FirstShardReply::Created(reply));
                }
            }
            Action::LandUnheard { create } => {
                self.losses -= 1;
                let Create { shard, of, .. } = self.creates.remove(create);
                self.create(shard);
                self.lose(of);
            }
            Action::LandCopied { create } => {
                self.duplicates -= 1;
                let Create { shard, of, .. } = self.creates[create];
                self.creates[create].awaited = false;
                let reply = self.create(shard);
                self.tell(of, &FirstShardReply::Created(reply));
            }
            Action::TimeOut { create } => {
                self.losses -= 1;
                self.creates[create].awaited = false;
                self.lose(self.creates[create].of);
            }
            Action::Conflict { create } => {
                self.conflicts -= 1;
                let Create { of, .. } = self.creates.remove(create);
                self.tell(of, &FirstShardReply::Created(CreateReply::Exists));
            }
            Action::Read { party } => self.read(model, party),
        }
        self.creates.sort_unstable();
    }

    fn create(&mut self, shard: ShardId) -> CreateReply {
        if self.object.is_some() {
            return CreateReply::Exists;
        }
        self.object = Some(shard);
        CreateReply::Done
    }

    fn lose(&mut self, of: usize) {
        self.parties[of].lost_a_reply = true;
        self.tell(of, &FirstShardReply::Created(CreateReply::Unknown));
    }

    fn read(&mut self, model: &FirstShardModel, of: usize) {
        let party = &mut self.parties[of];
        party.reads = false;
        let own = ShardId::from_bytes([of as u8 + 1; 16]);
        match self.object {
            None => model.reached.note(FOUND_NOTHING),
            Some(shard) if shard != own => model.reached.note(ADOPTED),
            Some(_) if party.lost_a_reply => model.reached.note(FOUND_OWN),
            Some(_) => {}
        }
        let read = self.object.map_or(ReadReply::Absent, ReadReply::Found);
        self.tell(of, &FirstShardReply::Read(read));
    }

    fn tell(&mut self, of: usize, reply: &FirstShardReply) {
        self.parties[of].outcome = self.parties[of].race.handle(NOW, reply);
        if self.parties[of].outcome.is_none() {
            self.ask(of);
        }
    }

    fn ask(&mut self, of: usize) {
        match self.parties[of].race.poll_request() {
            Some(FirstShardRequest::Create { shard, .. }) => {
                self.creates.push(Create { shard, of, awaited: true });
            }
            Some(FirstShardRequest::Read { .. }) => self.parties[of].reads = true,
            None => {}
        }
    }
}
