//! Requests and responses with a timeout: 100 clients, 10 servers of 4 workers each.

use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use rand::RngExt;

use driftlab::kernel::{
    Dist, Fingerprint, NodeId, Purpose, RandomStreams, Semaphore, Sim, Simulation, Sleep, Span,
    TaskId, Time, beside_others,
};

use crate::job::{Cost, Done, measured};

const CLIENTS: u32 = 100;
const SERVERS: u32 = 10;
const WORKERS: u32 = 4;

/// The fate of one request.
#[derive(Clone, Copy)]
struct Fate {
    think: Span,
    server: u32,
    there: Span,
    service: Span,
    back: Span,
}

/// All draws, keyed by client and request, and what came of them.
struct Work {
    stream: RandomStreams,
    think: Dist,
    delay: Dist,
    service: Dist,
    seen: Fingerprint,
    left: u64,
}

impl Work {
    fn new(requests: u64) -> Self {
        let exponential = |micros| Dist::Exponential { mean: Span::from_micros(micros) };
        Self {
            stream: RandomStreams::new(1),
            think: exponential(5_000),
            delay: exponential(500),
            service: exponential(1_000),
            seen: Fingerprint::default(),
            left: requests,
        }
    }

    #[inline]
    fn fate(&self, client: u32, request: u64) -> Fate {
        let mut rng = self.stream.draw(Purpose::Instance, 0, client.into(), request, 0);
        Fate {
            server: rng.random_range(0..SERVERS),
            think: self.think.sample(&mut rng),
            there: self.delay.sample(&mut rng),
            service: self.service.sample(&mut rng),
            back: self.delay.sample(&mut rng),
        }
    }

    /// A client has its answer, or gave up; says whether that was the last one.
    #[inline]
    fn see(&mut self, now: Time, client: u32, answered: bool) -> bool {
        self.seen.word(now.as_nanos() << 8 ^ u64::from(client) << 1 ^ u64::from(answered));
        self.left -= 1;
        self.left == 0
    }
}

/// The caller's side of a call: one timer and the place where the answer will be.
struct Call {
    answer: Rc<Cell<Option<u64>>>,
    deadline: Sleep,
}

impl Future for Call {
    type Output = Option<u64>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u64>> {
        if let Some(answer) = self.answer.take() {
            return Poll::Ready(Some(answer));
        }
        Pin::new(&mut self.deadline).poll(&mut beside_others()).map(|()| None)
    }
}

/// Carries a request to a server, waits for a worker, and carries the answer back.
async fn carry(
    sim: Sim,
    workers: Semaphore,
    node: NodeId,
    fate: Fate,
    answer: Rc<Cell<Option<u64>>>,
    caller: TaskId,
) {
    if !sim.migrate(node) {
        return;
    }
    {
        let _worker = workers.acquire().await;
        sim.sleep(fate.service).await;
    }
    sim.migrate(NodeId::WORLD);
    sim.sleep(fate.back).await;
    answer.set(Some(u64::from(fate.server)));
    sim.wake(caller);
}

async fn client(
    sim: Sim,
    work: Rc<RefCell<Work>>,
    servers: Rc<[(NodeId, Semaphore)]>,
    client: u32,
    timeout: Span,
) {
    let me = sim.current_task().expect("a process");
    for request in 0.. {
        let fate = work.borrow().fate(client, request);
        sim.sleep(fate.think).await;
        let answer = Rc::new(Cell::new(None));
        let (node, workers) = servers[fate.server as usize].clone();
        let arrival = sim.now() + fate.there;
        let carried = carry(sim.clone(), workers, node, fate, answer.clone(), me);
        sim.spawn_at(arrival, NodeId::WORLD, carried);
        let answered = Call { answer, deadline: sim.sleep(timeout) }.await.is_some();
        if work.borrow_mut().see(sim.now(), client, answered) {
            sim.stop();
        }
    }
}

/// Makes so many requests with this timeout, by processes or by callbacks on the binary heap of
/// the standard library.
pub fn request(by_processes: bool, timeout: Span, requests: u64) -> Cost {
    if by_processes {
        return with_processes(timeout, requests);
    }
    let mut bare = Loop::new(timeout, requests);
    measured(|| Done { count: requests, outcome: bare.run(), ..Done::default() })
}

fn with_processes(timeout: Span, requests: u64) -> Cost {
    let work = Rc::new(RefCell::new(Work::new(requests)));
    let simulation = Simulation::new();
    let sim = simulation.sim();
    let servers = (0..SERVERS).map(|_| (sim.add_node(), Semaphore::new(sim, WORKERS)));
    let servers: Rc<[_]> = servers.collect();
    for who in 0..CLIENTS {
        let node = sim.add_node();
        sim.spawn(node, client(sim.clone(), work.clone(), servers.clone(), who, timeout));
    }
    measured(|| {
        simulation.run_until(Time::NEVER);
        Done { count: requests, outcome: work.borrow().seen.value(), ..Done::default() }
    })
}

/// An event of the loop.
#[derive(Clone, Copy)]
enum Event {
    Send { client: u32 },
    Arrive { call: u32 },
    Served { call: u32 },
    Answer { call: u32 },
    Timeout { client: u32, request: u32 },
}

struct Due {
    at: Time,
    sequence: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// A call on its way.
struct Carried {
    client: u32,
    request: u32,
    fate: Fate,
}

#[derive(Default)]
struct Server {
    busy: u32,
    queue: VecDeque<u32>,
}

struct Client {
    request: u32,
    /// The fate of its next or present request.
    fate: Fate,
    waiting: bool,
}

/// The loop written by hand as callbacks on the binary heap of the standard library. A timeout
/// that came too late is recognised when it fires.
struct Loop {
    work: Work,
    timeout: Span,
    now: Time,
    sequence: u64,
    heap: BinaryHeap<Reverse<Due>>,
    servers: Vec<Server>,
    clients: Vec<Client>,
    calls: Vec<Carried>,
    free: Vec<u32>,
}

impl Loop {
    fn new(timeout: Span, requests: u64) -> Self {
        let work = Work::new(requests);
        let client = |who| Client { request: 0, fate: work.fate(who, 0), waiting: false };
        let mut this = Self {
            clients: (0..CLIENTS).map(client).collect(),
            work,
            timeout,
            now: Time::ZERO,
            sequence: 0,
            heap: BinaryHeap::new(),
            servers: (0..SERVERS).map(|_| Server::default()).collect(),
            calls: Vec::new(),
            free: Vec::new(),
        };
        for client in 0..CLIENTS {
            this.after(this.clients[client as usize].fate.think, Event::Send { client });
        }
        this
    }

    fn after(&mut self, span: Span, event: Event) {
        self.sequence += 1;
        let due = Due { at: self.now + span, sequence: self.sequence, event };
        self.heap.push(Reverse(due));
    }

    fn run(&mut self) -> u64 {
        while self.work.left > 0 {
            let Some(Reverse(due)) = self.heap.pop() else { break };
            self.now = due.at;
            match due.event {
                Event::Send { client } => self.send(client),
                Event::Arrive { call } => self.arrive(call),
                Event::Served { call } => self.served(call),
                Event::Answer { call } => self.answer(call),
                Event::Timeout { client, request } => {
                    let state = &self.clients[client as usize];
                    if state.waiting && state.request == request {
                        self.over(client, false);
                    }
                }
            }
        }
        self.work.seen.value()
    }

    fn send(&mut self, client: u32) {
        let state = &mut self.clients[client as usize];
        state.waiting = true;
        let (request, fate) = (state.request, state.fate);
        let carried = Carried { client, request, fate };
        let call = if let Some(call) = self.free.pop() {
            self.calls[call as usize] = carried;
            call
        } else {
            self.calls.push(carried);
            self.calls.len() as u32 - 1
        };
        self.after(fate.there, Event::Arrive { call });
        self.after(self.timeout, Event::Timeout { client, request });
    }

    fn arrive(&mut self, call: u32) {
        let fate = self.calls[call as usize].fate;
        let server = &mut self.servers[fate.server as usize];
        if server.busy < WORKERS {
            server.busy += 1;
            self.after(fate.service, Event::Served { call });
        } else {
            server.queue.push_back(call);
        }
    }

    fn served(&mut self, call: u32) {
        let fate = self.calls[call as usize].fate;
        self.after(fate.back, Event::Answer { call });
        let server = &mut self.servers[fate.server as usize];
        if let Some(next) = server.queue.pop_front() {
            let service = self.calls[next as usize].fate.service;
            self.after(service, Event::Served { call: next });
        } else {
            server.busy -= 1;
        }
    }

    fn answer(&mut self, call: u32) {
        let Carried { client, request, .. } = self.calls[call as usize];
        self.free.push(call);
        let state = &self.clients[client as usize];
        if state.waiting && state.request == request {
            self.over(client, true);
        }
    }

    fn over(&mut self, client: u32, answered: bool) {
        self.work.see(self.now, client, answered);
        let state = &mut self.clients[client as usize];
        state.waiting = false;
        state.request += 1;
        state.fate = self.work.fate(client, state.request.into());
        let think = state.fate.think;
        self.after(think, Event::Send { client });
    }
}
