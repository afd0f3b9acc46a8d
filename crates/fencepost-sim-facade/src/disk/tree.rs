//! A file system in memory: what programs see of it, and what is on the disk.
//!
//! A power cut leaves what was flushed, and of the rest any part: of a file's bytes a prefix, zeros or all;
//! of a directory, for each name on its own, any state that it has had since the last flush. No order is kept
//! between two names, as some file systems keep none.

use fencepost_store::disk::{Kind, Named, Stat};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Component, Path};
use std::time::{Duration, SystemTime};

/// Which file or directory.
pub(super) type Number = u64;

#[derive(Debug)]
pub(super) struct Tree {
    inodes: BTreeMap<Number, Inode>,
    next: Number,
    /// Counts changes.
    changes: u64,
    /// What files are stamped with.
    pub(super) now: Duration,
}

#[derive(Debug)]
struct Inode {
    node: Node,
    links: u64,
    marked: bool,
    modified: Duration,
    changed: u64,
}

#[derive(Debug)]
enum Node {
    File {
        seen: Vec<u8>,
        safe: Vec<u8>,
        /// A flush failed, and what it should have written counts as clean.
        lost: bool,
    },
    Directory {
        seen: Entries,
        safe: Entries,
        /// What changed since the last flush, in order.
        changes: Vec<(u64, String, Option<Number>)>,
    },
}

type Entries = BTreeMap<String, Number>;

/// What a flush that began will have made safe when it ends.
#[derive(Debug)]
pub(super) enum Flushing {
    File { number: Number, bytes: usize },
    Directory { number: Number, changes: u64 },
}

/// What a power cut took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    pub(super) names: u64,
    pub(super) contents: u64,
    pub(super) returned: u64,
}

impl Tree {
    /// With one directory, which is on the disk.
    pub(super) fn new(directory: &Path) -> Self {
        let mut tree = Self { inodes: BTreeMap::new(), next: ROOT, changes: 0, now: Duration::ZERO };
        tree.add(directory_node());
        tree.make_directory(directory).expect("there is nothing yet");
        let flushing = tree.begin_directory_flush(Path::new("/")).expect("it was made first");
        tree.end_flush(&flushing);
        tree
    }

    fn add(&mut self, node: Node) -> Number {
        let number = self.next;
        self.next += 1;
        let (modified, changed) = (self.now, self.changes);
        self.inodes.insert(number, Inode { node, links: 0, marked: false, modified, changed });
        number
    }

    fn resolve(&self, path: &Path) -> io::Result<Number> {
        path.components().try_fold(ROOT, |at, component| match component {
            Component::Normal(name) => {
                let entries = self.entries(at)?;
                name.to_str()
                    .and_then(|name| entries.get(name))
                    .copied()
                    .ok_or_else(|| ErrorKind::NotFound.into())
            }
            _ => Ok(at),
        })
    }

    fn entries(&self, number: Number) -> io::Result<&Entries> {
        match &self.inodes[&number].node {
            Node::Directory { seen, .. } => Ok(seen),
            Node::File { .. } => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn place(&self, path: &Path) -> io::Result<(Number, String, Option<Number>)> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
        else {
            return Err(ErrorKind::InvalidFilename.into());
        };
        let parent = self.resolve(parent)?;
        let there = self.entries(parent)?.get(name).copied();
        Ok((parent, name.to_owned(), there))
    }

    fn set(&mut self, parent: Number, name: String, to: Option<Number>) {
        self.changes += 1;
        let count = self.changes;
        let Node::Directory { seen, changes, .. } = &mut self.inode(parent).node else {
            unreachable!("only directories have entries");
        };
        let before = match to {
            Some(to) => seen.insert(name.clone(), to),
            None => seen.remove(&name),
        };
        changes.push((count, name, to));
        for (number, added) in [(before, false), (to, true)] {
            let Some(number) = number else { continue };
            let inode = self.inode(number);
            inode.links = if added { inode.links + 1 } else { inode.links - 1 };
            inode.changed = count;
        }
    }

    fn inode(&mut self, number: Number) -> &mut Inode {
        self.inodes
            .get_mut(&number)
            .expect("numbers come from this tree, and files stay until the power is cut")
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<Number> {
        let (parent, name, there) = self.place(path)?;
        if there.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let number = self.add(Node::File { seen: Vec::new(), safe: Vec::new(), lost: false });
        self.set(parent, name, Some(number));
        Ok(number)
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<Number> {
        self.resolve(path)
    }

    pub(super) fn write(&mut self, number: Number, bytes: &[u8]) -> usize {
        let now = self.now;
        let inode = self.inode(number);
        inode.modified = now;
        if let Node::File { seen, .. } = &mut inode.node {
            seen.extend_from_slice(bytes);
        }
        bytes.len()
    }

    pub(super) fn read(&self, number: Number, offset: u64, length: usize) -> Vec<u8> {
        let Node::File { seen, .. } = &self.inodes[&number].node else { return Vec::new() };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(seen.len());
        seen[from..seen.len().min(from.saturating_add(length))].to_vec()
    }

    pub(super) fn begin_flush(&self, number: Number) -> Flushing {
        let bytes = match &self.inodes[&number].node {
            Node::File { seen, .. } => seen.len(),
            Node::Directory { .. } => 0,
        };
        Flushing::File { number, bytes }
    }

    pub(super) fn begin_directory_flush(&self, path: &Path) -> io::Result<Flushing> {
        let number = self.resolve(path)?;
        self.entries(number)?;
        Ok(Flushing::Directory { number, changes: self.changes })
    }

    /// What was there when the flush began is on the disk.
    pub(super) fn end_flush(&mut self, flushing: &Flushing) {
        match *flushing {
            Flushing::File { number, bytes } => {
                if let Node::File { seen, safe, lost: false } = &mut self.inode(number).node
                    && safe.len() < bytes
                {
                    *safe = seen[..bytes].to_vec();
                }
            }
            Flushing::Directory { number, changes: upto } => {
                let Node::Directory { safe, changes, .. } = &mut self.inode(number).node else { return };
                for (_, name, to) in changes.extract_if(.., |(count, ..)| *count <= upto) {
                    match to {
                        Some(to) => drop(safe.insert(name, to)),
                        None => drop(safe.remove(&name)),
                    }
                }
            }
        }
    }

    /// A flush failed. What a file had to write counts as written from now on.
    pub(super) fn lose_pages(&mut self, flushing: &Flushing) {
        if let Flushing::File { number, .. } = *flushing
            && let Node::File { seen, safe, lost } = &mut self.inode(number).node
        {
            *lost = *lost || seen.len() > safe.len();
        }
    }

    pub(super) fn stat(&self, number: Number) -> Stat {
        let inode = &self.inodes[&number];
        let (kind, size) = match &inode.node {
            Node::File { seen, .. } => (Kind::File, seen.len() as u64),
            Node::Directory { .. } => (Kind::Directory, 0),
        };
        let modified = SystemTime::UNIX_EPOCH + EPOCH + inode.modified;
        let changed = (i64::try_from(inode.changed).unwrap_or(i64::MAX), 0);
        Stat { kind, number: (0, number), links: inode.links, size, modified, changed }
    }

    pub(super) fn link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let number = self.resolve(from)?;
        match self.place(to)? {
            (_, _, Some(_)) => Err(ErrorKind::AlreadyExists.into()),
            (parent, name, None) => {
                self.set(parent, name, Some(number));
                Ok(())
            }
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (from_parent, from_name, number) = self.place(from)?;
        let (to_parent, to_name, _) = self.place(to)?;
        let number = number.ok_or(ErrorKind::NotFound)?;
        self.set(to_parent, to_name, Some(number));
        self.set(from_parent, from_name, None);
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        let (parent, name, number) = self.place(path)?;
        match &self.inodes[&number.ok_or(ErrorKind::NotFound)?].node {
            Node::Directory { .. } => Err(ErrorKind::IsADirectory.into()),
            Node::File { .. } => {
                self.set(parent, name, None);
                Ok(())
            }
        }
    }

    pub(super) fn make_directory(&mut self, path: &Path) -> io::Result<()> {
        let (parent, name, there) = self.place(path)?;
        if there.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let number = self.add(directory_node());
        self.set(parent, name, Some(number));
        Ok(())
    }

    pub(super) fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        let (parent, name, number) = self.place(path)?;
        match self.entries(number.ok_or(ErrorKind::NotFound)?)?.is_empty() {
            false => Err(ErrorKind::DirectoryNotEmpty.into()),
            true => {
                self.set(parent, name, None);
                Ok(())
            }
        }
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<Named>> {
        let entries = self.entries(self.resolve(path)?)?;
        Ok(entries
            .iter()
            .map(|(name, &number)| Named { name: name.into(), is_link: false, stat: self.stat(number) })
            .collect())
    }

    pub(super) fn mark(&mut self, number: Number) {
        self.changes += 1;
        let count = self.changes;
        let inode = self.inode(number);
        (inode.marked, inode.changed) = (true, count);
    }

    pub(super) fn is_marked(&self, number: Number) -> bool {
        let inode = &self.inodes[&number];
        inode.marked && inode.links == 1
    }

    /// Leaves what was flushed, and of the rest what chance leaves.
    pub(super) fn cut_power(&mut self, rng: &mut ChaCha8Rng) -> Taken {
        let mut taken = Taken::default();
        for inode in self.inodes.values_mut() {
            // A mark says that something was flushed, which stays true. It may be lost.
            inode.marked &= rng.random_bool(0.5);
            match &mut inode.node {
                Node::File { seen, safe, lost } => {
                    let left = content_after(rng, seen, safe, *lost);
                    taken.contents += u64::from(left != *seen);
                    (*seen, *safe, *lost) = (left.clone(), left, false);
                }
                Node::Directory { seen, safe, changes } => {
                    let mut left = safe.clone();
                    let names: BTreeSet<_> = changes.iter().map(|(_, name, _)| name.clone()).collect();
                    for name in names {
                        let mut states = vec![safe.get(&name).copied()];
                        states.extend(
                            changes.iter().filter(|(_, other, _)| *other == name).map(|(.., to)| *to),
                        );
                        match states[rng.random_range(0..states.len())] {
                            Some(to) => drop(left.insert(name, to)),
                            None => drop(left.remove(&name)),
                        }
                    }
                    taken.names += seen.keys().filter(|name| !left.contains_key(*name)).count() as u64;
                    taken.returned += left.keys().filter(|name| !seen.contains_key(*name)).count() as u64;
                    changes.clear();
                    (*seen, *safe) = (left.clone(), left);
                }
            }
        }
        self.forget_the_unreachable();
        taken
    }

    fn forget_the_unreachable(&mut self) {
        let (mut links, mut open) = (BTreeMap::from([(ROOT, 0_u64)]), vec![ROOT]);
        while let Some(at) = open.pop() {
            let Ok(entries) = self.entries(at) else { continue };
            for &number in entries.values() {
                let count = links.entry(number).or_default();
                *count += 1;
                if *count == 1 {
                    open.push(number);
                }
            }
        }
        self.inodes.retain(|number, _| links.contains_key(number));
        for (number, inode) in &mut self.inodes {
            inode.links = links[number];
        }
    }
}

/// Bytes that were not flushed are there, or not, or zeros. What was lost is never all there.
fn content_after(rng: &mut ChaCha8Rng, seen: &[u8], safe: &[u8], lost: bool) -> Vec<u8> {
    let unflushed = seen.len() - safe.len();
    if unflushed == 0 {
        return seen.to_vec();
    }
    match rng.random_range(if lost { 1..4 } else { 0..4 }) {
        0 => seen.to_vec(),
        1 => safe.to_vec(),
        2 => seen[..safe.len() + rng.random_range(0..unflushed)].to_vec(),
        _ => safe.iter().copied().chain(std::iter::repeat_n(0, unflushed)).collect(),
    }
}

fn directory_node() -> Node {
    Node::Directory { seen: Entries::new(), safe: Entries::new(), changes: Vec::new() }
}

const ROOT: Number = 1;
/// 1 January 2026.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

#[cfg(test)]
mod tests;
