//! Data that one service writes and others look up: asked for, copied, or read where they are.

use driftlab::kernel::Span;
use driftlab::model::record::Answer;

use super::coupling;
use crate::whole::{RecordedRun, scenario, tell, variant};

/// A shop looks up the code of a place for each order. Messages between services take a
/// millisecond, and each service is down now and then.
const ORDERS: &str = r#"
    [scenario]
    name = "orders"
    warm-up = "1s"
    load = "71s"
    settle = "30s"

    [clients]
    deadline = "400ms"

    [retry]
    attempts = 1
    step-deadline = "300ms"

    [services]
    shop = { work = "0ns", recovery = "0s" }
    codes = { work = "0ns", recovery = "0s" }

    [databases]
    shop-db = { work = "0ns", force = "0ns" }
    codes-db = { work = "0ns", force = "0ns" }

    [links]
    default = { delay = "1ms" }
    database = { delay = "100us" }
    client = { delay = "0ns" }

    [tables]
    order = { owner = "shop", database = "shop-db", columns = { state = 0 } }
    code = { owner = "codes", database = "codes-db", columns = { place = 0 }, rows = 100 }

    [operations.order]
    keys = { order = "new", code = { rows-of = "code" } }
    steps = [
        { name = "order", by = "shop", table = "order", key = "order",
          effect = { insert = { state = 1 } }, lookup = { table = "code", key = "code" } },
    ]

    [load.orders] # in the middle of seconds
    operation = "order"
    constant = "1s"
    from = "500ms"

    [variants.reference-service]
    technique = "reference-service"
    pattern = "local-transaction"

    [variants.replicate]
    technique = { name = "replicate", tables = ["code"], feed = "events" }
    pattern = "local-transaction"

    [variants.shared-schema]
    technique = { name = "shared-schema", tables = ["code"] }
    pattern = "local-transaction"
"#;

/// One second without a service every so often, 70 s long.
fn outages(service: &str, every: usize) -> String {
    let fault = |at| {
        format!("[[faults]]\nkind = 'crash'\nat = '{at}s'\nfor = '1s'\ntarget = '{service}'\n")
    };
    (every..=70).step_by(every).map(fault).collect()
}

/// How many orders were done, and how long each of them took.
fn done(told: &RecordedRun) -> (usize, Span) {
    let rows = told.report.operations.iter().filter(|row| row.measured);
    assert_eq!(rows.clone().count(), 70);
    let done = rows.filter(|row| row.answer == Answer::Done);
    let mut took: Vec<Span> = done.map(|row| row.answered_after.expect("an answer")).collect();
    let count = took.len();
    took.dedup();
    assert_eq!(took.len(), 1, "all of them alike: {took:?}");
    (count, took[0])
}

#[test]
fn a_reference_service_costs_a_hop_and_its_availability_a_copy_and_a_shared_schema_neither() {
    let scenario = scenario(&format!("{ORDERS}{}{}", outages("shop", 10), outages("codes", 7)));
    let run = |name: &str| done(&tell(&scenario, variant(&scenario, name), 1));
    let (asked, took) = run("reference-service");
    let (copied, copy_took) = run("replicate");
    let (read, read_took) = run("shared-schema");
    assert_eq!([asked, copied, read], [9 * 6, 9 * 7, 9 * 7], "a_self a_codes, or a_self");
    // There and back; the query is the same, wherever it is made.
    assert_eq!((took, copy_took), (read_took + Span::from_millis(2), read_took));
    // Who breaks with the schema of a code: feeds translate, and a shared schema is shared.
    let broken = ["reference-service", "replicate", "shared-schema"].map(|name| {
        let coupling = coupling(variant(&scenario, name));
        coupling.tables[1].schema_users.len()
    });
    assert_eq!(broken, [1, 1, 2]);
}
