//! Reports of results: tables, CSV, JSON, charts and a page, as bytes.
//!
//! Nothing here simulates, reads a file or a clock, or prints: every function is given a
//! [`Comparison`](crate::experiment::result::Comparison) and returns text or bytes, the same ones
//! on every rerun and platform. [`Exports`](export::Exports) make a whole folder of results,
//! [`terminal::render`] makes the text for the terminal.

mod builtin;
pub mod chart;
pub mod claims;
pub mod coupling;
pub mod crossing;
pub mod csv;
pub mod diagram;
pub mod diff;
pub mod explore;
pub mod export;
pub mod failure;
pub mod faults;
pub mod fuzz;
pub mod html;
pub mod human;
mod inputs;
pub mod json;
pub mod kept;
pub mod precision;
pub mod readme;
pub mod sensitivity;
pub mod sentence;
pub mod story;
pub mod sweep;
pub mod terminal;
pub mod text;
pub mod trace;
pub mod verification;
pub mod view;

#[cfg(test)]
mod tests {
    use super::export::Exports;
    use super::*;

    #[test]
    fn a_folder_of_results_is_complete_and_the_same_again() {
        let comparison = crate::tests::comparison::comparison(6);
        let exports = Exports::builtin();
        let files = exports.files(&comparison);
        let bytes = |files: &[export::File]| -> Vec<Vec<u8>> {
            files.iter().map(export::File::bytes).collect()
        };
        let again = exports.files(&comparison);
        assert!(bytes(&files) == bytes(&again), "the same bytes again");
        let paths: Vec<&str> = files.iter().map(|file| &*file.path).collect();
        insta::assert_snapshot!(paths.join("\n"));
        let readme = readme::readme(&comparison, &exports);
        for path in paths.into_iter().filter(|path| *path != "README.md") {
            // Those of a folder are explained together, as `scenario/*`.
            let (name, _) = path.split_once('/').unwrap_or((path, ""));
            assert!(readme.contains(&format!("| `{name}")), "README.md explains {path}");
        }
    }
}
