//! Tests of axes: what a text says, and what a scenario takes.

use super::*;
use crate::scenario::{Registries, Source, load, render};
use crate::tests::runs::{SHOP, scenario};

fn axis(text: &str) -> Axis {
    AxisText::parse(text).unwrap_or_else(|problem| panic!("{text}: {}", problem.message)).axis()
}

fn values(text: &str) -> Vec<String> {
    axis(&format!("key={text}")).values.iter().map(shown).collect()
}

#[test]
fn ranges_are_linear_or_logarithmic_and_as_whole_as_their_ends() {
    assert_eq!(values("10..50:5"), ["10", "20", "30", "40", "50"]);
    assert_eq!(values("10..50:lin:3"), ["10", "30", "50"]);
    assert_eq!(values("10..1000:log:5"), ["10", "32", "100", "316", "1000"]);
    assert_eq!(values("1..4:log:9"), ["1", "2", "3", "4"], "each once");
    assert_eq!(values("0.1..0.5:5"), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
    assert_eq!(values("0.001..1.0:log:4"), ["0.001", "0.01", "0.1", "1.0"]);
    assert_eq!(values("10ms..1s:log:5"), ["10ms", "31.6ms", "100ms", "316ms", "1s"]);
    assert_eq!(values("1s..4s:4"), ["1s", "2s", "3s", "4s"]);
}

#[test]
fn lists_are_taken_as_they_are() {
    assert_eq!(values("100ms,1s, 10s"), ["100ms", "1s", "10s"]);
    assert_eq!(axis("a.b=true,false").values, [toml::Value::Boolean(true), false.into()]);
    let scales = ["1,2,4", "1,10", "100ms,1s", "arrival,wake-all", "0,100"].map(|text| {
        let axis = axis(&format!("key={text}"));
        (axis.scale, axis.is_time())
    });
    let expected = [
        (Scale::Linear, false),
        (Scale::Logarithmic, false),
        (Scale::Logarithmic, true),
        (Scale::Names, false),
        (Scale::Linear, false),
    ];
    assert_eq!(scales, expected);
}

#[test]
fn what_is_no_axis_is_refused_where_it_is_wrong() {
    for (text, place, why) in [
        ("services.stock.workers", 0..22, "expected PLACE=VALUES"),
        ("a=1,,2", 4..4, "commas"),
        ("a=", 2..2, "commas"),
        ("a=5..1:3", 2..8, "goes up"),
        ("a=0..1:log:3", 2..12, "above zero"),
        ("a=1..5", 2..6, "from 2 to 1000 values"),
        ("a=1..5:cubic:3", 2..14, "neither `log` nor `lin`"),
        ("a=1ms..5:3", 2..10, "a duration and the other is none"),
        ("a=one..five:3", 2..13, "from a number or a duration"),
    ] {
        let problem = AxisText::parse(text).expect_err(text);
        assert!(problem.message.contains(why), "{text}: {}", problem.message);
        assert_eq!(problem.place(), place, "{text}");
    }
}

#[test]
fn every_value_is_tried_and_an_unknown_place_gets_the_nearest() {
    let shop = scenario(SHOP);
    let found = |text: &str| AxisText::parse(text).expect("an axis").check(&shop);
    for good in [
        "services.stock.workers=1,2",
        "services.stock.work=1ms..2ms:2",
        "load.shoppers.constant=1s,2s",
        "variants.saga.settings.idempotency-keys=true,false",
        "variants.saga.retry.attempts=1,2",
        "operations.buy.steps[1].effect.add.left=-1,-2",
        "load.regrets.follows.share=0.1..0.9:3",
    ] {
        assert_eq!(found(good), [], "{good}");
    }
    for (text, place, message, meant) in [
        (
            "services.stok.workers=1",
            0..21,
            "no value `services.stok.workers`",
            "services.stock.workers",
        ),
        ("services.stock.workes=1", 0..21, "no value", "services.stock.workers"),
        ("load.shoppers.constnt=1s", 0..21, "no value", "load.shoppers.constant"),
    ] {
        let problems = found(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].message.contains(message), "{}", problems[0].message);
        assert_eq!((problems[0].place(), problems[0].meant.as_deref()), (place, Some(meant)));
    }
    let wrong = found("services.stock.workers=0,1,many");
    let places: Vec<Place> = wrong.iter().map(Problem::place).collect();
    assert_eq!(places, [23..24, 27..31], "{wrong:?}");
    assert!(wrong[0].message.starts_with("`services.stock.workers` cannot be 0: `workers` must"));
}

#[test]
fn a_scenario_says_what_is_swept_in_dotted_keys() {
    let text = format!(
        "{SHOP}[sweep]\nservices.stock.workers = \"1..4:4\"\n\
         load.shoppers.constant = [\"1s\", \"2s\"]\n"
    );
    let shop = scenario(&text);
    let keys: Vec<&str> = shop.sweep.iter().map(|axis| &*axis.key).collect();
    assert_eq!(keys, ["services.stock.workers", "load.shoppers.constant"]);
    let points = points(&shop, &shop.sweep).unwrap_or_else(|(at, _)| panic!("{at}"));
    assert_eq!(points.len(), 8);
    let changes = "services.stock.workers = 1, load.shoppers.constant = \"2s\"";
    assert_eq!((&*points[1].at, &*points[1].scenario.changes), (&[0, 1][..], changes));
    assert_eq!(points[7].scenario.system.services[1].workers, 4);
    assert!(points[7].scenario.sweep.is_empty() && points[7].scenario.hash == shop.hash);
}

#[test]
fn problems_of_a_sweep_point_into_the_file() {
    let problem = |sweep: &str| {
        let text = format!("{SHOP}[sweep]\n{sweep}\n");
        let source = Source { name: "shop.toml".into(), text };
        let no_file = |_: &str| Err(std::io::Error::other("no file"));
        let (scenario, problems) = load(&source, &no_file, &Registries::builtin());
        assert!(scenario.is_none(), "{sweep}");
        render(&source, &problems, false)
    };
    let lines = [
        ("services.stock.worker = \"1,2\"", "services.stock.workers"),
        ("services.stock.workers = \"0..4:5\"", "`workers` must be a whole number"),
        ("services.stock.workers = [1, 'x']", "cannot be \"x\""),
        ("services.stock.workers = 3", "must be a list of values"),
        ("services.stock.workers = '5..1:3'", "a range goes up"),
        (
            "retry.attempts = '1..2:2'\nretry.factor = '1..2:2'\nretry.jitter = '0.1..0.2:2'",
            "at most 2",
        ),
        ("retry.attempts = '1..1000:1000'\nretry.factor = '1..100:100'", "these are 100000"),
    ];
    for (sweep, said) in lines {
        let found = problem(sweep);
        assert!(found.contains(said), "{sweep}: {found}");
        assert!(found.contains(&sweep.lines().last().expect("a line")[..12]), "{found}");
    }
}
