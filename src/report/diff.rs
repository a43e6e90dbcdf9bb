//! The difference of two folders of results, number by number: the measures before and after a
//! change, paired by seed.
//!
//! Everything is read from `summary.json` and `runs.csv`, so that folders of any two versions of
//! driftlab can be compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::human;
use super::terminal::{indented, title};
use super::text::{Terminal, align};
use crate::checks::measures::{Better, Unit};
use crate::stats::{
    FALSE_DISCOVERY_RATE, Family, MIN_SEEDS, Paired, Verdict, mean, median, paired,
};

/// The columns of `runs.csv` that hold numbers, as they are named there.
const STATISTICS: [&str; 5] = ["mean", "p50", "p99", "max", "value"];
/// The most rows that a terminal shows.
const MOST_ROWS: usize = 40;

/// The parts of a folder of results that are compared.
#[derive(Clone, Debug, Default)]
pub struct Side {
    scenario: String,
    hash: String,
    engine: String,
    variants: Vec<String>,
    seeds: Vec<u64>,
    measures: BTreeMap<String, MeasureInfo>,
    numbers: BTreeMap<Number, BTreeMap<u64, f64>>,
}

/// The declaration of a measure, as files contain it.
#[derive(Clone, Debug)]
struct MeasureInfo {
    name: String,
    unit: Unit,
    better: Better,
}

/// A number of a run: the variant, the measure, and the position of the statistic.
type Number = (String, String, usize);

/// The problem of a file that driftlab did not write.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file} cannot be read: {why}")]
pub struct Unreadable {
    file: &'static str,
    why: String,
}

/// A number before and after the change.
struct Row {
    variant: String,
    measure: String,
    statistic: usize,
    info: MeasureInfo,
    before: f64,
    after: f64,
    found: Option<Paired>,
}

/// Two folders of results, compared.
pub struct Diff {
    before: Side,
    after: Side,
    rows: Vec<Row>,
    family: Family,
    common: usize,
}

impl Side {
    /// Reads the identity of a folder from its summary, and its numbers.
    ///
    /// # Errors
    /// A file that driftlab did not write.
    pub fn read(summary: &[u8], runs: &[u8]) -> Result<Self, Unreadable> {
        let mut side = Self::default();
        side.read_summary(summary)
            .ok_or_else(|| Unreadable { file: "summary.json", why: "it is no summary".into() })?;
        side.read_runs(runs)
            .map_err(|why| Unreadable { file: "runs.csv", why: why.to_string() })?;
        Ok(side)
    }

    fn read_summary(&mut self, bytes: &[u8]) -> Option<()> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.scenario = text(&value["scenario"]["name"])?;
        self.hash = text(&value["scenario"]["hash"])?;
        self.engine = text(&value["engine"])?;
        self.seeds = value["seeds"].as_array()?.iter().filter_map(Value::as_u64).collect();
        for variant in value["variants"].as_array()? {
            self.variants.push(text(&variant["name"])?);
            for (key, measure) in variant["measures"].as_object()? {
                let info = MeasureInfo {
                    name: text(&measure["name"])?,
                    unit: Unit::named(measure["unit"].as_str()?)?,
                    better: Better::named(measure["better"].as_str()?)?,
                };
                self.measures.insert(key.clone(), info);
            }
        }
        Some(())
    }

    fn read_runs(&mut self, bytes: &[u8]) -> Result<(), ::csv::Error> {
        let mut reader = ::csv::Reader::from_reader(bytes);
        let heads = reader.headers()?.clone();
        let column = |name: &str| heads.iter().position(|head| head == name);
        let columns = STATISTICS.map(column);
        let [variant, seed, measure] = ["variant", "seed", "measure"].map(column);
        for row in reader.records() {
            let row = row?;
            let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default();
            let Ok(seed) = cell(seed).parse() else { continue };
            // A name that a spreadsheet could take for a formula was written with an apostrophe in
            // front.
            let name = cell(variant).trim_start_matches('\'');
            for (statistic, at) in columns.iter().enumerate() {
                if let Ok(number) = cell(*at).parse::<f64>() {
                    let key = (name.to_owned(), cell(measure).to_owned(), statistic);
                    self.numbers.entry(key).or_default().insert(seed, number);
                }
            }
        }
        Ok(())
    }

    /// The facts about a measure; outcomes are counts of which neither direction is better.
    fn info(&self, measure: &str) -> MeasureInfo {
        self.measures.get(measure).cloned().unwrap_or_else(|| MeasureInfo {
            name: measure.replace("census.", "outcome: "),
            unit: Unit::Count,
            better: Better::Neither,
        })
    }
}

impl Diff {
    /// Compares two folders in every number that both have.
    pub fn of(before: Side, after: Side) -> Self {
        let mut rows = Vec::new();
        for (key, old) in &before.numbers {
            let Some(new) = after.numbers.get(key) else { continue };
            let (variant, measure, statistic) = key.clone();
            let seeds = || old.iter().filter_map(|(seed, old)| Some((old, new.get(seed)?)));
            let values: Vec<Option<f64>> = seeds().map(|(_, new)| Some(*new)).collect();
            let bases: Vec<Option<f64>> = seeds().map(|(old, _)| Some(*old)).collect();
            rows.push(Row {
                info: after.info(&measure),
                variant,
                measure,
                statistic,
                before: whole(statistic, old),
                after: whole(statistic, new),
                found: paired(&values, &bases),
            });
        }
        let could = rows.iter().filter_map(|row| row.found);
        let could = could.filter(|found| found.least_p <= FALSE_DISCOVERY_RATE);
        let family = Family::of(could.map(|found| found.p));
        let common = before.seeds.iter().filter(|seed| after.seeds.contains(seed)).count();
        Self { before, after, rows, family, common }
    }

    /// The rows with a difference that stands out.
    fn shown(&self) -> impl Iterator<Item = (&Row, Paired)> {
        let found = self.rows.iter().filter_map(|row| Some((row, row.found?)));
        found.filter(|(_, it)| {
            it.verdict != Verdict::NoDifferenceShown && self.family.stands_out(it.p)
        })
    }

    /// Notes that a reader needs before the numbers: other differences between the folders.
    fn notes(&self) -> Vec<String> {
        let (before, after) = (&self.before, &self.after);
        let mut notes = Vec::new();
        if before.hash != after.hash || before.scenario != after.scenario {
            notes.push(format!(
                "The scenarios differ: {} ({}) before, {} ({}) after.",
                before.scenario, before.hash, after.scenario, after.hash
            ));
        }
        if before.engine != after.engine {
            notes.push(format!("Made by {} before, {} after.", before.engine, after.engine));
        }
        for (side, other, when) in [(before, after, "before"), (after, before, "after")] {
            let only = side.variants.iter().filter(|name| !other.variants.contains(name));
            let only: Vec<&String> = only.collect();
            if !only.is_empty() {
                notes.push(format!("Only {when}: {}.", human::list(&only)));
            }
        }
        if before.seeds != after.seeds {
            notes.push(format!(
                "Paired over {}; {} before, {} after.",
                human::some(self.common, "common seed"),
                before.seeds.len(),
                after.seeds.len()
            ));
        }
        if self.common < MIN_SEEDS {
            notes.push(format!(
                "No difference can be shown: with fewer than {MIN_SEEDS} common seeds there are no \
                 intervals."
            ));
        }
        notes
    }

    /// The difference as a terminal shows it.
    pub fn render(&self, terminal: Terminal) -> String {
        let mut text = String::new();
        for note in self.notes() {
            text += &indented(terminal, &note);
        }
        let differ = |row: &&Row| row.found.is_some_and(|it| it.p < 1.0 || it.difference != 0.0);
        let same = self.rows.iter().filter(|row| !differ(row)).count();
        let all = human::count(self.rows.len() as u64);
        if same == self.rows.len() {
            return text + &indented(terminal, &format!("No difference in any of {all} numbers."));
        }
        let shown: Vec<(&Row, Paired)> = self.shown().collect();
        text += &indented(
            terminal,
            &format!(
                "Of {all} numbers {} stand out, corrected for looking at so many; {} are the same \
                 in every seed.",
                human::count(shown.len() as u64),
                human::count(same as u64),
            ),
        );
        if shown.is_empty() {
            return text;
        }
        text += &title(terminal, "What differs");
        let heads = ["variant", "measure", "before", "after", "difference", "95 % interval", ""];
        let mut rows = vec![heads.map(str::to_owned)];
        rows.extend(shown.iter().take(MOST_ROWS).map(|(row, found)| cells(row, *found)));
        text += &align(" ", &rows, |column| (2..=5).contains(&column));
        let more = shown.len().saturating_sub(MOST_ROWS);
        if more > 0 {
            text += &format!(" and {}: --format csv has all\n", human::some(more, "more number"));
        }
        text
    }

    /// The difference as CSV, a row for each number.
    pub fn csv(&self) -> Vec<u8> {
        let heads = [
            "variant",
            "measure",
            "statistic",
            "unit",
            "seeds",
            "before",
            "after",
            "difference",
            "low",
            "high",
            "verdict",
            "stands_out",
        ];
        let rows = self.rows.iter().map(|row| {
            let unit = row.info.unit;
            let number = |value| super::csv::scalar(unit, value);
            let found = row.found;
            let [low, high] = super::csv::interval(unit, found.and_then(|it| it.interval));
            let stands_out = found.is_some_and(|it| {
                it.verdict != Verdict::NoDifferenceShown && self.family.stands_out(it.p)
            });
            vec![
                row.variant.clone(),
                row.measure.clone(),
                STATISTICS[row.statistic].into(),
                unit.name().into(),
                found.map_or(0, |it| it.seeds).to_string(),
                number(row.before),
                number(row.after),
                found.map(|it| number(it.difference)).unwrap_or_default(),
                low,
                high,
                found.map_or("", |it| it.verdict.name()).into(),
                stands_out.to_string(),
            ]
        });
        super::csv::table(&heads, rows)
    }
}

/// A number over all seeds: the mean of numbers and of means, the median of quantiles.
fn whole(statistic: usize, seeds: &BTreeMap<u64, f64>) -> f64 {
    let values: Vec<f64> = seeds.values().copied().collect();
    let is_mean = ["mean", "value"].contains(&STATISTICS[statistic]);
    let whole = if is_mean { mean(&values) } else { median(&values) };
    whole.unwrap_or(f64::NAN)
}

fn cells(row: &Row, found: Paired) -> [String; 7] {
    let unit = row.info.unit;
    let difference = |value| human::difference(unit, value);
    let interval = found.interval.map(|(low, high)| {
        if low == high {
            difference(low)
        } else {
            format!("{} to {}", difference(low), difference(high))
        }
    });
    let statistic = STATISTICS[row.statistic];
    let name = match statistic {
        "value" => row.info.name.clone(),
        statistic => format!("{} {statistic}", row.info.name),
    };
    let worth = match (found.verdict, row.info.better) {
        (Verdict::Higher, Better::Higher) | (Verdict::Lower, Better::Lower) => "better",
        (Verdict::Higher, Better::Lower) | (Verdict::Lower, Better::Higher) => "worse",
        _ => "",
    };
    [
        row.variant.clone(),
        name,
        human::value(unit, row.before),
        human::value(unit, row.after),
        difference(found.difference),
        interval.unwrap_or_default(),
        worth.into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::measures::catalogue::COMPARED_AVAILABILITY;
    use crate::experiment::result::{Comparison, MeasureResult};
    use crate::report::{csv, json};
    use crate::tests::comparison;

    fn side(comparison: &Comparison) -> Side {
        let runs = csv::runs::runs(comparison);
        Side::read(&json::summary(comparison), &runs).expect("what was just written")
    }

    #[test]
    fn a_folder_does_not_differ_from_itself() {
        let one = side(&comparison::comparison(8));
        let diff = Diff::of(one.clone(), one);
        assert!(diff.rows.len() > 100, "{}", diff.rows.len());
        assert_eq!(diff.shown().count(), 0);
        let said = diff.render(Terminal::default());
        let numbers = human::count(diff.rows.len() as u64);
        assert_eq!(said, format!("  No difference in any of {numbers} numbers.\n"));
    }

    #[test]
    fn what_was_changed_stands_out_with_its_direction() {
        let before = comparison::comparison(12);
        let mut after = before.clone();
        let name = after.variants[1].name.clone();
        let seeds = after.variants[1].measures[&COMPARED_AVAILABILITY.into()].clone();
        let seeds = seeds.per_seed(crate::experiment::result::Statistic::Value);
        let better = seeds.iter().map(|it| it.map(|share| share + 0.01)).collect();
        after.variants[1].insert(MeasureResult::mean(COMPARED_AVAILABILITY, better));
        after.scenario.hash = "0123456789abcdef".into();
        let diff = Diff::of(side(&before), side(&after));
        let shown: Vec<_> = diff.shown().collect();
        let [(row, found)] = &shown[..] else { panic!("{} stand out", shown.len()) };
        assert_eq!((&row.variant, &*row.measure), (&name, COMPARED_AVAILABILITY.id));
        assert!((found.difference - 0.01).abs() < 1e-9);
        let said = diff.render(Terminal::default());
        assert!(said.contains("The scenarios differ") && said.contains("+1 pp"), "{said}");
        assert!(said.trim_end().ends_with("better"), "{said}");
        let text = String::from_utf8(diff.csv()).expect("text");
        assert_eq!(text.lines().filter(|row| row.ends_with(",true")).count(), 1);
    }

    #[test]
    fn only_common_seeds_are_paired_and_few_show_nothing() {
        let before = comparison::comparison(8);
        let mut after = before.clone();
        after.seeds = (5..13).collect();
        let diff = Diff::of(side(&before), side(&after));
        assert_eq!(diff.common, 4);
        let said = diff.render(Terminal::default());
        assert!(said.contains("Paired over 4 common seeds; 8 before, 8 after."), "{said}");
        assert!(said.contains("No difference can be shown"), "{said}");
        assert_eq!(diff.shown().count(), 0);
    }

    #[test]
    fn what_is_no_folder_of_results_is_refused() {
        let summary = json::summary(&comparison::comparison(2));
        assert!(Side::read(b"{}", b"").is_err() && Side::read(b"", b"").is_err());
        assert!(Side::read(&summary, b"a,b\n1\n").is_err(), "a row is too short");
    }
}
