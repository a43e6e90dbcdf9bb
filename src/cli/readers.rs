//! All readers of files from outside, as functions of bytes: for any bytes, the result is a value
//! or a problem. `fuzz/` searches for bytes with which one panics or never ends, guided by
//! coverage; the tests here mutate well-formed files, which needs no special toolchain.

use super::results;
use crate::experiment::compare::Judged;
use crate::scenario::{self, Registries, Source, counterexample, render};

/// A scenario with measurements and a trace from the file `x.csv`.
const TRACED: &str = r#"
    [scenario]
    name = "traced"
    warm-up = "0s"
    load = "10s"
    settle = "60s"
    [services]
    order = { work = { empirical = { file = "x.csv", column = "took" } } }
    [databases]
    order-db = {}
    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    [operations.buy]
    keys = { order = "new" }
    steps = [{ name = "place", by = "order", table = "order", key = "order",
               effect = { insert = { product = 1 } } }]
    [load.shoppers]
    operation = "buy"
    trace = { file = "x.csv", column = "at", unit = "epoch" }
    [variants.local]
    pattern = "local-transaction"
"#;

/// Reads bytes as a scenario that names no other file.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    load(text, b"");
}

/// Reads bytes as the data of a scenario.
pub fn data(bytes: &[u8]) {
    load(TRACED, bytes);
}

fn load(text: &str, data: &[u8]) {
    let source = Source { name: "x.toml".into(), text: text.into() };
    let files = |_: &str| Ok(data.to_vec());
    let (_, problems) = scenario::load(&source, &files, &Registries::builtin());
    render(&source, &problems, false);
}

/// Reads bytes as a counterexample.
pub fn counterexample(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { name: "x.toml".into(), text: text.into() };
    let registries = Registries::builtin();
    let (read, problems) = counterexample::read(&source, &registries);
    render(&source, &problems, false);
    let shop = include_str!("../../tests/scenarios/explored.toml");
    let shop = scenario::Scenario::from_text(shop, &registries);
    let (Some(read), Ok(shop)) = (read, shop) else { return };
    if let Err(problems) = read.resolve(&shop) {
        render(&source, &problems, false);
    }
}

/// Reads bytes as the stored run of a comparison that is to be resumed. A run that can be read is
/// written and read again, with the same result.
///
/// # Panics
///
/// If the second reading differs.
pub fn resume(bytes: &[u8]) {
    let Ok(judged) = serde_json::from_slice::<Judged>(bytes) else { return };
    let written = serde_json::to_vec(&judged).expect("what was read can be written");
    let again: Judged = serde_json::from_slice(&written).expect("and read again");
    assert_eq!(serde_json::to_vec(&again).expect("and written"), written);
}

/// Reads bytes as the manifest of a folder of results.
pub fn manifest(bytes: &[u8]) {
    results::read_manifest(bytes);
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand::seq::IndexedRandom;

    use super::*;
    use crate::experiment::compare::judge;
    use crate::kernel::{Purpose, RandomStreams};
    use crate::tests::runs::{SHOP, scenario as shop};

    /// A reader, a text that it can read, and how many changed ones it is given.
    type Reader = (fn(&[u8]), Vec<u8>, u64);

    /// Pieces that mean something to one of the readers.
    const PIECES: [&str; 22] = [
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "=",
        ",",
        "\n",
        "#",
        "-1",
        "1e400",
        "0",
        "\u{1b}[31m",
        "null",
        "18446744073709551616",
        "nan",
        "\"0s\"",
        "[[faults]]",
        "\u{0}",
        "\u{feff}",
        "é",
    ];

    /// A text of which some pieces were taken out, doubled, or replaced.
    fn changed(text: &[u8], rng: &mut impl RngExt) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..rng.random_range(1..6) {
            let from = rng.random_range(0..=bytes.len());
            let to = (from + rng.random_range(0..40)).min(bytes.len());
            let piece = bytes[from..to].to_vec();
            match rng.random_range(0..4) {
                0 => drop(bytes.drain(from..to)),
                1 => drop(bytes.splice(from..from, piece)),
                2 => {
                    let other = PIECES.choose(rng).expect("there are pieces");
                    bytes.splice(from..to, other.bytes());
                }
                _ => bytes[from..to].iter_mut().for_each(|byte| *byte ^= 1),
            }
        }
        bytes
    }

    #[test]
    fn whatever_the_bytes_are_nothing_panics() {
        let run = judge(&shop(SHOP), &shop(SHOP).variants[0], 1, true);
        let run = serde_json::to_vec(&run).expect("a run can be written");
        let found =
            include_bytes!("../../tests/counterexamples/dual-write-all-or-nothing.toml").to_vec();
        let csv = b"at,took\n1700158546.5,3\n1700158547,4.5\n1700158548,9\n".to_vec();
        let listed = br#"{"driftlab":"0.1.0","files":{"a/b.csv":"0123456789abcdef"}}"#.to_vec();
        let readers: [Reader; 5] = [
            (scenario, SHOP.as_bytes().to_vec(), 300),
            (counterexample, found, 100),
            (data, csv, 200),
            (resume, run, 100),
            (manifest, listed, 300),
        ];
        for (at, (read, good, times)) in readers.into_iter().enumerate() {
            read(&good);
            let streams = RandomStreams::new(at as u64);
            for number in 0..times {
                let mut rng = streams.draw(Purpose::Nemesis, 0, number, 0, 0);
                read(&changed(&good, &mut rng));
            }
        }
    }
}
