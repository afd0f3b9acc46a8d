//! The requests, replies and events of a reclaim.

use crate::{Compaction, TableHistory};
use fencepost_fence::{CreateReply, GaveUp, ReadReply, Reply, Request};
use fencepost_format::{ReclaimEnd, ReclaimPlan, SsTableName};
use std::collections::BTreeMap;

/// A request of a reclaim. The driver performs it and answers with the [`ReclaimReply`] of the same name.
///
/// `attempt` counts from 0. Before an attempt above 0, the driver waits as its retry policy says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReclaimRequest {
    /// LIST the documents of reclaims.
    List {
        /// Which try this is.
        attempt: u32,
    },
    /// GET a plan.
    ReadPlan {
        /// The reclaim's number.
        number: u64,
        /// Which try this is.
        attempt: u32,
    },
    /// A request of the manifest search, or the creation of a version.
    Manifest(Request),
    /// Read every version of the table, or as many as it takes.
    ReadTable {
        /// Which try this is.
        attempt: u32,
    },
    /// Create a plan, if absent.
    CreatePlan {
        /// The plan.
        plan: ReclaimPlan,
        /// Which try this is.
        attempt: u32,
    },
    /// Create an end, if absent.
    CreateEnd {
        /// The end.
        end: ReclaimEnd,
        /// Which try this is.
        attempt: u32,
    },
    /// GET an end.
    ReadEnd {
        /// The reclaim's number.
        number: u64,
        /// Which try this is.
        attempt: u32,
    },
}

/// The answer to a [`ReclaimRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReclaimReply {
    /// To [`ReclaimRequest::List`]: each number that has a document, and whether that reclaim has an end.
    Listed(ReadReply<BTreeMap<u64, bool>>),
    /// To [`ReclaimRequest::ReadPlan`].
    Plan(u64, ReadReply<ReclaimPlan>),
    /// To [`ReclaimRequest::Manifest`].
    Manifest(Reply),
    /// To [`ReclaimRequest::ReadTable`]; absent if there is no table, or one without versions; damaged if its latest
    /// version cannot be understood.
    Table(ReadReply<TableHistory>),
    /// To [`ReclaimRequest::CreatePlan`].
    PlanCreated(u64, CreateReply),
    /// To [`ReclaimRequest::CreateEnd`].
    EndCreated(u64, CreateReply),
    /// To [`ReclaimRequest::ReadEnd`].
    End(u64, ReadReply<ReclaimEnd>),
}

/// An event of a reclaim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReclaimEvent {
    /// What it is about to take out of the manifest or, if it only plans, would.
    Planned {
        /// The plan.
        plan: ReclaimPlan,
        /// What holds back the others that the manifest names.
        held: BTreeMap<SsTableName, Compaction>,
    },
    /// If it only plans: an earlier reclaim was cut off, and would be finished first.
    Unfinished(ReclaimPlan),
    /// It ended.
    Done(Reclaimed),
    /// There was nothing to do, and nothing was changed.
    Nothing(Refused),
    /// The shard has no manifest.
    NoLog,
    /// The table's latest version cannot be understood. Nothing more was changed.
    TableUnread,
    /// The plan of this number is not there or cannot be understood, and no other may begin before it is finished.
    DamagedPlan(u64),
    /// The end of this number cannot be understood. The manifest names nothing of the plan any more.
    DamagedEnd(u64),
    /// It ended without an answer. Another reclaim goes on from there.
    GaveUp(GaveUp),
}

/// A reclaim that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reclaimed {
    /// What was planned.
    pub plan: ReclaimPlan,
    /// What is out of the manifest: nothing, if it was given up.
    pub end: ReclaimEnd,
}

/// Why there was nothing to reclaim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// The manifest names no SSTable.
    NoSsTables,
    /// The shard is sealed, or in a state that is not known.
    NotActive,
    /// There is no table.
    NoTable,
    /// Something holds back each of them.
    Held(BTreeMap<SsTableName, Compaction>),
}
