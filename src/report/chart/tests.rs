//! Tests of what all charts must keep: nothing overlaps, nothing leaves the paper, every byte is
//! the same again.

use super::picture::{Align, Text};
use super::*;
use crate::tests::comparison;

/// Left, top, right and bottom of a text: the box of its capitals and figures.
fn extent(text: &Text) -> (f64, f64, f64, f64) {
    let width = font::width(&text.text, text.size, text.bold);
    let left = match text.align {
        Align::Start => text.at.0,
        Align::Middle => text.at.0 - width / 2.0,
        Align::End => text.at.0 - width,
    };
    (left, text.at.1 - text.size * 0.73, left + width, text.at.1)
}

fn check_texts(chart: &Chart) {
    let texts: Vec<&Text> = chart.picture.texts().collect();
    for (at, text) in texts.iter().enumerate() {
        let (left, top, right, bottom) = extent(text);
        assert!(
            left >= 0.0
                && top >= 0.0
                && right <= chart.picture.width
                && bottom <= chart.picture.height,
            "{}: `{}` leaves the paper",
            chart.name,
            text.text
        );
        for other in &texts[..at] {
            let (left2, top2, right2, bottom2) = extent(other);
            assert!(
                right <= left2 || right2 <= left || bottom <= top2 || bottom2 <= top,
                "{}: `{}` overlaps `{}`",
                chart.name,
                text.text,
                other.text
            );
        }
    }
}

#[test]
fn no_text_overlaps_or_leaves_the_paper() {
    for seeds in [1, 10] {
        for chart in charts(&comparison::comparison(seeds)) {
            check_texts(&chart);
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
        check_texts(&chart);
    }
}

#[test]
fn an_empty_comparison_still_draws() {
    for chart in charts(&Comparison::default()) {
        check_texts(&chart);
        assert!(String::from_utf8(chart.svg()).unwrap().starts_with("<svg"));
    }
}

#[test]
fn every_chart_is_the_same_bytes_again() {
    let comparison = comparison::comparison(6);
    for (once, again) in charts(&comparison).iter().zip(charts(&comparison)) {
        assert_eq!(once.svg(), again.svg(), "{}", once.name);
        assert!(once.png() == again.png(), "{}", once.name);
    }
}

#[test]
fn where_medians_are_alike_the_title_is_about_the_tail() {
    let mut comparison = comparison::comparison(6);
    let lag = comparison.variants[0].measure(catalogue::LAG).expect("a lag").clone();
    comparison.variants.truncate(2);
    comparison.variants[1].insert(lag);
    let low = from_to(range(&comparison, catalogue::LAG, Statistic::P50).expect("a lag"));
    assert!(low.ends_with(" in all variants"), "{low}");
    assert_eq!(lag_title(&comparison), format!("Median consistency lag: {low}"));
}

#[test]
fn without_wrong_outcomes_nothing_is_drawn_of_them() {
    let mut comparison = comparison::comparison(6);
    let texts = |comparison: &Comparison| -> Vec<String> {
        let chart = charts(comparison).into_iter().find(|chart| chart.name == "outcomes");
        let picture = chart.expect("a chart of outcomes").picture;
        picture.texts().map(|text| text.text.clone()).collect()
    };
    assert!(texts(&comparison).contains(&"Wrong".to_owned()));
    comparison.variants.retain(|variant| variant.census.wrong() == 0);
    assert!(!comparison.variants.is_empty());
    assert!(!texts(&comparison).contains(&"Wrong".to_owned()));
    assert_eq!(how_outcomes_are_shown(&comparison), RIGHT_OUTCOMES);
}

#[test]
fn titles_say_the_message() {
    let charts = charts(&comparison::comparison(10));
    let titles: Vec<&str> = charts.iter().map(|chart| &*chart.picture.title).collect();
    insta::assert_snapshot!(titles.join("\n"));
}
