//! Which systems let an operation build on what another one takes back.

use crate::model::system::System;
use crate::patterns::isolation;
use crate::tests::runs::scenario;

/// Orders are placed, their stock is taken, they are packed; who follows an order does more.
const WORLD: &str = r#"
[scenario]
name = "isolation"
warm-up = "0s"
load = "10s"
[services]
order = {}
stock = {}
[databases]
order-db = {}
stock-db = {}
[tables]
order = { owner = "order", database = "order-db", columns = { state = "none" } }
parcel = { owner = "stock", database = "stock-db", columns = { state = "none" } }
product = { owner = "stock", database = "stock-db", columns = { left = 9, hint = 0 }, rows = 5 }
[load]
open = { operation = "open", poisson = 1.0 }
follow = { operation = "follow", follows = { load = "open", delay = "5s" } }
[variants.it]
pattern = "orchestrated"
"#;

fn operation(name: &str, keys: &str, steps: &[&str]) -> String {
    let steps = steps.iter().enumerate().map(|(at, step)| format!("{{ name = 's{at}', {step} }}"));
    let steps: Vec<String> = steps.collect();
    format!("[operations.{name}]\nkeys = {{ {keys} }}\nsteps = [{}]\n", steps.join(", "))
}

const PLACE: &str =
    "by = 'order', table = 'order', key = 'order', effect = { insert = { state = 'open' } }";
const TAKE: &str =
    "by = 'stock', table = 'product', key = 'product', effect = { add = { left = -1 } }";
const PACK: &str =
    "by = 'stock', table = 'parcel', key = 'order', effect = { insert = { state = 'packed' } }";
const SEND: &str = "by = 'stock', table = 'parcel', key = 'order', \
    effect = { set = { state = 'sent' } }, undo = { set = { state = 'packed' } }";
const CLOSE: &str = "by = 'order', table = 'order', key = 'order', \
    effect = { set = { state = 'closed' } }, undo = { set = { state = 'open' } }";
const GIVE: &str =
    "by = 'stock', table = 'product', key = 'product', effect = { add = { left = 1 } }";
const COUNT: &str = "by = 'stock', table = 'product', key = 'product', \
    effect = { set = { left = 7 } }, undo = { set = { left = 0 } }";
const HINT: &str = "by = 'stock', table = 'product', key = 'product', \
    effect = { set = { hint = 7 } }, undo = { set = { hint = 0 } }";

fn missed(opening: &[&str], following: &[&str]) -> (bool, bool) {
    of(opening, following, |system| {
        (isolation::is_missed(system, false), isolation::is_missed(system, true))
    })
}

fn of<T>(opening: &[&str], following: &[&str], asked: impl Fn(&System) -> T) -> T {
    let opened = operation("open", "order = 'new', product = { rows-of = 'product' }", opening);
    let followed = operation("follow", "order = 'followed', product = 'followed'", following);
    let scenario = scenario(&(WORLD.to_owned() + &opened + &followed));
    asked(&scenario.variants[0].system)
}

#[test]
fn a_row_that_may_go_under_who_follows_it_is_no_ground_to_build_on() {
    assert_eq!(missed(&[PLACE, TAKE, PACK], &[CLOSE]), (true, true));
    assert_eq!(missed(&[PLACE, TAKE], &[CLOSE, GIVE]), (true, true));
}

#[test]
fn what_the_last_step_makes_is_there_for_good() {
    let parcel_first = (false, true);
    assert_eq!(missed(&[PLACE, TAKE, PACK], &[SEND, CLOSE]), parcel_first, "unless in parallel");
    assert_eq!(missed(&[PLACE, TAKE, PACK], &[CLOSE, SEND]), (true, true), "too late");
    assert_eq!(missed(&[PLACE, PACK], &[SEND, CLOSE]), (false, false), "two are in order anyway");
    assert_eq!(missed(&[PLACE], &[CLOSE]), (false, false), "alone, it is the last");
}

#[test]
fn amounts_go_together_and_columns_are_apart() {
    assert_eq!(missed(&[TAKE, PLACE], &[GIVE]), (false, false));
    assert_eq!(missed(&[TAKE, PLACE], &[COUNT]), (true, true), "an overwritten amount is not");
    assert_eq!(missed(&[TAKE, PLACE], &[HINT]), (false, false));
    assert_eq!(missed(&[HINT, PLACE], &[GIVE]), (true, true), "two who open overwrite each other");
}

/// A value that a compensating transaction puts back hides what was written meanwhile; a row that
/// goes as a whole hides nothing that anyone misses.
#[test]
fn compensation_may_write_over_what_came_later() {
    let overwritten = |opening: &[&str], following: &[&str]| {
        of(opening, following, |system| isolation::is_overwritten(system, false))
    };
    assert!(overwritten(&[PLACE, CLOSE, TAKE], &[CLOSE]));
    assert!(!overwritten(&[PLACE, TAKE], &[CLOSE, GIVE]), "the row goes as a whole");
    assert!(!overwritten(&[TAKE, PLACE], &[GIVE]), "amounts go together");
    assert!(!overwritten(&[TAKE, CLOSE], &[SEND]), "the last step is not compensated");
}

/// Whoever loses the order of events loses effects where later steps overwrite each other.
#[test]
fn order_matters_where_later_steps_overwrite() {
    let rests =
        |opening: &[&str], following: &[&str]| of(opening, following, isolation::rests_on_order);
    assert!(rests(&[PLACE, PACK], &[CLOSE, SEND]), "the parcel is sent before it is packed");
    assert!(rests(&[PLACE, COUNT], &[CLOSE]), "two that open set the same product");
    assert!(!rests(&[PLACE, TAKE], &[CLOSE, GIVE]), "amounts go together");
}
