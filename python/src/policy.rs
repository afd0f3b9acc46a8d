//! What a collection keeps longer than safety requires, as Python says it.

use crate::failure::Failure;
use crate::settings::{position, seconds};
use fencepost::Policy;
use pyo3::prelude::*;

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Keep {
    retain_entries: u64,
    retain_age: Option<f64>,
    min_age: f64,
    clock_free: bool,
    accept_fenced_off: Option<u64>,
}

impl Keep {
    /// As the command has it: one minimum age for all that is kept for its age.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let min_age = seconds("min_age", self.min_age)?;
        let mut policy = Policy::new()
            .with_retain_entries(self.retain_entries)
            .with_manifests_age(min_age)
            .with_lance_opener_age(min_age)
            .with_lance_flush_age(min_age)
            .with_clock_free(self.clock_free);
        if let Some(age) = self.retain_age {
            policy = policy.with_retain_age(seconds("retain_age", age)?);
        }
        if let Some(through) = self.accept_fenced_off {
            policy = policy.with_fenced_off_accepted(position(through)?);
        }
        Ok(policy)
    }
}
