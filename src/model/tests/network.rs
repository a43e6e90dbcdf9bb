//! Delays, loss, copies and cuts.

use super::*;
use crate::kernel::Dist;
use crate::model::database::Wire;
use crate::model::env::OpInfo;
use crate::model::network::{Disturbance, Fate, Leg, REPLY_LEG};
use crate::model::record::MessageClass;
use crate::model::system::{LinkSpec, MAX_KEYS, RowKey, ServiceId, StepId};

/// An operation that draws as `stream` says.
fn operation(bench: &Bench, stream: u64) -> OpId {
    let keys = [RowKey(0); MAX_KEYS];
    let kind = OperationKind(0);
    let arrived = Time::ZERO;
    bench.world.env().arrive(OpInfo { kind, keys, stream, ordinal: 0, arrived })
}

fn fate(bench: &Bench, ctx: Ctx, leg: u64) -> Fate {
    let (from, to) = (bench.node("a"), bench.node("b"));
    bench.world.network().fate(bench.world.env(), &ctx, from, to, leg)
}

/// The small world with delays that vary.
fn varied() -> System {
    let mut system = small();
    system.links.default.delay = Dist::Exponential { mean: millis(1) };
    system
}

#[test]
fn the_share_that_is_lost_and_copied_is_the_one_that_was_ordered() {
    let mut system = varied();
    system.links.default = LinkSpec { loss: 0.2, duplicate: 0.1, ..system.links.default };
    let bench = Bench::of(system);
    bench.disturb("a", "b", LinkEffect::Lose(0.5, Leg::All));
    let number = 20_000;
    let (mut lost, mut copied, mut both) = (0_u32, 0_u32, 0_u32);
    for _ in 0..number {
        let fate = fate(&bench, Ctx::WORLD, 0);
        lost += u32::from(fate.lost);
        copied += u32::from(fate.copy.is_some());
        both += u32::from(fate.lost && fate.copy.is_some());
    }
    // Half of the four fifths that the link itself lets through; each draw on its own.
    for (count, share) in [(lost, 0.6), (copied, 0.1), (both, 0.06)] {
        let (n, share) = (f64::from(number), share);
        let half_width = 4.0 * f64::sqrt(share * (1.0 - share) / n);
        let found = f64::from(count) / n;
        assert!((found - share).abs() < half_width, "{found} against {share}");
    }
}

#[test]
fn requests_and_replies_may_be_lost_and_delayed_apart() {
    let mut system = varied();
    let link = &mut system.links.default;
    (link.delay, link.reply_delay) = (Dist::Constant(millis(1)), Some(Dist::Constant(millis(7))));
    (link.loss, link.reply_loss) = (0.2, Some(0.0));
    let bench = Bench::of(system);
    let number = 20_000;
    let lost = |leg: u64| {
        let fates = (0..number).map(|_| fate(&bench, Ctx::WORLD, leg));
        let fates: Vec<Fate> = fates.collect();
        let wanted = if leg == 0 { millis(1) } else { millis(7) };
        assert!(fates.iter().all(|fate| fate.delay == wanted));
        fates.iter().filter(|fate| fate.lost).count() as f64 / f64::from(number)
    };
    let near = |found: f64, share: f64| (found - share).abs() < 0.02;
    assert!(near(lost(0), 0.2), "of requests");
    assert_eq!(lost(REPLY_LEG), 0.0, "of replies");
    for (of, requests, replies) in
        [(Leg::Requests, 0.6, 0.0), (Leg::Replies, 0.2, 0.5), (Leg::All, 0.6, 0.5)]
    {
        let (from, to) = (vec![bench.node("a")], vec![bench.node("b")]);
        let effect = LinkEffect::Lose(0.5, of);
        let id = bench.world.network().disturb(Disturbance { from, to, effect });
        assert!(near(lost(0), requests) && near(lost(REPLY_LEG), replies), "{of:?}");
        bench.world.network().calm(id);
    }
}

#[test]
fn a_leg_takes_as_long_in_every_variant() {
    let bench = Bench::of(varied());
    let op = operation(&bench, 42);
    let ctx = Ctx::WORLD.for_op(op).at_step(StepId(1), 2);
    let before = fate(&bench, ctx, 7);
    // Another world, in which much else has happened, and whose operation has another number.
    let mut system = varied();
    system.services.push(system.services[0].clone());
    let busy = Bench::of(system);
    for stream in 0..10 {
        let op = operation(&busy, stream);
        fate(&busy, Ctx::WORLD.for_op(op), 7);
        fate(&busy, Ctx::WORLD, 7);
    }
    let same = operation(&busy, 42);
    let ctx = Ctx::WORLD.for_op(same).at_step(StepId(1), 2);
    assert_eq!(fate(&busy, ctx, 7), before);
    let others = [
        fate(&busy, ctx.at_step(StepId(1), 3), 7),
        fate(&busy, ctx.at_step(StepId(0), 2), 7),
        fate(&busy, ctx, 8),
        fate(&busy, Ctx::WORLD.for_op(OpId(0)).at_step(StepId(1), 2), 7),
    ];
    assert!(others.iter().all(|other| *other != before), "other legs, other delays");
}

#[test]
fn a_disturbance_elsewhere_changes_no_delay() {
    let bench = Bench::of(varied());
    let op = operation(&bench, 42);
    let quiet = fate(&bench, Ctx::WORLD.for_op(op), 7);
    bench.disturb("b", "a", LinkEffect::Lose(1.0, Leg::All));
    assert_eq!(fate(&bench, Ctx::WORLD.for_op(op), 7), quiet);
    bench.disturb("a", "b", LinkEffect::Duplicate(1.0));
    let copied = fate(&bench, Ctx::WORLD.for_op(op), 7);
    assert_eq!((copied.delay, copied.lost), (quiet.delay, false));
    assert!(copied.copy.is_some_and(|copy| copy > quiet.delay));
}

#[test]
fn a_one_way_cut_lets_the_other_way_through_until_it_is_over() {
    let bench = Bench::new();
    let (a, b) = (bench.node("a"), bench.node("b"));
    let network = Rc::clone(bench.world.network());
    let cut = Disturbance { from: vec![a], to: vec![b], effect: LinkEffect::Cut };
    let cut = network.disturb(cut);
    assert!(!network.passes(a, b) && network.passes(b, a));
    assert!(fate(&bench, Ctx::WORLD, 0).lost);
    network.calm(cut);
    assert!(network.passes(a, b) && !fate(&bench, Ctx::WORLD, 0).lost);
}

#[test]
fn what_is_in_flight_at_the_cut_is_lost_and_what_is_sent_behind_it_is_not() {
    let bench = Bench::new();
    let early = bench.call(("a", "b"), ping(100), |_| async { 1 });
    let (a, b) = (bench.node("a"), bench.node("b"));
    let half = Time::ZERO + Span::from_micros(500);
    bench.when(half, move |world| {
        let cut = Disturbance { from: vec![a], to: vec![b], effect: LinkEffect::Cut };
        let cut = world.network().disturb(cut);
        let healed = Rc::clone(world);
        world.env().sim().spawn_at(at(2), NodeId::WORLD, async move {
            healed.network().calm(cut);
        });
    });
    bench.run(at(2));
    let [lost] = bench.all(Kind::Lost)[..] else { panic!("one message is lost") };
    assert_eq!(lost.time, at(1), "where it would have arrived");
    let late = bench.call(("a", "b"), ping(50), |_| async { 2 });
    bench.run(at(1_000));
    assert_eq!(*early.borrow(), Some((Reply::Unknown, at(100))));
    assert_eq!(*late.borrow(), Some((Reply::Answered(2), at(4))));
}

#[test]
fn slow_links_add_up() {
    let bench = Bench::new();
    bench.disturb("a", "b", LinkEffect::Slow { share: 1.0, by: Dist::Constant(millis(10)) });
    bench.disturb("a", "b", LinkEffect::Slow { share: 1.0, by: Dist::Constant(millis(20)) });
    let outcome = bench.call(("a", "b"), ping(100), |_| async { 1 });
    bench.run(at(1_000));
    assert_eq!(*outcome.borrow(), Some((Reply::Answered(1), at(1 + 10 + 20 + 1))));
}

#[test]
fn a_throttled_link_carries_one_after_the_other_and_drops_what_finds_no_room() {
    let bench = Bench::new();
    bench.disturb("a", "b", LinkEffect::Throttle { each: millis(10), queue: 1 });
    let ways: Vec<Fate> = (0..3).map(|_| fate(&bench, Ctx::WORLD, 0)).collect();
    let known = |fate: &Fate| (fate.delay, fate.lost);
    let through = [(millis(11), false), (millis(21), false), (millis(1), true)];
    assert_eq!(ways.iter().map(known).collect::<Vec<_>>(), through);
    bench.run(at(15));
    let next = fate(&bench, Ctx::WORLD, 0);
    assert_eq!(known(&next), (millis(5 + 10 + 1), false), "5 ms are left of the second one");
    let (a, b) = (bench.node("a"), bench.node("b"));
    let sessions = |from, to| Wire::extra(&**bench.world.network(), from, to);
    assert_eq!(sessions(a, b), millis(15 + 10), "a session shares the line, and is never dropped");
    assert_eq!(sessions(b, a), Span::ZERO, "the other way is free");
}

#[test]
fn what_is_damaged_travels_and_arrives_and_is_thrown_away() {
    let bench = Bench::new();
    bench.disturb("a", "b", LinkEffect::Damage(1.0));
    let outcome = bench.call(("a", "b"), ping(100), |_| async { 1 });
    bench.run(at(1_000));
    assert_eq!(*outcome.borrow(), Some((Reply::Unknown, at(100))));
    let [lost] = bench.all(Kind::Lost)[..] else { panic!("one message is thrown away") };
    let receiver = bench.node("b");
    assert_eq!((lost.time, lost.node), (at(1), receiver));
    let class = MessageClass::Service;
    assert!(matches!(lost.event, Event::Lost { to, class: known, damaged: true, .. }
        if (to, known) == (receiver, class)));
}

#[test]
fn a_share_is_held_back_and_the_others_overtake_it() {
    let bench = Bench::new();
    bench.disturb("a", "b", LinkEffect::Slow { share: 0.25, by: Dist::Constant(millis(10)) });
    let number = 4_000;
    let late = (0..number).filter(|_| fate(&bench, Ctx::WORLD, 0).delay == millis(11)).count();
    assert!((900..1_100).contains(&late), "{late} of {number}");
}

#[test]
fn who_talks_to_whom_decides_how_long_it_takes() {
    let mut system = small();
    let constant = |delay| LinkSpec {
        delay: Dist::Constant(delay),
        reply_delay: None,
        loss: 0.0,
        reply_loss: None,
        duplicate: 0.0,
    };
    system.links.client = constant(millis(2));
    system.links.database = constant(millis(3));
    system.links.between.insert((ServiceId(1), ServiceId(0)), constant(millis(4)));
    let bench = Bench::of(system);
    let network = bench.world.network();
    let delay = |from: &str, to: &str| {
        let (from, to) = (bench.node(from), bench.node(to));
        network.fate(bench.world.env(), &Ctx::WORLD, from, to, 0).delay
    };
    assert_eq!(delay("clients", "a"), millis(2));
    assert_eq!(delay("a", "clients"), millis(2));
    assert_eq!(delay("b", "db"), millis(3));
    assert_eq!(delay("a", "b"), millis(4));
    assert_eq!(delay("b", "a"), millis(4));
    assert_eq!(delay("driver", "a"), millis(1));
}
