//! Progress on stderr: shown on a terminal, silent elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A counter of something whose number is not known beforehand.
pub(crate) fn counter(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(style(&format!("{{spinner}} {{human_pos}} {what} {{msg}} [{{elapsed}}]")));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A bar over a known number of things.
pub(crate) fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    bar.set_style(style(&format!("{{bar:30}} {{human_pos}}/{{human_len}} {what} {{msg}} [{{elapsed}}]")));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are right")
}
