//! Judged claims, for a terminal, as CSV, as JSON and as a page.

use minijinja::{Value, context};
use serde_json::json;

use super::export::File;
use super::html;
use super::human;
use super::terminal::{indented, labelled, title};
use super::text::Terminal;
use crate::claims::{Ends, Evidence, Found, JudgedClaim, Measured, Turn};
use crate::experiment::result::Estimate;
use crate::scenario::sweep::shown;

const TEMPLATE: &str = include_str!("html/claims.html");

/// The claims as paragraphs, source by source, and how many there are of each verdict.
pub fn render(claims: &[JudgedClaim], terminal: Terminal) -> String {
    let mut text = String::new();
    for its in by_source(claims) {
        text += &title(terminal, &its[0].source);
        for judged in its {
            let label = format!("{} {}", judged.claim.id, verdict(judged));
            text += &labelled(terminal, &label, &judged.claim.says);
            let lines = judged.evidence.iter().map(line).chain(remarks(judged));
            text += &lines.map(|line| indented(terminal, &line)).collect::<String>();
        }
    }
    text + "\n" + &indented(terminal, &summary(claims))
}

/// Claims of the same source.
fn by_source(claims: &[JudgedClaim]) -> impl Iterator<Item = &[JudgedClaim]> {
    claims.chunk_by(|one, next| one.source == next.source)
}

/// The verdict in words.
fn verdict(judged: &JudgedClaim) -> &'static str {
    if judged.depends() { "depends" } else { judged.found().word() }
}

/// The sentence that counts the claims of each verdict.
fn summary(claims: &[JudgedClaim]) -> String {
    let count = |word| claims.iter().filter(|it| verdict(it) == word).count();
    let words = [
        ("supported", "supported"),
        ("depends", "dependent on a value"),
        ("contradicted", "contradicted"),
        ("undecided", "undecided"),
    ];
    let counted = words.map(|(word, said)| (count(word), said)).into_iter();
    let counted = counted.filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted.map(|(count, said)| format!("{count} {said}")).collect();
    let untested = claims.iter().filter(|it| it.claim.turned_by.is_empty()).count();
    let untested = match untested {
        0 => String::new(),
        some => format!(" No change that turns it is known of {}.", human::some(some, "claim")),
    };
    let all = human::some(claims.len(), "claim");
    format!("{all}: {}.{untested}", counted.join(", "))
}

/// One expectation in one variant.
fn line(evidence: &Evidence) -> String {
    let Evidence { variant, measure, wanted, why, .. } = evidence;
    let held = evidence.verdict.name();
    match &evidence.measured {
        Some(measured) => format!("{variant}: {measure} {}, {wanted}: {held}", number(measured)),
        None => format!("{variant}: {measure}, {wanted}: {held} {why}"),
    }
}

/// A number with its interval, and that of the other variant.
fn number(measured: &Measured) -> String {
    let unit = measured.figure.unit();
    let text = |estimate: &Estimate<f64>| match estimate.interval {
        Some(_) => {
            let interval = human::interval(unit, estimate);
            format!("{} ({interval})", human::value(unit, estimate.value))
        }
        None => human::value(unit, estimate.value),
    };
    let against = measured.against.as_ref();
    let against = against.map(|other| format!(" against {}", text(other))).unwrap_or_default();
    text(&measured.value) + &against
}

/// The lines about changes under which the verdict is another.
fn remarks(judged: &JudgedClaim) -> Vec<String> {
    let turned = judged.turned.map(|turned| {
        let changes = judged.claim.turned_in_words();
        match judged.is_stuck() {
            true => format!("NOT TURNED by {changes}: still {}", turned.word()),
            false => format!("turned by {changes}: {}", turned.word()),
        }
    });
    turned.into_iter().chain(judged.turn.as_ref().map(dependence)).collect()
}

/// The dependence on a place, in words.
fn dependence(turn: &Turn) -> String {
    let (place, first, last) = (&turn.place, shown(&turn.range.0), shown(&turn.range.1));
    match &turn.ends {
        None => format!("{} for every {place} from {first} to {last}", turn.begins.word()),
        Some(Ends { last, first: reached, found }) => format!(
            "depends on {place}: {} from {first} to {}, {} from {} on",
            turn.begins.word(),
            shown(last),
            found.word(),
            shown(reached)
        ),
    }
}

/// The columns of `claims.csv`.
const HEADS: [&str; 20] = [
    "claim",
    "source",
    "says",
    "scenario",
    "verdict",
    "variant",
    "measure",
    "wanted",
    "unit",
    "value",
    "low",
    "high",
    "against",
    "holds",
    "why",
    "turned_by",
    "turned_to",
    "depends_on",
    "turns_between",
    "turns_and",
];

/// A row for each expectation of each claim in each variant.
pub fn csv(claims: &[JudgedClaim]) -> Vec<u8> {
    let rows = claims.iter().flat_map(|judged| {
        let row = |it: &Evidence| [claim_cells(judged), cells(it), turn_cells(judged)].concat();
        judged.evidence.iter().map(row).collect::<Vec<_>>()
    });
    super::csv::table(&HEADS, rows)
}

fn claim_cells(judged: &JudgedClaim) -> Vec<String> {
    let claim = &judged.claim;
    let words = [&*claim.id, &judged.source, &claim.says, &claim.scenario, verdict(judged)];
    words.map(str::to_owned).to_vec()
}

fn cells(evidence: &Evidence) -> Vec<String> {
    let Evidence { variant, measure, wanted, why, .. } = evidence;
    let numbers = evidence.measured.as_ref().map_or(vec![String::new(); 5], |measured| {
        let Estimate { value, interval } = measured.value;
        let (low, high) = interval.unzip();
        let number = |number: Option<f64>| number.map(|it| it.to_string()).unwrap_or_default();
        let numbers = [Some(value), low, high, measured.against.as_ref().map(|it| it.value)];
        let unit = measured.figure.unit().name().to_owned();
        std::iter::once(unit).chain(numbers.map(number)).collect()
    });
    let words = [variant, measure, wanted].map(String::clone).to_vec();
    [words, numbers, vec![evidence.verdict.name().into(), why.clone()]].concat()
}

fn turn_cells(judged: &JudgedClaim) -> Vec<String> {
    let turned = judged.turned.map(Found::word).unwrap_or_default();
    let changes = judged.claim.turned_in_words();
    let place = judged.turn.as_ref().map(|turn| turn.place.clone()).unwrap_or_default();
    let ends = judged.turn.as_ref().and_then(|turn| turn.ends.as_ref());
    let (low, high) = ends.map(|it| (shown(&it.last), shown(&it.first))).unwrap_or_default();
    vec![changes, turned.into(), place, low, high]
}

/// The claims as one JSON value.
pub fn json(claims: &[JudgedClaim], command: &str) -> serde_json::Value {
    let evidence = |it: &Evidence| {
        let measured = it.measured.as_ref().map(|measured| {
            json!({
                "unit": measured.figure.unit().name(),
                "value": measured.value.value,
                "interval": measured.value.interval.map(|(low, high)| [low, high]),
                "against": measured.against.as_ref().map(|it| it.value),
            })
        });
        json!({
            "variant": it.variant, "measure": it.measure, "wanted": it.wanted,
            "measured": measured, "verdict": it.verdict.name(), "why": it.why,
        })
    };
    let claim = |it: &JudgedClaim| {
        let turn = it.turn.as_ref().map(|turn| {
            json!({
                "place": turn.place, "from": turn.range.0, "to": turn.range.1,
                "begins": turn.begins.word(),
                "ends": turn.ends.as_ref().map(|it| it.found.word()),
                "between": turn.ends.as_ref().map(|it| [&it.last, &it.first]),
            })
        });
        json!({
            "id": it.claim.id, "source": it.source, "says": it.claim.says,
            "scenario": it.claim.scenario, "verdict": verdict(it),
            "evidence": it.evidence.iter().map(evidence).collect::<Vec<_>>(),
            "turned-by": it.claim.turned_by, "turned": it.turned.map(Found::word),
            "depends-on": turn,
        })
    };
    json!({ "command": command, "claims": claims.iter().map(claim).collect::<Vec<_>>() })
}

/// The files of the folder of results.
pub fn files(claims: &[JudgedClaim], command: &str) -> Vec<File> {
    vec![
        File::new("README.md", readme(claims, command)),
        File::new("claims.csv", csv(claims)),
        File::new("claims.json", format!("{:#}\n", json(claims, command))),
        File::new("index.html", page(claims, command)),
    ]
}

fn readme(claims: &[JudgedClaim], command: &str) -> String {
    format!(
        "# Claims\n\n{}\n\nWritten by `{command}`.\n\n- `index.html`: the claims with what was \
         measured\n- `claims.csv`: a row for each expectation of a claim in a variant\n- \
         `claims.json`: the same as JSON\n",
        summary(claims)
    )
}

/// The page, which opens from disk and fetches nothing.
fn page(claims: &[JudgedClaim], command: &str) -> String {
    let row = |judged: &JudgedClaim| {
        let class = match verdict(judged) {
            "supported" => "held",
            "contradicted" => "violated",
            _ => "undecided",
        };
        context! {
            id => &judged.claim.id,
            says => &judged.claim.says,
            scenario => &judged.claim.scenario,
            lines => judged.evidence.iter().map(line).collect::<Vec<_>>(),
            remarks => remarks(judged),
            verdict => verdict(judged),
            class,
        }
    };
    let source = |its: &[JudgedClaim]| -> Value {
        context! { title => &its[0].source, claims => its.iter().map(row).collect::<Vec<_>>() }
    };
    let content = context! {
        command,
        summary => summary(claims),
        sources => by_source(claims).map(source).collect::<Vec<_>>(),
    };
    html::render(TEMPLATE, content)
}
