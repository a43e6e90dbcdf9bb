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
    let alone = TEXT.replace("constant = \"100ms\"", "constant = \"29s\"");
    let report = report(&alone, "saga", 1);
    assert_eq!(count(&report, LOST_UPDATES), 0);
    assert!(count(&report, OVERSELLS) > 10);
}

#[test]
fn a_before_image_brings_back_what_was_there_whatever_is_there_by_then() {
    let image = TEXT.replace("{ set = { price = -1 } }", "\"before-image\"");
    let late = report(&image, "saga", 1);
    assert!((13..=15).contains(&count(&late, LOST_UPDATES)));
    assert_eq!(count(&late, OVERSELLS), 0, "nobody ever wrote a negative price");
    let alone = image.replace("constant = \"100ms\"", "constant = \"29s\"");
    let bound = "bound = { table = \"item\", column = \"price\", least = 0 }";
    assert!(alone.contains(bound));
    // What `change` sets is 3; each is taken back before the next one comes, and 5 is there again.
    for (least, times) in [(5, 14), (3, 0)] {
        let alone = alone.replace(bound, &bound.replace("least = 0", &format!("least = {least}")));
        let report = report(&alone, "saga", 1);
        assert_eq!((count(&report, LOST_UPDATES), count(&report, OVERSELLS)), (0, times));
        assert_eq!(report.invariants[0].at_end, 0, "it is as it was before");
    }
}
