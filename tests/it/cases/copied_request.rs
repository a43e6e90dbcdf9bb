//! A request that the network copies, and an orchestrator that crashes between the two copies: one
//! is taken on, the other refused. The refusal says nothing about the first.

use driftlab::checks::Verdict;
use driftlab::scenario::{Registries, Source, counterexample};
use driftlab::search::replay::replay;
use driftlab::search::trial::Trial;

use crate::whole::{scenario, text, variant};

/// An exploration of `quiet.toml` found this: the client was told no, and everything was done.
const CASE: &str = include_str!("copied-request.toml");

#[test]
fn the_refusal_of_one_copy_is_no_answer_to_the_other() {
    let quiet = scenario(&text("quiet.toml"));
    let source = Source { name: "copied-request.toml".into(), text: CASE.into() };
    let (read, problems) = counterexample::read(&source, &Registries::builtin());
    assert!(problems.is_empty(), "{problems:?}");
    let written = read.expect("it can be read").resolve(&quiet).expect("it fits");
    let again = replay(&Trial::new(&quiet, variant(&quiet, "orchestrated")), &written);
    assert_eq!(again.tried.struck, [true, true]);
    // All effects are there, and the client heard that it cannot know.
    assert_eq!(again.judgement.verdict, Verdict::Undecided, "{}", again.judgement.why);
    assert!(again.judgement.why.contains("no client heard yes or no"), "{}", again.judgement.why);
}
