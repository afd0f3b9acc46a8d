//! Progress on stderr: shown on a terminal, silent elsewhere.

use crate::output::counted;
use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressState, ProgressStyle, WeakProgressBar};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Does what prints a line without the progress being in its way.
pub(crate) fn aside<T>(print: impl FnOnce() -> T) -> T {
    let shown =
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(WeakProgressBar::upgrade);
    match shown.filter(|bar| !bar.is_finished()) {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// It goes from the screen when its last handle is dropped, whatever ended the command.
fn show(bar: ProgressBar) -> ProgressBar {
    let bar = bar.with_finish(ProgressFinish::AndClear);
    // Time goes on although nothing comes.
    bar.enable_steady_tick(Duration::from_millis(200));
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.downgrade());
    bar
}

/// The progress that is on the screen. A command has one at a time.
static SHOWN: Mutex<Option<WeakProgressBar>> = Mutex::new(None);

/// A counter of something whose number is not known beforehand: `one` of it, and what became of it.
pub(crate) fn counter(one: &'static str, what: &'static str) -> ProgressBar {
    if crate::output::is_quiet() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    let style = style(&format!("{{spinner}} {{counted}} {what}, {{rate}} {{msg}} [{{elapsed}}]"));
    bar.set_style(style.with_key("counted", move |state: &ProgressState, out: &mut dyn fmt::Write| {
        let _ = out.write_str(&counted(state.pos(), one));
    }));
    show(bar)
}

/// A bar over a known number of things.
pub(crate) fn bar(what: &'static str) -> ProgressBar {
    if crate::output::is_quiet() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    bar.set_style(style(&format!(
        "{{bar:20}} {{human_pos}}/{{human_len}} {what}, {{rate}} {{msg}} [{{elapsed}}, {{eta}} left]"
    )));
    show(bar)
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the templates above are right");
    style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        let _ = out.write_str(&rate(state.per_sec()));
    })
}

/// So many in a second, as people say it.
fn rate(per_second: f64) -> String {
    if per_second < 9.95 {
        format!("{per_second:.1}/s")
    } else {
        format!("{}/s", HumanCount(per_second.round() as u64))
    }
}

/// A bar over a number of things that have sizes: how many of how many, bytes, rate, and how long it will take.
pub(crate) fn bytes_of(what: &'static str) -> Weighed {
    let bar = if crate::output::is_quiet() { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(style(&format!(
        "{{bar:20}} {{human_pos}}/{{human_len}} {what}, {{msg}} [{{elapsed}}, {{eta}} left]"
    )));
    Weighed { bar: show(bar), began: std::time::Instant::now() }
}

/// The progress of something that has a size.
#[derive(Clone)]
pub(crate) struct Weighed {
    bar: ProgressBar,
    began: std::time::Instant,
}

impl Weighed {
    pub(crate) fn show(&self, done: u64, of: u64, bytes: u64) {
        self.bar.set_length(of);
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = (bytes as f64 / seconds) as u64;
        self.bar.set_message(format!("{}, {}/s", indicatif::HumanBytes(bytes), indicatif::HumanBytes(rate)));
        self.bar.set_position(done);
    }

    /// Takes it from the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_as_many_digits_as_people_read() {
        let said = [0.1184, 0.0, 9.94, 9.96, 38_564.75].map(rate);
        assert_eq!(said, ["0.1/s", "0.0/s", "9.9/s", "10/s", "38,565/s"]);
    }
}
