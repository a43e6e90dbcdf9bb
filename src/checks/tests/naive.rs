//! The incremental judge against one that looks at everything again after every instant.

use proptest::prelude::*;

use super::{MS, distribution, quantity};
use crate::checks::measures::Quantity;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::lag::Lag;
use crate::tests::history::{History, OPEN};

/// One operation as somebody sees it who writes everything down.
#[derive(Clone, Default)]
struct Diary {
    forward: [i64; 3],
    undo: [i64; 3],
    first: Option<u64>,
    partial_since: Option<u64>,
    last: u64,
    partial_ms: u64,
    relapses: u64,
}

impl Diary {
    fn end_instant(&mut self, now: u64) {
        let shown = (0..3).filter(|step| self.forward[*step] > self.undo[*step]).count();
        let (partial, was_exposed) = (shown == 1 || shown == 2, self.first.is_some());
        if shown > 0 && !was_exposed {
            self.first = Some(now);
            self.last = now;
        }
        match (self.partial_since, partial) {
            (None, true) => {
                self.relapses += u64::from(was_exposed);
                self.partial_since = Some(now);
            }
            (Some(since), false) => {
                self.partial_ms += now - since;
                self.last = now;
                self.partial_since = None;
            }
            _ => {}
        }
    }

    fn lag(&self) -> Lag {
        match (self.first, self.partial_since) {
            (None, _) => Lag::Unexposed,
            (Some(_), Some(_)) => Lag::Never,
            (Some(first), None) => Lag::Lasted((self.last - first) * MS),
        }
    }
}

proptest! {
    #[test]
    fn lag_relapses_and_partial_time_agree_with_a_diary(
        changes in prop::collection::vec((0..3_u64, 0..4_usize, 0..3_usize, 0..3_u8), 0..80),
    ) {
        let (mut history, mut diaries) = (History::new(), vec![Diary::default(); 4]);
        let mut now = 20_000;
        history.at(now);
        for op in 0..4 {
            history.offer(op, OPEN, 3);
        }
        for (pause, op, step, what) in changes {
            if pause > 0 {
                diaries.iter_mut().for_each(|diary| diary.end_instant(now));
            }
            now += pause;
            history.at(now);
            match what {
                0 => {
                    diaries[op].forward[step] += 1;
                    history.apply(op as u32, step as u8)
                }
                1 => {
                    diaries[op].undo[step] += 1;
                    history.undo(op as u32, step as u8)
                }
                _ => {
                    diaries[op].forward[step] -= 1;
                    history.overwrite(op as u32, step as u8)
                }
            };
        }
        diaries.iter_mut().for_each(|diary| diary.end_instant(now));
        let report = history.rest();
        let mut partial_ms = 0;
        for (row, diary) in report.operations.iter().zip(&diaries) {
            prop_assert_eq!(row.lag, diary.lag());
            prop_assert_eq!(u64::from(row.relapses), diary.relapses);
            partial_ms += diary.partial_ms;
            partial_ms += diary.partial_since.map_or(0, |since| 120_000 - since);
        }
        let part = u128::from(partial_ms) * u128::from(MS);
        let average = Quantity::Amount { part, whole: 110_000 * u128::from(MS) };
        prop_assert_eq!(quantity(&report, PARTIAL), average);
        let never = diaries.iter().filter(|diary| diary.partial_since.is_some()).count() as u64;
        prop_assert_eq!(distribution(&report, LAG).never, never);
    }
}
