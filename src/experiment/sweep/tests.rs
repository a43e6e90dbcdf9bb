//! Tests of sweeps.

use super::*;
use crate::experiment::result::Statistic;
use crate::scenario::sweep::points;
use crate::tests::runs::{SHOP, scenario};

fn swept(sweep: &str, seeds: u64, run: impl Fn(&Sweep<'_>) -> Vec<SweptPoint>) -> Vec<SweptPoint> {
    let shop = scenario(&format!("{SHOP}[sweep]\n{sweep}"));
    let points = points(&shop, &shop.sweep).unwrap_or_else(|(at, _)| panic!("{at}"));
    let variants = vec!["saga".into()];
    run(&Sweep { points: &points, variants, seeds: (1..=seeds).collect(), twins: true })
}

fn all(sweep: &Sweep<'_>) -> Vec<SweptPoint> {
    sweep.run(&(), &Stop::default(), &|| ())
}

#[test]
fn every_point_is_the_comparison_of_its_scenario_on_the_same_seeds() {
    let points = swept("links.default.delay = ['1ms', '5ms']", 6, all);
    let by_hand =
        scenario(&SHOP.replace("default = { delay = \"1ms\" }", "default = { delay = \"5ms\" }"));
    let study = Study { variants: vec![&by_hand.variants[0]], ..Study::of(&by_hand, 1..=6) };
    let by_hand = study.compare().expect("a comparison");
    assert_eq!(points[1].comparison.variants[0].measures, by_hand.variants[0].measures);
    let answers = Figure::compared().find(|it| it.to_string() == "m10.done.p99").expect("known");
    let [near, far] = [0, 1].map(|at| answers.per_seed(&points[at].comparison.variants[0]));
    let slower = near.iter().zip(&far).all(|(near, far)| near.unwrap() < far.unwrap());
    assert!(slower, "a longer way shows in each seed: {near:?} {far:?}");
    assert_eq!(answers.of, Statistic::P99);
    assert!(Swept::telling(&points).contains(&answers));
}

#[test]
fn a_sweep_that_is_stopped_keeps_its_whole_points() {
    let points = swept("services.stock.workers = [1, 2, 4]", 2, |sweep| {
        let stop = Stop::default();
        let done = std::sync::atomic::AtomicU32::new(0);
        sweep.run(&(), &stop, &|| {
            if done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2 {
                stop.set();
            }
        })
    });
    // The fourth run may end together with the third; those of the last point have not begun.
    assert!(points.len() < 3, "what begins after the stop is not finished");
    let whole = swept("services.stock.workers = [1, 2, 4]", 2, all);
    assert_eq!(points, whole[..points.len()]);
    assert_eq!(whole.len(), 3);
}
