//! Tests of what a sweep is turned into.

use super::*;
use crate::checks::measures::catalogue::{AVAILABILITY, COMPARED_AVAILABILITY};
use crate::experiment::result::{Comparison, Statistic};
use crate::experiment::result::{MeasureResult, VariantResult};
use crate::experiment::sweep::SweptPoint;
use crate::report::text::Terminal;
use crate::tests::texts::check;

/// Two variants of which one is the better below a value of 25 and the other one above.
fn crossing(axes: &[(&str, &[i64])]) -> Swept {
    let axes: Vec<Axis> = axes
        .iter()
        .map(|(key, values)| Axis::new(key, values.iter().map(|at| (*at).into()).collect()))
        .collect();
    let positions: Vec<Vec<usize>> = match &axes[..] {
        [one] => (0..one.values.len()).map(|at| vec![at]).collect(),
        [one, other, ..] => (0..one.values.len())
            .flat_map(|y| (0..other.values.len()).map(move |x| vec![y, x]))
            .collect(),
        [] => Vec::new(),
    };
    let point = |at: Vec<usize>| {
        let value = number(&axes[0].values[at[0]]).expect("a number");
        let variant = |name: &str, share: f64| {
            let seeds = (0..8).map(|seed| Some(share + f64::from(seed) * 1e-4)).collect();
            let mut variant = VariantResult { name: name.into(), ..VariantResult::default() };
            variant.insert(MeasureResult::mean(COMPARED_AVAILABILITY, seeds));
            variant
        };
        let variants = vec![variant("steady", 0.75), variant("falling", 1.0 - value / 100.0)];
        let comparison = Comparison { variants, seeds: (1..=8).collect(), ..Comparison::default() };
        SweptPoint { at, comparison }
    };
    let figures = vec![Figure { key: COMPARED_AVAILABILITY.into(), of: Statistic::Value }];
    let points = positions.into_iter().map(point).collect();
    Swept { axes, points, figures, command: "driftlab sweep x.toml".into(), ..Swept::default() }
}

const LOADS: (&str, &[i64]) = ("load.all.poisson", &[5, 15, 25, 35, 45]);
const SIZES: (&str, &[i64]) = ("services.stock.workers", &[1, 2]);

#[test]
fn one_axis_is_told_with_the_places_where_variants_change() {
    let swept = crossing(&[LOADS]);
    insta::assert_snapshot!(render(&swept, Terminal::default()));
    let lines = tell::places(&swept, &swept.figures[0]);
    let said = "falling against steady: higher (better) up to 15, no difference shown at 25, \
                lower (worse) from 35 on.";
    assert_eq!(lines, [said]);
}

#[test]
fn two_axes_are_a_table_for_each_variant() {
    insta::assert_snapshot!(render(&crossing(&[LOADS, SIZES]), Terminal::default()));
}

#[test]
fn charts_keep_to_their_paper_and_show_bands() {
    for axes in [&[LOADS][..], &[SIZES], &[LOADS, SIZES], &[("one", &[3])]] {
        for chart in charts(&crossing(axes)) {
            check(&chart.picture);
        }
    }
    let named = ("faults[0].kind", &[1, 2, 3][..]);
    let mut swept = crossing(&[named]);
    swept.axes[0] = Axis::new(named.0, ["crash", "pause", "delay"].map(Into::into).to_vec());
    let field = charts(&swept).remove(0);
    check(&field.picture);
    let field = String::from_utf8(field.picture.svg()).unwrap();
    assert_eq!(field.matches("fill-opacity").count(), 6, "a cell for each variant and kind");
    assert!(["falling", "steady", "crash", "pause", "delay"].iter().all(|it| field.contains(*it)));
    let svg = String::from_utf8(charts(&crossing(&[LOADS]))[0].picture.svg()).unwrap();
    assert_eq!(svg.matches("fill-opacity=\"0.200\"").count(), 2, "a band for each variant");
    let heat = String::from_utf8(charts(&crossing(&[LOADS, SIZES]))[0].picture.svg()).unwrap();
    assert_eq!(heat.matches("fill-opacity").count(), 20, "a cell for each variant and point");
}

#[test]
fn the_long_table_has_a_row_for_each_point_variant_seed_and_measure() {
    let text = String::from_utf8(table(&crossing(&[LOADS, SIZES]))).unwrap();
    let rows: Vec<&str> = text.lines().filter(|row| row.contains(",m9")).collect();
    assert_eq!(rows.len(), 10 * 2 * 8);
    let head = "point,load.all.poisson,services.stock.workers,variant,seed,measure,unit,";
    assert!(text.starts_with(head), "{}", text.lines().next().unwrap_or_default());
    let first = format!("0,5,1,steady,1,{},share,", COMPARED_AVAILABILITY.id);
    assert!(rows[0].starts_with(&first), "{}", rows[0]);
    assert_ne!(AVAILABILITY.id, COMPARED_AVAILABILITY.id);
}

#[test]
fn durations_are_nanoseconds_in_the_table_and_readable_on_the_axis() {
    let mut swept = crossing(&[("retry.backoff", &[1, 2])]);
    swept.axes[0] = Axis::new("retry.backoff", vec!["1ms".into(), "2s".into()]);
    let text = String::from_utf8(table(&swept)).unwrap();
    assert!(text.starts_with("point,retry.backoff [ns],variant"), "{text}");
    assert!(text.contains("\n1,2000000000,steady,1,"));
    assert_eq!(labels(&swept.axes[0]), ["1 ms", "2 s"]);
}

#[test]
fn a_folder_holds_its_charts_and_the_same_bytes_again() {
    let swept = crossing(&[LOADS]);
    let bytes = || files(&swept).iter().map(|it| (it.path.clone(), it.bytes())).collect::<Vec<_>>();
    let found = bytes();
    assert!(found == bytes());
    let paths: Vec<&str> = found.iter().map(|(path, _)| &**path).collect();
    let figure = swept.figures[0].to_string();
    for wanted in ["README.md", "index.html", "sweep.csv", &format!("charts/{figure}.svg")] {
        assert!(paths.contains(&wanted), "{wanted} is not among {paths:?}");
    }
    let page = String::from_utf8(
        found[paths.iter().position(|it| *it == "index.html").unwrap()].1.clone(),
    );
    let page = page.unwrap();
    assert!(page.contains("no difference shown at 25") && !page.contains("http"), "{page}");
}
