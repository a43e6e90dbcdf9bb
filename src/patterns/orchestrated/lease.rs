//! One of several orchestrators: it asks for the lease, leads while the lease lasts, and notices
//! when it is over.
//!
//! The lease counts from the moment of the request on the holder's clock, and from the arrival of
//! the request on the store's, so with clocks of equal rate the holder steps down first. A pause
//! breaks that order: a holder that was paused continues where it was, before its own timer tells
//! it how late it is. Fencing covers what it does until then.

use std::rc::Rc;

use super::Orchestrated;
use super::coverage::Lease;
use super::journal::Memory;
use super::saga::pause;
use super::settings::ORCHESTRATORS;
use super::store::{self, Claim, Verdict};
use super::workflow::{Deposed, Entry, Epoch, Event};
use crate::kernel::NodeId;
use crate::model::call::{Message, Reply};
use crate::model::process::ProcessCtx;
use crate::model::world::World;

/// The state of the lease as an instance knows it.
#[derive(Default)]
struct LeaseState {
    /// The lease that this instance believes to hold.
    epoch: Option<Epoch>,
    /// The number of requests for a lease or its renewal.
    asked: u32,
    /// The last of these requests that was granted.
    granted: u32,
}

/// The leader as clients know it, and its epoch.
#[derive(Default)]
struct KnownLeader(Option<(Epoch, NodeId)>);

impl Orchestrated {
    /// The node that the clients take for the leader: at first the first instance, then the one
    /// that announced the highest epoch.
    pub(super) fn leader(&self, world: &World) -> NodeId {
        let leader = world.local::<KnownLeader>(NodeId::WORLD).borrow().0;
        leader.map_or_else(|| world.driver(ORCHESTRATORS[0]), |(_, leader)| leader)
    }

    /// Starts one of several instances, or their store. The first instance asks for the lease at
    /// once when the run begins, the others a little later.
    pub(super) fn start_shared(self: Rc<Self>, here: ProcessCtx) {
        let nodes = self.settings.nodes();
        if here.node() == store::node(&here) {
            store::reopen(&here, self.settings.lease());
        } else if let Some(number) = nodes.iter().position(|node| Some(*node) == here.driver()) {
            let stands_by = number > 0 && here.incarnation() == 0;
            here.spawn(async move |here: ProcessCtx| {
                if stands_by {
                    here.sleep(self.settings.pace()).await;
                }
                loop {
                    if let Some(epoch) = Rc::clone(&self).claim(&here).await {
                        self.lead(&here, epoch).await;
                    }
                    here.sleep(self.settings.pace()).await;
                }
            });
        }
    }

    /// Asks for the lease. An instance that gets it reads the journal and continues the open
    /// workflows.
    async fn claim(self: Rc<Self>, here: &ProcessCtx) -> Option<Epoch> {
        let (asked, lease) = (self.ask(here), self.settings.lease());
        let claim = Claim { by: here.node(), number: (here.incarnation(), asked) };
        let message = Message::control("claim", self.settings.pace());
        let reply = here.call(store::node(here), message, move |here| async move {
            store::claim(here, claim, lease).await
        });
        let grant = reply.await.answer()??;
        let epoch = grant.epoch;
        here.local::<LeaseState>().with(|state| {
            state.epoch = Some(epoch);
            state.granted = asked;
        });
        self.announce(here, epoch);
        self.resume(here, epoch, grant.workflows);
        Some(epoch)
    }

    /// Renews the lease until it is lost.
    async fn lead(&self, here: &ProcessCtx, epoch: Epoch) {
        let (pace, lease, by) = (self.settings.pace(), self.settings.lease(), here.node());
        loop {
            here.sleep(pace).await;
            if self.holds(here, epoch).is_err() {
                return;
            }
            let asked = self.ask(here);
            let message = Message::control("renew", pace);
            let reply = here.call(store::node(here), message, move |here| async move {
                store::renew(&here, by, epoch, lease)
            });
            match reply.await {
                Reply::Answered(true) => {
                    here.local::<LeaseState>().with(|state| state.granted = asked);
                    self.announce(here, epoch);
                }
                Reply::Answered(false) => {
                    step_down(here, epoch);
                    return;
                }
                Reply::Refused | Reply::Rejected | Reply::Unknown => {}
            }
        }
    }

    /// Numbers a request for the lease, and starts the timer that ends the lease unless a later
    /// request is granted. The timer starts before the request is sent, so that this instance never
    /// believes to hold the lease for longer than the store does.
    fn ask(&self, here: &ProcessCtx) -> u32 {
        let state = here.local::<LeaseState>();
        let asked = state.with(|state| {
            state.asked += 1;
            state.asked
        });
        let lease = self.settings.lease();
        here.spawn(async move |here: ProcessCtx| {
            here.sleep(lease).await;
            let over = state.with(|state| state.epoch.filter(|_| state.granted == asked));
            if let Some(epoch) = over {
                here.passes(Lease::Expired);
                step_down(&here, epoch);
            }
        });
        asked
    }

    /// Announces this instance to the clients as the leader.
    fn announce(&self, here: &ProcessCtx, epoch: Epoch) {
        let leader = here.node();
        let message = Message::control("announce", self.settings.pace());
        here.tell(NodeId::WORLD, message, move |here| async move {
            here.local::<KnownLeader>().with(|known_leader| {
                let newest = known_leader.0.is_none_or(|(known, _)| known <= epoch);
                known_leader.0 = if newest { Some((epoch, leader)) } else { known_leader.0 };
            });
        });
    }

    /// The epoch of the lease under which this instance would begin a workflow now.
    pub(super) fn epoch(&self, here: &ProcessCtx) -> Option<Epoch> {
        if self.settings.is_shared() {
            here.local::<LeaseState>().with(|state| state.epoch)
        } else {
            Some(Epoch::default())
        }
    }

    /// Returns whether this instance still believes to hold a lease.
    pub(super) fn holds(&self, here: &ProcessCtx, epoch: Epoch) -> Result<(), Deposed> {
        if self.epoch(here) == Some(epoch) { Ok(()) } else { Err(Deposed) }
    }

    /// The epoch that services and the store are to check, if fencing is on.
    pub(super) fn guard(&self, epoch: Epoch) -> Option<Epoch> {
        (self.settings.is_shared() && self.settings.fencing).then_some(epoch)
    }
}

/// Appends an event to the store's journal, and repeats the request until it is answered.
pub(super) async fn append_to_store(
    here: &ProcessCtx,
    epoch: Epoch,
    guard: Option<Epoch>,
    event: Event,
) -> Result<Verdict, Deposed> {
    let entry = Entry { op: here.ctx().op, part: 0, event };
    let state = here.local::<LeaseState>();
    let mut attempt: u16 = 0;
    loop {
        if state.with(|state| state.epoch != Some(epoch)) {
            return Err(Deposed);
        }
        let here = here.at_step(event.step(), attempt);
        let message = Message::control("journal", here.retry().step_deadline);
        let reply = here.call(store::node(&here), message, move |here| async move {
            store::append(&here, entry, guard).await
        });
        match reply.await {
            Reply::Answered(Verdict::Stale) => {
                here.passes(Lease::Stale);
                step_down(&here, epoch);
                return Err(Deposed);
            }
            Reply::Answered(verdict) => return Ok(verdict),
            Reply::Refused | Reply::Rejected | Reply::Unknown => {}
        }
        attempt = attempt.saturating_add(1);
        pause(&here, "journal", &here.retry(), attempt).await;
    }
}

/// Ends the lease at this instance: clears it, and everything that was done under it, and wakes the
/// processes that wait for a workflow.
pub(super) fn step_down(here: &ProcessCtx, epoch: Epoch) {
    let held = here.local::<LeaseState>().with(|state| state.epoch.take_if(|held| *held == epoch));
    if held.is_some() {
        here.local::<Memory>().with(std::mem::take).wake_all();
    }
}
