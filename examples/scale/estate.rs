//! A large estate: as many services as one likes, each with a database and a table, and for every
//! four of them a kind of operation with four steps.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The size of an estate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Estate {
    /// The number of services.
    pub services: u64,
    /// The operations that arrive in a second, all kinds together.
    pub rate: f64,
    /// The length of the load, in seconds.
    pub load: u64,
    /// How long a message between services takes, in ms.
    pub delay: u64,
}

const BEGIN: &str = r#"
[scenario]
name = "estate"
about = "Many services that hardly know each other."
seed = 1
warm-up = "0s"
load = "LOADs"
settle = "600s"

[clients]
deadline = "300s"

[retry]
step-deadline = "300s"

[links]
default = { delay = "DELAYms" }
database = { delay = "1ms" }
client = { delay = "1ms" }

[variants.two-phase-commit]
pattern = "two-phase-commit"
[variants.background-sync]
pattern = "background-sync"
settings = { interval = "30s" }
[variants.orchestrated]
pattern = "orchestrated"
[variants.events-log-tailing]
pattern = "event-based"
settings = { publish = "log-tailing" }
"#;

/// The services, tables, operation and load of kind `@`, by sections of the scenario.
const KIND: &str = r#"
[services]
ticket-@ = SERVICE
customer-@ = SERVICE
assignment-@ = SERVICE
survey-@ = SERVICE

[databases]
ticket-db-@ = DATABASE
customer-db-@ = DATABASE
assignment-db-@ = DATABASE
survey-db-@ = DATABASE

[tables]
ticket-@ = { owner = "ticket-@", database = "ticket-db-@",
    columns = { customer = 0, status = "none" } }
customer-@ = { owner = "customer-@", database = "customer-db-@",
    columns = { open = 0 }, rows = 100000 }
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
open-@ = { operation = "open-@", poisson = RATE }
"#;

/// So many requests can be at a service at once that nothing but the network delays them.
const SERVICE: &str = "{ workers = 100000, queue = 100000, work = \"1ms\" }";
const DATABASE: &str = "{ connections = 100000, cores = 64 }";

impl Estate {
    /// The scenario: under the heading of each section, that section of every kind.
    pub fn text(&self) -> String {
        let kinds = self.services / 4;
        let delay = self.delay.to_string();
        let mut text = BEGIN.replace("LOAD", &self.load.to_string()).replace("DELAY", &delay);
        let rate = format!("{:?}", self.rate / kinds as f64);
        for section in KIND.split("\n\n") {
            let (heading, body) = section.trim().split_once('\n').expect("a heading and a body");
            write!(text, "\n{heading}\n").expect("a string takes text");
            let body = body.replace("SERVICE", SERVICE).replace("DATABASE", DATABASE);
            for kind in 0..kinds {
                text += &body.replace('@', &kind.to_string()).replace("RATE", &rate);
                text.push('\n');
            }
        }
        text
    }
}
