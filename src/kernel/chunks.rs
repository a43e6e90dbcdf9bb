//! A list that only grows, and never moves what it holds.

/// The number of values in a chunk, as a power of two.
const BITS: usize = 10;
/// The number of values in a chunk.
const SIZE: usize = 1 << BITS;

/// A list for what is numbered as it comes and kept for good. It is made of chunks of one size:
/// growing copies nothing and leaves nothing unused but the rest of the last chunk, where a vector
/// takes up to three times the memory of what it holds while it moves.
#[derive(Clone, Debug)]
pub struct Chunks<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunks<T> {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match self.chunks.as_slice() {
            [] => 0,
            [full @ .., last] => full.len() * SIZE + last.len(),
        }
    }

    /// Returns whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The value at a position.
    #[inline]
    pub fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at >> BITS)?.get(at & (SIZE - 1))
    }

    /// The value at a position, to be changed.
    #[inline]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.chunks.get_mut(at >> BITS)?.get_mut(at & (SIZE - 1))
    }

    /// Adds a value. Short lists take no more memory than a vector; from the second chunk on each
    /// is made as a whole.
    #[inline]
    pub fn push(&mut self, value: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < SIZE => last.push(value),
            _ => self.push_chunk(value),
        }
    }

    #[cold]
    fn push_chunk(&mut self, value: T) {
        let mut chunk = if self.chunks.is_empty() { Vec::new() } else { Vec::with_capacity(SIZE) };
        chunk.push(value);
        self.chunks.push(chunk);
    }

    /// All values, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.chunks.iter().flatten()
    }
}

impl<T: Clone> Chunks<T> {
    /// Makes the list at least so long, with copies of a value.
    pub fn grow(&mut self, len: usize, value: T) {
        for _ in self.len()..len {
            self.push(value.clone());
        }
    }
}

impl<'a, T> IntoIterator for &'a Chunks<T> {
    type Item = &'a T;
    type IntoIter = std::iter::Flatten<std::slice::Iter<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.iter().flatten()
    }
}

impl<T> std::ops::Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.chunks[at >> BITS][at & (SIZE - 1)]
    }
}

impl<T> std::ops::IndexMut<usize> for Chunks<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.chunks[at >> BITS][at & (SIZE - 1)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_vector(grows in prop::collection::vec((0..700_usize, any::<u16>()), 0..12)) {
            let (mut chunks, mut vector) = (Chunks::new(), Vec::new());
            for (more, value) in grows {
                chunks.push(value);
                vector.push(value);
                chunks.grow(vector.len() + more, value ^ 1);
                vector.resize(vector.len() + more, value ^ 1);
                let at = usize::from(value) % vector.len();
                chunks[at] += 1;
                vector[at] += 1;
                prop_assert_eq!(chunks.get(at), vector.get(at));
                prop_assert_eq!(chunks.get_mut(vector.len()), None);
                prop_assert_eq!(chunks.len(), vector.len());
            }
            prop_assert_eq!(chunks.is_empty(), vector.is_empty());
            prop_assert!(chunks.iter().eq(&vector));
            prop_assert!(chunks.iter().rev().eq(vector.iter().rev()));
        }
    }
}
