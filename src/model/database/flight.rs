//! Messages of a session: they are never lost, but wait while the link is cut.

use std::rc::Rc;

use super::{Call, Database};
use crate::kernel::{NodeId, Purpose, Time};
use crate::model::env::Ctx;
use crate::model::record::{Event, LabelId, MessageClass};

/// A message between a service's node and the database's. If it is dropped before it has arrived,
/// its session has died.
pub(super) struct Flight {
    database: Rc<Database>,
    ctx: Ctx,
    from: NodeId,
    to: NodeId,
    label: LabelId,
    message: u32,
    class: MessageClass,
    /// The time of arrival, unless the link is cut then.
    pub arrives: Time,
    landed: bool,
}

/// The direction of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    There = 0,
    Back = 2,
}

/// The leg number of the work itself, which keys its draw.
pub(super) const WORK_LEG: u64 = 1;

impl Flight {
    /// Sends a message now; none within one node.
    pub fn depart(database: &Rc<Database>, call: &Call, label: LabelId, leg: Leg) -> Option<Self> {
        let (from, to) = match leg {
            Leg::There => (call.from, database.node),
            Leg::Back => (database.node, call.from),
        };
        if from == to {
            return None;
        }
        let env = &database.env;
        let mut rng = database.rng(Purpose::Delay, &call.ctx, call.number | leg as u64);
        let delay = env.system().links.database.delay.sample(&mut rng);
        let ctx = Ctx { node: from, ..call.ctx };
        let flight = Self {
            database: Rc::clone(database),
            ctx,
            from,
            to,
            label,
            message: env.next_message(),
            class: call.class,
            arrives: env.now() + delay + database.wire.extra(from, to),
            landed: false,
        };
        database.state_mut().meter.sent();
        flight.record(from, Event::Sent { label, to, class: call.class });
        Some(flight)
    }

    /// The number of the message.
    pub fn message(&self) -> u32 {
        self.message
    }

    /// Waits for the arrival.
    pub async fn arrive(&mut self) {
        let sim = self.database.env.sim();
        if sim.now() < self.arrives {
            sim.sleep_until(self.arrives).await;
        }
        while !self.database.wire.up(self.from, self.to) {
            self.database.wire.changed().wait().await;
        }
        self.landed = true;
        self.database.state_mut().meter.delivered();
        let Self { label, from, class, .. } = *self;
        self.record(self.to, Event::Delivered { label, from, class });
    }

    fn record(&self, node: NodeId, event: Event) {
        self.database.env.record_message(&Ctx { node, ..self.ctx }, self.message, event);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.database.state_mut().meter.lost();
            let Self { label, to, class, .. } = *self;
            self.record(NodeId::WORLD, Event::Lost { label, to, class, damaged: false });
        }
    }
}
