//! The excerpts of a file that may be anybody's.

use super::*;
use crate::scenario::problem::Code;

fn source(text: &str) -> Source {
    Source { name: "a.toml".into(), text: text.into() }
}

/// The problem that a piece of a text is wrong, shown.
fn shown(text: &str, wrong: &str) -> String {
    let at = text.find(wrong).expect("it is in the text");
    let problem = Problem::error(Code::WrongValue, &(at..at + wrong.len()), "it is wrong", "here");
    render(&source(text), &[problem], false)
}

/// The lines of the file in an error, without the numbers before them.
fn quoted(shown: &str) -> Vec<&str> {
    let numbered = |line: &&str| line.starts_with(|it: char| it.is_ascii_digit());
    shown.lines().filter(numbered).filter_map(|line| Some(line.split_once(" | ")?.1)).collect()
}

#[test]
fn a_short_line_is_quoted_as_it_is_and_a_long_one_around_what_is_wrong() {
    let line = format!("{}WRONG{}", "a".repeat(35), "b".repeat(5));
    assert_eq!(quoted(&shown(&format!("x = 1\n{line}\ny = 2"), "WRONG")), [&*line]);
    for (before, behind) in [(100, 100), (0, 100), (100, 0)] {
        let long = format!("{}WRONG{}", "a".repeat(before), "b".repeat(behind));
        let said = shown(&format!("x = 1\n{long}\ny = 2"), "WRONG");
        let quoted = quoted(&said)[0];
        assert!(quoted.contains("WRONG") && quoted.chars().count() <= SHOWN, "{said}");
        let mark = said.lines().find(|line| line.contains("^^^^^")).expect("it is marked");
        let line = said.lines().find(|line| line.contains("WRONG")).expect("it is quoted");
        assert_eq!(mark.find("^^^^^"), line.find("WRONG"), "{said}");
        assert!(said.contains(&format!("a.toml:2:{}", before + 1)), "where it is: {said}");
    }
}

/// Lines of a megabyte, of letters of several bytes too, before, in and behind what is wrong.
#[test]
fn no_more_of_a_file_is_quoted_than_people_read() {
    let many = 1 << 20;
    let texts = [
        format!("x = \"{}\"", "a".repeat(many)),
        format!("x = \"{}\"\ny = 1", "\u{e9}".repeat(many)),
        format!("{}x = 1", "\t".repeat(many)),
    ];
    for text in &texts {
        let from = text.find('x').expect("a key");
        for wrong in ["x", &text[from..]] {
            let said = shown(text, wrong);
            assert!(
                said.chars().count() < 1_000,
                "{}",
                &said.chars().take(300).collect::<String>()
            );
            let fits = |line: &&str| line.chars().count() <= SHOWN;
            assert!(quoted(&said).iter().all(fits), "{said}");
        }
    }
    let name = "n".repeat(many);
    let problem = Problem::error(Code::UnknownKey, &(0..1), format!("no `{name}` here"), "");
    let said = render(&source("x = 1"), &[problem], false);
    assert!(said.contains(&format!("no `{}...` here", "n".repeat(SHOWN))), "{said}");
}

/// Two marks in one long line, and a patch, are inside what is shown of it.
#[test]
fn marks_stay_inside_of_what_is_shown() {
    let text = format!("key = [ {}1, 2 ] # {}", " ".repeat(500), "c".repeat(500));
    let at = |what: &str| text.find(what).map(|at| at..at + what.len()).expect("in the text");
    let problem = Problem::error(Code::WrongValue, &at("key"), "it is wrong", "here")
        .also(&at("1, 2"), "and there")
        .patch(&at("1, 2"), "3");
    let said = render(&source(&text), &[problem], false);
    assert!(said.contains("here") && said.contains("there") && said.len() < 1_500, "{said}");
}
