//! One database, one transaction.

use std::io;

use crate::checks::census::{Headline, State};
use crate::model::record::{Answer, Kind};
use crate::scenario::{Registries, Source, load};
use crate::tests::runs::{RecordedRun, record_text};

/// Three tables of one service, in one database or in two; the last step is refused now and then.
fn text(second: &str, refusal: f64, faults: &str) -> String {
    let mut text = "[scenario]\nname = 'one'\nwarm-up = '0s'\nload = '60s'\nsettle = '60s'\n\
        [retry]\nattempts = 3\nbackoff = '100ms'\n[clients]\ndeadline = '30s'\n\
        [links]\ndatabase = { delay = '1ms' }\n\
        [services.shop]\nrecovery = '1s'\n[databases.one]\nforce = '2ms'\n[databases.two]\n"
        .to_owned();
    let homes = [("t1", "one"), ("t2", second), ("t3", "one")];
    for (table, database) in homes {
        text += &format!(
            "[tables.{table}]\nowner = 'shop'\ndatabase = '{database}'\ncolumns = {{ n = 0 }}\n\
             rows = 100000\n"
        );
    }
    text += "[operations.work]\nkeys = { row = { rows-of = 't1' } }\n";
    for (table, _) in homes {
        text += &format!(
            "[[operations.work.steps]]\nname = '{table}'\nby = 'shop'\ntable = '{table}'\n\
             key = 'row'\neffect = {{ add = {{ n = 1 }} }}\n"
        );
    }
    format!(
        "{text}refuse = {{ probability = {refusal:?} }}\n\
         [load.work]\noperation = 'work'\nconstant = '500ms'\n\
         [variants.it]\npattern = 'local-transaction'\n{faults}"
    )
}

fn run(text: &str) -> RecordedRun {
    let told = record_text(text, "it", 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(told.ran.settled);
    told
}

#[test]
fn it_is_all_or_nothing_for_one_forced_write() {
    let told = run(&text("one", 0.3, ""));
    let rows = &told.report.operations;
    assert_eq!(rows.len(), 119);
    let done = rows.iter().filter(|row| row.answer == Answer::Done);
    assert!(done.clone().all(|row| row.state == State::All));
    let refused = rows.iter().filter(|row| row.answer == Answer::RefusedByRule);
    assert!(refused.clone().all(|row| row.state == State::None));
    let (done, refused) = (done.count(), refused.count());
    assert_eq!(done + refused, 119);
    assert!(done > 60 && refused > 15, "{done} done, {refused} refused");
    assert_eq!(told.count(Kind::Forced), done);
}

#[test]
fn a_crash_of_its_database_leaves_all_or_nothing_and_no_false_answer() {
    let crashes: String = (0..20)
        .map(|n| {
            // Just behind an arrival, each a little later in the transaction than the last.
            let at = 2_500 * (n + 1) + n;
            format!("[[faults]]\nkind = 'crash'\nat = '{at}ms'\nfor = '200ms'\ntarget = 'one'\n")
        })
        .collect();
    let told = run(&text("one", 0.0, &crashes));
    let rows = &told.report.operations;
    assert!(rows.iter().all(|row| matches!(row.state, State::All | State::None)));
    assert_eq!(told.report.census.wrong(), 0);
    let unanswered = rows.iter().filter(|row| row.headline != Headline::Committed).count();
    assert!(unanswered > 0, "some crashes fell into a transaction");
}

#[test]
fn a_copy_of_a_request_waits_for_the_first_and_hears_the_same() {
    // The first copy's commit waits for the disk.
    let stall = "[[faults]]\nkind = 'disk-stall'\nat = '499ms'\nfor = '20s'\ntarget = 'one'\n\
        [[faults]]\nkind = 'duplicate-message'\n\
        on = { what = 'send ask', who = 'role:client' }\n";
    let told = run(&text("one", 0.0, stall));
    let first = &told.report.operations[0];
    assert_eq!((first.answer, first.state), (Answer::Done, State::All));
    assert_eq!(told.report.census.wrong(), 0);
}

#[test]
fn across_databases_it_is_refused_with_that_reason() {
    let source = Source { name: "test.toml".into(), text: text("two", 0.0, "") };
    let (_, problems) =
        load(&source, &|_| Err(io::Error::other("no file")), &Registries::builtin());
    let found = problems.iter().filter(|problem| {
        problem.message == "`work` touches 2 databases; a local transaction reaches only one"
    });
    assert_eq!(found.count(), 1);
}
