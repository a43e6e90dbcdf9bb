//! A map whose keys are numbers that are allocated in ascending order and mostly freed soon.

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;

/// The greatest distance between the oldest and the newest number in the dense part.
const REACH: usize = 1 << 10;

/// An ordered map for keys that are numbered as they come, of which few are kept at a time. Values
/// from the oldest to the newest lie side by side and are found by position. An entry that stays
/// while very many others come moves to a tree, so memory is proportional to the number of entries.
#[derive(Clone, Debug)]
pub struct Numbered<K, V> {
    /// The entries below `first`.
    old: BTreeMap<u64, V>,
    /// The number of the first place in `near`, which is never empty.
    first: u64,
    near: VecDeque<Option<V>>,
    len: usize,
    key: PhantomData<K>,
}

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Self { old: BTreeMap::new(), first: 0, near: VecDeque::new(), len: 0, key: PhantomData }
    }
}

impl<K: Copy + Into<u64>, V> Numbered<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of keys.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the map holds no key.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    fn place(&self, key: K) -> Option<usize> {
        Into::<u64>::into(key).checked_sub(self.first).map(|at| at as usize)
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, key: K) -> Option<&V> {
        match self.place(key) {
            Some(at) => self.near.get(at)?.as_ref(),
            None => self.old.get(&key.into()),
        }
    }

    /// The value of a key, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        match self.place(key) {
            Some(at) => self.near.get_mut(at)?.as_mut(),
            None => self.old.get_mut(&key.into()),
        }
    }

    /// Returns whether the map holds a value for a key.
    #[inline]
    pub fn contains(&self, key: K) -> bool {
        self.get(key).is_some()
    }

    /// Sets the value of a key and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let number: u64 = key.into();
        if self.near.is_empty() {
            self.first = number.max(self.old.last_key_value().map_or(0, |(last, _)| last + 1));
        }
        let before = if number < self.first {
            self.old.insert(number, value)
        } else {
            while number - self.first >= REACH as u64 && !self.near.is_empty() {
                self.leave_front();
            }
            if self.near.is_empty() {
                self.first = number;
            }
            let at = (number - self.first) as usize;
            while self.near.len() <= at {
                self.near.push_back(None); // Most often one.
            }
            self.near[at].replace(value)
        };
        self.len += usize::from(before.is_none());
        before
    }

    /// Moves the oldest entry of the dense part to the tree.
    fn leave_front(&mut self) {
        if let Some(value) = self.near.pop_front().flatten() {
            self.old.insert(self.first, value);
        }
        self.first += 1;
        self.skip_gaps();
    }

    fn skip_gaps(&mut self) {
        while self.near.front().is_some_and(Option::is_none) {
            self.near.pop_front();
            self.first += 1;
        }
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: K) -> Option<V> {
        let value = match self.place(key) {
            Some(at) => self.near.get_mut(at)?.take(),
            None => self.old.remove(&key.into()),
        };
        self.len -= usize::from(value.is_some());
        self.skip_gaps();
        value
    }

    /// All numbers and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        let near = (self.first..).zip(&self.near);
        let near = near.filter_map(|(number, value)| Some((number, value.as_ref()?)));
        self.old.iter().map(|(number, value)| (*number, value)).chain(near)
    }

    /// All values, in the order of their numbers.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// All values, in the order of their numbers.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.old.into_values().chain(self.near.into_iter().flatten())
    }

    /// Removes every entry that `keep` rejects.
    pub fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        self.old.retain(|_, value| keep(value));
        for place in &mut self.near {
            if place.as_ref().is_some_and(|value| !keep(value)) {
                *place = None;
            }
        }
        self.skip_gaps();
        self.len = self.iter().count();
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// How far the next number lies ahead, now and then beyond reach.
    fn ahead() -> impl Strategy<Value = u64> {
        prop_oneof![30 => 0..3_u64, 1 => 0..3_000_u64]
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_map(ops in vec((0..6_u8, 0..40_u64, ahead()), 0..300)) {
            let mut numbered: Numbered<u64, usize> = Numbered::new();
            let mut ordered = BTreeMap::new();
            let mut newest = 0;
            for (at, (op, back, ahead)) in ops.into_iter().enumerate() {
                let key = u64::saturating_sub(newest, back);
                match op {
                    0..3 => {
                        newest += ahead;
                        let key = if op == 0 { key } else { newest };
                        prop_assert_eq!(numbered.insert(key, at), ordered.insert(key, at));
                    }
                    3 => prop_assert_eq!(numbered.remove(key), ordered.remove(&key)),
                    4 => {
                        numbered.get_mut(key).into_iter().for_each(|value| *value += 1);
                        ordered.get_mut(&key).into_iter().for_each(|value| *value += 1);
                    }
                    _ => {
                        numbered.retain(|value| value % 5 != at % 5);
                        ordered.retain(|_, value| *value % 5 != at % 5);
                    }
                }
                prop_assert_eq!(numbered.get(key), ordered.get(&key));
                prop_assert_eq!(numbered.contains(key), ordered.contains_key(&key));
                prop_assert_eq!(numbered.len(), ordered.len());
                prop_assert!(numbered.near.len() <= REACH);
            }
            prop_assert!(numbered.iter().eq(ordered.iter().map(|(key, value)| (*key, value))));
            prop_assert!(numbered.into_values().eq(ordered.into_values()));
        }
    }
}
