//! A table with a small value for each operation of a run.

use crate::kernel::Chunks;
use crate::model::record::OpId;

/// A value for each operation and for what belongs to none, the default one until it is changed.
/// Operations are numbered densely from 0, so values lie side by side: this takes a fraction of the
/// memory of a map.
#[derive(Clone, Debug, Default)]
pub(in crate::checks) struct ByOp<T>(Chunks<T>);

impl<T: Copy + Default> ByOp<T> {
    /// The place of an operation: [`OpId::NONE`], which is the greatest number, comes first.
    fn place(op: OpId) -> usize {
        op.0.wrapping_add(1) as usize
    }

    /// The value of an operation.
    pub fn get(&self, op: OpId) -> T {
        self.0.get(Self::place(op)).copied().unwrap_or_default()
    }

    /// The value of an operation, to be changed.
    pub fn get_mut(&mut self, op: OpId) -> &mut T {
        let place = Self::place(op);
        self.0.grow(place + 1, T::default());
        &mut self.0[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_apart_and_what_belongs_to_no_operation_has_one_too() {
        let mut values: ByOp<u8> = ByOp::default();
        for (op, value) in [(OpId(3), 3), (OpId::NONE, 9), (OpId(0), 1)] {
            *values.get_mut(op) = value;
        }
        let found = [OpId(0), OpId(1), OpId(3), OpId(70), OpId::NONE].map(|op| values.get(op));
        assert_eq!(found, [1, 0, 3, 0, 9]);
    }
}
