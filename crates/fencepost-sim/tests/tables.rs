//! The tables of `docs/safety.md` have every promise and every rule, with the clause and the model that the
//! code has.

use fencepost_sim::mutations;
use fencepost_sim::world::Broken;

const SAFETY: &str = include_str!("../../../docs/safety.md");

fn rows() -> impl Iterator<Item = &'static str> {
    SAFETY.lines().filter(|line| line.starts_with("| "))
}

#[test]
fn every_promise_is_in_the_table() {
    for promise in Broken::ALL {
        let row = format!("| {} |", promise.promise());
        assert!(
            rows().any(|line| line.starts_with(&row)),
            "docs/safety.md has no row for {promise:?}: {row}"
        );
    }
}

#[test]
fn every_rule_is_in_the_table() {
    for mutation in mutations::ALL {
        let begins = format!("| `{:?}` | {} |", mutation.rule, mutation.clause);
        let ends = format!("(`{}`) |", mutation.model);
        let found = rows().any(|line| line.starts_with(&begins) && line.ends_with(&ends));
        assert!(found, "docs/safety.md has no row `{begins} … {ends}`");
    }
}
