//! A short version of `driftlab verify-model`, and a case that is known to be wrong.

use super::*;

#[test]
fn every_closed_form_agrees_or_the_run_is_too_short_to_tell() {
    for case in cases() {
        for finding in case.verify(6, 20, &|| ()) {
            assert_ne!(finding.verdict, Verdict::Differs, "{finding:?}");
        }
    }
}

#[test]
fn a_wrong_closed_form_differs() {
    let mut case = cases().into_iter().find(|case| case.system == "M/D/1").expect("a case");
    let form = &mut case.forms[0];
    form.exact *= 1.5;
    assert_eq!(case.verify(6, 20, &|| ())[0].verdict, Verdict::Differs);
}

#[test]
fn what_no_chance_enters_is_exact() {
    for finding in prices::cases()[0].verify(6, 20, &|| ()) {
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
        assert_eq!(other.verify(6, 60, &|| ())[0].verdict, Verdict::Differs, "{}", other.system);
    }
}
