//! A simulated disk, on which the store of local directories runs as it ships.
//!
//! A [`Machine`] has one disk. Its processes each have a [`SimDisk`], a way to it. Operations take virtual
//! time, so that those of different processes, and of different requests of one, come between each other.
//! They fail by chance as real ones do. When the power is cut, everything that runs stands still for ever,
//! and [what was not flushed](tree) may be gone.

mod faults;
mod tree;

pub(crate) use faults::FAULTS;
pub use faults::{Cut, DiskFaults, Op, Struck};

use bytes::Bytes;
use faults::Dice;
use fencepost_simstore::SimStore;
use fencepost_store::disk::{Disk, Flush, Named, Stat};
use std::fmt;
use std::future::pending;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinError;
use tokio::time::Instant;
use tree::{Flushing, Number, Tree};

/// The machine on which all processes run, and its disk.
#[derive(Clone)]
pub struct Machine {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    off: Notify,
    origin: Instant,
    /// The next number for what is written aside.
    names: AtomicU64,
    /// Where operations are written down, if anybody is to read them.
    notes: Option<SimStore>,
}

struct State {
    tree: Tree,
    dice: Dice,
    /// How often the power was cut.
    boots: u64,
    off: bool,
}

impl Machine {
    /// A machine with an empty disk but for `directory`.
    #[must_use]
    pub fn new(seed: u64, directory: &Path, faults: DiskFaults, notes: Option<SimStore>) -> Self {
        let state = State { tree: Tree::new(directory), dice: Dice::new(seed, faults), boots: 0, off: false };
        let shared = Shared {
            state: Mutex::new(state),
            off: Notify::new(),
            origin: Instant::now(),
            names: AtomicU64::new(1),
            notes,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A new process's way to the disk.
    #[must_use]
    pub fn process(&self, name: &str) -> SimDisk {
        let boot = self.shared.lock().boots;
        let dead = Arc::new(AtomicBool::new(false));
        SimDisk { shared: Arc::clone(&self.shared), name: name.into(), boot, dead }
    }

    /// Lets the power go at an operation to come.
    pub fn cut_at(&self, cut: Cut) {
        self.shared.lock().dice.cut = Some(cut);
    }

    /// Waits until the power is cut.
    pub async fn went_off(&self) {
        loop {
            let changed = self.shared.off.notified();
            if self.shared.lock().off {
                return;
            }
            changed.await;
        }
    }

    /// Cuts the power now.
    pub fn turn_off(&self) {
        self.shared.lock().off = true;
    }

    /// Starts the machine again, with what is left on its disk. Processes of before stay dead.
    pub fn restart(&self) {
        let mut state = self.shared.lock();
        let state = &mut *state;
        let taken = state.tree.cut_power(&mut state.dice.rng);
        (state.off, state.boots, state.dice.cut) = (false, state.boots + 1, None);
        for (what, times) in [
            (Struck::PowerCut, 1),
            (Struck::NameLost, taken.names),
            (Struck::NameReturned, taken.returned),
            (Struck::ContentLost, taken.contents),
        ] {
            state.dice.count(what, times);
        }
    }

    /// From now on the disk does what it is asked.
    pub fn quiet(&self) {
        let mut state = self.shared.lock();
        (state.dice.quiet, state.dice.cut) = (true, None);
    }

    /// How often each thing went wrong.
    #[must_use]
    pub fn struck(&self) -> Vec<(Struck, u64)> {
        let state = self.shared.lock();
        Struck::ALL.iter().map(|&what| (what, state.dice.struck(what))).collect()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process's way to the disk of its machine.
#[derive(Clone)]
pub struct SimDisk {
    shared: Arc<Shared>,
    name: Arc<str>,
    boot: u64,
    dead: Arc<AtomicBool>,
}

/// An open file.
#[derive(Debug)]
pub struct SimFile(Number);

/// What came of an operation.
enum Step<T> {
    Done(io::Result<T>),
    /// Its process is no more.
    Never,
}

impl SimDisk {
    /// Kills the process: what it has under way stops where it is.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    async fn step<T>(
        &self,
        op: Op,
        path: &Path,
        effect: impl FnOnce(&mut Tree) -> io::Result<T>,
    ) -> io::Result<T> {
        self.take_time().await;
        let step = self.carry_out(op, path, effect);
        self.outcome(step).await
    }

    async fn outcome<T>(&self, step: Step<T>) -> io::Result<T> {
        match step {
            Step::Done(result) => result,
            Step::Never => pending().await,
        }
    }

    /// Lets others run first, and sometimes for long.
    async fn take_time(&self) {
        let time = self.shared.lock().dice.latency();
        if time.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(time).await;
        }
    }

    fn carry_out<T>(&self, op: Op, path: &Path, effect: impl FnOnce(&mut Tree) -> io::Result<T>) -> Step<T> {
        let mut state = self.shared.lock();
        let state = &mut *state;
        if state.off || state.boots != self.boot || self.dead.load(Ordering::Relaxed) {
            return Step::Never;
        }
        state.tree.now = self.shared.origin.elapsed();
        let cut = state.dice.cuts_at(op);
        if cut == Some(false) {
            return self.go_dark(state, op, path, "before");
        }
        let done = match state.dice.fault(op) {
            Some(fault) => {
                if fault.is_done {
                    let _ = effect(&mut state.tree);
                }
                Err(io::Error::from_raw_os_error(fault.number))
            }
            None => effect(&mut state.tree),
        };
        if cut == Some(true) {
            return self.go_dark(state, op, path, "after");
        }
        self.note(|| match &done {
            Ok(_) => format!("{op:?} {}", path.display()),
            Err(error) => format!("{op:?} {}: {error}", path.display()),
        });
        Step::Done(done)
    }

    fn go_dark<T>(&self, state: &mut State, op: Op, path: &Path, when: &str) -> Step<T> {
        state.off = true;
        self.note(|| format!("power cut {when} {op:?} {}", path.display()));
        self.shared.off.notify_one();
        Step::Never
    }

    /// An operation by handle has no path to tell.
    fn note(&self, text: impl FnOnce() -> String) {
        if let Some(notes) = &self.shared.notes {
            notes.note(&self.name, text());
        }
    }

    /// Begins, takes its time, and ends, unless it fails.
    async fn flush_in_two(
        &self,
        op: Op,
        why: Flush,
        path: &Path,
        begin: impl FnOnce(&mut Tree) -> io::Result<Flushing>,
    ) -> io::Result<()> {
        if self.shared.lock().dice.leaves_out(why) {
            return Ok(());
        }
        // A power cut at this operation comes when it ends, or would have.
        let begun = self.carry_out(Op::Look, path, begin);
        let flushing = self.outcome(begun).await?;
        self.take_time().await;
        let loses = self.shared.lock().dice.loses_pages(op);
        let ended = self.carry_out(if loses { Op::Look } else { op }, path, |tree| {
            if loses {
                tree.lose_pages(&flushing);
                return Err(io::Error::from_raw_os_error(faults::EIO));
            }
            tree.end_flush(&flushing);
            Ok(())
        });
        self.outcome(ended).await
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimDisk({})", self.name)
    }
}

impl Disk for SimDisk {
    type File = SimFile;

    /// As a task of its own: who waits for it may go away.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        tokio::spawn(work).await
    }

    fn unique(&self) -> u64 {
        self.shared.names.fetch_add(1, Ordering::Relaxed)
    }

    async fn create(&self, path: &Path) -> io::Result<SimFile> {
        self.step(Op::Create, path, |tree| tree.create(path).map(SimFile)).await
    }

    async fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.step(Op::Look, path, |tree| tree.open(path).map(SimFile)).await
    }

    async fn write(&self, file: &mut SimFile, bytes: &[u8]) -> io::Result<usize> {
        let length = self.shared.lock().dice.length_of_write(bytes.len());
        self.step(Op::Write, by_handle(), |tree| Ok(tree.write(file.0, &bytes[..length]))).await
    }

    async fn read(&self, file: &mut SimFile, offset: u64, length: usize) -> io::Result<Bytes> {
        self.step(Op::Look, by_handle(), |tree| Ok(tree.read(file.0, offset, length).into())).await
    }

    async fn flush(&self, file: &SimFile, why: Flush) -> io::Result<()> {
        self.flush_in_two(Op::FlushFile, why, by_handle(), |tree| Ok(tree.begin_flush(file.0))).await
    }

    async fn flush_directory(&self, path: &Path, why: Flush) -> io::Result<()> {
        self.flush_in_two(Op::FlushDirectory, why, path, |tree| tree.begin_directory_flush(path)).await
    }

    async fn stat(&self, file: &SimFile) -> io::Result<Stat> {
        self.step(Op::Look, by_handle(), |tree| Ok(tree.stat(file.0))).await
    }

    async fn stat_name(&self, path: &Path) -> io::Result<Stat> {
        self.step(Op::Look, path, |tree| Ok(tree.stat(tree.open(path)?))).await
    }

    async fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Op::Link, to, |tree| tree.link(from, to)).await
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Op::Rename, to, |tree| tree.rename(from, to)).await
    }

    async fn unlink(&self, path: &Path) -> io::Result<()> {
        self.step(Op::Unlink, path, |tree| tree.unlink(path)).await
    }

    async fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Op::Create, path, |tree| tree.make_directory(path)).await
    }

    async fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Op::Unlink, path, |tree| tree.remove_directory(path)).await
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<Named>> {
        self.step(Op::Look, path, |tree| tree.list(path)).await
    }

    async fn mark(&self, file: &SimFile) -> io::Result<()> {
        let mark = |tree: &mut Tree| {
            tree.mark(file.0);
            Ok(())
        };
        self.step(Op::Mark, by_handle(), mark).await
    }

    async fn is_marked(&self, file: &SimFile) -> bool {
        self.step(Op::Look, by_handle(), |tree| Ok(tree.is_marked(file.0))).await.unwrap_or(false)
    }

    async fn is_name_marked(&self, path: &Path) -> bool {
        self.step(Op::Look, path, |tree| Ok(tree.is_marked(tree.open(path)?))).await.unwrap_or(false)
    }
}

/// What the trace shows of operations that have a file and no path.
fn by_handle() -> &'static Path {
    Path::new("(open file)")
}
