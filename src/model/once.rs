//! Deduplication of requests: a request that repeats one under way waits for the same answer, and a
//! later one gets the answer that is remembered. So neither a copy of a request nor an impatient
//! caller starts work a second time that costs attempts of its own. A crash clears the memory.

use std::collections::BTreeMap;

use super::lapse::Lapse;
use super::process::ProcessCtx;
use super::record::OpId;
use crate::kernel::{Signal, Span, Time};

/// The key of a request: an operation, and a part of it, or 0 for the whole.
pub type RequestKey = (OpId, u64);

/// The requests that a node has received, with their answers.
struct Requests<R> {
    running: BTreeMap<RequestKey, Signal>,
    answered: BTreeMap<RequestKey, R>,
    /// The time at which old answers were last deleted.
    forgot: Time,
}

impl<R> Default for Requests<R> {
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
    key: RequestKey,
    is_kept: impl Fn(&R) -> bool,
    work: impl AsyncFnOnce() -> R,
) -> R {
    if here.env().lapses(Lapse::AnswersAreForgotten) {
        return work().await;
    }
    let asked = here.local::<Requests<R>>();
    loop {
        if let Some(answer) = asked.with(|asked| asked.answered.get(&key).cloned()) {
            return answer;
        }
        match asked.with(|asked| asked.running.get(&key).cloned()) {
            Some(running) => running.wait().await,
            None => break,
        }
    }
    asked.with(|asked| asked.running.insert(key, Signal::new(here.sim())));
    let answer = work().await;
    let running = asked.with(|asked| {
        if is_kept(&answer) {
            asked.answered.insert(key, answer.clone());
        }
        if asked.forgot + remembered(here) <= here.now() {
            asked.forgot = here.now();
            asked.answered.retain(|(op, _), _| !is_forgotten(here, *op));
        }
        asked.running.remove(&key)
    });
    running.iter().for_each(Signal::notify_all);
    answer
}
