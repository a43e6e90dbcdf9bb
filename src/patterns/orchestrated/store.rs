//! The workflow store of several orchestrators: a durable log on a node of its own, which holds the
//! journal of every workflow and grants the lease.
//!
//! An event happens at most once to a workflow, so a second copy of it changes nothing. The epoch
//! of the lease only grows, and is durable before it is granted. The end of the lease depends on
//! this node's clock and memory: a restarted store gives the holder a whole lease again, because it
//! cannot know how much of the old one was left.

use std::collections::{BTreeMap, VecDeque};

use super::coverage::Lease;
use super::journal::{deadline, replayed};
use super::settings::STORE;
use super::workflow::{Entry, Epoch, Event, Workflow};
use crate::kernel::{NodeId, Span};
use crate::model::process::ProcessCtx;
use crate::model::record::{self, OpId};

/// A request for the lease. Its number distinguishes a new request from a copy of an old one: the
/// incarnation of the node, and the count of its requests since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Claim {
    pub by: NodeId,
    pub number: (u16, u32),
}

/// A granted lease, with the workflows that its holder must continue.
pub(super) struct Grant {
    pub epoch: Epoch,
    pub workflows: Vec<(OpId, Workflow)>,
}

/// The outcome of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The entry is in the journal, durably.
    Kept,
    /// The entry came from a holder whose lease another instance has taken over.
    Stale,
    /// The workflow ended so long ago that it is forgotten, or its client has given up before it
    /// began.
    Late,
}

/// A record of the store's log.
#[derive(Clone, Copy, Debug)]
enum Line {
    Granted(Epoch, Claim),
    Journal(Entry),
}

/// The volatile state of the store; all but the end of the lease follows from the log.
#[derive(Default)]
struct Store {
    epoch: Epoch,
    /// The request that was granted the last lease.
    last: Option<Claim>,
    /// True if the last lease is over.
    over: bool,
    /// The number of times that a lease was granted or renewed.
    grants: u32,
    journal: BTreeMap<OpId, Vec<Event>>,
    /// Ended workflows, the oldest first, until no client can ask about them any more.
    expiring: VecDeque<OpId>,
    expired: u32,
}

/// The node of the store, which comes after those of the orchestrators.
pub(super) fn node(here: &ProcessCtx) -> NodeId {
    here.world().driver(STORE)
}

/// Restores the state from the log, which is empty when the run begins.
pub(super) fn reopen(here: &ProcessCtx, lease: Span) {
    here.local::<Store>().with(|store| {
        for line in here.log::<Line>().records() {
            match line {
                Line::Granted(epoch, claim) => {
                    let granted = &mut (store.epoch, store.last);
                    here.replays(Lease::Reopened, granted, |it| *it = (epoch, Some(claim)));
                    (store.epoch, store.last) = *granted;
                }
                Line::Journal(entry) => store.add(entry),
            }
        }
        for (op, events) in &store.journal {
            let over = events.iter().any(|event| matches!(event, Event::Ended(_)));
            here.for_op(*op).hold("workflow", !over);
        }
    });
    if here.incarnation() > 0 {
        keep_for(here, lease);
    }
}

/// Grants the lease to the instance that asks for it, unless another one holds it: with the next
/// epoch, and with the workflows of the journal.
pub(super) async fn claim(here: ProcessCtx, claim: Claim, lease: Span) -> Option<Grant> {
    let store = here.local::<Store>();
    let (epoch, before) = store.with(|store| {
        let copy = |last: Claim| last.by == claim.by && last.number >= claim.number;
        let held = |last: Claim| last.by != claim.by && !store.over;
        if store.last.is_some_and(|last| copy(last) || held(last)) {
            return None;
        }
        let before = store.last.replace(claim);
        store.epoch = Epoch(store.epoch.0 + 1);
        Some((store.epoch, before))
    })?;
    if before.is_some_and(|before| before.by != claim.by) {
        here.passes(Lease::TakenOver);
    }
    // The lease counts from the arrival of the request and not from the end of the forced write,
    // since the holder counts from when it asked.
    keep_for(&here, lease);
    here.log::<Line>().force(Line::Granted(epoch, claim), "lease").await;
    let (label, token, holder) = (here.label("lease"), epoch.0, claim.by);
    here.record(record::Event::Leased { label, token, holder });
    let known = |(op, events): (&OpId, &Vec<Event>)| {
        let entry = |event: &Event| Entry { op: *op, part: 0, event: *event };
        events.iter().map(entry).collect::<Vec<_>>()
    };
    let log: Vec<Entry> = store.with(|store| store.journal.iter().flat_map(known).collect());
    let workflows = replayed(&here, log).into_iter().collect();
    Some(Grant { epoch, workflows })
}

/// Renews the lease, unless another instance has taken it over.
pub(super) fn renew(here: &ProcessCtx, by: NodeId, epoch: Epoch, lease: Span) -> bool {
    let held = |store: &mut Store| store.epoch == epoch && store.last.is_some_and(|l| l.by == by);
    let held = here.local::<Store>().with(held);
    if held {
        keep_for(here, lease);
    }
    held
}

/// Extends the lease: it lasts for so long from now on this node's clock, unless it is renewed.
fn keep_for(here: &ProcessCtx, lease: Span) {
    let store = here.local::<Store>();
    let number = store.with(|store| {
        store.over = false;
        store.grants += 1;
        store.grants
    });
    here.spawn(async move |here: ProcessCtx| {
        here.sleep(lease).await;
        store.with(|store| store.over |= store.grants == number);
    });
}

/// Appends an entry and waits until it is durable. Entries after the end of a workflow are ignored.
pub(super) async fn append(here: &ProcessCtx, entry: Entry, guard: Option<Epoch>) -> Verdict {
    let Entry { op, event, .. } = entry;
    let (store, log) = (here.local::<Store>(), here.log::<Line>());
    let over = |known: &Event| *known == event || matches!(known, Event::Ended(_));
    let known = store.with(|store| store.journal.get(&op).map(|events| events.iter().any(over)));
    if guard.is_some_and(|epoch| store.with(|store| epoch < store.epoch)) {
        return Verdict::Stale;
    }
    match known {
        None if event != Event::Began || here.now() > deadline(here, op) => return Verdict::Late,
        Some(true) => {
            here.passes(Lease::Repeated);
            // The first copy may not be durable yet, and the answer to the second one must not come
            // before that.
            log.flush().await;
            return Verdict::Kept;
        }
        None | Some(false) => store.with(|store| store.add(entry)),
    }
    log.force(Line::Journal(entry), "workflow").await;
    match event {
        Event::Began => here.hold("workflow", true),
        Event::Ended(_) => {
            here.hold("workflow", false);
            forget(here);
        }
        _ => {}
    }
    Verdict::Kept
}

impl Store {
    fn add(&mut self, Entry { op, event, .. }: Entry) {
        self.journal.entry(op).or_default().push(event);
        if let Event::Ended(_) = event {
            self.expiring.push_back(op);
        }
    }
}

/// Forgets the workflows that no client can ask about any more, in memory and in the log.
fn forget(here: &ProcessCtx) {
    here.local::<Store>().with(|store| {
        while let Some(oldest) = store.expiring.front().copied()
            && here.now() > deadline(here, oldest)
        {
            store.expiring.pop_front();
            store.journal.remove(&oldest);
            store.expired += 1;
        }
        if store.expired >= here.system().clear_after {
            store.expired = 0;
            let (journal, epoch) = (&store.journal, store.epoch);
            here.log::<Line>().forget_if(|line| match line {
                Line::Granted(granted, _) => *granted < epoch,
                Line::Journal(entry) => !journal.contains_key(&entry.op),
            });
        }
    });
}
