//! The exports that driftlab brings. A new export needs a file and a line here.

use super::chart::{Bitmaps, Vectors};
use super::csv::coupling::CouplingTable;
use super::csv::faults::FaultsTable;
use super::csv::forms::FormsTable;
use super::csv::operations::OperationsTable;
use super::csv::runs::RunsTable;
use super::csv::summary::SummaryTable;
use super::export::Exports;
use super::html::Page;
use super::inputs::Scenario;
use super::json::Json;
use super::kept::Runs;
use super::readme::Readme;

impl Exports {
    /// All exports that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<Readme>()
            .with::<Scenario>()
            .with::<Page>()
            .with::<Vectors>()
            .with::<Bitmaps>()
            .with::<SummaryTable>()
            .with::<RunsTable>()
            .with::<FaultsTable>()
            .with::<FormsTable>()
            .with::<CouplingTable>()
            .with::<OperationsTable>()
            .with::<Json>()
            .with::<Runs>()
    }
}
