//! One of several questions that are put at the same time.

use crate::{Attempt, ReadReply, Tick};

/// A question to the store and, once there is one, the answer that settles it.
///
/// SUBTLE: whoever puts several goes on only when all are answered. An answer that was still on its way could
/// be taken for one to a question that is put later, and it says what was so before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question<T> {
    attempt: Attempt,
    answer: Option<ReadReply<T>>,
}

impl<T> Question<T> {
    /// A question that is asked until `deadline`.
    pub(crate) const fn until(deadline: Tick) -> Self {
        Self { attempt: Attempt::until(deadline), answer: None }
    }

    /// The number of the attempt to make now, if one is due.
    pub(crate) const fn ask(&mut self) -> Option<u32> {
        if self.answer.is_some() { None } else { self.attempt.ask() }
    }

    /// Whether an answer is awaited.
    pub(crate) const fn is_out(&self) -> bool {
        self.answer.is_none() && self.attempt.is_out()
    }

    /// Takes an answer, if one is awaited. One that settles nothing is the last only at the deadline.
    pub(crate) fn take(&mut self, now: Tick, reply: ReadReply<T>) {
        if !self.is_out() {
            return;
        }
        if matches!(reply, ReadReply::Unknown) && !self.attempt.is_late(now) {
            return self.attempt.again();
        }
        self.answer = Some(reply);
    }

    /// Takes an answer, if one is awaited; whatever it says, it is the last.
    pub(crate) fn take_once(&mut self, reply: ReadReply<T>) {
        if self.is_out() {
            self.answer = Some(reply);
        }
    }

    /// The answer.
    pub(crate) const fn answer(&self) -> Option<&ReadReply<T>> {
        self.answer.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_answer_is_asked_for_again_until_the_deadline() {
        let mut question = Question::until(Tick(10));
        question.take(Tick(0), ReadReply::Found(1));
        assert_eq!(question.answer(), None, "nobody asked");
        assert_eq!([question.ask(), question.ask()], [Some(0), None]);
        question.take(Tick(9), ReadReply::Unknown);
        assert_eq!((question.is_out(), question.ask()), (false, Some(1)));
        question.take(Tick(10), ReadReply::Unknown);
        assert_eq!(question.ask(), None);
        assert_eq!(question.answer(), Some(&ReadReply::Unknown));
    }

    #[test]
    fn a_question_that_is_put_once_takes_any_answer() {
        let mut question = Question::<u8>::until(Tick(10));
        question.ask();
        question.take_once(ReadReply::Unknown);
        assert_eq!(question.ask(), None);
        assert_eq!(question.answer(), Some(&ReadReply::Unknown));
    }
}
