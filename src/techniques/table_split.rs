//! # Table split
//!
//! A table that several services write becomes several tables, one for each writer, with the same
//! keys: the owner keeps what it writes, and each other service gets the columns that it alone
//! writes, in a table `TABLE@SERVICE` in its own database. A service that makes a row has it made
//! in every part, and one that deletes it has it deleted in every part: an operation that did so in
//! one step gets a step for each other part, unless the service of that part writes the row in the
//! same operation anyway. One of the patterns then keeps the parts together. A table with one
//! writer stays as it is, which is why this is the default of a variant that names no technique.
//!
//! **Gains**: every table has one writer. Services share no schema, no lock and no pool.
//!
//! **Costs**: a pattern now keeps the parts of a row consistent, and reading them takes one request
//! for each part. A rule that needs columns of two parts would have to join them; it is refused
//! with that reason.
//!
//! **Refused**: a column that two services write belongs to neither part. Then a split is no
//! answer: `delegate`, `data-domain` or `consolidation` is.
//!
//! **Fails as**: orphans (a part without its row) and half-deletes: two more invariants, at rest,
//! say that the row of each part has its row in the owner's, and the other way round. What was
//! deleted is not brought back when a later step of the same operation fails.
//!
//! **Promised** by a pattern that promises `convergence`: a part is derived from the owner's row. A
//! saga does not where a row can be removed that is still being made: the removal may find one part
//! before it is there. A comparison judges the invariants all the same; a search for failures does
//! not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;
use plan::Plan;

mod plan;
mod rows;
mod rules;

/// One table for each writer.
pub struct TableSplit;

/// The tables that are split.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The tables; by default all that more than one service writes.
    tables: Option<Vec<String>>,
}

impl Technique for TableSplit {
    const NAME: &'static str = "table-split";
    const SUMMARY: &'static str = "each writer of a table gets one with the columns that it writes";
    const MANUAL: &'static str = include_str!("table_split.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let tables = match &settings.tables {
            Some(names) => layout::some_tables(&system, names)?,
            None => layout::joint(&system),
        };
        let mut problems = Vec::new();
        for table in tables {
            let plan = match Plan::of(&mut system, table) {
                Ok(plan) => plan,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            problems.extend(rules::repoint(&mut system, &plan));
            problems.extend(rows::complete(&mut system, &plan));
            rules::belong(&mut system, &plan);
        }
        if problems.is_empty() { Ok(system) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests;
