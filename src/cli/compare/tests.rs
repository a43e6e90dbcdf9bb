//! Tests of the exit code of a comparison.

use super::*;
use crate::checks::Verdict::{Held, Violated};
use crate::experiment::result::CheckKind;
use crate::tests::runs::scenario;
use crate::tests::shop::{BROKER_AWAY, SHOP};

fn compare(more: &str) -> Comparison {
    Study::of(&scenario(&format!("{SHOP}{more}")), [1]).compare().expect("two variants")
}

/// The exit code is that of the claims: an invariant that fails as meant is one that holds.
#[test]
fn an_invariant_that_is_meant_to_fail_has_to() {
    let invariant = |meant: &str| {
        format!(
            "{BROKER_AWAY}
            [[invariants]]
            name = 'every order is taken from stock'
            count-equal = {{ table = 'product', column = 'sold', of = 'order', by = 'product' }}
            meant-to-fail = {meant}"
        )
    };
    let found = |comparison: &Comparison| -> Vec<(String, &'static str, Verdict)> {
        let all = comparison.checks.iter().filter(|it| it.kind == CheckKind::Invariant);
        all.map(|it| (it.variant.clone(), it.words(), it.claim())).collect()
    };
    let named = |saga: (&'static str, Verdict), dual: (&'static str, Verdict)| {
        [("saga".to_owned(), saga.0, saga.1), ("dual-write".to_owned(), dual.0, dual.1)]
    };
    let plain = compare(&invariant("false"));
    assert_eq!(found(&plain), named(("held", Held), ("violated", Violated)));
    assert_eq!(verdict(&plain), Exit::Violated);
    let meant = compare(&invariant("['dual-write']"));
    assert_eq!(found(&meant), named(("held", Held), ("fails, as meant", Held)));
    assert_eq!(verdict(&meant), Exit::Held);
    let everywhere = compare(&invariant("true"));
    let surprise = ("held, but meant to fail", Violated);
    assert_eq!(found(&everywhere), named(surprise, ("fails, as meant", Held)));
    assert_eq!(verdict(&everywhere), Exit::Violated);
    let shown = report::terminal::render(&meant, Default::default(), true);
    assert!(shown.contains("fails, as meant"), "{shown}");
    let json = String::from_utf8(report::json::summary(&meant)).expect("text");
    assert!(json.contains("\"fails, as meant\""));
}
