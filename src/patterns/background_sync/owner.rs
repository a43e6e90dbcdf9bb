//! The API that the owner of a table offers to the job: reads of what changed, and writes of
//! corrections. One local transaction serves each request.

use crate::kernel::Time;
use crate::model::database::{
    Aggregate, DbError, Delta, Derived, Group, Policy, RowVersion, Txn, Version,
};
use crate::model::path::paths;
use crate::model::process::ProcessCtx;
use crate::model::system::{Columns, RowKey, TableId};

/// A correction of one row.
#[derive(Clone, Debug)]
pub(super) struct Correction {
    pub key: RowKey,
    pub change: Change,
}

/// A write of the job.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Cells(Vec<(u8, Derived)>, Policy),
    Deltas(Vec<(u8, Delta)>),
}

paths! {
    /// The outcome of a correction.
    pub(super) enum Corrected {
        Done = "the job corrects a row",
        /// Another transaction wrote the row meanwhile.
        Conflict = "a transaction writes a row while the job corrects it",
        /// A business rule refused the correction.
        Refused = "a rule refuses a correction",
    }
}

/// The columns of a table that a derivation names; it knows no others.
pub(super) type Known = (TableId, Columns);

async fn begin(here: &ProcessCtx, (table, columns): Known) -> Result<Txn, DbError> {
    let owner = here.system().owner(table, here.now());
    let mut txn = here.database(table).begin(*here.ctx(), here.node(), owner, false).await?;
    txn.rely_on(columns);
    Ok(txn)
}

/// Rows written since a time, oldest first.
pub(super) async fn changed(
    here: ProcessCtx,
    known: Known,
    since: Time,
    limit: usize,
) -> Result<Vec<RowVersion>, DbError> {
    let mut txn = begin(&here, known).await?;
    let rows = txn.changed(known.0, since, limit).await?;
    txn.rollback().await;
    Ok(rows)
}

/// The next rows in the order of keys.
pub(super) async fn scan(
    here: ProcessCtx,
    known: Known,
    after: Option<RowKey>,
    limit: usize,
) -> Result<Vec<RowVersion>, DbError> {
    let mut txn = begin(&here, known).await?;
    let rows = txn.scan(known.0, after, limit).await?;
    txn.rollback().await;
    Ok(rows)
}

/// The rows with these keys, whether they exist or not.
pub(super) async fn rows(
    here: ProcessCtx,
    known: Known,
    keys: Vec<RowKey>,
) -> Result<Vec<RowVersion>, DbError> {
    let mut txn = begin(&here, known).await?;
    let rows = txn.read_many(known.0, keys).await?;
    txn.rollback().await;
    Ok(rows)
}

/// For each key, the rows that are summed for it.
pub(super) async fn groups(
    here: ProcessCtx,
    known: Known,
    how: Aggregate,
    keys: Vec<RowKey>,
) -> Result<Vec<Group>, DbError> {
    let mut txn = begin(&here, known).await?;
    let values = keys.into_iter().map(|key| key.0 as i64).collect();
    let groups = txn.groups(known.0, how, values).await?;
    txn.rollback().await;
    Ok(groups)
}

/// Writes corrections in one transaction. Corrections that are refused or outdated are left out.
pub(super) async fn correct(
    here: ProcessCtx,
    table: TableId,
    corrections: Vec<Correction>,
) -> Result<Vec<Corrected>, DbError> {
    let mut txn = begin(&here, (table, Columns::NONE)).await?;
    let mut outcomes = Vec::with_capacity(corrections.len());
    for Correction { key, change } in corrections {
        let written = match change {
            Change::Cells(cells, policy) => txn.write_versions(table, key, cells, policy).await,
            Change::Deltas(deltas) => txn.write_deltas(table, key, deltas).await,
        };
        outcomes.push(match written {
            Ok(()) => Corrected::Done,
            Err(DbError::Conflict) => Corrected::Conflict,
            Err(DbError::Refused) => Corrected::Refused,
            Err(error) => return Err(error),
        });
    }
    txn.commit().await?;
    Ok(outcomes)
}

/// The versions that the owner of a cell would refuse if they were applied one after the other
/// until the cell holds a value.
pub(super) async fn vet(
    here: ProcessCtx,
    table: TableId,
    key: RowKey,
    cell: (u8, i64),
    versions: Vec<Version>,
) -> Result<Vec<bool>, DbError> {
    let mut txn = begin(&here, (table, Columns::NONE)).await?;
    let refused = txn.vet(table, key, cell, versions).await?;
    txn.rollback().await;
    Ok(refused)
}

/// Reverts, in one transaction, the last change that one of these cells of each row shows and that
/// could not be carried on, unless the row was written since it was read at that version. Returns
/// whether anything was left to revert.
pub(super) async fn take_back(
    here: ProcessCtx,
    table: TableId,
    rows: Vec<(RowKey, u64)>,
    causes: Vec<u8>,
) -> Result<bool, DbError> {
    let mut txn = begin(&here, (table, Columns::NONE)).await?;
    let mut any = false;
    for (key, version) in rows {
        match txn.undo_row(table, key, version, causes.clone()).await {
            Ok(()) => any = true,
            // It was reverted before, or must be read again.
            Err(DbError::Refused | DbError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    match any {
        true => txn.commit().await?,
        false => txn.rollback().await,
    }
    Ok(any)
}
