//! The real disk, of which single operations fail as told, and which writes down what it was asked.

use crate::disk::{Disk, Flush, Named, RealDisk, Stat};
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::task::JoinError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Create,
    Write,
    Flush(Flush),
    FlushDirectory(Flush),
    Link,
    Unlink,
    Mark,
    MakeDirectory,
    Read,
    List,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It is not done, with this number.
    Refused(i32),
    /// It is done, and fails with this number all the same.
    Done(i32),
    /// A write takes one byte.
    Short,
    /// A write takes nothing.
    Nothing,
    /// It goes well.
    None,
}

/// See [the module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Scripted {
    faults: Arc<Mutex<Vec<(Op, Fault, u32)>>>,
    log: Arc<Mutex<Vec<Op>>>,
}

impl Scripted {
    /// Lets the next `times` operations of this sort go wrong.
    pub(super) fn on(&self, op: Op, fault: Fault, times: u32) {
        self.faults.lock().unwrap().push((op, fault, times));
    }

    pub(super) fn forget_faults(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// What it was asked since the last look, as far as it changes something.
    pub(super) fn asked(&self) -> Vec<Op> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    fn fault(&self, op: Op) -> Option<Fault> {
        if !matches!(op, Op::MakeDirectory | Op::Read | Op::List) {
            self.log.lock().unwrap().push(op);
        }
        let mut faults = self.faults.lock().unwrap();
        let (_, fault, times) = faults.iter_mut().find(|(on, _, times)| *on == op && *times > 0)?;
        *times -= 1;
        Some(*fault)
    }

    async fn step<T>(&self, op: Op, done: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        match self.fault(op) {
            Some(Fault::Refused(number)) => Err(io::Error::from_raw_os_error(number)),
            Some(Fault::Done(number)) => {
                drop(done.await);
                Err(io::Error::from_raw_os_error(number))
            }
            Some(Fault::Short | Fault::Nothing | Fault::None) | None => done.await,
        }
    }
}

impl Disk for Scripted {
    type File = File;

    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        RealDisk.run(work).await
    }

    fn unique(&self) -> u64 {
        RealDisk.unique()
    }

    async fn create(&self, path: &Path) -> io::Result<File> {
        self.step(Op::Create, RealDisk.create(path)).await
    }

    async fn open(&self, path: &Path) -> io::Result<File> {
        RealDisk.open(path).await
    }

    async fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        match self.fault(Op::Write) {
            Some(Fault::Short) => RealDisk.write(file, &bytes[..1]).await,
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::Refused(number) | Fault::Done(number)) => Err(io::Error::from_raw_os_error(number)),
            Some(Fault::None) | None => RealDisk.write(file, bytes).await,
        }
    }

    async fn read(&self, file: &mut File, offset: u64, length: usize) -> io::Result<Bytes> {
        self.step(Op::Read, RealDisk.read(file, offset, length)).await
    }

    async fn flush(&self, file: &File, why: Flush) -> io::Result<()> {
        self.step(Op::Flush(why), RealDisk.flush(file, why)).await
    }

    async fn flush_directory(&self, path: &Path, why: Flush) -> io::Result<()> {
        self.step(Op::FlushDirectory(why), RealDisk.flush_directory(path, why)).await
    }

    async fn stat(&self, file: &File) -> io::Result<Stat> {
        RealDisk.stat(file).await
    }

    async fn stat_name(&self, path: &Path) -> io::Result<Stat> {
        RealDisk.stat_name(path).await
    }

    async fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Op::Link, RealDisk.link(from, to)).await
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to).await
    }

    async fn unlink(&self, path: &Path) -> io::Result<()> {
        self.step(Op::Unlink, RealDisk.unlink(path)).await
    }

    async fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Op::MakeDirectory, RealDisk.make_directory(path)).await
    }

    async fn remove_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_directory(path).await
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<Named>> {
        self.step(Op::List, RealDisk.list(path)).await
    }

    async fn mark(&self, file: &File) -> io::Result<()> {
        self.step(Op::Mark, RealDisk.mark(file)).await
    }

    async fn is_marked(&self, file: &File) -> bool {
        RealDisk.is_marked(file).await
    }

    async fn is_name_marked(&self, path: &Path) -> bool {
        RealDisk.is_name_marked(path).await
    }
}
