//! A table with a small value for each row of a table of the system.

use crate::kernel::Lookup;
use crate::model::system::RowKey;
use crate::model::workload::maker;

/// The number of keys on a page, as a power of two.
const BITS: u32 = 5;
/// The number of keys on a page.
const PAGE: usize = 1 << BITS;

/// A value for each row by its key, the default one until it is changed. Rows that operations make
/// are numbered as they come, so their values lie side by side on pages, without their keys; of
/// initial rows, which may be touched here and there, each has an entry of its own.
#[derive(Clone, Debug)]
pub(in crate::checks) struct ByRow<T> {
    pages: Lookup<u64, Box<[T; PAGE]>>,
    initial: Lookup<u64, T>,
}

impl<T> Default for ByRow<T> {
    fn default() -> Self {
        Self { pages: Lookup::new(), initial: Lookup::new() }
    }
}

impl<T: Copy + Default> ByRow<T> {
    /// The place of a key on its page.
    const fn place(key: RowKey) -> usize {
        key.0 as usize % PAGE
    }

    /// The value of a row.
    #[inline]
    pub fn get(&self, key: RowKey) -> T {
        let found = match maker(key) {
            Some(_) => self.pages.get(&(key.0 >> BITS)).map(|page| page[Self::place(key)]),
            None => self.initial.get(&key.0).copied(),
        };
        found.unwrap_or_default()
    }

    /// The value of a row, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: RowKey) -> &mut T {
        if maker(key).is_none() {
            return self.initial.get_or_insert_with(key.0, T::default);
        }
        let page = || Box::new([T::default(); PAGE]);
        &mut self.pages.get_or_insert_with(key.0 >> BITS, page)[Self::place(key)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::system::LoadId;
    use crate::model::workload::fresh_key;

    proptest! {
        #[test]
        fn it_is_a_map_with_a_default(
            writes in prop::collection::vec((0..3_u16, 0..90_u64, any::<u16>()), 0..90),
        ) {
            let key = |load: u16, number| match load.checked_sub(1) {
                Some(load) => fresh_key(LoadId(load), number),
                None => RowKey(number),
            };
            let (mut rows, mut map) = (ByRow::default(), BTreeMap::new());
            for (load, number, value) in writes {
                *rows.get_mut(key(load, number)) = value;
                map.insert((load, number), value);
            }
            for load in 0..3 {
                for number in 0..100 {
                    let expected = map.get(&(load, number)).copied().unwrap_or_default();
                    prop_assert_eq!(rows.get(key(load, number)), expected);
                }
            }
        }
    }
}
