//! Every exhibit shows under its least plan of faults.

use super::*;
use crate::checks::Verdict;
use crate::experiment::trial::Tried;

fn violated(tried: &Tried) -> Vec<&str> {
    let findings = tried.findings.iter();
    let violated = findings.filter(|found| found.verdict() == Verdict::Violated);
    violated.map(|found| &*found.property).collect()
}

#[test]
fn look() {
    for exhibit in HERD {
        if std::env::var("ZOO").is_ok_and(|ids| !ids.split(',').any(|id| id == exhibit.id)) { continue; }
        let mut stand = Stand::of(exhibit);
        let n: u64 = std::env::var("SEEDS").map_or(0, |n| n.parse().unwrap());
        let seeds: Vec<u64> = if n == 0 { vec![exhibit.seed] } else { (1..=n).collect() };
        for seed in seeds {
        stand.seed = seed;
        for (name, trial) in [("wrong", stand.wrong()), ("correct", stand.correct())] {
            for (plan, faults) in [("least", stand.least()), ("none", &[][..])] {
                let tried = trial.run(&stand.case(faults));
                println!("{} {name} {plan} {seed} struck {:?} settled {} {:?} {:?}",
                    exhibit.id, tried.struck, tried.ran.settled, tried.degraded, violated(&tried));
            }
        }
        }
    }
}

#[test]
fn points() {
    let Ok(id) = std::env::var("ZOO") else { return };
    let stand = Stand::of(exhibit(&id).unwrap());
    let case = stand.case(stand.least());
    for o in &case.operations { println!("{} {:?} {:?}", o.name, o.info.arrived, o.info.keys); }
    let trial = if std::env::var("CORRECT").is_ok() { stand.correct() } else { stand.wrong() };
    for p in trial.points(&case) {
        println!("{:?} {}", p.at, p.trigger);
    }
    for f in trial.run(&case).findings { println!("{} {:?} {} {:?}", f.property, f.verdict(), f.judgement.why, f.ops); }
}

#[test]
fn hunts() {
    use crate::faults::registry::Faults;
    let faults = Faults::builtin();
    for exhibit in HERD {
        if std::env::var("ZOO").is_ok_and(|ids| !ids.split(',').any(|id| id == exhibit.id)) { continue; }
        let n: u64 = std::env::var("RUNS").map_or(300, |n| n.parse().unwrap());
        let stand = Stand::of(exhibit);
        for draw in [Draw::Swarm, Draw::Uniform] {
        let seed: u64 = std::env::var("SEED").map_or(1, |n| n.parse().unwrap());
        let hunt = Hunt::new(exhibit, &stand, &faults, (draw, seed));
        let began = std::time::Instant::now();
        let found = hunt.runs(n);
        let t1 = began.elapsed();
        let shrunk = if draw == Draw::Swarm { found.and_then(|runs| hunt.shrunk(runs)) } else { None };
        println!("{} {draw:?} {found:?} {t1:?} least {} {:?} {:?}", exhibit.id, stand.least().len(), shrunk.map(|s| (s.case.faults.len(), s.case.operations.len(), s.runs, s.finished)), began.elapsed());
        }
    }
}

#[test]
fn correct() {
    use crate::faults::registry::Faults;
    let faults = Faults::builtin();
    for exhibit in HERD {
        if std::env::var("ZOO").is_ok_and(|ids| !ids.split(',').any(|id| id == exhibit.id)) { continue; }
        let n: u64 = std::env::var("RUNS").map_or(300, |n| n.parse().unwrap());
        let stand = Stand::of(exhibit);
        let seed: u64 = std::env::var("SEED").map_or(1, |n| n.parse().unwrap());
        let fuzz = fuzz(vec![stand.correct()], &faults, (Draw::Swarm, seed));
        let fuzzed = fuzz.run(Some(n), &Default::default(), &mut |_| true);
        println!("== {} {}", exhibit.id, exhibit.pattern);
        for (_, property, run) in fuzzed.violations() {
            let case = fuzz.case(0, run);
            let s = crate::experiment::shrink::shrink(&fuzz.trials[0], &case, property, &mut |_| ()).unwrap();
            println!("{} {property} {run}: {}", exhibit.id, crate::report::fuzz::case(fuzz.trials[0].system(), &s.case));
            for f in &s.tried.findings { if f.verdict() == Verdict::Violated { println!("    {} {}", f.property, f.judgement.why); } }
        }
    }
}
