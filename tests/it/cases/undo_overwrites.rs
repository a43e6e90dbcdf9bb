//! Compensations that write fixed values over newer ones.

use driftlab::checks::measures::catalogue::{BLIND_WRITES, LOST_UPDATES, OVERSELLS};

use super::{count, report};

const TEXT: &str = include_str!("undo-overwrites.toml");

#[test]
fn an_undo_that_overwrites_something_newer_is_a_lost_update() {
    for seed in 1..=3 {
        let report = report(TEXT, "saga", seed);
        let lost = count(&report, LOST_UPDATES);
        assert!((13..=15).contains(&lost), "one for each change: {lost}");
        assert_eq!(lost, count(&report, OVERSELLS), "as the bound says");
        // Some 300 times `fix` and 15 times `change`, each over what another has left.
        assert!((300..=320).contains(&count(&report, BLIND_WRITES)));
    }
}

#[test]
fn one_that_nobody_came_before_is_none() {
    let alone = TEXT.replace("constant = \"100ms\"", "constant = \"100s\"");
    let report = report(&alone, "saga", 1);
    assert_eq!(count(&report, LOST_UPDATES), 0);
    assert!(count(&report, OVERSELLS) > 10);
}
