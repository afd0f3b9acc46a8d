//! The objects, and as much of their past as a lying store needs.

use crate::Failure;
use crate::clock::StoreClock;
use crate::object::{Object, quoted};
use crate::request::{Reply, Request};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attributes, PutMode};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub(crate) type Map = BTreeMap<Path, Object>;

#[derive(Debug, Default)]
pub(crate) struct Objects {
    map: Map,
    /// What stood there before each change, oldest first.
    undo: VecDeque<(Duration, Path, Option<Object>)>,
    memory: Duration,
    e_tags: u64,
}

impl Objects {
    pub(crate) fn remembering(memory: Duration) -> Self {
        Self { memory, ..Self::default() }
    }

    pub(crate) const fn map(&self) -> &Map {
        &self.map
    }

    /// How often anything changed.
    pub(crate) const fn changes(&self) -> u64 {
        self.e_tags
    }

    pub(crate) fn set(&mut self, now: Duration, path: &Path, object: Option<Object>) -> Option<Object> {
        self.e_tags += 1;
        let before = match object {
            Some(object) => self.map.insert(path.clone(), object),
            None => self.map.remove(path),
        };
        if self.memory > Duration::ZERO {
            self.undo.push_back((now, path.clone(), before.clone()));
            while self.undo.front().is_some_and(|(at, ..)| *at + self.memory < now) {
                self.undo.pop_front();
            }
        }
        before
    }

    pub(crate) fn write(
        &mut self,
        now: Duration,
        path: &Path,
        bytes: Bytes,
        attributes: Attributes,
        clock: &StoreClock,
    ) -> Reply {
        let e_tag = self.e_tags + 1;
        let modified = clock.stamp(now, e_tag);
        self.set(now, path, Some(Object { bytes, attributes, modified, e_tag }));
        Reply::Written { e_tag }
    }

    /// What stood there `ago`, as far as it is remembered; before the beginning, nothing.
    pub(crate) fn as_of(&self, now: Duration, ago: Duration) -> Map {
        let mut map = self.map.clone();
        for (_, path, before) in self.undo.iter().rev().take_while(|(at, ..)| *at + ago > now) {
            match before {
                Some(object) => drop(map.insert(path.clone(), object.clone())),
                None => drop(map.remove(path)),
            }
        }
        map
    }

    /// Undoes the changes of this `last` while. Returns how many that were.
    pub(crate) fn roll_back(&mut self, now: Duration, last: Duration) -> u64 {
        let undone = self.undo.iter().rev().take_while(|(at, ..)| *at + last > now).count();
        self.map = self.as_of(now, last);
        self.undo.truncate(self.undo.len() - undone);
        undone as u64
    }

    /// Carries out a request as an honest store does.
    pub(crate) fn apply(
        &mut self,
        now: Duration,
        request: &Request,
        page: usize,
        left_out: &[usize],
        clock: &StoreClock,
    ) -> Reply {
        match request {
            Request::Part { .. } => Reply::Done,
            Request::Get { path, .. } => found(&self.map, path),
            Request::List { prefix, after } => list(&self.map, prefix, after.as_ref(), page, self.e_tags),
            Request::Put { path, payload, mode, attributes } => {
                if let Some(failure) = self.refusal(path, mode) {
                    return Reply::Failed(failure);
                }
                self.write(now, path, payload.clone(), attributes.clone(), clock)
            }
            Request::Delete { paths } => {
                let delete = |(index, path): (usize, &Path)| {
                    let deleted = !left_out.contains(&index);
                    if deleted && self.map.contains_key(path) {
                        self.set(now, path, None);
                    }
                    (path.clone(), deleted)
                };
                Reply::Deleted(paths.iter().enumerate().map(delete).collect())
            }
            Request::Copy { from, to, create } => match self.map.get(from).cloned() {
                None => Reply::Failed(Failure::NotFound),
                Some(_) if *create && self.map.contains_key(to) => Reply::Failed(Failure::Exists),
                Some(object) => {
                    self.write(now, to, object.bytes, object.attributes, clock);
                    Reply::Done
                }
            },
        }
    }

    fn refusal(&self, path: &Path, mode: &PutMode) -> Option<Failure> {
        let there = self.map.get(path);
        match mode {
            PutMode::Overwrite => None,
            PutMode::Create => there.is_some().then_some(Failure::Exists),
            PutMode::Update(version) => {
                let same = there.is_some_and(|object| version.e_tag.as_ref() == Some(&quoted(object.e_tag)));
                (!same).then_some(Failure::Precondition)
            }
        }
    }
}

pub(crate) fn found(map: &Map, path: &Path) -> Reply {
    map.get(path).map_or(Reply::Failed(Failure::NotFound), |object| Reply::Found(object.clone()))
}

/// One page: at most `page` names below `prefix`, from behind `after`, in the order of the names.
pub(crate) fn list(map: &Map, prefix: &str, after: Option<&Path>, page: usize, changes: u64) -> Reply {
    use std::ops::Bound::{Excluded, Unbounded};
    let prefix = Path::from(prefix);
    let below = |path: &Path| path.prefix_match(&prefix).is_some_and(|mut rest| rest.next().is_some());
    let start = after.map_or(Unbounded, Excluded);
    let mut names = map.range::<Path, _>((start, Unbounded)).filter(|(path, _)| below(path));
    let objects: Vec<_> = names.by_ref().take(page).map(|(path, object)| object.meta(path.clone())).collect();
    Reply::Page { more: names.next().is_some(), objects, changes }
}
