//! A set of numbers that are given out densely from 0, one bit for each.

/// A set of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number; returns false if it was there.
    pub fn insert(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let before = self.0[word];
        self.0[word] = before | bit;
        before & bit == 0
    }

    /// Returns whether a number is in the set.
    pub fn contains(&self, number: u64) -> bool {
        let word = self.0.get((number / 64) as usize).copied().unwrap_or_default();
        word & 1 << (number % 64) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut bits = Bits::default();
        assert!(bits.insert(70) && bits.insert(3) && !bits.insert(70));
        assert_eq!([3, 4, 70, 700].map(|it| bits.contains(it)), [true, false, true, false]);
    }
}
