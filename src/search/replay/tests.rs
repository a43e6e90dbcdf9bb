//! A counterexample is written, read and run again, also after its scenario has changed.

use std::sync::OnceLock;

use super::*;
use crate::faults::fault::Faults;
use crate::kernel::{Span, Time};
use crate::model::contract::{Allowance, Budget, Promises};
use crate::scenario::Code;
use crate::scenario::counterexample::{self, CounterexampleText};
use crate::scenario::{Change, Problem, Registries, Scenario, Source, render};
use crate::search::trial::Trial;
use crate::tests::runs::{SHOP, scenario};

fn once() -> Promises {
    let allowance = Allowance::new("lose-message", 3, Span::ZERO);
    let budget = Budget(vec![allowance]);
    Promises { guarantees: vec!["at-most-once"], budget, ..Promises::default() }
}

fn trial(scenario: &Scenario) -> Trial<'_> {
    let keyless = scenario.variant("keyless").expect("a variant");
    Trial::new(scenario, keyless).promising(once())
}

/// An order is made and given back; the first answer of the stock to the order is lost, so that the
/// keyless saga takes the product twice.
fn written() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let scenario = scenario(SHOP);
        let trial = trial(&scenario);
        let calm =
            Case { seed: 3, operations: trial.offers(1, 2), faults: vec![], ..Case::default() };
        let answer = |passed: &crate::search::points::Passed| {
            let trigger = &passed.trigger;
            let what = trigger.what.to_string();
            what.starts_with("reply") && trigger.who.as_deref() == Some("stock")
        };
        let answer = trial.points(&calm).into_iter().find(answer).expect("the stock answers");
        let lose = Faults::builtin().find("lose-message").expect("registered").with_defaults();
        let fault = PlannedFault { start: Start::On(answer.trigger), length: None, fault: lose };
        let case = Case { faults: vec![fault], ..calm };
        let written = counterexample(&trial, &case, "at-most-once", "shop.toml", "a test");
        written.text(&scenario.system, "The product is taken twice.\nReally.")
    })
}

fn read(text: &str) -> (Option<CounterexampleText>, Vec<Problem>) {
    let source = Source { name: "found.toml".into(), text: text.into() };
    counterexample::read(&source, &Registries::builtin())
}

/// Replays the counterexample in a scenario with this text.
fn replayed(shop: &str) -> Replayed {
    let scenario = scenario(shop);
    let text = read(written()).0.expect("it can be read");
    let written = text.resolve(&scenario).unwrap_or_else(|_| panic!("it fits the scenario"));
    replay(&trial(&scenario), &written)
}

#[test]
fn it_comes_back_bit_for_bit() {
    let again = replayed(SHOP);
    assert_eq!(again.judgement.verdict, Verdict::Violated);
    assert_eq!(again.identity, Identity::Same);
    assert_eq!(again.tried.struck, [true]);
    assert_eq!(again.ops, [OpId(0)]);
}

/// From when on which other future comes true is a part of the case, and of its file.
#[test]
fn branch_seeds_are_read_as_they_are_written() {
    let scenario = scenario(SHOP);
    let trial = trial(&scenario);
    let seeds = vec![(Time::from_nanos(1_500_000_001), 7), (Time::from_nanos(2), u64::MAX >> 1)];
    let operations = trial.offers(1, 1);
    let case = Case {
        seed: 3,
        operations,
        faults: vec![],
        branch_seeds: seeds.clone(),
        ..Case::default()
    };
    let tried = trial.run(&case);
    let written = counterexample(&trial, &case, "at-most-once", "shop.toml", "a test");
    let (text, problems) = read(&written.text(&scenario.system, ""));
    assert!(problems.is_empty(), "{:?}", problems.first().map(|problem| &problem.message));
    let again = text.expect("no problem").resolve(&scenario).expect("it fits the scenario");
    assert_eq!(again.branch_seeds, seeds);
    assert_eq!(trial.run(&super::case(&again)).ran.fingerprint, tried.ran.fingerprint);
}

/// A changed size is a part of the case and of its file; what the scenario does not allow is
/// pointed at.
#[test]
fn changes_are_read_as_they_are_written() {
    let scenario = scenario(SHOP);
    let trial = Trial::new(&scenario, &scenario.variants[0]);
    let change = |key: &str, value: toml::Value| Change { key: key.into(), value };
    let changes = vec![
        change("services.stock.workers", 1.into()),
        change("databases.order-db.lock-timeout", "200ms".into()),
    ];
    let case = Case { seed: 3, operations: trial.offers(1, 2), changes, ..Case::default() };
    let tried = trial.run(&case);
    let plain = trial.run(&Case { changes: Vec::new(), ..case.clone() });
    assert_eq!(tried.ran.fingerprint, plain.ran.fingerprint, "one worker is enough for two");
    let written = counterexample(&trial, &case, "at-most-once", "shop.toml", "a test");
    let text = written.text(&scenario.system, "");
    let again = read(&text).0.expect("no problem").resolve(&scenario).expect("it fits");
    assert_eq!(again.changes, case.changes);
    let second =
        "\n[[faults]]\nkind = \"crash\"\nat = \"1s\"\nfor = \"1s\"\ntarget = \"stock#2\"\n";
    let of = |text: &str| read(&format!("{text}{second}")).0.expect("it can be read");
    assert!(of(&text).resolve(&scenario).is_err(), "there is one instance");
    let two = text.replace("stock.workers\"\nvalue = 1", "stock.instances\"\nvalue = 2");
    assert_eq!(of(&two).resolve(&scenario).expect("there are two").faults.len(), 1);
    for (bad, why) in
        [("workers", "at least 1"), ("wrokers", "unknown key"), ("workers.most", "whole number")]
    {
        let value = if bad == "workers" { "value = -1" } else { "value = 1" };
        let text = text.replacen("stock.workers", &format!("stock.{bad}"), 1);
        let text = text.replacen("value = 1", value, 1);
        let problems = read(&text).0.expect("it can be read").resolve(&scenario).err();
        let problems = problems.unwrap_or_else(|| panic!("{bad} {value} is wrong"));
        assert!(text[problems[0].place()].contains(bad), "{bad}");
        assert!(format!("{:?}", problems[0]).contains(why), "{:?}", problems[0]);
    }
}

/// The file says what people read: names, rows by who made them, faults as in a scenario.
#[test]
fn the_file_reads_well() {
    let text = written();
    let hashes = |line: &&str| !line.contains("-hash =") && !line.starts_with("fingerprint =");
    let lines: Vec<&str> = text.lines().filter(hashes).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Names last, and the random stream of things has names: nothing that is renamed or added matters.
#[test]
fn it_still_fails_after_a_rename_and_additions() {
    let violated = |shop: &str| {
        let again = replayed(shop);
        assert_eq!(again.judgement.verdict, Verdict::Violated, "{shop}");
        assert_eq!(again.tried.struck, [true]);
        again.identity
    };
    let renamed = SHOP
        .replace("stock = { work = \"1ms\" }", "warehouse = { work = \"1ms\", stream = \"stock\" }")
        .replace("owner = \"stock\"", "owner = \"warehouse\"")
        .replace("by = \"stock\"", "by = \"warehouse\"");
    assert!(renamed.matches("warehouse").count() == 4, "{renamed}");
    assert_eq!(violated(&renamed), Identity::Same, "not even the records differ");
    let first =
        SHOP.replace("order = { work = \"1ms\" }", "audit = {}\n    order = { work = \"1ms\" }");
    assert_eq!(violated(&first), Identity::Same, "nodes have other numbers and the same names");
    let table = "product = {";
    let other =
        "note = { owner = \"order\", database = \"order-db\", columns = { text = 0 } }\n    ";
    let tabled = SHOP.replacen(table, &format!("{other}{table}"), 1);
    assert_ne!(tabled, SHOP);
    assert_eq!(violated(&tabled), Identity::Same, "and so have tables");
    let load =
        "    [load.early]\n    operation = \"buy\"\n    constant = \"7s\"\n\n    [load.shoppers]";
    let loaded = SHOP.replace("    [load.shoppers]", load);
    assert!(loaded.contains("load.early"));
    assert_eq!(violated(&loaded), Identity::Same, "fresh keys have other numbers");
}

/// A mended setting no longer fails, and the counterexample says so.
#[test]
fn it_holds_once_the_setting_is_mended() {
    let mended = replayed(&SHOP.replace("idempotency-keys = false", "idempotency-keys = true"));
    assert_eq!(mended.judgement.verdict, Verdict::Held);
    assert_eq!(mended.identity, Identity::OtherScenario);
}

/// A name that the scenario lacks is reported with its place.
#[test]
fn what_the_scenario_lacks_is_pointed_at() {
    let scenario = scenario(SHOP);
    let broken = [
        ("variant = \"keyless\"", "variant = \"keyles\"", Code::UnknownVariant),
        ("name = \"shoppers#0\"", "name = \"shopers#0\"", Code::UnknownLoad),
        ("name = \"shoppers#0\"", "name = \"shoppers\"", Code::WrongValue),
        ("operation = \"buy\"", "operation = \"by\"", Code::UnknownOperation),
        ("order = \"new\"", "ordre = \"new\"", Code::MissingKey),
        ("order = \"new\"", "order = \"nobody#3\"", Code::WrongValue),
        ("who = \"stock\"", "who = \"stok\"", Code::UnknownTarget),
    ];
    for (good, bad, code) in broken {
        let text = written().replacen(good, bad, 1);
        assert_ne!(text, written(), "{good} stands in\n{text}");
        let read = read(&text).0.unwrap_or_else(|| panic!("{bad} can be read"));
        let problems = read.resolve(&scenario).err().unwrap_or_else(|| panic!("{bad} is wrong"));
        assert_eq!(problems[0].code, code, "{}", problems[0].message);
        let line = &text[problems[0].place()];
        assert!(!line.is_empty(), "{bad} has a place");
    }
}

/// Whatever is done to a file, the answer is problems with places, never a panic.
#[test]
fn broken_files_are_answered_with_problems() {
    let broken = [
        ("format = 1", "format = 2", Code::WrongValue),
        ("seed = 3", "seed = -3", Code::WrongValue),
        ("seed = 3", "sed = 3", Code::UnknownKey),
        ("kind = \"lose-message\"", "kind = \"loose-message\"", Code::UnknownFault),
        ("[counterexample]", "[counterexample", Code::Syntax),
        ("at = \"1s\"", "at = \"soon\"", Code::BadDuration),
    ];
    for (good, bad, code) in broken {
        let text = written().replacen(good, bad, 1);
        assert_ne!(text, written(), "{good} stands in\n{text}");
        let (read, problems) = read(&text);
        assert!(read.is_none(), "{bad} is wrong");
        assert!(problems.iter().any(|problem| problem.code == code), "{bad}: {problems:?}");
        let source = Source { name: "found.toml".into(), text };
        assert!(render(&source, &problems, false).contains("found.toml"));
    }
    let scenario = scenario(SHOP);
    for end in (0..written().len()).step_by(7) {
        if let Some(read) = read(&written()[..end]).0 {
            let _ = read.resolve(&scenario);
        }
    }
}

/// Two failures that differ in seeds, times and numbers only are one.
#[test]
fn the_shape_of_a_failure_knows_no_numbers() {
    let scenario = scenario(SHOP);
    let text = read(written()).0.expect("it can be read");
    let one = case(&text.resolve(&scenario).unwrap_or_else(|_| panic!("it fits")));
    let mut other = one.clone();
    other.seed = 99;
    other.operations[0].info.arrived += Span::from_secs(1);
    if let Start::On(trigger) = &mut other.faults[0].start {
        (trigger.nth, trigger.of) = (2, None);
    }
    assert_eq!(shape(&scenario.system, &one), shape(&scenario.system, &other));
    other.operations.pop();
    assert_ne!(shape(&scenario.system, &one), shape(&scenario.system, &other));
}

/// A removal finds a part of a row before it is there, where nobody promises that parts agree: that
/// is no failure of the saga, and it would be one of a pattern that promises it.
#[test]
fn parts_of_a_row_are_judged_by_what_is_promised() {
    let scenario = scenario(include_str!("../../../scenarios/ownership/1-joint-table.toml"));
    let text = read(include_str!("tests/overtaken.toml")).0.expect("it can be read");
    let written = text.resolve(&scenario).unwrap_or_else(|_| panic!("it fits the scenario"));
    let variant = scenario.variant(&written.variant).expect("a variant");
    let trial = Trial::new(&scenario, variant);
    let is_violated =
        |found: &crate::checks::properties::Finding| found.judgement.verdict == Verdict::Violated;
    let by_default = replay(&trial, &written);
    assert_eq!(by_default.judgement.verdict, Verdict::Undecided);
    assert!(!by_default.tried.findings.iter().any(is_violated));
    let budget = trial.promises().budget.clone();
    let agree = Promises { guarantees: vec!["convergence"], budget, ..Promises::default() };
    assert_eq!(replay(&trial.promising(agree), &written).judgement.verdict, Verdict::Violated);
}

/// A relay that tails a log confirms it to its end once all is stored, also what was stored in an
/// earlier attempt than the event that was missing.
#[test]
fn a_log_is_confirmed_to_its_end_once_nothing_is_missing() {
    let scenario = scenario(include_str!("../../../tests/scenarios/paths.toml"));
    let text = read(include_str!("tests/unconfirmed.toml")).0.expect("it can be read");
    let written = text.resolve(&scenario).unwrap_or_else(|_| panic!("it fits the scenario"));
    let variant = scenario.variant(&written.variant).expect("a variant");
    let replayed = replay(&Trial::new(&scenario, variant), &written);
    assert_eq!(replayed.judgement.verdict, Verdict::Held, "{}", replayed.judgement.why);
}
