//! Small systems whose right result is known, from outside.

mod instances;
mod reads_cost;
