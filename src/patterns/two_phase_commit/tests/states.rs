//! The states of a transaction, held against those of the abstract protocol: *TwoPhase* of
//! Lamport's TLA+ examples (Gray and Lamport, *Consensus on Transaction Commit*, 2006), of which
//! TLC counts 56 with two participants and 288 with three: 2^N + 4^N + 6^N, committed, open and
//! aborted.
//!
//! In a run without crashes, losses and timeouts, over ways of random length, every transaction is
//! one walk through these states. Where nobody refuses, all walks together come through all of them
//! that are left of the protocol without aborts, 2^N + 3^N, and through no others.

use std::collections::BTreeSet;

use super::*;

/// The stage of a participant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    Working,
    Prepared,
    Committed,
    Aborted,
}

/// The decision of the coordinator.
type Outcome = Option<bool>;

/// A state of the protocol. That somebody's vote is on its way, and that the outcome is, follows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct State {
    stages: Vec<Stage>,
    /// The participants that have voted yes, and those whose vote the coordinator has.
    voted: Vec<bool>,
    heard: Vec<bool>,
    outcome: Outcome,
}

impl State {
    fn first(participants: usize) -> Self {
        Self {
            stages: vec![Stage::Working; participants],
            voted: vec![false; participants],
            heard: vec![false; participants],
            outcome: None,
        }
    }

    fn at(&self, participant: usize, stage: Stage) -> Self {
        let mut next = self.clone();
        next.stages[participant] = stage;
        next.voted[participant] |= stage == Stage::Prepared;
        next
    }

    fn hears(&self, participant: usize) -> Self {
        let mut next = self.clone();
        next.heard[participant] = true;
        next
    }

    fn decides(&self, outcome: bool) -> Self {
        Self { outcome: Some(outcome), ..self.clone() }
    }

    /// The states that may follow, with aborts or without.
    fn next(&self, aborts: bool) -> Vec<Self> {
        let mut next = Vec::new();
        if self.outcome.is_none() {
            next.extend(aborts.then(|| self.decides(false)));
            next.extend(self.heard.iter().all(|heard| *heard).then(|| self.decides(true)));
        }
        for (at, stage) in self.stages.iter().enumerate() {
            if *stage == Stage::Working {
                next.push(self.at(at, Stage::Prepared));
                next.extend(aborts.then(|| self.at(at, Stage::Aborted)));
            }
            if self.voted[at] && self.outcome.is_none() {
                next.push(self.hears(at));
            }
            let told =
                self.outcome.map(|done| if done { Stage::Committed } else { Stage::Aborted });
            next.extend(told.map(|stage| self.at(at, stage)));
        }
        next
    }
}

/// All states that the abstract protocol can reach.
fn reachable(participants: usize, aborts: bool) -> BTreeSet<State> {
    let first = State::first(participants);
    let (mut found, mut open) = (BTreeSet::from([first.clone()]), vec![first]);
    while let Some(state) = open.pop() {
        for next in state.next(aborts) {
            if found.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}

/// The states through which the transactions of a run came, of which a share is refused by its last
/// participant.
fn passed(participants: usize, refused: f64) -> BTreeSet<State> {
    let names = &["a", "b", "c"][..participants];
    let list = |of: &dyn Fn(&str) -> String| names.iter().map(|it| of(it)).collect::<String>();
    let last = names[participants - 1];
    let refuse = |name: &str| match name == last {
        true => format!(", refuse = {{ probability = {refused:?} }}"),
        false => String::new(),
    };
    let step = |name: &str| {
        format!(
            "{{ name = '{name}', by = '{name}', table = '{name}', key = 'row',
                effect = {{ insert = {{ value = 1 }} }}{} }},",
            refuse(name)
        )
    };
    let table = |it: &str| {
        format!("{it} = {{ owner = '{it}', database = '{it}-db', columns = {{ value = 0 }} }}\n")
    };
    let text = format!(
        "[scenario]\nname = 'states'\nwarm-up = '0s'\nload = '100s'\n\
         [clients]\ndeadline = '30s'\nattempts = 1\n\
         [retry]\nattempts = 1\nstep-deadline = '20s'\n\
         [drivers]\nwork = '0s'\nforce = {{ exponential = '10ms' }}\nworkers = 1000\n\
         [links]\ndefault = {{ delay = {{ exponential = '10ms' }} }}\n\
         database = {{ delay = {{ exponential = '10ms' }} }}\n\
         [services]\n{}[databases]\n{}[tables]\n{}[operations.all]\nkeys = {{ row = 'new' }}\n\
         steps = [{}]\n[load.all]\noperation = 'all'\npoisson = 20.0\n\
         [variants.it]\npattern = 'two-phase-commit'\n",
        list(&|it| format!("{it} = {{ work = '0s', workers = 1000 }}\n")),
        list(&|it| format!("{it}-db = {{ force = {{ exponential = '10ms' }} }}\n")),
        list(&table),
        list(&step),
    );
    let told = record_text(&text, "it", 1);
    let coordinator = told.node("coordinator");
    let nodes: Vec<_> = names.iter().map(|name| told.node(name)).collect();
    let mut passed = BTreeSet::new();
    let arrived = told.report.operations.len() as u32;
    assert!(arrived > 1_500);
    for op in 0..arrived {
        let mut state = State::first(participants);
        passed.insert(state.clone());
        for record in told.of(op) {
            let of = |database: DatabaseId| database.index();
            state = match record.event {
                Event::Prepared { database, .. } => state.at(of(database), Stage::Prepared),
                Event::Aborted { database, .. } => state.at(of(database), Stage::Aborted),
                Event::Resolved { database, decision, .. } => match decision {
                    Decision::Commit => state.at(of(database), Stage::Committed),
                    Decision::Abort => state.at(of(database), Stage::Aborted),
                },
                Event::Decided { label, decision, .. } if told.label(label) == "transaction" => {
                    state.decides(decision == Decision::Commit)
                }
                Event::Delivered { label, from, .. }
                    if told.label(label) == "prepare" && record.node == coordinator =>
                {
                    let at = nodes.iter().position(|node| *node == from).expect("who votes");
                    // Behind its decision the coordinator takes no notice of votes.
                    let counts = state.voted[at] && state.outcome.is_none();
                    if counts { state.hears(at) } else { state }
                }
                _ => continue,
            };
            passed.insert(state.clone());
        }
    }
    passed
}

#[test]
fn the_abstract_protocol_has_as_many_states_as_are_known() {
    for (participants, states) in [(1, 12), (2, 56), (3, 288)] {
        assert_eq!(reachable(participants, true).len(), states);
        let (two, three) = (1 << participants, 3_usize.pow(participants as u32));
        assert_eq!(reachable(participants, false).len(), two + three);
    }
}

#[test]
fn transactions_that_nobody_refuses_come_through_all_states_and_no_others() {
    for participants in [2, 3] {
        assert_eq!(passed(participants, 0.0), reachable(participants, false), "{participants}");
    }
}

#[test]
fn transactions_that_somebody_refuses_come_through_no_state_that_the_protocol_has_not() {
    for participants in [2, 3] {
        let (passed, known) = (passed(participants, 0.3), reachable(participants, true));
        let others: Vec<&State> = passed.difference(&known).collect();
        assert!(others.is_empty(), "{participants}: {others:?}");
        assert!(passed.iter().any(|state| state.stages.contains(&Stage::Aborted)));
        assert!(passed.is_superset(&reachable(participants, false)), "{participants}");
    }
}
