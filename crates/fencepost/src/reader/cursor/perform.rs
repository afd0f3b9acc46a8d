//! Performing the requests of a cursor. Nothing is decided here.

use crate::Cause;
use crate::io::{Io, created, highest_boundary, read_as};
use fencepost_fence::{CursorReply, CursorRequest, ReadReply};
use fencepost_format::{CursorDecision, CursorDocument, CursorName, DOCUMENT_BYTES_MAX};
use fencepost_store::{ReadOutcome, StoreError};

/// Performs `request`, after a pause if it is not the first attempt. Answers with what the core does not look at, too: what went wrong.
pub(super) async fn perform(
    io: &Io,
    name: &CursorName,
    request: CursorRequest,
) -> (CursorReply, Option<Cause>) {
    io.pause(attempt_of(&request)).await;
    // The core repeats what was not answered, and has a deadline.
    let store = io.once();
    match request {
        CursorRequest::List { .. } => {
            let listed = store.list_all(io.paths.cursor_dir(name)).await.map(|listed| {
                let parsed = listed.iter().filter_map(|object| io.paths.parse_cursor(object.path.as_ref()));
                parsed.map(|(_, document)| document).collect()
            });
            let (read, cause) = read(listed);
            (CursorReply::Listed(read), cause)
        }
        CursorRequest::Create { document, .. } => {
            let path = io.paths.cursor(name, &document);
            let (reply, cause) = created(store.put_new(path, document.encode(name).into()).await);
            (CursorReply::Created(document, reply), cause)
        }
        CursorRequest::Find { document, .. } => {
            let (read, cause) = match store.head(io.paths.cursor(name, &document)).await {
                ReadOutcome::Found(_) => (ReadReply::Found(()), None),
                ReadOutcome::Absent => (ReadReply::Absent, None),
                ReadOutcome::Unknown(error) => (ReadReply::Unknown, Some(error.into())),
            };
            (CursorReply::Found(document, read), cause)
        }
        CursorRequest::Decide { nonce, decision, .. } => {
            let document = CursorDocument::Decision(nonce);
            let bytes = decision.encode(name, nonce);
            let (reply, cause) = created(store.put_new(io.paths.cursor(name, &document), bytes.into()).await);
            (CursorReply::Created(document, reply), cause)
        }
        CursorRequest::ReadDecision { nonce, .. } => {
            let path = io.paths.cursor(name, &CursorDocument::Decision(nonce));
            let outcome = store.get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
            let (read, cause) = read_as(outcome, |bytes| CursorDecision::decode(&path, name, nonce, &bytes));
            (CursorReply::Decision(nonce, read), cause)
        }
        CursorRequest::Boundary { .. } => {
            let listed = store.list_all(io.paths.gc_dir()).await.map(|listed| highest_boundary(&listed));
            let (read, cause) = read(listed);
            (CursorReply::Boundary(read), cause)
        }
        CursorRequest::Delete { documents, .. } => {
            let paths = documents.iter().map(|document| io.paths.cursor(name, document));
            let failed = store.delete(paths).await.into_iter().find_map(|deletion| deletion.result.err());
            (CursorReply::Deleted(failed.is_none()), failed.map(Cause::from))
        }
    }
}

fn read<T>(listed: Result<T, StoreError>) -> (ReadReply<T>, Option<Cause>) {
    match listed {
        Ok(found) => (ReadReply::Found(found), None),
        Err(error) => (ReadReply::Unknown, Some(error.into())),
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
