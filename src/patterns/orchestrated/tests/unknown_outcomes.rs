//! Unknown outcomes: lost and late requests and replies.

use super::*;

const REPLIES: (&str, &str) = ("s2", "role:orchestrator");
const REQUESTS: (&str, &str) = ("role:orchestrator", "s2");

impl Chain {
    fn cut_way(self, (from, to): (&str, &str), at: &str, length: &str) -> Self {
        self.cut(from, to, at, length)
    }
}

#[test]
fn a_lost_reply_applies_a_step_once_with_keys_and_twice_without() {
    let told = Chain::of(3).cut_way(REPLIES, "9s", "2s").run();
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    let told = Chain::of(3).with("idempotency-keys = false").cut_way(REPLIES, "9s", "2s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (2, FORWARD), (3, FORWARD)]);
    assert_eq!(fate(&told.report), (Headline::Duplicated, State::Over, Answer::Done));
}

#[test]
fn a_step_whose_outcome_is_unknown_is_compensated() {
    let chain = Chain { attempts: 1, ..Chain::of(3) };
    let told = chain.cut_way(REPLIES, "9s", "8s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)]);
    assert_eq!(fate(&told.report).1, State::Reversed);
    // The first reply to the compensation is lost as well; it is asked for again, and done once.
    assert!(sent(&told, "compensate") > 4);
}

#[test]
fn a_step_that_never_ran_is_barred_and_leaves_nothing() {
    let chain = Chain { attempts: 1, ..Chain::of(3) };
    let told = chain.cut_way(REQUESTS, "9s", "2s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK)]);
    assert_eq!(fate(&told.report).1, State::Reversed);
}

#[test]
fn a_request_that_arrives_after_its_compensation_does_nothing() {
    // The request is on the road for five seconds; its compensation, sent 2 s later, overtakes it.
    let late = "from = ['role:orchestrator']\nto = ['s2']\nleast = '5s'\none-way = true";
    let late = |settings| {
        let chain = Chain { attempts: 1, ..Chain::of(3).with(settings) };
        chain.fault("delay", "9s", "2s", late).run()
    };
    let told = late("");
    let at = told.node("s2");
    let arrivals = pick!(record: Event::Delivered { label, class: MessageClass::Service, .. }
        if record.node == at && record.step.0 == 1 => label);
    let arrivals: Vec<_> = told.pick(arrivals).map(|label| told.label(label)).collect();
    assert_eq!(arrivals, ["compensate", "apply"]);
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK)]);
    assert_eq!(fate(&told.report).1, State::Reversed);
    let told = late("idempotency-keys = false");
    assert_eq!(shown(&told), [(1, FORWARD), (1, BACK), (2, FORWARD)]);
    assert_eq!(fate(&told.report).0, Headline::Mixed, "without keys nothing bars it");
}

#[test]
fn doubt_at_the_pivot_is_cleared_up_and_not_compensated() {
    let chain = Chain { attempts: 1, ..Chain::of(3).with("pivot = 's2'") };
    let told = chain.cut_way(REPLIES, "9s", "8s").run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (3, FORWARD)]);
    assert_eq!(sent(&told, "compensate"), 0);
}

#[test]
fn doubt_at_the_last_step_is_cleared_up_for_others_may_build_on_it() {
    let cleared_up = |settings| {
        let chain = Chain { attempts: 1, ..Chain::of(2).with(settings) };
        let told = chain.cut_way(REPLIES, "9s", "8s").run();
        sent(&told, "compensate") == 0 && shown(&told) == [(1, FORWARD), (2, FORWARD)]
    };
    assert!(cleared_up(""));
    assert!(!cleared_up("idempotency-keys = false"), "asking again would do it again");
}

#[test]
fn a_client_that_asks_again_gets_the_answer_of_the_workflow_under_way() {
    let clients = "deadline = '30s'\nattempts = 5\nattempt-deadline = '1s'";
    let told = Chain { clients, ..Chain::of(3) }.cut_way(REPLIES, "9s", "2s").run();
    assert!(told.sent("ask", MessageClass::Client) > 2, "the client asked more than once");
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    assert_eq!(told.count(Kind::Decided), 1, "there was one workflow");
    assert_eq!(sent(&told, "apply"), 2 * 4, "with one retry");
}

#[test]
fn a_step_has_not_failed_while_a_copy_of_the_request_may_yet_succeed() {
    // One copy waits for the disk until 17 s, and holds the row; the other one and all further
    // attempts give up waiting for it.
    let stall = "target = 'd2'";
    let mut chain = Chain::of(3).fault("disk-stall", "9s", "8s", stall);
    chain.faults.push(
        "[[faults]]\nkind = 'duplicate-message'\n\
         on = { who = 'orchestrator', what = 'send apply', to = 's2', when = 'before' }\n"
            .to_owned(),
    );
    let told = chain.run();
    assert_eq!(shown(&told), [(1, FORWARD), (2, FORWARD), (2, BACK), (1, BACK)]);
    assert_eq!(fate(&told.report).1, State::Reversed);
}
