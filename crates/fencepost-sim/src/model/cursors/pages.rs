//! Listings in two pages. Nothing is sorted: what is on which page depends on the number, and between the two
//! everything goes on.

use crate::ring::collector;
use crate::world::Store;
use fencepost_fence::CursorDocuments;
use fencepost_format::{CursorDocument, Position};
use fencepost_gc::{Inventory, Part};

/// The documents of one name.
pub(super) fn cursor_documents(store: &Store, name: u8, page: u64) -> CursorDocuments {
    let all = store.cursors.get(&name).into_iter().flat_map(CursorDocuments::iter);
    all.filter(|document| page_of(document) == page).copied().collect()
}

/// The highest boundary.
pub(super) fn boundary(store: &Store, page: u64) -> Position {
    store.boundaries.keys().filter(|at| at.get() % 2 == page).max().copied().unwrap_or_default()
}

/// What a collection lists.
pub(super) fn inventory(store: &Store, part: Part, page: u64) -> Inventory {
    let mut shown = store.clone();
    shown.boundaries.retain(|at, _| at.get() % 2 == page);
    for (name, documents) in &mut shown.cursors {
        *documents = cursor_documents(store, *name, page);
    }
    collector::list(&shown, part, None)
}

fn page_of(document: &CursorDocument) -> u64 {
    match document {
        CursorDocument::Cursor(..) | CursorDocument::Broken(_) => 0,
        CursorDocument::Decision(_) | CursorDocument::Leash(..) => 1,
        CursorDocument::Position(_, consumed) => consumed.position.get() % 2,
    }
}
