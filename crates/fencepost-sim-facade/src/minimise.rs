//! Making a failing plan smaller.

use crate::plan::Plan;
use crate::run::run;

/// Leaves out parties, blows and faults, one by one, while the plan still breaks the same promise.
#[must_use]
pub fn minimise(plan: &Plan, promise: &str) -> Plan {
    let mut smallest = plan.clone();
    loop {
        let fails = |plan: &Plan| run(plan, false).broken.iter().any(|broken| broken.promise == promise);
        let smaller = smallest.labels().iter().map(|label| smallest.without(label)).find(fails);
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}
