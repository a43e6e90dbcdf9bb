//! Tests of what all charts must keep: nothing overlaps, nothing leaves the paper, every byte is
//! the same again.

use super::words::{from_to, range};
use super::*;
use crate::checks::measures::catalogue::LAG;
use crate::experiment::result::Statistic;
use crate::tests::comparison;
use crate::tests::texts::{check, texts};

#[test]
fn no_text_overlaps_or_leaves_the_paper() {
    for seeds in [1, 10] {
        for chart in charts(&comparison::comparison(seeds)) {
            check(&chart.picture);
        }
    }
}

#[test]
fn many_variants_with_long_names_still_fit() {
    let mut comparison = comparison::comparison(6);
    for copy in 0..4 {
        let mut variant = comparison.variants[copy].clone();
        variant.name = format!("{}-with-a-very-long-name-{copy}", variant.name);
        comparison.variants.push(variant);
    }
    for chart in charts(&comparison.paired()) {
        check(&chart.picture);
    }
}

#[test]
fn an_empty_comparison_still_draws() {
    for chart in charts(&Comparison::default()) {
        check(&chart.picture);
        assert!(String::from_utf8(chart.picture.svg()).unwrap().starts_with("<svg"));
    }
}

#[test]
fn every_chart_is_the_same_bytes_again() {
    let comparison = comparison::comparison(6);
    for (once, again) in charts(&comparison).iter().zip(charts(&comparison)) {
        assert_eq!(once.picture.svg(), again.picture.svg(), "{}", once.name);
        assert!(once.picture.png() == again.picture.png(), "{}", once.name);
    }
}

#[test]
fn what_is_not_final_is_marked_in_every_chart_that_names_its_variant() {
    let mut comparison = comparison::comparison(10);
    let marked = |comparison: &Comparison| {
        let charts = charts(comparison).into_iter();
        let of = |chart: &Chart<'_>| {
            let said: Vec<String> = texts(&chart.picture).into_iter().map(|it| it.0).collect();
            let name = format!("~{}", comparison.variants[1].name);
            let explained = said.join(" ").contains("~: some runs had not settled");
            (said.iter().any(|text| text.contains(&name)), explained)
        };
        charts.map(|chart| (chart.name, of(&chart))).collect::<Vec<_>>()
    };
    assert!(marked(&comparison).iter().all(|(_, found)| *found == (false, false)));
    comparison.variants[1].settled[0] = false;
    for (name, found) in marked(&comparison) {
        assert_eq!(found, (true, true), "{name}");
    }
    for chart in charts(&comparison) {
        check(&chart.picture);
    }
}

#[test]
fn where_medians_are_alike_the_title_is_about_the_tail() {
    let mut comparison = comparison::comparison(6);
    let lag = comparison.variants[0].measure(LAG).expect("a lag").clone();
    comparison.variants.truncate(2);
    comparison.variants[1].insert(lag);
    let low = from_to(range(&comparison, LAG, Statistic::P50).expect("a lag"));
    assert!(low.ends_with(" in all variants"), "{low}");
    assert_eq!(lag::lag(&comparison).picture.title, format!("Median consistency lag: {low}"));
}

#[test]
fn without_wrong_outcomes_nothing_is_drawn_of_them() {
    let mut comparison = comparison::comparison(6);
    let has_wrong = |comparison: &Comparison| {
        let chart = outcomes::outcomes(comparison);
        let is_drawn = texts(&chart.picture).iter().any(|(text, _)| text == "Wrong");
        assert_eq!(chart.caption.contains("Wrong outcomes"), is_drawn);
        is_drawn
    };
    assert!(has_wrong(&comparison));
    comparison.variants.retain(|variant| variant.census.wrong() == 0);
    assert!(!comparison.variants.is_empty());
    assert!(!has_wrong(&comparison));
}

#[test]
fn titles_say_the_message() {
    let comparison = comparison::comparison(10);
    let titles = charts(&comparison).into_iter().map(|chart| chart.picture.title);
    let titles: Vec<String> = titles.collect();
    insta::assert_snapshot!(titles.join("\n"));
}
