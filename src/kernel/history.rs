//! The recorder: it hands each record of what happens to the fingerprint and to the sinks.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Fingerprint, Semantic};

/// The number of records that are buffered before the sinks see them. The buffer is reused and
/// small enough to stay in the cache: what a trace costs is the first touch of fresh pages, not the
/// stores.
const RING: usize = 256;

/// A fold over records: a measure, a check, or a copy of the whole history.
pub trait Sink<R> {
    /// Takes in the next record. Sinks see records in batches, in order, and must not record
    /// anything themselves.
    fn see(&mut self, record: &R);

    /// Takes in a batch of records, in order, with one virtual call for all of them.
    fn see_all(&mut self, records: &[R]) {
        records.iter().for_each(|record| self.see(record));
    }
}

/// A recorder of records: it shows each to the fingerprint and then to every sink. Clones share it.
pub struct Recorder<R>(Rc<RefCell<Inner<R>>>);

struct Inner<R> {
    ring: Vec<R>,
    shown: u64,
    fingerprint: Fingerprint,
    sinks: Vec<Rc<RefCell<dyn Sink<R>>>>,
}

impl<R> Clone for Recorder<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<R: Semantic> Recorder<R> {
    /// A recorder that shows its records to these sinks, in this order.
    pub fn new(sinks: Vec<Rc<RefCell<dyn Sink<R>>>>) -> Self {
        let ring = Vec::with_capacity(RING);
        let inner = Inner { ring, shown: 0, fingerprint: Fingerprint::default(), sinks };
        Self(Rc::new(RefCell::new(inner)))
    }

    /// Writes a record down.
    #[inline]
    pub fn push(&self, record: R) {
        let mut inner = self.0.borrow_mut();
        inner.ring.push(record);
        if inner.ring.len() == RING {
            inner.flush();
        }
    }

    /// Shows every record so far to the sinks.
    pub fn flush(&self) {
        self.0.borrow_mut().flush();
    }

    /// The fingerprint of all records so far; shows them to the sinks.
    pub fn fingerprint(&self) -> u64 {
        let mut inner = self.0.borrow_mut();
        inner.flush();
        inner.fingerprint.value()
    }

    /// The number of records that were made.
    pub fn len(&self) -> u64 {
        let inner = self.0.borrow();
        inner.shown + inner.ring.len() as u64
    }

    /// Returns whether no record was written yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<R: Semantic> Inner<R> {
    fn flush(&mut self) {
        for record in &self.ring {
            record.fold(&mut self.fingerprint);
        }
        for sink in &self.sinks {
            sink.borrow_mut().see_all(&self.ring);
        }
        self.shown += self.ring.len() as u64;
        self.ring.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Semantic for u64 {
        fn fold(&self, into: &mut Fingerprint) {
            into.word(*self);
        }
    }

    /// Keeps everything, and the order in which two sinks saw a batch.
    #[derive(Default)]
    struct Collector(Vec<u64>);

    impl Sink<u64> for Collector {
        fn see(&mut self, record: &u64) {
            self.0.push(*record);
        }
    }

    #[test]
    fn batches_are_the_same_as_one_by_one() {
        let total = 2 * RING as u64 + 5;
        let collectors = [(), (), ()].map(|()| Rc::new(RefCell::new(Collector::default())));
        let [one, other, slow] = collectors.clone();
        let batched = Recorder::new(vec![one as Rc<RefCell<dyn Sink<u64>>>, other]);
        let single = Recorder::new(vec![slow as Rc<RefCell<dyn Sink<u64>>>]);
        for record in 0..total {
            batched.push(record);
            single.push(record);
            single.flush();
            assert_eq!((batched.len(), single.len()), (record + 1, record + 1));
        }
        assert_eq!(batched.clone().fingerprint(), single.fingerprint());
        let expected: Vec<u64> = (0..total).collect();
        assert!(collectors.iter().all(|collector| collector.borrow().0 == expected));
        batched.push(1);
        assert_ne!(batched.fingerprint(), single.fingerprint());
    }
}
