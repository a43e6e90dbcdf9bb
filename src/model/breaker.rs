//! A circuit breaker: after too many failures the caller stops calling a service for a while.
//!
//! Its settings are the key `breaker` of a retry policy, with the defaults of resilience4j: at
//! least half of the last hundred calls failed, open for a minute, then ten probing calls decide.
//!
//! A node has a breaker for each service and for each kind of driver that it calls, whatever the
//! purpose of the calls. The breakers are in its memory, which a crash clears. All clients together
//! have one for each callee, as a gateway in front of them has. While it is open a call is not made
//! and counts as rejected, which uses up an attempt like any other failure.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;

use super::call::{Message, Reply};
use super::env::Ctx;
use super::process::ProcessCtx;
use super::record::{Circuit, Event, Station};
use super::system::BreakerSpec;
use crate::kernel::{NodeId, Time};

/// The breaker of a call: its settings, if there is one, and the predicate that tells which answers
/// are failures.
pub type Guard<R> = (Option<BreakerSpec>, fn(&R) -> bool);

/// The breakers of a node, by callee.
#[derive(Default)]
struct Breakers(BTreeMap<Station, Breaker>);

/// The admission of one call by the breaker, if these settings have one.
#[derive(Clone, Copy)]
struct Admission(Option<(Station, BreakerSpec, Admitted)>);

impl ProcessCtx {
    /// Makes a call to a node, unless the breaker for it is open, and reports the outcome to the
    /// breaker. A call of a node to itself needs no breaker.
    pub async fn guarded<R, C: Future<Output = Reply<R>>>(
        &self,
        to: NodeId,
        (breaker, is_failure): Guard<R>,
        call: impl FnOnce() -> C,
    ) -> Reply<R> {
        let Some(admission) = self.admit(to, breaker) else { return Reply::Rejected };
        let reply = call().await;
        self.report(admission, &reply, is_failure);
        reply
    }

    /// Calls several nodes at once, each as [`ProcessCtx::guarded`] does, under one deadline. The
    /// replies come in the order of the calls.
    pub async fn call_all_guarded<R, F, Fut>(
        &self,
        message: Message,
        is_failure: fn(&R) -> bool,
        calls: impl IntoIterator<Item = (Ctx, NodeId, Option<BreakerSpec>, F)>,
    ) -> Vec<Reply<R>>
    where
        R: 'static,
        F: Fn(Self) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        let (mut admissions, mut let_through) = (Vec::new(), Vec::new());
        for (ctx, to, breaker, handler) in calls {
            let admission = self.admit(to, breaker);
            let_through.extend(admission.map(|_| (ctx, to, handler)));
            admissions.push(admission);
        }
        let mut replies = self.call_all(message, let_through).await.into_iter();
        let replies = admissions.into_iter().map(|admission| {
            let reply = admission.and_then(|admission| {
                let reply = replies.next()?;
                self.report(admission, &reply, is_failure);
                Some(reply)
            });
            reply.unwrap_or(Reply::Rejected)
        });
        replies.collect()
    }

    /// The admission of a call to a node; none while the breaker for it is open. The outcome of the
    /// call must be [reported](ProcessCtx::report).
    fn admit(&self, to: NodeId, breaker: Option<BreakerSpec>) -> Option<Admission> {
        let pool = self.world().pool(to).filter(|_| to != self.node());
        let Some((settings, pool)) = breaker.zip(pool) else { return Some(Admission(None)) };
        let (callee, now) = (pool.station(), self.now());
        let pass = self.at_breaker(callee, |breaker| breaker.admits(now, &settings))?;
        Some(Admission(Some((callee, settings, pass))))
    }

    /// Reports the outcome of a call to the breaker.
    fn report<R>(&self, admission: Admission, reply: &Reply<R>, is_failure: fn(&R) -> bool) {
        let Some((callee, settings, pass)) = admission.0 else { return };
        let (now, failed) = (self.now(), !matches!(reply, Reply::Answered(it) if !is_failure(it)));
        self.at_breaker(callee, |breaker| breaker.record(pass, failed, now, &settings));
    }

    /// Calls `act` with the breaker for a callee, and records the state of the breaker if that has
    /// changed.
    fn at_breaker<T>(&self, callee: Station, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let (before, circuit, result) = self.local::<Breakers>().with(|Breakers(all)| {
            let before = all.get(&callee).map(Breaker::circuit);
            let breaker = all.entry(callee).or_default();
            let result = act(breaker);
            (before, breaker.circuit(), result)
        });
        if before != Some(circuit) {
            self.record(Event::Circuit { callee, circuit });
        }
        result
    }
}

/// The circuit breaker for one callee, in the caller's memory.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    state: State,
    /// The number of state changes; results of calls that were admitted before the last one are
    /// ignored.
    changes: u32,
}

/// The admission of one call, which is returned with its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Admitted(u32);

#[derive(Clone, Debug)]
enum State {
    /// Outcomes of the last calls, the oldest first; `true` is a failure.
    Closed(VecDeque<bool>),
    /// The time at which it opened.
    Open(Time),
    /// The numbers of probes that were admitted, have ended, and have failed.
    HalfOpen { allowed: u16, ended: u16, failed: u16 },
}

/// Returns whether so many failures in so many calls exceed the threshold.
fn too_many(settings: &BreakerSpec, failed: usize, calls: u16) -> bool {
    failed as f64 >= settings.failures * f64::from(calls)
}

impl Default for State {
    fn default() -> Self {
        Self::Closed(VecDeque::new())
    }
}

impl Breaker {
    /// Admits a call now, or returns none.
    pub fn admits(&mut self, now: Time, settings: &BreakerSpec) -> Option<Admitted> {
        match &mut self.state {
            State::Closed(_) => {}
            State::Open(since) if now.since(*since) < settings.open => return None,
            State::Open(_) => self.change(State::HalfOpen { allowed: 1, ended: 0, failed: 0 }),
            State::HalfOpen { allowed, .. } if *allowed >= settings.probes => return None,
            State::HalfOpen { allowed, .. } => *allowed += 1,
        }
        Some(Admitted(self.changes))
    }

    /// Takes in the result of a call.
    pub fn record(&mut self, pass: Admitted, now_failed: bool, now: Time, settings: &BreakerSpec) {
        if pass != Admitted(self.changes) {
            return;
        }
        let next = match &mut self.state {
            State::Closed(recent) => {
                recent.push_back(now_failed);
                if recent.len() > usize::from(settings.window) {
                    recent.pop_front();
                }
                let failed = recent.iter().filter(|failed| **failed).count();
                let full = recent.len() >= usize::from(settings.window);
                (full && too_many(settings, failed, settings.window)).then_some(State::Open(now))
            }
            State::Open(_) => None,
            State::HalfOpen { ended, failed, .. } => {
                *ended += 1;
                *failed += u16::from(now_failed);
                let too_many = too_many(settings, usize::from(*failed), settings.probes);
                let verdict = if too_many { State::Open(now) } else { State::default() };
                (*ended >= settings.probes).then_some(verdict)
            }
        };
        if let Some(next) = next {
            self.change(next);
        }
    }

    /// The state of the circuit.
    pub const fn circuit(&self) -> Circuit {
        match self.state {
            State::Closed(_) => Circuit::Closed,
            State::Open(_) => Circuit::Open,
            State::HalfOpen { .. } => Circuit::HalfOpen,
        }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.changes += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Span;

    fn settings(window: u16, probes: u16) -> BreakerSpec {
        BreakerSpec { failures: 0.5, window, open: Span::from_secs(60), probes }
    }

    /// A nanosecond less than it stays open.
    fn nearly(settings: &BreakerSpec) -> Span {
        Span::from_nanos(settings.open.as_nanos() - 1)
    }

    fn call(breaker: &mut Breaker, failed: bool, now: Time, settings: &BreakerSpec) {
        let pass = breaker.admits(now, settings).expect("the circuit is not open");
        breaker.record(pass, failed, now, settings);
    }

    #[test]
    fn it_opens_when_half_of_the_window_failed_and_not_before_it_is_full() {
        let settings = settings(4, 2);
        let mut breaker = Breaker::default();
        for failed in [true, true, false, false] {
            call(&mut breaker, failed, Time::ZERO, &settings);
        }
        assert_eq!(breaker.admits(Time::ZERO, &settings), None, "half of the window failed");
        let mut breaker = Breaker::default();
        for failed in [true, true, true] {
            call(&mut breaker, failed, Time::ZERO, &settings);
        }
        assert!(breaker.admits(Time::ZERO, &settings).is_some(), "three calls fill no window");
    }

    #[test]
    fn the_window_forgets_its_oldest_call() {
        let settings = settings(4, 2);
        let mut breaker = Breaker::default();
        for failed in [true, false, false, false, false, true] {
            call(&mut breaker, failed, Time::ZERO, &settings);
        }
        assert!(breaker.admits(Time::ZERO, &settings).is_some(), "one of the last four failed");
    }

    #[test]
    fn probes_decide_once_all_of_them_have_ended() {
        let settings = settings(1, 4);
        let mut breaker = Breaker::default();
        call(&mut breaker, true, Time::ZERO, &settings);
        let early = Time::ZERO + nearly(&settings);
        assert_eq!(breaker.admits(early, &settings), None);
        let later = Time::ZERO + settings.open;
        let passes: Vec<Admitted> =
            (0..4).map_while(|_| breaker.admits(later, &settings)).collect();
        assert_eq!(passes.len(), 4);
        assert_eq!(breaker.admits(later, &settings), None, "only so many calls probe");
        breaker.record(passes[0], true, later, &settings);
        for pass in &passes[1..] {
            assert_eq!(breaker.admits(later, &settings), None, "not all have ended");
            breaker.record(*pass, false, later, &settings);
        }
        assert!(breaker.admits(later, &settings).is_some(), "a quarter failed: closed");
    }

    #[test]
    fn failed_probes_open_it_again_for_as_long() {
        let settings = settings(1, 2);
        let mut breaker = Breaker::default();
        call(&mut breaker, true, Time::ZERO, &settings);
        let later = Time::ZERO + settings.open;
        call(&mut breaker, false, later, &settings);
        call(&mut breaker, true, later, &settings);
        let early = later + nearly(&settings);
        assert_eq!(breaker.admits(early, &settings), None);
        assert!(breaker.admits(later + settings.open, &settings).is_some());
    }

    #[test]
    fn a_call_that_began_before_it_opened_counts_no_more() {
        let settings = settings(1, 1);
        let mut breaker = Breaker::default();
        let late = breaker.admits(Time::ZERO, &settings).expect("closed");
        call(&mut breaker, true, Time::ZERO, &settings);
        let half = Time::ZERO + Span::from_secs(30);
        breaker.record(late, true, half, &settings);
        assert!(breaker.admits(Time::ZERO + settings.open, &settings).is_some(), "not prolonged");
        breaker.record(late, false, Time::ZERO + settings.open, &settings);
        assert_eq!(breaker.admits(Time::ZERO + settings.open, &settings), None, "still probing");
    }
}
