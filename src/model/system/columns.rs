//! A set of columns of a table, as one word.

use super::MAX_COLUMNS;

/// A set of columns of one table, by position: those on which a statement relies, or those that
/// change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Columns(u64);

impl Columns {
    /// The row as a whole.
    pub const ALL: Self = Self(u64::MAX);

    /// No column, only the existence of the table.
    pub const NONE: Self = Self(0);

    /// The columns of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether a change of the columns of this set affects a statement that relies on
    /// `these`: if they have one in common, and always if the whole table changes.
    pub const fn touch(self, these: Self) -> bool {
        self.0 == u64::MAX || self.0 & these.0 != 0
    }
}

impl FromIterator<u8> for Columns {
    /// A set from the positions of columns. The existence of a row is not a column.
    fn from_iter<I: IntoIterator<Item = u8>>(positions: I) -> Self {
        let known = positions.into_iter().filter(|at| usize::from(*at) < MAX_COLUMNS);
        Self(known.fold(0, |bits, at| bits | 1 << at))
    }
}

impl From<Option<u8>> for Columns {
    /// A set of one column, or without one of the whole row.
    fn from(column: Option<u8>) -> Self {
        column.map_or(Self::ALL, |column| [column].into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_touches_who_names_what_changes_and_of_a_whole_table_everybody() {
        let of = |columns: &[u8]| columns.iter().copied().collect::<Columns>();
        assert!(of(&[1]).touch(of(&[0, 1])) && !of(&[1]).touch(of(&[0, 2])));
        assert!(of(&[1]).touch(Columns::ALL) && !of(&[1]).touch(Columns::NONE));
        assert!(Columns::ALL.touch(Columns::NONE), "even a delete names the table");
        assert!(of(&[40]).touch(of(&[40, 63])) && !of(&[40]).touch(of(&[8])));
        assert_eq!(of(&[u8::MAX]), Columns::NONE, "existence is no column");
        assert_eq!(Columns::from(Some(3)), of(&[3]));
        assert_eq!(of(&[1]).union(of(&[2])), of(&[1, 2]));
    }
}
