//! # Reordering
//!
//! Each message between the two sides is held back with the same probability, by the same time:
//! messages that are sent in the meantime overtake it. No message is lost. Sessions between a
//! service and its database keep their order; they are delayed by the mean.

use std::rc::Rc;

use rand::Rng;

use super::fault::{Fault, Heal};
use super::grid::{SHARES, SPANS, below, check_range, draw};
use super::links::{LinkSettings, Sided, link_settings};
use super::targets::Targets;
use crate::kernel::{Dist, Span};
use crate::model::network::LinkEffect;
use crate::model::reason::Reason;
use crate::model::world::World;

link_settings! {
    /// Reordering of messages on some links.
    pub struct Reordering {
        /// Share of messages that is held back, 0 to 1.
        share: f64,
        /// Time for which they are held back.
        by: Span,
    }
}

impl LinkSettings for Reordering {
    fn ends(targets: &Targets) -> Vec<&str> {
        targets.speakers().collect()
    }

    fn problems(&self) -> Vec<Reason> {
        check_range("share", self.share, 0.0, 1.0)
    }

    fn words(&self) -> Vec<String> {
        vec![format!("share {}", self.share), format!("by {}", self.by)]
    }

    fn random(rng: &mut dyn Rng) -> Self {
        let (share, by) = (draw(&SHARES, rng), draw(&SPANS, rng));
        Self { share, by, ..Self::default() }
    }

    fn less(&self) -> Vec<Self> {
        let spans = below(&SPANS, self.by).into_iter();
        let spans = spans.map(|by| Self { by, ..self.clone() });
        let shares = below(&SHARES, self.share).into_iter();
        spans.chain(shares.map(|share| Self { share, ..self.clone() })).collect()
    }
}

impl Fault for Reordering {
    const NAME: &'static str = "reordering";
    const SUMMARY: &'static str =
        "a share of the messages is held back, so that later ones overtake";
    const MANUAL: &'static str = include_str!("reordering.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let by = Dist::Constant(settings.by);
        let effect = LinkEffect::Slow { share: settings.share, by };
        settings.sides().disturb(world, &effect)
    }
}
