//! Progress on stderr: shown on a terminal, silent elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Does what prints a line without the progress being in its way.
pub(crate) fn aside<T>(print: impl FnOnce() -> T) -> T {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match shown.filter(|bar| !bar.is_finished()) {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

fn show(bar: ProgressBar) -> ProgressBar {
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
    bar
}

/// The progress that is on the screen. A command has one at a time.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A counter of something whose number is not known beforehand.
pub(crate) fn counter(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(style(&format!("{{spinner}} {{human_pos}} {what} {{msg}} [{{elapsed}}]")));
    bar.enable_steady_tick(Duration::from_millis(200));
    show(bar)
}

/// A bar over a known number of things.
pub(crate) fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    bar.set_style(style(&format!("{{bar:30}} {{human_pos}}/{{human_len}} {what} {{msg}} [{{elapsed}}]")));
    show(bar)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are right")
}
