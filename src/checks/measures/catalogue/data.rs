//! The measures of what stores show each other: M8 and M13.

use super::{LESS, measure};
use crate::checks::measures::MeasureKind::{Share, Total};
use crate::checks::measures::{Measure, Unit};

/// M8 and M13, in the order in which reports show them.
pub(super) const ALL: &[Measure] = &[
    measure(
        "m8.lost-updates",
        "lost updates",
        LESS,
        (Total, Unit::Count),
        "How often an effect (or a compensation) that a store showed vanished from it because \
         somebody overwrote the cell with a value that does not contain it. What a database that \
         recovers takes back was not durable and does not count.",
    ),
    measure(
        "m8.dirty-reads",
        "dirty reads",
        LESS,
        (Total, Unit::Count),
        "How many reads of an operation's rows saw an effect of it that was compensated later, \
         counted for each step apart.",
    ),
    measure(
        "m8.out-of-order",
        "applied out of order",
        LESS,
        (Total, Unit::Count),
        "How often a further step took effect on a row behind that of a newer operation that began \
         with the same row as its own. The order is that in which first steps were committed.",
    ),
    measure(
        "m8.delivered-again",
        "delivered again",
        LESS,
        (Total, Unit::Count),
        "How often a broker handed a message out that it had handed out before, or the network \
         made a second copy of one.",
    ),
    measure(
        "m8.applied-again",
        "applied again",
        LESS,
        (Total, Unit::Count),
        "How often a store came to show an effect once more that it showed already.",
    ),
    measure(
        "m8.orphans",
        "orphans",
        LESS,
        (Total, Unit::Count),
        "Rows whose declared `references` have no counterpart at the end of the run.",
    ),
    measure(
        "m8.orphans.time",
        "orphan time",
        LESS,
        (Total, Unit::Nanoseconds),
        "Integral over the window of the number of rows whose declared `references` have no \
         counterpart.",
    ),
    measure(
        "m8.oversells",
        "oversells",
        LESS,
        (Total, Unit::Count),
        "How often a cell left its declared `bound`, as the ends of instants show it.",
    ),
    measure(
        "m13.waited",
        "waiting for other services",
        LESS,
        (Total, Unit::Nanoseconds),
        "How long sessions of one service waited for a core, a connection or a row lock of a \
         database that several services use while another service held it, summed over waits that \
         ended after the warm-up. A wait is split over all who hold what is waited for.",
    ),
    measure(
        "m13.waited.share",
        "waits caused by others",
        LESS,
        (Share, Unit::Share),
        "The same as a share of all waiting in these databases.",
    ),
    measure(
        "m13.slowdown",
        "greatest slowdown by another service",
        LESS,
        (Share, Unit::Share),
        "The greatest share that any service's sessions in a database spent waiting for one other \
         service, of all the time that they waited or had a core.",
    ),
    measure(
        "m13.touched",
        "services touched by one fault",
        LESS,
        (Total, Unit::Count),
        "The greatest number of services that one fault touched. A service is touched if a \
         greater share of the operations that clients ask of it goes badly while they are under \
         way during the fault than outside of all faults. Badly: without a yes or a refusal by a \
         rule in time, or slower than every operation of the kind outside of all faults.",
    ),
    measure(
        "m13.broken",
        "broken by a schema change",
        LESS,
        (Total, Unit::Nanoseconds),
        "How long services were broken because the schema of a table had changed and they had not: \
         from the first statement or answer of each that failed for it until it was deployed, or \
         to the end of the run, summed over tables and services.",
    ),
    measure(
        "m13.schema-breaks",
        "failed for a schema change",
        LESS,
        (Total, Unit::Count),
        "Statements and answers that failed because the schema of a table had changed and the \
         service had not.",
    ),
    measure(
        "m13.noticed",
        "until a schema change was noticed",
        LESS,
        (Total, Unit::Nanoseconds),
        "From the first change of a schema to the first statement or answer that failed for it.",
    ),
];
