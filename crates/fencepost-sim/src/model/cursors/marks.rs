//! Cursors that a collection marked broken: what is promised to whom from then on.
// P-163.

use super::state::Party;
use super::{CursorModel, Reached, State};
use fencepost_fence::CursorRequest;
use fencepost_format::Nonce;
use std::collections::BTreeSet;
use std::sync::Arc;

impl State {
    /// From a mark on, nothing is promised to those who live on what was marked; they are told when they ask.
    pub(super) fn note_mark(&mut self, model: &CursorModel, nonce: Nonce) {
        let of = self.consumers.iter().enumerate().find(|(number, _)| nonce.0 / 10 == *number as u128 + 1);
        let Some(name) = of.map(|(number, _)| model.bounds.consumers[number]) else { return };
        self.marked.insert((name, nonce));
        for party in &mut self.consumers {
            match party {
                Party::Alive(alive) if alive.name == name && alive.lives_on().contains(&nonce) => {
                    let is_moving = matches!(alive.request(), Some(CursorRequest::List { .. }));
                    model.note(if is_moving { Reached::MovedUnderTheMark } else { Reached::Broken });
                    if is_marked(&self.marked, name, &alive.lives_on()) {
                        Arc::make_mut(alive).kept = None;
                    }
                }
                Party::Dead { name: of, kept, on } if *of == name => {
                    *kept = kept.filter(|_| !is_marked(&self.marked, name, on));
                }
                _ => {}
            }
        }
    }

    pub(super) fn marked_of(&self, name: u8) -> BTreeSet<Nonce> {
        marked_of(&self.marked, name)
    }
}

pub(super) fn marked_of(marked: &BTreeSet<(u8, Nonce)>, name: u8) -> BTreeSet<Nonce> {
    marked.iter().filter(|(of, _)| *of == name).map(|(_, nonce)| *nonce).collect()
}

/// Whether all of these are marked.
pub(super) fn is_marked(marked: &BTreeSet<(u8, Nonce)>, name: u8, on: &BTreeSet<Nonce>) -> bool {
    on.is_subset(&marked_of(marked, name))
}
