//! A large estate: as many services as one likes, each with a database and a table, and for every
//! four of them a kind of operation with four steps.

use std::fmt::Write;

use driftlab::scenario::{Registries, Scenario};

use crate::job::Cost;
use crate::model::judged;

const BEGIN: &str = r#"
[scenario]
name = "estate"
about = "Many services that hardly know each other."
seed = 1
warm-up = "0s"
load = "SECONDSs"
settle = "120s"

[variants.two-phase-commit]
pattern = "two-phase-commit"
[variants.background-sync]
pattern = "background-sync"
settings = { interval = "30s" }
[variants.orchestrated]
pattern = "orchestrated"
[variants.events-outbox]
pattern = "event-based"
settings = { publish = "outbox", poll-interval = "500ms" }
[variants.events-log-tailing]
pattern = "event-based"
settings = { publish = "log-tailing" }
"#;

/// The services, tables, operation and load of kind `@`.
const KIND: &str = r#"
[services]
ticket-@ = {}
customer-@ = {}
assignment-@ = {}
survey-@ = {}

[databases]
ticket-db-@ = {}
customer-db-@ = {}
assignment-db-@ = {}
survey-db-@ = {}

[tables]
ticket-@ = { owner = "ticket-@", database = "ticket-db-@",
    columns = { customer = 0, status = "none" } }
customer-@ = { owner = "customer-@", database = "customer-db-@",
    columns = { open = 0 }, rows = 1000 }
assignment-@ = { owner = "assignment-@", database = "assignment-db-@",
    columns = { state = "none" } }
survey-@ = { owner = "survey-@", database = "survey-db-@",
    columns = { state = "none" } }

[operations]
open-@ = { keys = { ticket = "new", customer = { rows-of = "customer-@" } }, steps = [
    { name = "create", by = "ticket-@", table = "ticket-@", key = "ticket",
      effect = { insert = { customer = "{customer}", status = "open" } } },
    { name = "count", by = "customer-@", table = "customer-@", key = "customer", after = ["create"],
      effect = { add = { open = 1 } },
      derive = { count = "ticket-@", by = "customer", to = "open", where = { status = "open" } } },
    { name = "assign", by = "assignment-@", table = "assignment-@", key = "ticket",
      after = ["create"], effect = { insert = { state = "assigned" } },
      derive = { row-per = "ticket-@", where = { status = "open" } } },
    { name = "ask", by = "survey-@", table = "survey-@", key = "ticket", after = ["create"],
      effect = { insert = { state = "sent" } },
      derive = { row-per = "ticket-@", where = { status = "open" } } },
] }

[load]
open-@ = { operation = "open-@", poisson = # }
"#;

/// Operations per second, all kinds together.
const RATE: f64 = 40.0;

/// The scenario with so many services and so long a load: under the heading of each section, that
/// section of every kind.
fn text(services: u64, seconds: u64) -> String {
    let kinds = services / 4;
    let mut text = BEGIN.replace("SECONDS", &seconds.to_string());
    for section in KIND.split("\n\n") {
        let (heading, body) = section.trim().split_once('\n').expect("a heading and a body");
        write!(text, "\n{heading}\n").expect("a string takes text");
        for kind in 0..kinds {
            let rate = format!("{:?}", RATE / kinds as f64);
            text += &body.replace('@', &kind.to_string()).replace('#', &rate);
            text.push('\n');
        }
    }
    text
}

/// One judged run of an estate.
pub fn run(variant: &str, services: u64, seconds: u64) -> Cost {
    let scenario = Scenario::from_text(&text(services, seconds), &Registries::builtin());
    judged(&scenario.unwrap_or_else(|invalid| panic!("{invalid}")), variant)
}
