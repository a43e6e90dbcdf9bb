//! # Added latency
//!
//! Each message between the two sides takes longer by a uniformly drawn delay. As every message
//! draws its own, messages overtake each other. Sessions between a service and its database keep
//! their order; they are delayed by the mean.

use std::rc::Rc;

use rand::Rng;

use super::fault::{Fault, Heal};
use super::grid::{SPANS, below, draw};
use super::links::{LinkSettings, Sided, link_settings};
use crate::kernel::{Dist, Span};
use crate::model::network::LinkEffect;
use crate::model::reason::Reason;
use crate::model::world::World;
use crate::reason;

link_settings! {
    /// Added latency on some links.
    pub struct Delay {
        /// Least added delay.
        least: Span,
        /// Greatest added delay; the least one if it is left out.
        #[serde(default)]
        most: Option<Span>,
    }
}

impl LinkSettings for Delay {
    fn problems(&self) -> Vec<Reason> {
        let wrong = self.most.filter(|most| *most < self.least);
        let message =
            |most| reason!("`{}` must not be less than `{}`, not {most}", "most", "least");
        wrong.map(message).into_iter().collect()
    }

    fn words(&self) -> Vec<String> {
        let most = self.most.map(|most| format!("most {most}"));
        std::iter::once(format!("least {}", self.least)).chain(most).collect()
    }

    fn random(rng: &mut dyn Rng) -> Self {
        let (one, other) = (draw(&SPANS, rng), draw(&SPANS, rng));
        let most = (one != other).then(|| one.max(other));
        Self { least: one.min(other), most, ..Self::default() }
    }

    fn less(&self) -> Vec<Self> {
        let constant = self.most.map(|_| Self { most: None, ..self.clone() });
        let spans = below(&SPANS, self.least).into_iter();
        let spans = spans.map(|least| Self { least, ..self.clone() });
        constant.into_iter().chain(spans).collect()
    }
}

impl Fault for Delay {
    const NAME: &'static str = "delay";
    const SUMMARY: &'static str = "messages take longer, by a drawn delay";
    const MANUAL: &'static str = include_str!("delay.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let high = settings.most.unwrap_or(settings.least).max(settings.least);
        let by = Dist::Uniform { low: settings.least, high };
        settings.sides().disturb(world, &LinkEffect::Slow { share: 1.0, by })
    }
}
