//! A hash map that is looked up and never listed.

#![allow(clippy::disallowed_types, reason = "the one map whose order is never visible")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::fingerprint::{GOLDEN, folded};

/// A hash map with a fixed hash function. It has no iterator, so the order of its entries cannot
/// influence a run.
#[derive(Clone, Debug)]
pub struct Lookup<K, V> {
    map: HashMap<K, V, BuildHasherDefault<Folding>>,
}

/// A hasher that folds words as they come.
#[derive(Clone, Copy, Default)]
struct Folding(u64);

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = folded(self.0.rotate_left(23) ^ word ^ GOLDEN, GOLDEN);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<K, V> Default for Lookup<K, V> {
    fn default() -> Self {
        Self { map: HashMap::default() }
    }
}

impl<K: Hash + Eq, V> Lookup<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    /// The value of a key, which is made if it is not there.
    pub fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        self.map.entry(key).or_insert_with(value)
    }

    /// Sets the value of a key and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.map.remove(key)
    }

    /// Returns whether the map holds a value for a key.
    pub fn contains_key(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Returns whether the map holds no key.
    #[cfg(any(test, feature = "internals"))]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_an_ordered_map_finds(ops in vec((0..3_u8, 0..40_u64, 0..9_u32), 0..200)) {
            let mut lookup = Lookup::new();
            let mut ordered = BTreeMap::new();
            for (op, key, value) in ops {
                let key = (key << 40, key.to_string());
                match op {
                    0 => assert_eq!(
                        lookup.insert(key.clone(), value),
                        ordered.insert(key.clone(), value)
                    ),
                    1 => assert_eq!(lookup.remove(&key), ordered.remove(&key)),
                    _ => {
                        *lookup.get_or_insert_with(key.clone(), || value) += 1;
                        *ordered.entry(key.clone()).or_insert(value) += 1;
                    }
                }
                assert_eq!(lookup.get(&key), ordered.get(&key));
                assert_eq!(lookup.contains_key(&key), ordered.contains_key(&key));
                assert_eq!(lookup.len(), ordered.len());
                assert_eq!(lookup.is_empty(), ordered.is_empty());
            }
            if let Some(value) = lookup.get_mut(&(0, "0".to_owned())) {
                *value = 100;
                assert_eq!(lookup.get(&(0, "0".to_owned())), Some(&100));
            }
        }
    }
}
