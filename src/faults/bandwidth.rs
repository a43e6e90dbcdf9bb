//! # Bandwidth
//!
//! Each link between a node of the one side and a node of the other carries only so many messages a
//! second, in each direction. Every message weighs the same, one kibibyte, so 100 a second are 0.8
//! Mbit/s. Faster traffic queues, first come first served; a message that finds the queue full is
//! lost. Sessions between a service and its database share the link and wait in the same queue, but
//! slow down before they overflow it.

use std::rc::Rc;

use rand::Rng;

use super::fault::{Fault, Heal};
use super::grid::{above, check_range, draw};
use super::links::{LinkSettings, Sided, link_settings};
use crate::kernel::Span;
use crate::model::network::LinkEffect;
use crate::model::reason::Reason;
use crate::model::world::World;

/// The default length of a queue: that of a network interface in Linux (txqueuelen).
const fn queue() -> u32 {
    1_000
}

/// Messages a second, from almost none to a limit that only a burst exceeds.
const RATES: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];

/// Messages that may wait.
const QUEUES: [u32; 3] = [10, 100, 1_000];

link_settings! {
    /// Bandwidth of some links.
    pub struct Bandwidth {
        /// Messages that each link carries in a second.
        rate: f64,
        /// Messages that may wait at each link; further ones are lost.
        #[serde(default = "queue")]
        queue: u32,
    }
}

impl LinkSettings for Bandwidth {
    fn problems(&self) -> Vec<Reason> {
        check_range("rate", self.rate, 0.001, 1e9)
    }

    fn words(&self) -> Vec<String> {
        vec![format!("rate {}", self.rate), format!("queue {}", self.queue)]
    }

    fn random(rng: &mut dyn Rng) -> Self {
        let (rate, queue) = (draw(&RATES, rng), draw(&QUEUES, rng));
        Self { rate, queue, ..Self::default() }
    }

    fn less(&self) -> Vec<Self> {
        let queues = above(&QUEUES, self.queue).into_iter();
        let queues = queues.map(|queue| Self { queue, ..self.clone() });
        let rates = above(&RATES, self.rate).into_iter();
        queues.chain(rates.map(|rate| Self { rate, ..self.clone() })).collect()
    }
}

impl Fault for Bandwidth {
    const NAME: &'static str = "bandwidth";
    const SUMMARY: &'static str = "links carry only so many messages a second; the others queue";
    const MANUAL: &'static str = include_str!("bandwidth.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let each = Span::from_secs_f64(1.0 / settings.rate);
        let effect = LinkEffect::Throttle { each, queue: settings.queue };
        settings.sides().disturb(world, &effect)
    }
}
