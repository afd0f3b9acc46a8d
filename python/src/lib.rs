//! What the Python package `fencepost` has of its own in Rust: thin classes around the facade.
//!
//! Users see `python/fencepost/*.py`, which has the names, the defaults and the pages. Each call there that waits for a
//! store makes an [`Op`](op::Op) here, and then waits for it, or awaits it.

mod append;
mod command;
mod cursor;
mod doctor;
mod entry;
mod failure;
mod log;
mod op;
mod opening;
mod policy;
mod reader;
mod report;
mod runtime;
mod settings;
mod writer;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _fencepost {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::command::main;
    #[pymodule_export]
    use crate::cursor::Cursor;
    #[pymodule_export]
    use crate::doctor::doctor;
    #[pymodule_export]
    use crate::entry::Entry;
    #[pymodule_export]
    use crate::log::{Log, open, shards};
    #[pymodule_export]
    use crate::op::Op;
    #[pymodule_export]
    use crate::opening::Opening;
    #[pymodule_export]
    use crate::reader::Reader;
    #[pymodule_export]
    use crate::writer::{Ticket, Writer};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
