//! # lease-tokens-grow
//!
//! Every grant of a lease has a higher fencing token than all grants before it, also after a
//! restart of the store that grants it.
//!
//! Judged by the grants. Undecided if no lease was granted twice.
//!
//! Burrows, *The Chubby Lock Service for Loosely-Coupled Distributed Systems* (2006).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, LabelId, OpId, Record};
use crate::model::system::System;

/// The check that tokens grow.
#[derive(Default)]
pub struct LeaseTokensGrow {
    case: Case,
    /// The highest token of each lease.
    highest: BTreeMap<LabelId, u64>,
}

impl Property for LeaseTokensGrow {
    const NAME: &'static str = "lease-tokens-grow";
    const SUMMARY: &'static str = "each grant of a lease has a higher token than those before";
    const MANUAL: &'static str = include_str!("lease_tokens_grow.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Leased];
    const OF_PARTS: Option<super::Applies> = Some(super::with_leases);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let Event::Leased { label, token, .. } = record.event else { return };
        let Some(before) = self.highest.insert(label, token) else { return };
        if token > before {
            self.case.chance();
        } else {
            self.highest.insert(label, before);
            self.case.fail(record.time, OpId::NONE, || {
                format!("a lease was granted with token {token} behind token {before}")
            });
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no lease was granted twice")
    }
}
