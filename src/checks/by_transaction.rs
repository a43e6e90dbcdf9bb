//! A table with a small value for each distributed transaction of a run.

use super::by_op::ByOp;
use crate::kernel::Lookup;
use crate::model::record::{GlobalTxnId, OpId};

/// A distributed transaction: that of an operation which has this name among its transactions.
pub(in crate::checks) type Transaction = (OpId, GlobalTxnId);

/// A value for each distributed transaction, the default one until it is changed. Most operations
/// have one transaction and many share its name (that of the first attempt), so that an operation
/// takes the number of the name and the value.
#[derive(Clone, Debug)]
pub(in crate::checks) struct ByTransaction<T> {
    /// The numbers of the names, from 1.
    names: Lookup<GlobalTxnId, u32>,
    /// The number of the name of the first transaction of each operation, with its value; 0 before
    /// it has any.
    first: ByOp<(u32, T)>,
    others: Lookup<Transaction, T>,
}

impl<T: Copy + Default> Default for ByTransaction<T> {
    fn default() -> Self {
        Self { names: Lookup::new(), first: ByOp::default(), others: Lookup::new() }
    }
}

impl<T: Copy + Default> ByTransaction<T> {
    /// The value of a transaction, to be changed.
    pub fn get_mut(&mut self, transaction: Transaction) -> &mut T {
        let Self { names, first, others } = self;
        let (op, name) = transaction;
        let next = names.len() as u32 + 1;
        let name = *names.get_or_insert_with(name, || next);
        let (known, value) = first.get_mut(op);
        if *known == 0 {
            *known = name;
        }
        if *known == name { value } else { others.get_or_insert_with(transaction, T::default) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_with_a_default(
            adds in prop::collection::vec((0..4_u32, 0..3_u64), 0..40),
        ) {
            let (mut values, mut map) = (ByTransaction::default(), BTreeMap::new());
            for (op, name) in adds {
                let transaction = (OpId(op), GlobalTxnId(name << 40));
                let value: &mut u8 = values.get_mut(transaction);
                let expected = map.entry(transaction).or_insert(0_u8);
                prop_assert_eq!(*value, *expected);
                *value += 1;
                *expected += 1;
            }
        }
    }
}
