//! Results to bytes: tables, CSV, JSON, charts and a page.
//!
//! Nothing here simulates, reads a file or a clock, or prints: every function is given a
//! [`Comparison`] and returns text or bytes, the same ones on every rerun and platform. [`files`]
//! is a whole folder of results, [`terminal::render`] what the terminal shows.

pub mod chart;
pub mod coupling;
pub mod csv;
pub mod diagram;
pub mod explore;
pub mod failure;
pub mod fuzz;
pub mod html;
pub mod human;
pub mod json;
pub mod readme;
pub mod sentence;
pub mod terminal;
pub mod text;
pub mod trace;
pub mod view;

use crate::experiment::result::Comparison;

/// Every file of a folder of results, as (path relative to the folder, bytes), sorted by path.
/// Whoever writes them writes all or none.
pub fn files(comparison: &Comparison) -> Vec<(String, Vec<u8>)> {
    let charts = chart::charts(comparison);
    let mut files = vec![
        ("README.md".to_string(), readme::readme(comparison).into_bytes()),
        ("coupling.csv".into(), csv::coupling(comparison)),
        ("index.html".into(), html::page(comparison, &charts).into_bytes()),
        ("operations.csv".into(), csv::operations(comparison)),
        ("runs.csv".into(), csv::runs(comparison)),
        ("summary.csv".into(), csv::summary(comparison)),
        ("summary.json".into(), json::summary(comparison)),
    ];
    for chart in &charts {
        files.push((format!("charts/{}.svg", chart.name), chart.picture.svg()));
        files.push((format!("charts/{}.png", chart.name), chart.picture.png()));
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_results_is_complete_and_the_same_again() {
        let comparison = crate::tests::comparison::comparison(6);
        let files = super::files(&comparison);
        assert!(files == super::files(&comparison), "the same bytes again");
        let paths: Vec<&str> = files.iter().map(|(path, _)| &**path).collect();
        insta::assert_snapshot!(paths.join("\n"));
        let readme = readme::readme(&comparison);
        for path in paths.iter().filter(|path| !path.contains("charts/") && **path != "README.md") {
            assert!(readme.contains(&format!("`{path}`")), "README.md explains {path}");
        }
    }
}
