//! A decoder that gives up by a panic has found bytes that it cannot cope with. That is a fault of the input,
//! never its end.

use super::Batches;
use super::fault::{DAMAGED, Fault};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What `work` answers; a fault if it panics, which then prints nothing.
///
/// Whatever `work` was using is not to be used again after a fault.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Fault> {
    say_nothing_here();
    let before = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    outcome.map_err(|panic| {
        let why = format!("it cannot be decoded ({})", text_of(panic.as_ref()));
        Fault::new(why).with_advice(DAMAGED)
    })
}

/// The same batches, up to the first fault.
pub(super) fn each(batches: Batches) -> Batches {
    let mut left = Some(batches);
    Box::new(std::iter::from_fn(move || {
        let next = guarded(|| left.as_mut()?.next()).unwrap_or_else(|fault| Some(Err(fault)));
        if !matches!(next, Some(Ok(_))) {
            left = None;
        }
        next
    }))
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

fn say_nothing_here() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                usual(panic);
            }
        }));
    });
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("its decoder gave up")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::RecordBatch;
    use arrow::datatypes::Schema;

    #[test]
    fn a_panic_is_a_fault_with_its_text() {
        assert_eq!(guarded(|| 7), Ok(7));
        let fault = guarded(|| -> u8 { panic!("offset {} of 2", 9) }).unwrap_err();
        assert_eq!(fault.message, "it cannot be decoded (offset 9 of 2)");
        assert_eq!(fault.advice.as_deref(), Some(DAMAGED));
    }

    #[test]
    fn a_panic_between_batches_ends_them_with_a_fault() {
        let mut asked = 0;
        let batches = std::iter::from_fn(move || {
            asked += 1;
            assert!(asked < 2, "no more");
            Some(Ok(RecordBatch::new_empty(Schema::empty().into())))
        });
        let found: Vec<_> = each(Box::new(batches)).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].as_ref().unwrap_err().message, "it cannot be decoded (no more)");
    }
}
