//! # Flapping
//!
//! The links between the two sides go down, come up again after a while, and so on, as a loose
//! cable or a routing table that does not settle makes them. While they are down it is as in a
//! partition: what is sent, and what is in flight when they go down, is lost; sessions between a
//! service and its database wait.

use std::cell::Cell;
use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::grid::{above, check_positive, check_range, draw};
use super::links::{Sides, link_settings};
use super::targets::Targets;
use crate::kernel::{NodeId, Span, Words};
use crate::model::network::LinkEffect;
use crate::model::world::World;

/// Links that go up and down.
pub struct Flapping;

/// How often links flap.
const PERIODS: [Span; 5] = [
    Span::from_millis(200),
    Span::from_millis(500),
    Span::from_secs(1),
    Span::from_secs(2),
    Span::from_secs(5),
];

/// How much of the time they are up.
const UP: [f64; 4] = [0.2, 0.5, 0.8, 0.9];

link_settings! {
    /// Settings of links that go up and down.
    {
        /// From one time that they go down to the next.
        period: Span,
        /// Which share of each period they are up, 0 to 1, at its end.
        up: f64,
    }
}

impl Fault for Flapping {
    const NAME: &'static str = "flapping";
    const SUMMARY: &'static str = "links go down and up again, over and over";
    const MANUAL: &'static str = include_str!("flapping.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        settings.sides().names()
    }

    fn check(settings: &Settings) -> Vec<String> {
        let own = check_range("up", settings.up, 0.0, 1.0);
        let own = check_positive("period", settings.period).into_iter().chain(own);
        settings.sides().check().into_iter().chain(own).collect()
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
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

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let sides = Sides::draw(targets.nodes(), words)?;
        let (period, up) = (draw(&PERIODS, words), draw(&UP, words));
        let drawn = Settings { period, up, ..Settings::default() };
        Some(drawn.between(sides))
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let fewer = settings.fewer().into_iter();
        let periods = above(&PERIODS, settings.period).into_iter();
        let periods = periods.map(|period| Settings { period, ..settings.clone() });
        let shares = above(&UP, settings.up).into_iter();
        let own = periods.chain(shares.map(|up| Settings { up, ..settings.clone() }));
        fewer.chain(own).collect()
    }
}
