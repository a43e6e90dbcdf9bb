//! A synchronization job takes back in one run all that it cannot carry on, so that nothing only
//! waits when a run of the shop ends.

use driftlab::checks::census::Headline;
use driftlab::kernel::{Span, Time};
use driftlab::scenario::Scenario;

use crate::whole::{scenario, tell, text, variant};

/// The shop that ships, with stock that runs out, and with or without its faults.
fn shop(faults: bool, settle: &str) -> Scenario {
    let text = text("order-payment-inventory.toml").replace("settle = \"120s\"\n", settle);
    let end = text.find("[[faults]]").expect("it has faults");
    scenario(if faults { &text } else { &text[..end] })
}

#[test]
fn without_faults_all_that_is_refused_is_taken_back_in_the_run_that_finds_it() {
    let shop = shop(false, "settle = \"900s\"\n");
    let told = tell(&shop, variant(&shop, "background-sync"), 1);
    let census = &told.report.census;
    assert!(census.of(Headline::Withdrawn) > 300, "the stock runs out: {census:?}");
    assert_eq!((census.of(Headline::Lost), census.of(Headline::Stranded)), (0, 0));
    // One run finds an order refused; what else the job has carried on of it goes with the next.
    let last = told.report.operations.iter().filter_map(|row| row.last_partial).max();
    let bound = Time::ZERO + Span::from_secs(180) + Span::from_secs(2 * 30 + 10);
    assert!(last < Some(bound), "{last:?} is behind {bound}");
}

#[test]
fn with_its_faults_the_shop_settles_in_the_time_that_is_computed() {
    for settle in ["settle = \"120s\"\n", ""] {
        let shop = shop(true, settle);
        let report = tell(&shop, variant(&shop, "background-sync"), 1).report;
        assert!(report.settled, "{settle}");
        let stuck = [Headline::Lost, Headline::Stranded].map(|it| report.census.of(it));
        assert_eq!(stuck, [0, 0], "{settle}");
    }
}
