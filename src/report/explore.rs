//! The report of an exploration: a table of points and faults, a verdict in a sentence, CSV and
//! JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::fuzz::{never_taken, taken};
use super::human;
use super::text::{Terminal, align};
use crate::checks::Verdict;
use crate::checks::census::{Census, Headline};
use crate::faults::budget::Excess;
use crate::faults::trigger::Trigger;
use crate::kernel::Span;
use crate::search::explore::{Explored, Outcome, Plan, Strike};

/// The text that a user sees after an exploration.
pub fn text(explored: &Explored, terminal: Terminal) -> String {
    let alone = 1 + explored.with(1).count();
    let mut text = if alone <= MOST_ROWS { singles(explored) } else { grouped(explored, 1) };
    if explored.depth > 1 {
        text += &format!("\n{}", grouped(explored, 2));
    }
    text += &failures(explored);
    text += "\n";
    text += &terminal.fill("  ", "    ", &sentence(explored));
    if let Some(missing) = never_taken(&explored.coverage) {
        let taken = format!("Paths taken: {}; by no plan: {missing}.", taken(&explored.coverage));
        text += &terminal.fill("  ", "    ", &taken);
    }
    text
}

/// The most rows with a plan each; more plans are grouped by faults and outcome.
const MOST_ROWS: usize = 40;

/// The most ways to fail that are listed.
const MOST_FAILURES: usize = 15;

/// Plans that fail alike: they break the same properties, by the same faults at the same points.
struct Failure<'a> {
    properties: Vec<&'a str>,
    plans: u64,
    /// The first of these plans.
    first: &'a Plan,
}

/// The ways in which plans fail, a line each: those with fewer faults first, then those of more
/// plans.
fn failures(explored: &Explored) -> String {
    let mut alike: BTreeMap<(Vec<&str>, Vec<String>), Failure<'_>> = BTreeMap::new();
    for plan in explored.broken() {
        let properties = named(explored, plan.broken());
        let faults: Vec<String> = plan.strikes.iter().map(in_words).collect();
        let failure = Failure { properties: properties.clone(), plans: 0, first: plan };
        alike.entry((properties, faults)).or_insert(failure).plans += 1;
    }
    let mut alike: Vec<((_, Vec<String>), Failure<'_>)> = alike.into_iter().collect();
    alike.sort_by_key(|((_, faults), failure)| (faults.len(), std::cmp::Reverse(failure.plans)));
    let mut text = String::new();
    for ((_, faults), failure) in alike.iter().take(MOST_FAILURES) {
        let faults = if faults.is_empty() { "no fault".to_owned() } else { faults.join("; then ") };
        let (plans, properties) = (failure.plans as usize, failure.properties.join(", "));
        let _ = writeln!(
            text,
            "VIOLATED {properties}, in {}, by {faults}\n  {}",
            human::some(plans, "plan"),
            failure.first.outcome.why
        );
    }
    if let Some(further) = alike.get(MOST_FAILURES..).filter(|further| !further.is_empty()) {
        let plans: u64 = further.iter().map(|(_, failure)| failure.plans).sum();
        let (ways, plans) =
            (human::some(further.len(), "way"), human::some(plans as usize, "plan"));
        let _ = writeln!(text, "and in {ways} more, in {plans}: a row each in the CSV");
    }
    text
}

/// A row for every plan with one fault: its point, its fault and the outcome.
fn singles(explored: &Explored) -> String {
    let mut rows = vec![["point", "fault", "outcome", "recovered after"].map(str::to_owned)];
    let mut before = String::new();
    for plan in explored.with(0).chain(explored.with(1)) {
        let (point, fault) = match plan.strikes.first() {
            Some(strike) => (strike.passed.trigger.to_string(), strike.name()),
            None => ("none".to_owned(), "none".to_owned()),
        };
        let shown = if point == before { String::new() } else { point.clone() };
        rows.push([shown, fault, outcome(&plan.outcome), recovery(plan.outcome.recovery)]);
        before = point;
    }
    align(" ", &rows, |_| false)
}

/// Plans with this many faults, grouped by faults and outcome; the CSV has all of them.
fn grouped(explored: &Explored, faults: usize) -> String {
    let mut groups: BTreeMap<(String, String), (u64, Option<Span>)> = BTreeMap::new();
    for plan in explored.with(faults) {
        let faults: Vec<&str> = plan.strikes.iter().map(|it| it.injection.name()).collect();
        let group = (faults.join(", then "), outcome(&plan.outcome));
        let (count, longest) = groups.entry(group).or_insert((0, Some(Span::ZERO)));
        *count += 1;
        // No recovery time means that a run never recovered, which is longer than any time.
        *longest = longest.and_then(|longest| Some(longest.max(plan.outcome.recovery?)));
    }
    let head = if faults == 1 { "one fault" } else { "two faults" };
    let mut rows = vec![[head, "outcome", "plans", "recovered after at most"].map(str::to_owned)];
    for ((faults, outcome), (count, longest)) in groups {
        rows.push([faults, outcome, human::count(count), recovery(longest)]);
    }
    align(" ", &rows, |_| false)
}

/// A fault and its point in words, without the operation that it is for.
fn in_words(strike: &Strike) -> String {
    let point = Trigger { of: None, nth: 1, ..strike.passed.trigger.clone() };
    format!("{} {point}", strike.name())
}

/// The outcomes of the operations, in the order of the census.
fn outcome(outcome: &Outcome) -> String {
    let kinds: Vec<(Headline, u64)> = headlines(&outcome.census).filter(|it| it.1 > 0).collect();
    let said: Vec<String> = match &kinds[..] {
        [(only, _)] => vec![only.name().into()],
        several => several.iter().map(|(it, count)| format!("{count} {}", it.name())).collect(),
    };
    let mark = match outcome.verdict() {
        Verdict::Violated => "VIOLATED: ",
        Verdict::Undecided => "undecided: ",
        Verdict::Held => "",
    };
    format!("{mark}{}", said.join(", "))
}

fn headlines(census: &Census) -> impl Iterator<Item = (Headline, u64)> {
    Headline::ALL.into_iter().map(|headline| (headline, census.of(headline)))
}

fn recovery(recovery: Option<Span>) -> String {
    recovery.map_or_else(|| "never".into(), |span| human::nanos(span.as_nanos() as f64))
}

/// The verdict, with the number of plans on which it rests. It claims no property that no plan
/// could have violated.
pub fn sentence(explored: &Explored) -> String {
    let count = |what: fn(&Plan) -> bool| explored.plans.iter().filter(|it| what(it)).count();
    let open = count(|plan| !plan.outcome.is_decided());
    let degraded = count(|plan| plan.outcome.degraded.is_some());
    let plans = human::some(explored.plans.len(), "plan");
    let mut text = format!("{} ({plans} run", verdict(explored));
    for (reason, count) in explored.reasons() {
        let _ = write!(text, ", {} pruned because {}", human::count(count), reason.why());
    }
    let _ = write!(text, ", {} left out", human::count(explored.left_out));
    if explored.is_cut_short {
        text += " and those that could have followed them";
    }
    text += ").";
    if open > 0 {
        let _ = write!(
            text,
            " {} did not settle, or their faults never began.",
            human::some(open, "plan")
        );
    }
    if degraded > 0 {
        let plans = human::some(degraded, "plan");
        let _ = write!(text, " {plans} exceeded the budget of faults and count as degraded.");
    }
    let held: Vec<String> = explored.unbroken().map(|property| format!("`{property}`")).collect();
    if !held.is_empty() && !explored.is_complete() {
        let _ = write!(text, " Held in every plan that was run: {}.", held.join(", "));
    } else if !held.is_empty() && held.len() < explored.properties.len() {
        let _ = write!(text, " What held: {}.", held.join(", "));
    }
    let idle: Vec<String> = explored.idle().map(|property| format!("`{property}`")).collect();
    if !idle.is_empty() {
        let _ = write!(text, " Never had a chance to fail, so undecided: {}.", idle.join(", "));
    }
    text
}

/// The numbers of properties that held, were violated or are undecided, and the plans to which that
/// applies.
fn verdict(explored: &Explored) -> String {
    let most = match explored.depth {
        1 => "one fault",
        _ => "two faults",
    };
    let of = |verdict| explored.standings().filter(|(_, standing)| *standing == verdict).count();
    let (violated, held, open) = (of(Verdict::Violated), of(Verdict::Held), of(Verdict::Undecided));
    let all = explored.properties.len();
    match (violated, held, open) {
        _ if all == 0 => "Undecided: the pattern guarantees nothing".to_owned(),
        (0, 0, _) => format!("Undecided: no plan that was run breaks this, at most {most}"),
        (0, _, 0) => format!("Held: {all} of {all}. No plan with at most {most} breaks this"),
        (0, ..) => format!(
            "Held: {held} of {all}, undecided: {open}. No plan with at most {most} breaks what \
             held"
        ),
        _ => {
            let broken = human::some(explored.broken().count(), "plan");
            format!("VIOLATED: {violated} of {all}, by {broken} with at most {most}")
        }
    }
}

/// A CSV table of every plan that was run, a row each.
pub fn csv(explored: &Explored) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head =
        ["first_fault", "first_point", "second_fault", "second_point"].map(str::to_owned).to_vec();
    head.extend(["verdict", "degraded", "broken", "undecided"].map(str::to_owned));
    head.push("recovery_ns".into());
    head.extend(Headline::ALL.map(|headline| headline.name().replace(' ', "_")));
    // Writing to memory does not fail.
    let _ = writer.write_record(&head);
    for plan in &explored.plans {
        let mut row = Vec::with_capacity(head.len());
        for at in 0..2 {
            let strike = plan.strikes.get(at);
            row.push(strike.map_or_else(String::new, |it| it.name()));
            row.push(strike.map_or_else(String::new, |it| it.passed.trigger.toml()));
        }
        row.push(plan.outcome.verdict().name().into());
        row.push(plan.outcome.degraded.as_ref().map_or_else(String::new, Excess::to_string));
        row.push(named(explored, plan.broken()).join("; "));
        row.push(named(explored, plan.with(Verdict::Undecided)).join("; "));
        let recovery = plan.outcome.recovery;
        row.push(recovery.map_or_else(|| "never".into(), |span| span.as_nanos().to_string()));
        row.extend(headlines(&plan.outcome.census).map(|(_, count)| count.to_string()));
        let _ = writer.write_record(&row);
    }
    writer.into_inner().unwrap_or_default()
}

/// The names of properties.
fn named(explored: &Explored, properties: impl Iterator<Item = usize>) -> Vec<&str> {
    properties.map(|at| &*explored.properties[at]).collect()
}

/// The whole exploration as JSON.
pub fn json(explored: &Explored) -> Vec<u8> {
    let pruned: BTreeMap<&str, u64> =
        explored.reasons().map(|(reason, count)| (reason.name(), count)).collect();
    let operations: Vec<String> = explored.operations.iter().map(ToString::to_string).collect();
    let standings = explored.standings();
    let properties: Vec<Value> = standings
        .map(|(name, standing)| json!({ "name": name, "verdict": standing.name() }))
        .collect();
    let plans: Vec<Value> = explored.plans.iter().map(|plan| row(explored, plan)).collect();
    let whole = json!({
        "scenario": explored.scenario,
        "variant": explored.variant,
        "seed": explored.seed,
        "faults": explored.depth,
        "operations": operations,
        "points": explored.points,
        "properties": properties,
        "verdict": explored.verdict().name(),
        "run": explored.plans.len(),
        "pruned": pruned,
        "paths": {
            "taken": explored.coverage.named.intersection(&explored.coverage.taken).count(),
            "never": explored.coverage.missing().map(|path| path.to_string()).collect::<Vec<_>>(),
        },
        "left-out": explored.left_out,
        "interrupted": explored.interrupted,
        "plans": plans,
    });
    format!("{whole:#}\n").into_bytes()
}

fn row(explored: &Explored, plan: &Plan) -> Value {
    let faults: Vec<Value> = plan
        .strikes
        .iter()
        .map(|it| json!({ "fault": it.name(), "on": it.passed.trigger }))
        .collect();
    let seen = headlines(&plan.outcome.census).filter(|(_, count)| *count > 0);
    let census: BTreeMap<&str, u64> = seen.map(|(it, count)| (it.name(), count)).collect();
    json!({
        "faults": faults,
        "verdict": plan.outcome.verdict().name(),
        "degraded": plan.outcome.degraded.as_ref().map(Excess::to_string),
        "broken": named(explored, plan.broken()),
        "undecided": named(explored, plan.with(Verdict::Undecided)),
        "why": plan.outcome.why,
        "census": census,
        "recovery-ns": plan.outcome.recovery.map(Span::as_nanos),
    })
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::model::contract::{Allowance, Budget, Promises};
    use crate::search::explore::{Exploration, PruneReason};
    use crate::search::trial::Trial;
    use crate::tests::runs::scenario;

    /// One order and every plan with one or two faults, as far as the cap allows, before these
    /// promises and this budget.
    fn explored(
        variant: &str,
        promised: (&[&'static str], Budget),
        (cap, depth): (Option<u64>, u8),
    ) -> Explored {
        let text = include_str!("../../tests/scenarios/explored.toml");
        let scenario = scenario(text);
        let variant = scenario.variant(variant).expect("a variant of this name");
        let (guarantees, budget) = (promised.0.to_vec(), promised.1);
        let promises = Promises { guarantees, budget, within: None };
        let trial = Trial::new(&scenario, variant).promising(promises);
        let operations = trial.offers(1, 1);
        let outage = scenario.explore.outage;
        let exploration = Exploration { trial, seed: 1, operations, depth, outage, cap };
        exploration.run(&())
    }

    const WHOLE: &[&str] = &["all-or-nothing"];

    /// Nothing is in the budget.
    fn nothing() -> Budget {
        Budget::default()
    }

    /// Any one fault is.
    fn anything() -> Budget {
        let kinds = ["crash", "partition", "lose-message", "duplicate-message", "delay-message"];
        Budget(kinds.map(|kind| Allowance::new(kind, 1, Span::from_secs(3_600))).to_vec())
    }

    fn parsed(explored: &Explored) -> Value {
        serde_json::from_slice(&json(explored)).expect("JSON")
    }

    #[test]
    fn every_plan_has_a_row_in_every_format() {
        let explored = explored("dual-write", (WHOLE, nothing()), (Some(80), 2));
        let plans = explored.plans.len();
        assert!(plans > 50 && explored.with(2).count() > 0);
        let rows = String::from_utf8(csv(&explored)).expect("Unicode");
        assert_eq!(rows.lines().count(), plans + 1);
        let first = rows.lines().nth(1).expect("the run without faults");
        assert_eq!(first, ",,,,held,,,,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0");
        let whole = parsed(&explored);
        assert_eq!(whole["run"], plans);
        assert_eq!(whole["plans"].as_array().map(Vec::len), Some(plans));
        assert_eq!(whole["pruned"]["other-order"], explored.pruned_pairs[&PruneReason::OtherOrder]);
        let text = text(&explored, Terminal::default());
        assert!(text.contains(" two faults "), "{text}");
    }

    #[test]
    fn the_verdict_names_what_it_rests_on() {
        let explored = explored("dual-write", (WHOLE, nothing()), (Some(10), 1));
        let said = sentence(&explored);
        assert!(said.starts_with("Undecided: no plan that was run breaks this, at most one"));
        assert!(said.contains("(11 plans run, "), "{said}");
        assert!(said.contains("pruned because nothing happened since an earlier point"), "{said}");
        assert!(said.contains("10 plans exceeded the budget of faults"), "{said}");
    }

    /// No row of this shop is ever deleted, so nothing could have come back.
    #[test]
    fn what_nothing_put_to_the_test_is_not_claimed() {
        let both = ["all-or-nothing", "no-resurrection"];
        let explored = explored("two-phase-commit", (&both, anything()), (None, 1));
        assert!(explored.is_complete() && explored.plans.len() > 100);
        assert_eq!(explored.verdict(), Verdict::Undecided);
        let said = sentence(&explored);
        let claim = "Held: 1 of 2, undecided: 1. No plan with at most one fault breaks what held";
        assert!(said.starts_with(claim), "{said}");
        assert!(said.contains("Never had a chance to fail, so undecided: `no-resurrection`."));
        let whole = parsed(&explored);
        let standings = json!([
            { "name": "all-or-nothing", "verdict": "held" },
            { "name": "no-resurrection", "verdict": "undecided" },
        ]);
        assert_eq!((&whole["verdict"], &whole["properties"]), (&json!("undecided"), &standings));
        assert_eq!(whole["plans"][0]["undecided"], json!(["no-resurrection"]));
        let rows = String::from_utf8(csv(&explored)).expect("Unicode");
        let first = rows.lines().nth(1).expect("the run without faults");
        assert!(first.starts_with(",,,,held,,,no-resurrection,0,"), "{first}");
    }

    /// A property that had its chance is claimed without reserve; runs beyond the budget give none.
    #[test]
    fn only_runs_within_the_budget_put_anything_to_the_test() {
        let whole = explored("two-phase-commit", (WHOLE, anything()), (None, 1));
        assert_eq!(whole.verdict(), Verdict::Held);
        let said = sentence(&whole);
        assert!(said.starts_with("Held: 1 of 1. No plan with at most one fault breaks this ("));
        let resumes = |budget| {
            let guarantees: &[&'static str] = &["resumes-after-restart"];
            explored("two-phase-commit", (guarantees, budget), (None, 1))
        };
        let idle = resumes(nothing());
        assert_eq!(idle.verdict(), Verdict::Undecided, "only crashes make anybody restart");
        assert_eq!(idle.idle().collect::<Vec<_>>(), ["resumes-after-restart"]);
        assert_eq!(resumes(anything()).verdict(), Verdict::Held);
    }

    #[test]
    fn plans_that_fail_alike_are_one_line() {
        let broken = explored("dual-write", (WHOLE, anything()), (Some(400), 2));
        let plans = broken.broken().count();
        let told = failures(&broken);
        let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("VIOLATED ")).collect();
        assert!(lines.len() <= MOST_FAILURES && lines.len() < plans, "{plans} plans\n{told}");
        assert!(
            lines[0].contains("all-or-nothing, in ") && !lines[0].contains("; then "),
            "{told}"
        );
        let count = |line: &str| -> usize {
            let number = line.split(", in ").nth(1).and_then(|rest| rest.split(' ').next());
            let number = number.unwrap_or("");
            number.replace(',', "").parse().unwrap_or_else(|_| panic!("a number in {line}"))
        };
        let further = told.lines().filter(|line| line.starts_with("and in "));
        let all: usize = lines.iter().copied().chain(further).map(count).sum();
        assert_eq!(all, plans, "every plan is in one of them\n{told}");
        let held = explored("two-phase-commit", (WHOLE, anything()), (Some(10), 1));
        assert!(sentence(&held).contains("Held in every plan that was run: `all-or-nothing`."));
    }

    #[test]
    fn a_violation_says_of_how_many_properties_by_how_many_plans() {
        let broken = explored("dual-write", (WHOLE, anything()), (None, 1));
        let said = sentence(&broken);
        assert!(said.starts_with("VIOLATED: 1 of 1, by 5 plans with at most one fault ("));
        assert_eq!(parsed(&broken)["properties"][0]["verdict"], "violated");
    }
}
