//! Crashes of anybody, messages that are lost, late or come twice, and everything at once.

use super::*;
use proptest::prelude::*;

/// The targets that may crash.
const TARGETS: [&str; 11] = [
    "coordinator",
    "coordinator",
    "acceptor-1",
    "acceptor-2",
    "role:acceptor",
    "a",
    "b",
    "c",
    "a-db",
    "b-db",
    "c-db",
];

/// Messages between everybody that are lost, come twice, or are late, as often as this.
fn unreliable(lost: f64, copied: f64, late: u64) -> String {
    let all = "['a', 'b', 'c', 'role:driver']";
    format!(
        "[[faults]]\nkind = 'loss'\nfrom = {all}\nto = {all}\nshare = {lost}\nat = '0s'\n\
         [[faults]]\nkind = 'duplication'\nfrom = {all}\nto = {all}\nshare = {copied}\nat = '0s'\n\
         [[faults]]\nkind = 'delay'\nfrom = {all}\nto = {all}\nleast = '0s'\nmost = '{late}ms'\n\
         at = '0s'\n"
    )
}

#[test]
fn lost_late_and_copied_messages_never_break_atomicity() {
    let (mut lost, mut copied, mut led) = (0, 0, 0);
    let (mut committed, mut aborted) = (0, 0);
    for faults in 0..=2 {
        let settings = format!("tolerated-faults = {faults}, inquiry-interval = '300ms'");
        let text = paxos(&settings, 60, &unreliable(0.1, 0.3, 600)).replace("\"10s\"", "\"700ms\"");
        let text = text.replace("attempts = 1", "attempts = 3");
        for seed in 1..=2 {
            let told = record_text(&text, "tpc", seed);
            check_sound(&told, &format!("{settings}, seed {seed}"));
            lost += told.count(Kind::Lost);
            copied += told.count(Kind::Duplicated);
            led += told.logged("promised", true);
            let (commits, aborts) = outcomes(&told);
            committed += commits;
            aborted += aborts;
        }
    }
    for count in [lost, copied, led, committed, aborted] {
        assert!(count > 10, "{lost} {copied} {led} {committed} {aborted}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever crashes or is lost, and whenever: once all is healed, every operation is done
    /// wholly or not at all, as its client was told, and nothing is held.
    #[test]
    fn whatever_happens_all_or_nothing_is_done(
        crashes in crashes(&TARGETS, 8),
        faults in 0_u8..=2,
        messages in prop::option::of((0.0..0.2_f64, 0.0..0.5_f64, 1_u64..900)),
        inquiry in prop::sample::select(vec!["100ms", "1s", "3s"]),
        seed in 1_u64..1_000,
    ) {
        let settings = format!("tolerated-faults = {faults}, inquiry-interval = '{inquiry}'");
        let mut plan = String::new();
        for crash in &crashes {
            if crash.target.contains("acceptor") && faults == 0 {
                continue;
            }
            plan += &crash.fault();
        }
        if let Some((lost, copied, late)) = messages {
            plan += &unreliable(lost, copied, late);
        }
        let text = busy(&paxos(&settings, 22, &plan));
        let told = record_text(&text, "tpc", seed);
        check_sound(&told, &text);
    }
}
