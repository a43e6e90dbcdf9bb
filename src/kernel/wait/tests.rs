//! The waiting primitives, polled by hand and held against naive models.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::kernel::{NodeId, Sim, Simulation, Span, Time};

/// Runs `body` inside a process, where futures of the kernel may be polled by hand.
fn in_process(body: impl FnOnce(&Sim) + 'static) {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    simulation.sim().spawn(NodeId::WORLD, async move { body(&sim) });
    simulation.run_until(Time::ZERO);
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A random operation on a waiting future; the numbers choose which.
#[derive(Clone, Copy, Debug)]
enum Op {
    Begin,
    Poll(usize),
    Drop(usize),
    /// Gives a permit back, or pushes an item.
    Give(usize),
    Close,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => Just(Op::Begin),
        12 => (0..8_usize).prop_map(Op::Poll),
        4 => (0..8_usize).prop_map(Op::Drop),
        6 => (0..8_usize).prop_map(Op::Give),
    ];
    (vec(op, 0..150), any::<bool>(), 0..150_usize).prop_map(|(mut ops, close, at)| {
        if close {
            ops.insert(at.min(ops.len()), Op::Close);
        }
        ops
    })
}

/// A semaphore as one would explain it: who waits, and who was called but does not know.
struct Naive {
    free: u32,
    line: VecDeque<usize>,
    called: Vec<usize>,
    closed: bool,
}

impl Naive {
    /// The answer to a poll: `None` is "wait", `Some(false)` is "closed".
    fn poll(&mut self, id: usize) -> Option<bool> {
        if let Some(index) = self.called.iter().position(|&called| called == id) {
            self.called.remove(index);
            return Some(true);
        }
        if self.closed {
            return Some(false);
        }
        if self.line.contains(&id) {
            return None;
        }
        if self.free > 0 {
            self.free -= 1;
            return Some(true);
        }
        self.line.push_back(id);
        None
    }

    fn give(&mut self) {
        match self.line.pop_front() {
            Some(id) => self.called.push(id),
            None => self.free += 1,
        }
    }

    fn leave(&mut self, id: usize) {
        self.line.retain(|&waiting| waiting != id);
        if let Some(index) = self.called.iter().position(|&called| called == id) {
            self.called.remove(index);
            self.give();
        }
    }
}

/// Plays the operations on a semaphore and on the naive one, which must agree at every step.
fn play_semaphore(sim: &Sim, permits: u32, ops: &[Op]) {
    let semaphore = Semaphore::new(sim, permits);
    let mut naive = Naive { free: permits, line: VecDeque::new(), called: vec![], closed: false };
    let mut waiting: Vec<(usize, Acquire)> = Vec::new();
    let mut held: Vec<Permit> = Vec::new();
    for (id, op) in ops.iter().enumerate() {
        match *op {
            Op::Begin => waiting.push((id, semaphore.acquire())),
            Op::Poll(index) if index < waiting.len() => {
                let (id, acquire) = &mut waiting[index];
                match (poll(acquire), naive.poll(*id)) {
                    (Poll::Pending, None) => {}
                    (Poll::Ready(got), Some(expected)) => {
                        assert_eq!(got.is_some(), expected);
                        held.extend(got);
                        drop(waiting.remove(index));
                    }
                    (got, expected) => panic!("{} instead of {expected:?}", got.is_ready()),
                }
            }
            Op::Drop(index) if index < waiting.len() => {
                let (id, _) = waiting.remove(index);
                naive.leave(id);
            }
            Op::Give(index) if index < held.len() => {
                drop(held.remove(index));
                naive.give();
            }
            Op::Close => {
                semaphore.close();
                naive.closed = true;
                naive.line.clear();
            }
            _ => {}
        }
        assert_eq!(semaphore.available(), naive.free);
        assert_eq!(semaphore.waiting(), naive.line.len());
    }
    drop((waiting, held));
    assert_eq!(semaphore.available(), permits, "a permit was lost or made up");
}

/// Plays the operations on a mailbox: no item is lost, doubled or overtaken.
fn play_mailbox(sim: &Sim, ops: &[Op]) {
    let mailbox = Mailbox::new(sim);
    let mut waiting: Vec<Pop<u32>> = Vec::new();
    let mut expected = VecDeque::new();
    let mut closed = false;
    for (item, op) in (0..).zip(ops) {
        match *op {
            Op::Begin => waiting.push(mailbox.pop()),
            Op::Poll(index) if index < waiting.len() => match poll(&mut waiting[index]) {
                Poll::Ready(Some(item)) => {
                    assert_eq!(Some(item), expected.pop_front());
                    drop(waiting.remove(index));
                }
                Poll::Ready(None) => {
                    assert!(closed);
                    drop(waiting.remove(index));
                }
                Poll::Pending => {}
            },
            Op::Drop(index) if index < waiting.len() => drop(waiting.remove(index)),
            Op::Give(_) => {
                mailbox.push(item);
                if !closed {
                    expected.push_back(item);
                }
            }
            Op::Close => {
                mailbox.close();
                closed = true;
            }
            _ => {}
        }
        assert_eq!(mailbox.len(), expected.len());
    }
    drop(waiting);
    while let Poll::Ready(Some(item)) = poll(&mut mailbox.pop()) {
        assert_eq!(Some(item), expected.pop_front());
    }
    assert!(expected.is_empty(), "an item was promised to nobody");
}

proptest! {
    #[test]
    fn a_semaphore_is_the_naive_one(permits in 0..4_u32, ops in ops()) {
        in_process(move |sim| play_semaphore(sim, permits, &ops));
    }

    #[test]
    fn a_mailbox_keeps_every_item_in_order(ops in ops()) {
        in_process(move |sim| play_mailbox(sim, &ops));
    }
}

#[test]
fn nobody_overtakes_a_popper_that_was_served() {
    in_process(|sim| {
        let mailbox = Mailbox::new(sim);
        let (mut first, mut second) = (mailbox.pop(), mailbox.pop());
        assert!(poll(&mut first).is_pending());
        mailbox.push('a');
        assert!(poll(&mut second).is_pending(), "the item is promised");
        assert_eq!(poll(&mut first), Poll::Ready(Some('a')));
        mailbox.push('b');
        mailbox.close();
        mailbox.push('c');
        assert_eq!(poll(&mut second), Poll::Ready(Some('b')));
        assert_eq!(poll(&mut mailbox.pop()), Poll::Ready(None));
        assert!(mailbox.is_empty());
    });
}

#[test]
fn a_crash_gives_permits_back_and_waiters_leave() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (node, other) = (sim.add_node(), sim.add_node());
    let semaphore = Semaphore::new(&sim, 1);
    let served = Rc::new(Cell::new(0));
    for place in [node, node, other] {
        let (sim2, semaphore, served) = (sim.clone(), semaphore.clone(), served.clone());
        sim.spawn(place, async move {
            let permit = semaphore.acquire().await;
            assert!(permit.is_some());
            sim2.sleep(Span::from_secs(1)).await;
            served.set(served.get() + 1);
        });
    }
    simulation.run_until(Time::from_nanos(1));
    assert_eq!((semaphore.available(), semaphore.waiting()), (0, 2));
    sim.crash(node);
    simulation.run_until(Time::from_nanos(2));
    assert_eq!((semaphore.available(), semaphore.waiting()), (0, 0));
    simulation.run_until(Time::ZERO + Span::from_secs(2));
    assert_eq!((semaphore.available(), served.get()), (1, 1));
}

#[test]
fn closing_a_semaphore_wakes_and_turns_away() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let semaphore = Semaphore::new(&sim, 1);
    let permit = semaphore.try_acquire().expect("free");
    assert!(semaphore.try_acquire().is_none());
    let turned_away = Rc::new(Cell::new(false));
    let (s, t) = (semaphore.clone(), turned_away.clone());
    sim.spawn(NodeId::WORLD, async move { t.set(s.acquire().await.is_none()) });
    simulation.run_until(Time::from_nanos(1));
    semaphore.close();
    simulation.run_until(Time::from_nanos(2));
    assert!(turned_away.get());
    drop(permit);
    assert_eq!(semaphore.available(), 1);
    assert!(semaphore.try_acquire().is_none(), "closed for good");
}

#[test]
fn a_promise_is_kept_or_broken() {
    in_process(|sim| {
        let (kept, mut waiting) = promise(sim);
        assert!(poll(&mut waiting).is_pending());
        kept.keep(5);
        assert_eq!(poll(&mut waiting), Poll::Ready(Some(5)));
        let (broken, mut waiting) = promise::<u8>(sim);
        drop(broken);
        assert_eq!(poll(&mut waiting), Poll::Ready(None));
        let (late, waiting) = promise(sim);
        drop(waiting);
        late.keep("nobody hears it");
    });
}

#[test]
fn who_waits_for_a_promise_is_woken_when_it_is_of_use() {
    let simulation = Simulation::new();
    let sim = simulation.sim().clone();
    let (kept, waiting) = promise(&sim);
    let heard = Rc::new(Cell::new(None));
    let (clock, note) = (sim.clone(), Rc::clone(&heard));
    sim.spawn(NodeId::WORLD, async move {
        let value = waiting.await;
        note.set(value.map(|value: u8| (value, clock.now())));
    });
    let later = Time::ZERO + Span::from_secs(2);
    sim.spawn(NodeId::WORLD, async move { kept.keep_until(7, later) });
    let polls = simulation.run_until(Time::ZERO + Span::from_secs(1)).events;
    assert_eq!((polls, heard.get()), (2, None), "one that begins to wait, and one that keeps");
    let polls = simulation.run_until(later).events;
    assert_eq!((polls, heard.get()), (1, Some((7, later))));
    // One that is gone by then is not missed.
    let (kept, waiting) = promise(&sim);
    let task = sim.spawn(NodeId::WORLD, async move {
        assert!(waiting.await.is_some_and(|value: u8| value > 8))
    });
    simulation.run_until(later);
    kept.keep_until(8, later + Span::from_secs(1));
    sim.kill(task.expect("the world is up"));
    assert_eq!(simulation.run_until(later + Span::from_secs(2)).events, 0);
    assert_eq!(sim.pending(), 0);
}

#[test]
fn a_signal_wakes_those_who_wait_and_is_forgotten() {
    in_process(|sim| {
        let signal = Signal::new(sim);
        signal.notify_all();
        let (mut a, mut b, mut late) = (signal.wait(), signal.wait(), signal.wait());
        assert!(poll(&mut a).is_pending());
        assert!(poll(&mut b).is_pending());
        drop(b);
        signal.notify_all();
        assert!(poll(&mut a).is_ready());
        assert!(poll(&mut late).is_pending(), "its wait began behind the call");
        signal.notify_all();
        assert!(poll(&mut late).is_ready());
    });
}
