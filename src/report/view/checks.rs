//! The checks as a matrix: a row for each variant, a column for each check, failing ones first.

use super::{Cell, Table, nothing};
use crate::checks::Verdict;
use crate::experiment::result::{CheckResult, Comparison, PROMISES};

/// The matrix of the checks; none if nothing was checked.
pub fn checks(comparison: &Comparison) -> Option<Table> {
    let short = comparison.checks_in_short();
    let mut names: Vec<&str> = Vec::new();
    for check in &short {
        if !names.contains(&&*check.name) {
            names.push(&check.name);
        }
    }
    let urgency = |name: &str| {
        let claims = short.iter().filter(|check| check.name == name).map(CheckResult::claim);
        claims.map(|claim| ORDER.iter().position(|it| *it == claim)).min().flatten()
    };
    names.sort_by_key(|name| urgency(name)); // A stable sort: else in the order of the scenario.
    let rows = comparison.variants.iter().map(|variant| {
        let own = |name: &&str| {
            let found = short.iter().find(|it| it.variant == variant.name && it.name == **name);
            found.map_or_else(nothing, |check| cell(check, comparison.seeds.len()))
        };
        (variant.name.clone(), names.iter().map(own).collect())
    });
    (!names.is_empty()).then(|| Table {
        title: "Checks".into(),
        note: "Held: it could have failed and did not. Undecided: nothing can be said.".into(),
        heads: ["variant"].iter().chain(&names).map(|head| (*head).to_owned()).collect(),
        rows: rows.collect(),
    })
}

/// The checks that do not hold, failing ones first, and why: (the verdict, the variant and the
/// check with the reason).
pub fn failed(comparison: &Comparison) -> Vec<CheckResult> {
    let mut failed = comparison.checks_in_short();
    failed.retain(|check| check.claim() != Verdict::Held && check.name != PROMISES);
    failed.sort_by_key(|check| ORDER.iter().position(|it| *it == check.claim()));
    failed
}

/// The verdicts in the order in which a reader has to know of them.
const ORDER: [Verdict; 3] = [Verdict::Violated, Verdict::Undecided, Verdict::Held];

fn cell(check: &CheckResult, seeds: usize) -> Cell {
    let note = match check.in_seeds {
        _ if check.name == PROMISES => check.why.clone(),
        Some(some) if check.verdict != Verdict::Held && seeds > 1 => {
            format!("in {some} of {seeds} seeds")
        }
        _ => String::new(),
    };
    let bad = check.claim() == Verdict::Violated;
    Cell { main: check.words().into(), note, bad, best: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    #[test]
    fn failing_checks_come_first_with_their_seeds() {
        let mut comparison = comparison::comparison(10);
        let mut late = comparison.checks[1].clone();
        late.name = "no ticket without a customer".into();
        comparison.checks[1].verdict = Verdict::Held;
        comparison.checks.push(late);
        let table = checks(&comparison).unwrap();
        let heads: Vec<&str> = table.heads.iter().map(String::as_str).collect();
        let wanted = [
            "variant",
            "no ticket without a customer",
            "no stranded operation",
            "every ticket is counted exactly once",
        ];
        assert_eq!(heads, wanted);
        let of = |variant: &str| &table.rows.iter().find(|(name, _)| name == variant).unwrap().1;
        let cell = &of("sync-30s")[0];
        assert_eq!((&*cell.main, &*cell.note, cell.bad), ("violated", "in 1 of 10 seeds", true));
        assert_eq!(of("two-phase-commit")[0], nothing());
        let failed = failed(&comparison);
        assert_eq!(failed.len(), 2);
        assert_eq!(failed[0].claim(), Verdict::Violated);
    }

    #[test]
    fn what_is_meant_to_fail_and_does_is_no_alarm() {
        let mut comparison = comparison::comparison(10);
        comparison.checks[1].meant_to_fail = true;
        let table = checks(&comparison).unwrap();
        let cell = &table.rows[1].1[1];
        assert_eq!((&*cell.main, cell.bad), ("fails, as meant", false));
        assert!(failed(&comparison).iter().all(|check| check.claim() != Verdict::Violated));
    }
}
