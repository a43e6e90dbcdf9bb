//! # fencing
//!
//! Once a transaction with the token of a newer lease has committed in a database, none with an
//! older one does: a former holder of the lease that does not know of the newer one has no effect
//! any more.
//!
//! Judged by the tokens with which transactions passed the fencing checks of databases, and by
//! their commits. Undecided if no lease ever changed hands between two commits.
//!
//! Burrows, *The Chubby Lock Service for Loosely-Coupled Distributed Systems* (2006), on
//! sequencers; Kleppmann, *How to do distributed locking* (2016).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::kernel::Numbered;
use crate::model::record::{Event, Kind, Record, TxnId};
use crate::model::system::{DatabaseId, System};

/// The check that a deposed leader has no effect.
#[derive(Default)]
pub struct Fencing {
    case: Case,
    /// The token of each transaction that has passed the fencing check.
    tokens: Numbered<TxnId, u64>,
    /// The highest token that has committed, by database.
    newest: BTreeMap<DatabaseId, u64>,
}

impl Property for Fencing {
    const NAME: &'static str = "fencing";
    const SUMMARY: &'static str =
        "nothing commits under a lease that another instance has taken over";
    const MANUAL: &'static str = include_str!("fencing.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Fenced, Kind::Committed, Kind::Aborted];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        let (database, token) = match record.event {
            Event::Fenced { txn, token, .. } => {
                self.tokens.insert(txn, token);
                return;
            }
            Event::Aborted { txn, .. } => {
                self.tokens.remove(txn);
                return;
            }
            Event::Committed { database, txn } => match self.tokens.remove(txn) {
                Some(token) => (database, token),
                None => return,
            },
            _ => return,
        };
        let newest = self.newest.entry(database).or_insert(token);
        match token.cmp(newest) {
            std::cmp::Ordering::Less => {
                let newest = *newest;
                self.case.fail(record.time, record.op, || {
                    format!("a commit under lease {token} came behind one under lease {newest}")
                });
            }
            std::cmp::Ordering::Greater => {
                self.case.chance();
                *newest = token;
            }
            std::cmp::Ordering::Equal => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no lease changed hands between two commits")
    }
}
