//! The dispatch of records to listeners, by kind of record.

use crate::model::record::Kind;

/// The listeners of each kind of record, by position.
///
/// Each kind has a bit set: most records concern few of the listeners, and this is looked up
/// for every record of every run.
#[derive(Clone, Debug)]
pub struct Audience([u64; Kind::COUNT]);

impl Audience {
    /// The audience of listeners that see these kinds.
    ///
    /// # Panics
    /// If there are more than 64 listeners.
    pub fn new<'k>(sees: impl IntoIterator<Item = &'k [Kind]>) -> Self {
        let mut audience = [0; Kind::COUNT];
        for (at, kinds) in sees.into_iter().enumerate() {
            assert!(at < 64, "at most 64 properties or meters listen to a run");
            kinds.iter().for_each(|kind| audience[*kind as usize] |= 1 << at);
        }
        Self(audience)
    }

    /// The positions of the listeners to this kind, in order.
    #[inline]
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.0[kind as usize];
        std::iter::from_fn(move || {
            let at = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(at)
        })
    }
}
