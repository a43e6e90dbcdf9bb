//! Tests of the table split on a library with one jointly written table.

use crate::model::system::{
    ColumnRef, Derive, DeriveRule, Effect, InvariantRule, ReadWhat, StepId, StepSpec, System,
    TableId, ValueSpec,
};
use crate::techniques::tests::layouts::{LIBRARY, Laid, laid, laid_in, refused_in};

const BOOK: TableId = TableId(0);
/// The part of the inventory: copies, place and lent.
const PART: TableId = TableId(3);

fn split() -> Laid {
    laid("'table-split'")
}

fn step<'s>(system: &'s System, operation: &str, at: usize) -> &'s StepSpec {
    let of = |name: &str| name == operation;
    let found = system.operations.iter().find(|operation| of(&operation.name.shown));
    &found.expect("an operation").steps[at]
}

#[test]
fn each_writer_gets_the_columns_that_it_writes() {
    let Laid { before, after } = split();
    assert_eq!(after.tables.len(), 4);
    let part = after.table(PART);
    let names: Vec<&str> = part.columns.iter().map(|column| &*column.name).collect();
    assert_eq!((&*part.name.shown, names), ("book@inventory", vec!["copies", "place", "lent"]));
    assert_eq!(after.service_named("inventory"), Some(part.owner));
    assert_eq!((part.database, part.rows), (before.tables[1].database, 50));
    assert_eq!(part.columns[0].initial, 3, "as in the table from which it comes");
    for table in [BOOK, PART] {
        assert_eq!(after.writers(table).len(), 1);
        assert!(after.table(table).grants.is_empty());
    }
}

#[test]
fn steps_find_their_columns_in_their_part() {
    let Laid { after, .. } = split();
    let count = step(&after, "restock", 0);
    assert_eq!((count.table, &count.effect), (PART, &Effect::Add(vec![(0, 1)])));
    assert_eq!(count.undo, Effect::Add(vec![(0, -1)]));
    let note = step(&after, "lend", 1);
    assert_eq!(note.effect, Effect::Add(vec![(2, 1)]));
    let derive = note.derive.as_ref().expect("as the file says");
    assert_eq!((derive.source, &derive.rule), (TableId(2), &DeriveRule::Count { by: 0, to: 2 }));
    assert_eq!(step(&after, "announce", 1).table, BOOK, "the owner's steps stay");
    let lookup = step(&after, "lend", 0).lookup.expect("as the file says");
    assert_eq!((lookup.table, lookup.refuse.map(|below| below.column)), (PART, Some(0)));
    let lookup = step(&after, "restock", 0).lookup.expect("as the file says");
    assert_eq!(lookup.table, BOOK, "whether the row is there at all, its owner knows");
}

#[test]
fn who_writes_a_new_row_anyway_makes_its_part_of_it() {
    let Laid { before, after } = split();
    let place = step(&after, "add", 1);
    let values = vec![(0, ValueSpec::Literal(1)), (1, ValueSpec::Literal(7))];
    assert_eq!((place.table, &place.effect), (PART, &Effect::Insert(values)));
    assert_eq!(place.undo, Effect::Delete);
    let row_per = Derive { source: BOOK, filter: Vec::new(), rule: DeriveRule::RowPer };
    assert_eq!(place.derive, Some(row_per));
    assert_eq!(after.operations[0].steps.len(), before.operations[0].steps.len());
}

#[test]
fn an_added_amount_counts_from_the_initial_value() {
    let add = "effect = { set = { copies = 1, place = 7 } }";
    let text = LIBRARY.replace(add, "effect = { add = { copies = 4 } }");
    let Laid { after, .. } = laid_in(&text, "'table-split'");
    let values = vec![(0, ValueSpec::Literal(3 + 4))];
    assert_eq!(step(&after, "add", 1).effect, Effect::Insert(values));
}

#[test]
fn rows_are_made_and_deleted_in_every_part() {
    let Laid { before, after } = split();
    let create = step(&after, "announce", 2);
    assert_eq!(&*create.name.shown, "create book@inventory");
    assert_eq!((create.by, create.table), (after.table(PART).owner, PART));
    assert_eq!((&create.effect, &create.undo), (&Effect::Insert(Vec::new()), &Effect::Delete));
    assert_eq!((create.key, &create.after), (0, &vec![StepId(0)]));
    let delete = step(&after, "withdraw", 1);
    assert_eq!((delete.table, &delete.effect), (PART, &Effect::Delete));
    assert_eq!(delete.derive.as_ref().map(|derive| derive.source), Some(BOOK));
    let steps: Vec<usize> =
        after.operations.iter().map(|operation| operation.steps.len()).collect();
    let were: Vec<usize> =
        before.operations.iter().map(|operation| operation.steps.len()).collect();
    assert_eq!((were, steps), (vec![2, 2, 2, 1, 2], vec![2, 2, 3, 2, 2]));
}

#[test]
fn who_deletes_a_row_without_owning_it_leaves_no_half() {
    let text = LIBRARY.replace(
        "{ name = \"strike\", by = \"catalog\"",
        "{ name = \"strike\", by = \"inventory\"",
    );
    let Laid { after, .. } = laid_in(&text, "'table-split'");
    assert_eq!(step(&after, "withdraw", 0).table, PART);
    let other = step(&after, "withdraw", 1);
    assert_eq!((other.table, other.by), (BOOK, after.table(BOOK).owner));
}

#[test]
fn reads_and_invariants_go_where_the_columns_went() {
    let Laid { after, .. } = split();
    let column = |at: usize| match &after.reads[at].what {
        ReadWhat::Column { column, .. } => *column,
        ReadWhat::Operation { .. } => panic!("a reader"),
    };
    assert_eq!(column(0), ColumnRef { table: BOOK, column: 1 });
    assert_eq!(column(1), ColumnRef { table: PART, column: 0 });
    let ReadWhat::Operation { steps, .. } = &after.reads[2].what else { panic!("a probe") };
    assert_eq!(steps, &[0, 1, 2].map(StepId), "the new part of the row is read as well");
    let InvariantRule::CountEqual { column, of, by, .. } = &after.invariants[0].rule else {
        panic!("a count");
    };
    assert_eq!((*column, *of, *by), (ColumnRef { table: PART, column: 2 }, TableId(2), 0));
    let InvariantRule::Bound { column, .. } = after.invariants[1].rule else { panic!("a bound") };
    assert_eq!(column, ColumnRef { table: PART, column: 0 });
    let InvariantRule::References { table, filter, to, to_filter, .. } = &after.invariants[2].rule
    else {
        panic!("a reference");
    };
    assert_eq!((*table, filter.as_slice(), *to), (PART, &[(0, 3)][..], BOOK));
    assert_eq!(to_filter, &[(1, 10)]);
}

#[test]
fn what_was_one_row_belongs_together() {
    let Laid { before, after } = split();
    let added = &after.invariants[before.invariants.len()..];
    let names: Vec<&str> = added.iter().map(|invariant| &*invariant.name).collect();
    let expected = [
        "every row of `book@inventory` has its row in `book`",
        "every row of `book` has its row in `book@inventory`",
    ];
    assert_eq!(names, expected);
    let tables = added.iter().map(|invariant| match &invariant.rule {
        InvariantRule::References { table, by: None, to, .. } => (*table, *to),
        other => panic!("{other:?}"),
    });
    assert_eq!(tables.collect::<Vec<_>>(), [(PART, BOOK), (BOOK, PART)]);
}

#[test]
fn a_column_with_two_writers_is_refused_with_that_reason() {
    let text =
        LIBRARY.replace("effect = { set = { price = 20 } }", "effect = { set = { copies = 0 } }");
    let problems = refused_in(&text, "'table-split'");
    assert!(
        problems.contains(
            "the column `copies` of `book` is written by `catalog` and `inventory`: \
             a split would leave two writers on it"
        ),
        "{problems}"
    );
    let told = "effect = { set = { copies = 1, place = 7 } }";
    let insert = LIBRARY.replace("price = 12 }", "price = 12, place = 0 }");
    assert!(insert.contains(told), "the inventory still sets the place");
    assert!(refused_in(&insert, "'table-split'").contains("the column `place` of `book`"));
}

#[test]
fn what_would_need_a_join_is_refused_with_that_reason() {
    let problems = refused_in(
        &LIBRARY.replace("to-where = { price = 10 }", "to-where = { price = 10, copies = 3 }"),
        "'table-split'",
    );
    let reason = "goes by columns of `book` that a split takes apart: it would need a join";
    assert!(
        problems.contains(&format!("the invariant `nothing stands nowhere` {reason}")),
        "{problems}"
    );
    let refuse = "effect = { set = { price = 20 } }, \
                  refuse = { below = { column = \"copies\", bound = 0 } }";
    let problems =
        refused_in(&LIBRARY.replace("effect = { set = { price = 20 } }", refuse), "'table-split'");
    assert!(problems.contains(&format!("step `price` of `announce` {reason}")), "{problems}");
}

#[test]
fn who_may_write_already_needs_no_part() {
    let domain = "{ name = 'data-domain', services = ['catalog', 'inventory'] }";
    let Laid { before, after } = laid(&format!("[{domain}, 'table-split']"));
    assert_eq!(after.tables.len(), before.tables.len());
}

#[test]
fn a_part_without_a_column_is_refused() {
    let text = LIBRARY
        .replace("{ name = \"strike\", by = \"catalog\"", "{ name = \"strike\", by = \"desk\"");
    let problems = refused_in(&text, "'table-split'");
    let reason = "`desk` makes or deletes rows of `book` and writes no column of it";
    assert!(problems.contains(reason), "{problems}");
}

#[test]
fn an_operation_does_not_grow_beyond_what_it_may_have() {
    let mut steps = String::new();
    for number in 0..6 {
        steps += &format!(
            "{{ name = \"more-{number}\", by = \"catalog\", table = \"book\", key = \"book\",
               effect = {{ add = {{ price = 1 }} }} }},\n"
        );
    }
    let text = LIBRARY.replace("{ name = \"price\",", &format!("{steps}{{ name = \"price\","));
    let problems = refused_in(&text, "'table-split'");
    let reason = "with a split of `book`, `announce` has 9 steps, and an operation has at most 8";
    assert!(problems.contains(reason), "{problems}");
}

#[test]
fn a_table_that_is_copied_is_not_split_afterwards() {
    let copied = "[{ name = 'replicate', tables = ['book'] }, 'table-split']";
    let problems = refused_in(LIBRARY, copied);
    assert!(problems.contains("`book` is copied already: split it first"), "{problems}");
}
