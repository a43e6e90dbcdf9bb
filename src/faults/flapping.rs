//! # Flapping
//!
//! The links between the two sides go down, come up again after a while, and so on, as a loose
//! cable or a routing table that does not settle makes them. While they are down it is as in a
//! partition: messages that are sent, or in flight when they go down, are lost; sessions between a
//! service and its database wait.

use std::cell::Cell;
use std::rc::Rc;

use rand::Rng;

use super::fault::{Fault, Heal};
use super::grid::{above, check_range, draw};
use super::links::{LinkSettings, Sided, link_settings};
use crate::kernel::{NodeId, Span};
use crate::model::network::LinkEffect;
use crate::model::reason::{Reason, too_frequent};
use crate::model::world::World;

/// Periods with which links flap.
const PERIODS: [Span; 5] = [
    Span::from_millis(200),
    Span::from_millis(500),
    Span::from_secs(1),
    Span::from_secs(2),
    Span::from_secs(5),
];

/// Shares of time in which links are up.
const UP: [f64; 4] = [0.2, 0.5, 0.8, 0.9];

link_settings! {
    /// Links that go up and down.
    pub struct Flapping {
        /// Time from one failure of the links to the next.
        period: Span,
        /// Share of each period in which they are up, 0 to 1, at its end.
        up: f64,
    }
}

impl LinkSettings for Flapping {
    fn problems(&self) -> Vec<Reason> {
        let mut problems: Vec<Reason> = too_frequent("period", self.period).into_iter().collect();
        problems.extend(check_range("up", self.up, 0.0, 1.0));
        problems
    }

    fn recurring(&self) -> Option<(&'static str, Span)> {
        Some(("period", self.period))
    }

    fn words(&self) -> Vec<String> {
        vec![format!("period {}", self.period), format!("up {}", self.up)]
    }

    fn random(rng: &mut dyn Rng) -> Self {
        let (period, up) = (draw(&PERIODS, rng), draw(&UP, rng));
        Self { period, up, ..Self::default() }
    }

    fn less(&self) -> Vec<Self> {
        let periods = above(&PERIODS, self.period).into_iter();
        let periods = periods.map(|period| Self { period, ..self.clone() });
        let shares = above(&UP, self.up).into_iter();
        periods.chain(shares.map(|up| Self { up, ..self.clone() })).collect()
    }
}

impl Fault for Flapping {
    const NAME: &'static str = "flapping";
    const SUMMARY: &'static str = "links go down and up again, over and over";
    const MANUAL: &'static str = include_str!("flapping.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let up = Span::from_secs_f64(settings.period.as_secs_f64() * settings.up);
        let down = settings.period.saturating_sub(up);
        let (sides, flapping) = (settings.sides(), Rc::clone(world));
        let cut: Rc<Cell<Option<Heal>>> = Rc::default();
        cut.set(Some(sides.disturb(world, &LinkEffect::Cut)));
        let healed = Rc::clone(&cut);
        let process = world.env().sim().spawn(NodeId::WORLD, async move {
            let sim = flapping.env().sim();
            loop {
                sim.sleep(down).await;
                cut.take().into_iter().for_each(|mend| mend());
                sim.sleep(up).await;
                cut.set(Some(sides.disturb(&flapping, &LinkEffect::Cut)));
            }
        });
        let world = Rc::clone(world);
        Box::new(move || {
            process.into_iter().for_each(|process| world.env().sim().kill(process));
            healed.take().into_iter().for_each(|mend| mend());
        })
    }
}
