//! The operations of a run, as they are kept for good.

use super::record::OpId;
use super::system::{MAX_KEYS, OperationKind, RowKey};
use crate::kernel::{Chunks, Time};

/// The facts of an operation that are known from its arrival on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpInfo {
    /// The kind of operation.
    pub kind: OperationKind,
    /// Its keys, in the order of [`super::system::OperationSpec::keys`].
    pub keys: [RowKey; MAX_KEYS],
    /// The stream name of this operation in keyed draws: a hash of its load and its number there.
    pub stream: u64,
    /// The number of the operation within its load, unique in that load.
    pub ordinal: u64,
    /// The time of its arrival.
    pub arrived: Time,
}

/// The operations that have arrived, in that order. Each takes a head and the keys that it has,
/// which are few of those that it may have.
#[derive(Debug, Default)]
pub(super) struct Offered {
    heads: Chunks<Head>,
    keys: Chunks<RowKey>,
}

/// An operation without its keys.
#[derive(Debug)]
struct Head {
    arrived: Time,
    stream: u64,
    ordinal: u64,
    /// The position of its first key among all keys.
    first: u32,
    kind: OperationKind,
    /// The number of its keys; the others are zero.
    keys: u8,
}

const _: () = assert!(size_of::<Head>() <= 32, "memory per operation is bounded");

impl Offered {
    /// The number of operations.
    pub fn len(&self) -> u32 {
        self.heads.len() as u32
    }

    /// Adds an operation, and returns its number.
    pub fn push(&mut self, info: &OpInfo) -> OpId {
        let OpInfo { kind, keys, stream, ordinal, arrived } = *info;
        let count = keys.iter().rposition(|key| *key != RowKey(0)).map_or(0, |last| last + 1);
        let first = self.keys.len() as u32;
        keys[..count].iter().for_each(|key| self.keys.push(*key));
        self.heads.push(Head { arrived, stream, ordinal, first, kind, keys: count as u8 });
        OpId(self.len() - 1)
    }

    /// The operation with this number, which has arrived.
    pub fn get(&self, op: OpId) -> OpInfo {
        let Head { arrived, stream, ordinal, first, kind, keys: count } = self.heads[op.0 as usize];
        let mut keys = [RowKey(0); MAX_KEYS];
        for (at, key) in keys[..usize::from(count)].iter_mut().enumerate() {
            *key = self.keys[first as usize + at];
        }
        OpInfo { kind, keys, stream, ordinal, arrived }
    }

    /// The stream name of an operation.
    pub fn stream(&self, op: OpId) -> u64 {
        self.heads[op.0 as usize].stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_what_arrived() {
        let mut offered = Offered::default();
        let info = |at: u64| {
            let mut keys = [RowKey(0); MAX_KEYS];
            let used = keys.iter_mut().take(at as usize % (MAX_KEYS + 1));
            used.zip(0..).for_each(|(key, place)| *key = RowKey(at * 7 * (place % 3)));
            let (kind, arrived) = (OperationKind(at as u16 % 9), Time::from_nanos(at));
            OpInfo { kind, keys, stream: at << 40, ordinal: at ^ 3, arrived }
        };
        for at in 0..3_000 {
            assert_eq!(offered.push(&info(at)), OpId(at as u32));
        }
        for at in 0..3_000 {
            assert_eq!(offered.get(OpId(at as u32)), info(at));
            assert_eq!(offered.stream(OpId(at as u32)), at << 40);
        }
    }
}
