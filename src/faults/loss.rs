//! # Message loss
//!
//! Each message between the two sides is lost with the same probability, independently. With `of =
//! "requests"` only requests are lost, so that the work is not done; with `of = "replies"` only
//! replies, so that it is done and the caller does not learn of it. Sessions between a service and
//! its database retransmit and are not affected.
//!
//! If a request is lost with probability p and a reply with probability q, an attempt has its
//! effect with probability 1 - p and is answered with probability (1 - p)(1 - q); of m attempts at
//! an idempotent request none has an effect with probability p^m, and none is answered with
//! probability (1 - (1 - p)(1 - q))^m; the difference is the probability that it is done without an
//! answer.

use std::rc::Rc;

use rand::{Rng, RngExt};

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::links::{LinkSettings, Sided, link_settings};
use super::targets::Targets;
use crate::model::network::{Leg, LinkEffect};
use crate::model::reason::Reason;
use crate::model::world::World;

/// Loss of messages on some links.
pub struct Loss;

link_settings! {
    /// The lost share of the messages on some links.
    pub struct Settings {
        /// Share of the messages that is lost, 0 to 1.
        share: f64,
        /// The messages that may be lost: `all`, `requests` or `replies`.
        #[serde(default)]
        of: Leg,
    }
}

impl LinkSettings for Settings {
    fn ends(targets: &Targets) -> Vec<&str> {
        targets.speakers().collect()
    }

    fn problems(&self) -> Vec<Reason> {
        check_range("share", self.share, 0.0, 1.0)
    }

    fn words(&self) -> Vec<String> {
        let of = match self.of {
            Leg::All => "",
            Leg::Requests => " of the requests",
            Leg::Replies => " of the replies",
        };
        vec![format!("share {}{of}", self.share)]
    }

    fn random(rng: &mut dyn Rng) -> Self {
        let share = draw(&SHARES, rng);
        let of = if rng.random_bool(0.5) { Leg::All } else { draw(&Leg::ALL[1..], rng) };
        Self { share, of, ..Self::default() }
    }

    fn less(&self) -> Vec<Self> {
        let shares = below(&SHARES, self.share).into_iter();
        let shares = shares.map(|share| Self { share, ..self.clone() });
        let all = self.of == Leg::All;
        let legs = Leg::ALL[1..].iter().filter(|_| all).map(|of| Self { of: *of, ..self.clone() });
        shares.chain(legs).collect()
    }
}

impl Fault for Loss {
    const NAME: &'static str = "loss";
    const SUMMARY: &'static str = "a share of the messages vanishes, or of requests or replies";
    const MANUAL: &'static str = include_str!("loss.rs");
    type Settings = Settings;

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        settings.sides().disturb(world, &LinkEffect::Lose(settings.share, settings.of))
    }
}
