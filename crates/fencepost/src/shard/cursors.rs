//! The requests of a named cursor.

use super::answer::{created, listed, read, read_as};
use super::{Io, Performed};
use crate::Cause;
use fencepost_fence::{CursorDocuments, CursorReply, CursorRequest, ReadReply, Reply};
use fencepost_format::{
    CursorBreak, CursorDecision, CursorDocument, CursorName, DOCUMENT_BYTES_MAX, Nonce, Position,
};
use fencepost_store::{LogStore, StoreError};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The documents of one name, and when each of its cursors was made or moved last, by the store's clock.
#[derive(Debug, Default)]
pub(crate) struct CursorListed {
    pub(crate) documents: CursorDocuments,
    pub(crate) moved: BTreeMap<Nonce, SystemTime>,
}

/// A cursor that was broken: where it stood, and what its mark says, if that could be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrokenCursor {
    pub(crate) at: Position,
    pub(crate) mark: Option<CursorBreak>,
}

impl Io {
    /// Performs a request of the cursor `name`, after a pause if it is not the first attempt.
    pub(crate) async fn perform_cursor(
        self,
        name: CursorName,
        request: CursorRequest,
    ) -> Performed<CursorReply> {
        self.pause(attempt_of(&request)).await;
        let name = &name;
        let store = self.once();
        match request {
            CursorRequest::List { .. } => {
                listed(self.list_cursor(&store, name).await).map(CursorReply::Listed)
            }
            CursorRequest::Create { document, .. } => {
                let path = self.paths.cursor(name, &document);
                let outcome = store.create(path, document.encode(name).into()).await;
                created(outcome).map(|reply| CursorReply::Created(document, reply))
            }
            CursorRequest::Find { document, .. } => {
                let found = store.head(self.paths.cursor(name, &document)).await;
                read(found, |_| Ok::<_, Cause>(())).map(|read| CursorReply::Found(document, read))
            }
            CursorRequest::Decide { nonce, decision, .. } => {
                let document = CursorDocument::Decision(nonce);
                let (path, bytes) = (self.paths.cursor(name, &document), decision.encode(name, nonce));
                let outcome = store.create(path, bytes.into()).await;
                created(outcome).map(|reply| CursorReply::Created(document, reply))
            }
            CursorRequest::ReadDecision { nonce, .. } => {
                self.read_decision(name, nonce).await.map(|read| CursorReply::Decision(nonce, read))
            }
            CursorRequest::Boundary { .. } => {
                listed(self.boundary_in(&store).await).map(CursorReply::Boundary)
            }
            CursorRequest::Delete { documents, .. } => {
                let paths = documents.iter().map(|document| self.paths.cursor(name, document));
                let failed = store.delete(paths).await.into_iter().find_map(|deletion| deletion.result.err());
                Performed::new(CursorReply::Deleted(failed.is_none()), failed.map(Cause::from))
            }
        }
    }

    /// Where the cursor stands now, for a reader that it keeps something for. Costs one LIST, and one GET for
    /// each cursor of the name that is decided, which is one but for a moment: what was given up holds
    /// nothing, and only the decision itself says so.
    // P-46, P-97.
    pub(super) async fn read_cursor(&self, name: &CursorName) -> Performed {
        let documents = match self.list_cursor(&self.once(), name).await {
            Ok(documents) => documents,
            Err(error) => return Performed::new(Reply::Cursor(ReadReply::Unknown), Some(error.into())),
        };
        let mut decisions = BTreeMap::new();
        for found in documents.cursors().filter(|found| found.decided) {
            let Performed { reply, cause, .. } = self.read_decision(name, found.nonce).await;
            match reply {
                ReadReply::Found(decision) => drop(decisions.insert(found.nonce, decision)),
                // Removed since it was listed.
                ReadReply::Absent => {}
                ReadReply::Damaged | ReadReply::Unknown => {
                    return Performed::new(Reply::Cursor(ReadReply::Unknown), cause);
                }
            }
        }
        let granted = documents.granted(|nonce| decisions.get(&nonce).copied());
        Performed::new(Reply::Cursor(granted.map_or(ReadReply::Absent, ReadReply::Found)), None)
    }

    /// The cursors of this log, with what was listed of each. Costs one LIST.
    pub(crate) async fn list_cursors(&self) -> Result<BTreeMap<CursorName, CursorListed>, StoreError> {
        let mut found: BTreeMap<CursorName, CursorListed> = BTreeMap::new();
        for object in self.store.list_all(self.paths.cursors_dir()).await? {
            if let Some((name, document)) = self.paths.parse_cursor(object.path.as_ref()) {
                let listed = found.entry(name).or_default();
                if matches!(document, CursorDocument::Cursor(..) | CursorDocument::Position(..)) {
                    let moved = listed.moved.entry(document.nonce()).or_insert(object.last_modified);
                    *moved = object.last_modified.max(*moved);
                }
                listed.documents.insert(document);
            }
        }
        Ok(found)
    }

    /// Whether nothing of this name holds any more because it was broken, and what its mark says. Costs one LIST, and
    /// one GET if it was. An answer that does not come is none.
    // P-163.
    pub(crate) async fn broken_cursor(&self, name: &CursorName) -> Option<BrokenCursor> {
        let documents = self.list_cursor(&self.store, name).await.ok()?;
        if documents.held().is_some() {
            return None;
        }
        let last = documents.cursors().filter(|found| found.broken).max_by_key(|found| found.held())?;
        Some(self.read_mark(name, last.nonce, last.held()).await)
    }

    /// What the mark of a broken cursor says.
    pub(crate) async fn read_mark(&self, name: &CursorName, nonce: Nonce, at: Position) -> BrokenCursor {
        let path = self.paths.cursor(name, &CursorDocument::Broken(nonce));
        let read = self.store.get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await.into_result();
        let mark = read
            .ok()
            .flatten()
            .and_then(|object| CursorBreak::decode(&path, name, nonce, &object.bytes).ok());
        BrokenCursor { at: mark.map_or(at, |mark| mark.position), mark }
    }

    async fn list_cursor(&self, store: &LogStore, name: &CursorName) -> Result<CursorDocuments, StoreError> {
        let listed = store.list_all(self.paths.cursor_dir(name)).await?;
        let parsed = listed.iter().filter_map(|object| self.paths.parse_cursor(object.path.as_ref()));
        Ok(parsed.map(|(_, document)| document).collect())
    }

    async fn read_decision(&self, name: &CursorName, nonce: Nonce) -> Performed<ReadReply<CursorDecision>> {
        let path = self.paths.cursor(name, &CursorDocument::Decision(nonce));
        let outcome = self.once().get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
        read_as(outcome, |bytes| CursorDecision::decode(&path, name, nonce, &bytes))
    }
}

const fn attempt_of(request: &CursorRequest) -> u32 {
    match request {
        CursorRequest::List { attempt }
        | CursorRequest::Create { attempt, .. }
        | CursorRequest::Find { attempt, .. }
        | CursorRequest::Decide { attempt, .. }
        | CursorRequest::ReadDecision { attempt, .. }
        | CursorRequest::Boundary { attempt }
        | CursorRequest::Delete { attempt, .. } => *attempt,
    }
}
