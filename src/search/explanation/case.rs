//! From a case and what a check found in it to its explanation.

use super::curve::Continuation;
use super::{Explanation, Violation, explain};
use crate::checks::Verdict;
use crate::checks::properties::Finding;
use crate::experiment::run::Setup;
use crate::experiment::stop::Limits;
use crate::search::trial::{Case, Trial};

/// Explains what a check found in a run of a case. The continuations are judged by the same check.
pub fn of_case(trial: &Trial<'_>, case: &Case, finding: &Finding) -> Explanation {
    let scenario = trial.scenario();
    let known = scenario.properties.find(&finding.property);
    let violation = Violation {
        property: finding.property.clone(),
        says: known.map_or_else(String::new, |property| property.summary.into()),
        found: finding.judgement.why.to_string(),
        operations: finding.ops.clone(),
        at: finding.at,
    };
    let again = |continuation: &Continuation| {
        if trial.stop().is_set() {
            return Verdict::Undecided;
        }
        let tried = trial.run(&continued(case, continuation));
        let same = tried.findings.iter().find(|found| found.property == finding.property);
        same.map_or(Verdict::Undecided, |found| found.judgement.verdict)
    };
    let (scenario, variant) = (&*scenario.name, &*trial.variant().name.shown);
    // The run itself is recorded completely, even if a stop was requested.
    let setup = Setup { limits: Limits::default(), ..trial.setup(case) };
    explain(scenario, variant, &setup, case.seed, violation, Some(&again))
}

/// A case up to a moment: with the faults that had begun by then, and other random numbers from
/// then on.
fn continued(case: &Case, continuation: &Continuation) -> Case {
    let Continuation { kept, from, branch_seed } = continuation;
    let kept = case.faults.iter().zip(kept).filter(|(_, kept)| **kept);
    let earlier = case.branch_seeds.iter().filter(|(at, _)| at < from);
    Case {
        faults: kept.map(|(fault, _)| fault.clone()).collect(),
        branch_seeds: earlier.copied().chain([(*from, *branch_seed)]).collect(),
        ..case.clone()
    }
}
