//! Deduplication of requests: a request that repeats one under way waits for the same answer, and a
//! later one gets the answer that is remembered. So neither a copy of a request nor an impatient
//! caller starts work a second time that costs attempts of its own. A crash clears the memory.

use std::collections::BTreeMap;

use super::process::ProcessCtx;
use super::record::OpId;
use crate::kernel::{Signal, Span, Time};

/// The subject of a request: an operation, and which part of it, or 0 for the whole.
pub type Question = (OpId, u64);

/// The questions that a node has been asked.
struct Asked<R> {
    running: BTreeMap<Question, Signal>,
    answered: BTreeMap<Question, R>,
    /// When old answers were last forgotten.
    forgot: Time,
}

impl<R> Default for Asked<R> {
    fn default() -> Self {
        let (running, answered) = (BTreeMap::new(), BTreeMap::new());
        Self { running, answered, forgot: Time::ZERO }
    }
}

/// The time for which an answer about an operation is remembered: longer than its client retries.
pub fn remembered(here: &ProcessCtx) -> Span {
    here.system().client.deadline + here.env().longest_retry().step_deadline
}

/// Returns whether the answer about an operation would have been deleted by now.
pub fn is_forgotten(here: &ProcessCtx, op: OpId) -> bool {
    here.env().operation(op).arrived + remembered(here) < here.now()
}

/// The answer to a request: the result of `work`, or its result from before. An answer is
/// remembered if `is_kept` says so; otherwise the next request runs `work` again.
pub async fn once<R: Clone + 'static>(
    here: &ProcessCtx,
    question: Question,
    is_kept: impl Fn(&R) -> bool,
    work: impl AsyncFnOnce() -> R,
) -> R {
    let asked = here.local::<Asked<R>>();
    loop {
        if let Some(answer) = asked.with(|asked| asked.answered.get(&question).cloned()) {
            return answer;
        }
        match asked.with(|asked| asked.running.get(&question).cloned()) {
            Some(running) => running.wait().await,
            None => break,
        }
    }
    asked.with(|asked| asked.running.insert(question, Signal::new(here.sim())));
    let answer = work().await;
    let running = asked.with(|asked| {
        if is_kept(&answer) {
            asked.answered.insert(question, answer.clone());
        }
        if asked.forgot + remembered(here) <= here.now() {
            asked.forgot = here.now();
            asked.answered.retain(|(op, _), _| !is_forgotten(here, *op));
        }
        asked.running.remove(&question)
    });
    running.iter().for_each(Signal::notify_all);
    answer
}
