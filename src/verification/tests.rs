//! A short version of `driftlab verify-model`, and a case that is known to be wrong.

use super::*;
use crate::kernel::{Dist, Purpose, RandomStreams, Span};

/// The findings of six runs of so many seconds.
fn verify(case: &Case, seconds: u64) -> Vec<Finding> {
    case.verify(6, seconds, &Stop::default(), &|| ()).expect("nobody stops it")
}

#[test]
fn every_closed_form_agrees_or_the_run_is_too_short_to_tell() {
    for case in cases() {
        for finding in verify(&case, 20) {
            assert_ne!(finding.verdict, Verdict::Differs, "{finding:?}");
        }
    }
}

#[test]
fn a_wrong_closed_form_differs() {
    let mut case = cases().into_iter().find(|case| case.system == "M/D/1").expect("a case");
    let form = &mut case.forms[0];
    form.exact *= 1.5;
    assert_eq!(verify(&case, 20)[0].verdict, Verdict::Differs);
}

#[test]
fn what_no_chance_enters_is_exact() {
    for finding in verify(&prices::cases()[0], 20) {
        assert_eq!((finding.verdict, finding.measured), (Verdict::Agrees, finding.exact));
    }
}

#[test]
fn quorums_of_another_size_are_as_stale_as_others() {
    let mut stale = quorums::cases();
    stale.retain(|case| case.forms[0].exact > 0.5);
    assert_eq!(stale.len(), 2, "memoryless writes, and those on disks");
    for case in stale {
        let other = Case { scenario: case.scenario.replace("write = 1\n", "write = 2\n"), ..case };
        assert_eq!(verify(&other, 60)[0].verdict, Verdict::Differs, "{}", other.system);
    }
}

#[test]
fn what_is_stopped_finds_nothing() {
    let stop = Stop::default();
    stop.set();
    assert_eq!(prices::cases()[0].verify(6, 20, &stop, &|| ()), None);
}

/// The share of reads that are stale so long after the write was acknowledged, by the WARS model
/// itself (Bailis and others 2012): the write is acknowledged by the W-th fastest of its ways to a
/// copy and back, and a read is stale if it comes to each of the R copies that answer first before
/// the write does.
fn wars(write: &Dist, other: &Dist, (acknowledge, answer): (usize, usize), after: Span) -> f64 {
    const DRAWS: u32 = 100_000;
    let mut rng = RandomStreams::new(1).stream(Purpose::Instance, 0);
    let mut stale = 0;
    for _ in 0..DRAWS {
        let mut draw = |dist: &Dist| dist.sample(&mut rng);
        let legs: Vec<[Span; 4]> =
            (0..3).map(|_| [write, other, other, other].map(&mut draw)).collect();
        let mut acknowledged: Vec<Span> = legs.iter().map(|[w, a, ..]| *w + *a).collect();
        acknowledged.sort_unstable();
        let begins = acknowledged[acknowledge - 1] + after;
        let mut answers: Vec<(Span, bool)> =
            legs.iter().map(|[w, _, r, s]| (*r + *s, begins + *r < *w)).collect();
        answers.sort_unstable();
        stale += u32::from(answers[..answer].iter().all(|(_, is_stale)| *is_stale));
    }
    f64::from(stale) / f64::from(DRAWS)
}

#[test]
fn published_quorums_are_as_stale_as_their_model() {
    let tail = |weight, least, alpha, rest, mean| {
        let least = Span::from_micros(least);
        let (pareto, mean) = (Dist::Pareto { least, alpha }, Span::from_nanos(mean));
        Dist::Mixture(vec![(weight, pareto), (rest, Dist::Exponential { mean })])
    };
    let ssd = tail(91.22, 235, 10.0, 8.78, 602_409);
    let disk = tail(38.0, 1_050, 1.51, 62.0, 5_464_481);
    let mut drawn = 0;
    for case in quorums::cases() {
        let write = match case.system {
            system if system.contains("SSDs") => &ssd,
            system if system.contains("disks") => &disk,
            _ => continue,
        };
        let size = |name: &str| {
            let (_, rest) = case.system.split_once(name).expect("its size is in its name");
            usize::from(rest.as_bytes()[0] - b'0')
        };
        for form in &case.forms {
            let later = form.quantity.contains("10 ms later");
            let after = Span::from_millis(if later { 10 } else { 0 });
            let found = wars(write, &ssd, (size("W = "), size("R = ")), after);
            let (exact, name) = (form.exact, case.system);
            assert!((found - exact).abs() < 0.006, "{name}, {}: {found}, {exact}", form.quantity);
            drawn += 1;
        }
    }
    assert_eq!(drawn, 6);
}
