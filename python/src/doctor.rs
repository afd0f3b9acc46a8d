//! Whether a store is safe for a log, for Python.

use crate::failure::Failure;
use crate::op::Op;
use crate::settings::Place;
use fencepost::LogStore;
use fencepost::doctor::{Examination, Options, seed};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;

/// Examines the store; its report is a JSON document.
#[pyfunction]
pub(crate) fn doctor(place: Place, quick: bool) -> PyResult<Op> {
    let options = if quick { Options::quick(seed()) } else { Options::new(seed()) };
    let store_options = place.store_options()?;
    let examine = async move {
        let store = LogStore::open(place.location(), store_options).map_err(Failure::from)?;
        let report = Box::pin(Examination::new(&store, options).run()).await;
        Ok::<_, Failure>(report.to_json().to_string())
    };
    Ok(Op::new(examine, |py, document| document.into_py_any(py)))
}
