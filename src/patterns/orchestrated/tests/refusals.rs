//! Refusals, compensation and the pivot.

use super::*;
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::INTERVENTIONS;

#[test]
fn a_refusal_at_step_k_compensates_what_came_before_in_reverse() {
    for k in 1..=4 {
        let told = Chain::of(4).refused_at(k).run();
        let headline = if k == 1 { Headline::Refused } else { Headline::Compensated };
        let state = if k == 1 { State::None } else { State::Reversed };
        assert_eq!(fate(&told.report), (headline, state, Answer::RefusedByRule));
        let before = k as u8 - 1;
        let forward = (1..=before).map(|step| (step, FORWARD));
        let back = (1..=before).rev().map(|step| (step, BACK));
        assert_eq!(shown(&told), forward.chain(back).collect::<Vec<_>>());
        assert_eq!(sent(&told, "apply"), 2 * k);
        assert_eq!(sent(&told, "compensate"), 2 * (k - 1));
        // Began, what was applied, failed, what was undone; and one commit for each of the two.
        assert_eq!(told.logged("workflow", true), 2 + 2 * (k - 1));
        assert_eq!(told.count(Kind::Forced), 2 + 4 * (k - 1));
    }
}

#[test]
fn a_step_that_only_reads_is_not_compensated() {
    let text = Chain::of(3).refused_at(3).text();
    let second = "table = 't2'\nkey = 'row'\neffect = { add = { count = 1 } }";
    let text = text.replace(second, "table = 't2'\nkey = 'row'\neffect = 'none'");
    let told = record_text(&text, "it", 1);
    assert_eq!(fate(&told.report), (Headline::Compensated, State::Reversed, Answer::RefusedByRule));
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK)]);
    assert_eq!(sent(&told, "compensate"), 2, "one request and its reply, to the first service");
    // Began, two were applied, failed, one was undone.
    assert_eq!(told.logged("workflow", true), 5);
}

#[test]
fn a_refusal_in_parallel_compensates_its_siblings_too() {
    let chain = Chain { fan_out: true, ..Chain::of(4).refused_at(3).with("parallel = true") };
    let told = chain.run();
    assert_eq!(fate(&told.report), (Headline::Compensated, State::Reversed, Answer::RefusedByRule));
    let forward = [(1, FORWARD), (2, FORWARD), (4, FORWARD)];
    let back = [(4, BACK), (2, BACK), (1, BACK)];
    assert_eq!(shown(&told), [forward, back].concat());
}

#[test]
fn compensations_are_as_many_as_chance_says() {
    let refusals = vec![0.05; 3];
    let load = "poisson = 100.0\nuntil = '40s'";
    let told = Chain { refusals, load, ..Chain::of(3) }.run();
    let operations = told.report.operations.len();
    assert!(operations > 3_800, "{operations}");
    let mut undone = vec![0.0_f64; operations];
    let undo = pick!(record: Event::Shown { direction: Direction::Undo, .. } => record.op);
    for op in told.pick(undo) {
        undone[op.0 as usize] += 1.0;
    }
    let n = operations as f64;
    let mean = undone.iter().sum::<f64>() / n;
    let variance = undone.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let half_width = 2.576 * (variance / n).sqrt();
    // s (1 - N s^(N-1) + (N-1) s^N) / (1 - s) for s = 0.95 and N = 3.
    assert!((mean - 0.137_75).abs() < half_width, "{mean} +- {half_width}");
    let done = told.report.operations.iter().filter(|row| row.answer == Answer::Done).count();
    let share = done as f64 / n;
    let half_width = 2.576 * (0.857_375_f64 * 0.142_625 / n).sqrt();
    assert!((share - 0.857_375).abs() < half_width, "{share} +- {half_width}");
    let wrong = told.report.census.wrong();
    assert_eq!(wrong, 0);
}

#[test]
fn a_compensation_that_fails_is_retried_until_it_is_done() {
    let told = Chain::of(3).refused_at(3).crash("s1", "10025ms", "20s").run();
    assert_eq!(
        shown(&told),
        [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)],
        "the first service was down while it was to be taken back"
    );
    assert_eq!(fate(&told.report).0, Headline::Compensated);
    let retried = told.all(Kind::Retried).filter(|r| told.is_about(r, "compensation"));
    assert!(retried.count() >= 5);
    assert_eq!(told.count(Kind::Intervention), 0);
}

#[test]
fn with_a_limit_a_failed_compensation_ends_at_a_human_and_nobody_is_told_it_was_undone() {
    let chain = Chain::of(3).refused_at(3).with("compensation-attempts = 2");
    let told = chain.crash("s1", "10025ms", "20s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (2, BACK)]);
    assert_eq!(fate(&told.report), (Headline::Mixed, State::Partial, Answer::Unknown));
    assert_eq!(told.count(Kind::Intervention), 1);
    let asked = told.report.measures.number(INTERVENTIONS);
    assert_eq!(asked, Quantity::total(1_u64));
}

#[test]
fn a_refusal_of_the_pivot_takes_back_what_came_before_it() {
    let told = Chain::of(3).refused_at(2).with("pivot = 's2'").run();
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK)]);
    assert_eq!(fate(&told.report).2, Answer::RefusedByRule);
}

#[test]
fn behind_the_pivot_nothing_is_taken_back() {
    // Down for longer than the three attempts last.
    let down = Chain::of(3).with("pivot = 's2'").crash("s3", "9s", "20s");
    let told = down.run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    assert_eq!(sent(&told, "compensate"), 0);
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Unknown));
    // The same without a pivot.
    let told = Chain::of(3).crash("s3", "9s", "20s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)]);
    assert_eq!(fate(&told.report).2, Answer::TechnicalNo);
}

#[test]
fn a_refusal_behind_the_pivot_is_left_to_a_human() {
    let told = Chain::of(3).refused_at(3).with("pivot = 's2'").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD)]);
    assert_eq!(sent(&told, "compensate"), 0);
    assert_eq!(told.count(Kind::Intervention), 1);
    assert_eq!(fate(&told.report), (Headline::Mixed, State::Partial, Answer::Unknown));
}

#[test]
fn in_parallel_the_pivot_waits_for_what_is_in_front_of_it() {
    let chain = Chain { fan_out: true, ..Chain::of(4).with("pivot = 's3', parallel = true") };
    let told = chain.crash("s2", "9s", "20s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK)], "the pivot and what is behind never ran");
}
