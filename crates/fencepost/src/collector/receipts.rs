//! Receipts: what each collection planned, and how it ended, for whoever wants to know afterwards.
// P-140.

use super::{Collected, Collector};
use crate::same::{NotThere, create_same};
use crate::shard::Io;
use crate::{Cause, Wal};
use fencepost_format::{Nonce, ReceiptEnd, ReceiptFailure, ReceiptName, ReceiptPart, ReceiptPlan};
use fencepost_gc::{Collection, LeashOutcome, Object, Plan, receipt};
use fencepost_store::StoreError;
use std::collections::BTreeMap;

/// Which collections leave a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Receipts {
    /// Those that delete something, break a cursor, or meet what a loss fenced off. Costs two PUTs each. An idle pass leaves none.
    #[default]
    OfDeletions,
    /// Every one, for two PUTs more each.
    All,
    /// None.
    Never,
}

/// A receipt in the making, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiptLeft {
    /// The collection's id, by which [`Wal::receipt`] finds it; `None` if it left none.
    pub id: Option<Nonce>,
    /// Why a part of it could not be written.
    pub failed: Option<String>,
}

/// A collection's receipt, as a listing shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ReceiptListed {
    /// When the collection planned, in milliseconds since 1970, by the store's clock: as late as the newest object
    /// that it had listed.
    pub time: u64,
    /// The collection.
    pub id: Nonce,
    /// Whether it said how it ended. If not, it was cut off, or is still under way.
    pub ended: bool,
}

/// A collection's receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// What the listing says.
    pub listed: ReceiptListed,
    /// What it planned, why the rest stayed, and from what it concluded that; `None` if that part is gone.
    pub plan: Option<ReceiptPlan>,
    /// How it ended; `None` if it was cut off.
    pub end: Option<ReceiptEnd>,
}

impl Wal {
    /// The receipts of collections of this log, from the oldest to the newest. Costs one LIST.
    ///
    /// # Errors
    /// The store's error.
    pub async fn receipts(&self) -> Result<Vec<ReceiptListed>, StoreError> {
        let mut found: BTreeMap<(u64, Nonce), bool> = BTreeMap::new();
        for name in self.io.list_receipts().await? {
            *found.entry((name.time, name.id)).or_default() |= name.part == ReceiptPart::End;
        }
        Ok(found.into_iter().map(|((time, id), ended)| ReceiptListed { time, id, ended }).collect())
    }

    /// One collection's receipt; `None` if there is none. Costs one LIST and two GETs.
    ///
    /// # Errors
    /// [`Cause`]: the store's error, or what is wrong with the document.
    pub async fn receipt(&self, id: Nonce) -> Result<Option<Receipt>, Cause> {
        let listed = self.receipts().await?.into_iter().find(|listed| listed.id == id);
        let Some(listed) = listed else { return Ok(None) };
        self.receipt_listed(&listed).await.map(Some)
    }

    /// A receipt that a listing shows. Both of its parts may be gone by now. Costs two GETs, at the same time.
    ///
    /// # Errors
    /// [`Cause`]: the store's error, or what is wrong with the document.
    pub async fn receipt_listed(&self, listed: &ReceiptListed) -> Result<Receipt, Cause> {
        let name = |part| ReceiptName { time: listed.time, id: listed.id, part };
        let plan = self.io.read_receipt(name(ReceiptPart::Plan), ReceiptPlan::decode);
        let end = self.io.read_receipt(name(ReceiptPart::End), ReceiptEnd::decode);
        let (plan, end) = futures::future::try_join(plan, end).await?;
        Ok(Receipt { listed: *listed, plan, end })
    }
}

impl Collector {
    /// Sets which collections leave a receipt. Default: those that delete something.
    pub const fn with_receipts(mut self, receipts: Receipts) -> Self {
        self.receipts = receipts;
        self
    }

    /// Writes down the plan before anything of it is carried out. A receipt that cannot be written keeps nothing from
    /// being deleted: what goes is safe to go in any case, and a full disk must be freed.
    pub(super) async fn leave_plan(&self, io: &Io, collection: &Collection, plan: &Plan) -> Option<Leaving> {
        let is_broken = |(_, outcome): &(_, LeashOutcome)| *outcome == LeashOutcome::Broken;
        let goes = plan.deletions_count() > receipts_in(plan)
            || !plan.fenced_off.is_empty()
            || plan.over_leash.iter().any(is_broken);
        let wanted = match self.receipts {
            Receipts::OfDeletions => goes,
            Receipts::All => true,
            Receipts::Never => false,
        };
        if !wanted {
            return None;
        }
        let facts = collection.facts().expect("a collection that plans has found a manifest");
        let inventory = collection.inventory();
        let (time, id) = (inventory.now().0, io.environment.nonce());
        let name = ReceiptName { time, id, part: ReceiptPart::Plan };
        let failed = io.leave_receipt(&name, receipt(plan, inventory, facts).encode()).await.err();
        Some(Leaving { name, failed })
    }

    /// Writes down how it ended.
    pub(super) async fn leave_end(
        &self,
        io: &Io,
        leaving: Option<Leaving>,
        collected: &Collected,
    ) -> ReceiptLeft {
        let Some(Leaving { name, mut failed }) = leaving else { return ReceiptLeft::default() };
        let failures = collected.report.failed.iter().take(100);
        let failures =
            failures.map(|(object, why)| ReceiptFailure { object: object.to_string(), why: why.clone() });
        let end = ReceiptEnd {
            deleted: collected.report.deleted.objects(),
            entry_bytes: collected.report.deleted.entry_bytes,
            failed: collected.report.failed.len() as u64,
            failures: failures.collect(),
            requests: collected.requests.total(),
            elapsed_ms: u64::try_from(collected.elapsed.as_millis()).unwrap_or(u64::MAX),
            ..ReceiptEnd::default()
        };
        let name = ReceiptName { part: ReceiptPart::End, ..name };
        if let Err(error) = io.leave_receipt(&name, end.encode()).await {
            failed.get_or_insert(error);
        }
        if let Some(why) = &failed {
            tracing::warn!(shard = %io.paths.shard(), %why, "a collection could not write its receipt");
        }
        ReceiptLeft { id: Some(name.id), failed: failed.map(|why| why.to_string()) }
    }
}

/// A receipt whose plan was written, if it could be.
#[derive(Debug)]
pub(super) struct Leaving {
    name: ReceiptName,
    failed: Option<NotThere>,
}

fn receipts_in(plan: &Plan) -> u64 {
    let receipt = |(object, verdict): &(&Object, &fencepost_gc::Verdict)| {
        matches!(object, Object::Receipt(_)) && verdict.is_delete()
    };
    plan.verdicts.iter().filter(receipt).count() as u64
}

impl Io {
    async fn list_receipts(&self) -> Result<Vec<ReceiptName>, StoreError> {
        let named = self.named(self.paths.receipts_dir(), ReceiptName::parse).await?;
        Ok(named.into_iter().map(|(name, _)| name).collect())
    }

    async fn read_receipt<T>(
        &self,
        name: ReceiptName,
        decode: impl Fn(&str, &[u8]) -> Result<T, fencepost_format::FormatError>,
    ) -> Result<Option<T>, Cause> {
        let path = self.paths.receipt(&name);
        let read = self.store.get_up_to(&path, fencepost_format::DOCUMENT_BYTES_MAX as u64).await;
        let Some(object) = read.into_result()? else { return Ok(None) };
        Ok(Some(decode(&path, &object.bytes)?))
    }

    async fn leave_receipt(&self, name: &ReceiptName, bytes: bytes::Bytes) -> Result<(), NotThere> {
        create_same(&self.store, &self.paths.receipt(name), bytes, RECEIPT_ATTEMPTS).await
    }
}

/// It is not worth a minute of waiting.
const RECEIPT_ATTEMPTS: u32 = 4;
