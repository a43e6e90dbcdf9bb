//! Quorum replication in which only the four legs of the WARS model take time: first with
//! exponential writes and reads of almost no time, for which there are closed forms, then with the
//! delays fitted by Bailis et al., for which the predictions of WARS can only be simulated.

use super::{Case, FREE_CLIENTS, Form};
use crate::checks::RunReport;
use crate::checks::measures::{Quantity, Scope, reads};
use crate::kernel::Span;
use crate::model::system::Anchor;

/// The mean time in which an exponential write reaches a copy, in ms.
const MEAN: f64 = 10.0;

/// Exponential writes, and reads that reach copies in random order.
const MEMORYLESS: &str = "write-request = { exponential = '10ms' }\nacknowledgement = '0ns'\n\
                          read-request = { uniform = ['0ns', '1us'] }\nresponse = '0ns'\n";

/// A leg of LinkedIn's solid-state disks, and a write on its spinning ones: the fits of table 3 of
/// the paper (LNKD-SSD, LNKD-DISK).
const SSD: &str = "{ mixture = [{ weight = 91.22, dist = { pareto = { least = '235us', \
                   alpha = 10.0 } } }, { weight = 8.78, dist = { exponential = '602409ns' } }] }";
const DISK: &str = "{ mixture = [{ weight = 38.0, dist = { pareto = { least = '1050us', \
                    alpha = 1.51 } } }, { weight = 62.0, dist = { exponential = '5464481ns' } }] }";

/// N copies of a table, of which W acknowledge a write and R answer a read, with these legs.
fn store((copies, write, read): (usize, usize, usize), legs: &str) -> String {
    let names: Vec<String> = (0..copies).map(|copy| format!("k{copy}")).collect();
    let mut text = String::from(
        "[services.shop]\nwork = '0ns'\nworkers = 100000\n\
         [databases.shop-db]\nwork = '0ns'\nforce = '0ns'\nconnections = 100000\ncores = 100000\n\
         [tables.price]\nowner = 'shop'\ndatabase = 'shop-db'\ncolumns = { amount = 0 }\n\
         [operations.put]\nkeys = { price = 'new' }\n\
         [[operations.put.steps]]\nname = 'put'\nby = 'shop'\ntable = 'price'\nkey = 'price'\n\
         effect = { insert = { amount = 1 } }\n\
         [load.puts]\noperation = 'put'\npoisson = 20.0\n\
         [reads.see]\noperation = 'put'\nafter = 'answer'\n\
         at = ['0ms', '5ms', '10ms', '20ms']\n",
    );
    for name in &names {
        text += &format!(
            "[services.{name}]\nwork = '0ns'\nworkers = 100000\n\
             [databases.{name}-db]\nwork = '0ns'\nforce = '0ns'\nconnections = 100000\n\
             cores = 100000\n"
        );
    }
    text + &format!(
        "[variants.quorum]\npattern = 'local-transaction'\n\
         [variants.quorum.technique]\nname = 'quorum'\ntables = ['price']\non = {names:?}\n\
         write = {write}\nread = {read}\n{legs}"
    )
}

/// The share of stale reads this many ms after the answer.
fn stale(report: &RunReport, after: u64) -> f64 {
    let scope = Scope::ReadAt("see".into(), Span::from_millis(after), Anchor::Answer);
    match report.measures.number(reads::STALE.of(&scope)) {
        Quantity::Ratio { part, whole } => part as f64 / whole as f64,
        _ => f64::NAN,
    }
}

/// The share of stale reads at the answer.
fn at_once(quantity: &'static str, formula: &'static str, exact: f64) -> Form {
    Form { quantity, formula, exact, observe: |report| stale(report, 0) }
}

/// The share of stale reads 10 ms after the answer.
fn after_10_ms(quantity: &'static str, formula: &'static str, exact: f64) -> Form {
    Form { quantity, formula, exact, observe: |report| stale(report, 10) }
}

/// The binomial coefficient.
fn choose(of: usize, some: usize) -> f64 {
    (0..some).map(|at| of.saturating_sub(at) as f64 / (at + 1) as f64).product()
}

/// A system with exponential writes and its closed forms.
fn memoryless(system: &'static str, sizes: (usize, usize, usize)) -> Case {
    let (copies, write, read) = sizes;
    let missed = choose(copies - write, read) / choose(copies, read);
    let later = |ms: f64| missed * libm::exp(-(read as f64) * ms / MEAN);
    let formula = "C(N - W, R) / C(N, R) exp(-R t / w)";
    let mut forms = vec![
        at_once("share of stale reads at the answer", "C(N - W, R) / C(N, R)", missed),
        after_10_ms("share of stale reads 10 ms later", formula, later(10.0)),
    ];
    if missed > 0.0 {
        let observe = |report: &RunReport| stale(report, 5);
        let quantity = "share of stale reads 5 ms later";
        forms.insert(1, Form { quantity, formula, exact: later(5.0), observe });
    }
    let source = "Bailis et al. 2012, eqs. 1 and 4";
    Case { system, source, scenario: [FREE_CLIENTS, &store(sizes, MEMORYLESS)].concat(), forms }
}

/// A system with the published distribution of writes.
fn published(system: &'static str, write: &str, sizes: (usize, usize), forms: Vec<Form>) -> Case {
    let legs = format!(
        "write-request = {write}\nacknowledgement = {SSD}\nread-request = {SSD}\nresponse = {SSD}\n"
    );
    let store = store((3, sizes.0, sizes.1), &legs);
    let source = "Bailis et al. 2012, the WARS model with the fits of table 3";
    Case { system, source, scenario: [FREE_CLIENTS, &store].concat(), forms }
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    let wars = "WARS, drawn 4e7 times";
    vec![
        memoryless("quorums of 3 copies, W = 1, R = 1", (3, 1, 1)),
        memoryless("quorums of 3 copies, W = 2, R = 1", (3, 2, 1)),
        memoryless("quorums of 3 copies, W = 2, R = 2", (3, 2, 2)),
        memoryless("quorums of 5 copies, W = 2, R = 2", (5, 2, 2)),
        published(
            "quorums of 3 copies on LinkedIn's SSDs, W = 1, R = 1",
            SSD,
            (1, 1),
            vec![at_once("share of stale reads at the answer (published: 0.026)", wars, 0.02638)],
        ),
        published(
            "quorums of 3 copies on LinkedIn's disks, W = 1, R = 1",
            DISK,
            (1, 1),
            vec![
                at_once("share of stale reads at the answer (published: 0.561)", wars, 0.56317),
                after_10_ms("share of stale reads 10 ms later (published: 0.075)", wars, 0.07372),
            ],
        ),
        published(
            "quorums of 3 copies on LinkedIn's disks, W = 2, R = 1",
            DISK,
            (2, 1),
            vec![
                at_once("share of stale reads at the answer", wars, 0.28707),
                after_10_ms("share of stale reads 10 ms later", wars, 0.04383),
            ],
        ),
        published(
            "quorums of 3 copies on LinkedIn's disks, W = 1, R = 2",
            DISK,
            (1, 2),
            vec![at_once("share of stale reads at the answer", wars, 0.23732)],
        ),
    ]
}
