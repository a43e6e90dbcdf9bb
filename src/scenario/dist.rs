//! Distributions of durations, as scenarios write them.

use serde_json::json;

use super::data::excerpt;
use super::decode::{Decode, Decoder, Item};
use super::problem::{Code, Problem};
use super::shape::{shape, words};
use super::values::{At, Length, Map, Positive, Whole};
use crate::kernel::{Dist, Span};
use crate::model::reason::Reason;
use crate::reason;

shape! {
    /// A distribution of durations.
    "a distribution"
    pub struct Shape {
        /// An exponential distribution (memoryless) with this mean.
        exponential: Option<Length>,
        /// A uniform distribution between two durations: `["1ms", "3ms"]`.
        uniform: Option<At<Vec<Span>>>,
        /// A normal distribution, drawn again until the value is not negative.
        normal: Option<Normal>,
        /// A log-normal distribution: skewed to the right, as latencies are.
        log_normal: Option<LogNormal>,
        /// A Pareto distribution: heavy-tailed.
        pareto: Option<Pareto>,
        /// An Erlang distribution: the sum of exponential stages.
        erlang: Option<Erlang>,
        /// A mixture: one of several distributions, chosen by weight.
        mixture: Option<At<Vec<Part>>>,
        /// An empirical distribution: measurements from a CSV file, all equally probable.
        empirical: Option<At<Empirical>>,
    }
    one of {
        "exponential" [] [] "uniform" [] [] "normal" [] [] "log-normal" [] []
        "pareto" [] [] "erlang" [] [] "mixture" [] [] "empirical" [] []
    }
}

shape! {
    /// A normal distribution by its mean and standard deviation before it is truncated at zero.
    "a normal distribution"
    pub struct Normal {
        /// The mean before truncation.
        mean: Span,
        /// The standard deviation before truncation.
        deviation: Span,
    }
}

shape! {
    /// A log-normal distribution by median and 99th percentile, or by the parameters of the
    /// logarithm of the duration in seconds.
    "a log-normal distribution"
    pub struct LogNormal {
        /// The median.
        median: Option<Length>,
        /// The 99th percentile.
        p99: Option<At<Length>>,
        /// The mean of the natural logarithm of the duration in seconds.
        mu: Option<Number>,
        /// The standard deviation of that logarithm.
        sigma: Option<Positive>,
    }
    one of { "median" ["p99"] [] "mu" ["sigma"] [] }
}

shape! {
    /// A Pareto distribution: `P(X > x) = (least / x)^alpha`.
    "a Pareto distribution"
    pub struct Pareto {
        /// The least value.
        least: Length,
        /// The tail index; at 1 and below the distribution has no mean.
        alpha: Positive,
    }
}

shape! {
    /// An Erlang distribution: the sum of `shape` exponential stages.
    "an Erlang distribution"
    pub struct Erlang {
        /// The number of stages. A draw takes as many random numbers; with more stages the sum is
        /// almost constant.
        shape: Whole<1, 1_000>,
        /// The mean of the sum.
        mean: Length,
    }
}

shape! {
    /// One part of a mixture.
    "a part of a mixture"
    pub struct Part {
        /// The weight with which it is chosen, relative to the other parts.
        weight: Positive,
        /// The distribution of this part.
        dist: Dist,
    }
}

shape! {
    /// An empirical distribution: the durations in one column of a CSV file.
    "an empirical distribution"
    pub struct Empirical {
        /// The path of the file, relative to the scenario file.
        file: String,
        /// The column that holds the durations.
        column: String,
        /// The rows that count: column = value.
        where_: Map<String>,
        /// The unit of the column.
        unit: Unit = super::decode::Fallback::Fixed("'milliseconds'", "usual in benchmarks"),
    }
}

words! {
    /// A unit of time.
    pub enum Unit {
        /// Seconds.
        Seconds = "seconds",
        /// Milliseconds.
        Milliseconds = "milliseconds",
        /// Microseconds.
        Microseconds = "microseconds",
        /// Nanoseconds.
        Nanoseconds = "nanoseconds",
    }
}

/// Any finite number.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

impl Decode for Number {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let text = match item.get_ref() {
            toml::de::DeValue::Float(float) => float.as_str(),
            toml::de::DeValue::Integer(integer) => integer.as_str(),
            _ => return decoder.expected(item, "a number"),
        };
        match text.parse() {
            Ok(number) if f64::is_finite(number) => Some(Self(number)),
            _ => decoder.expected(item, "a finite number"),
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "number" })
    }
}

impl Decode for Dist {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if item.get_ref().is_str() {
            return Span::decode(item, decoder).map(Self::Constant);
        }
        if !item.get_ref().is_table() {
            return decoder.expected(item, "a duration or a distribution");
        }
        let before = decoder.problems.len();
        let shape = Shape::decode(item, decoder)?;
        if decoder.problems.len() > before { None } else { convert(shape, decoder) }
    }

    fn schema() -> serde_json::Value {
        json!({ "$ref": "#/$defs/Distribution" })
    }
}

/// The shared definition of a distribution in the JSON Schema.
pub fn definition() -> serde_json::Value {
    json!({
        "description": "How long something takes: always the same, or drawn anew each time.",
        "anyOf": [{ "$ref": "#/$defs/Duration" }, Shape::schema()],
    })
}

fn convert(shape: Shape, decoder: &mut Decoder<'_>) -> Option<Dist> {
    if let Some(mean) = shape.exponential {
        return Some(Dist::Exponential { mean: mean.0 });
    }
    if let Some(normal) = shape.normal {
        return Some(Dist::Normal { mean: normal.mean, deviation: normal.deviation });
    }
    if let Some(pareto) = shape.pareto {
        return Some(Dist::Pareto { least: pareto.least.0, alpha: pareto.alpha.0 });
    }
    if let Some(Erlang { shape: stages, mean, .. }) = shape.erlang {
        return Some(Dist::Erlang { shape: stages.0 as u32, mean: mean.0 });
    }
    if let Some(bounds) = shape.uniform {
        return uniform(&bounds, decoder);
    }
    if let Some(log_normal) = shape.log_normal {
        return log_normal_of(&log_normal, decoder);
    }
    if let Some(parts) = shape.mixture {
        if parts.value.is_empty() {
            let message = "a mixture needs at least one part";
            decoder.report(Problem::error(Code::WrongValue, &parts.place, message, "it is empty"));
            return None;
        }
        let parts = parts.value.into_iter().map(|part| (part.weight.0, part.dist));
        return Some(Dist::Mixture(parts.collect()));
    }
    empirical(&shape.empirical?, decoder)
}

fn uniform(bounds: &At<Vec<Span>>, decoder: &mut Decoder<'_>) -> Option<Dist> {
    match *bounds.value {
        [low, high] if low <= high => Some(Dist::Uniform { low, high }),
        _ => {
            let message = reason!("`{}` must be two durations, the lesser one first", "uniform");
            decoder.report(Problem::error(
                Code::WrongValue,
                &bounds.place,
                message,
                "not in this order",
            ));
            None
        }
    }
}

fn log_normal_of(given: &LogNormal, decoder: &mut Decoder<'_>) -> Option<Dist> {
    if let (Some(mu), Some(sigma)) = (given.mu, given.sigma) {
        return Some(Dist::LogNormal { mu: mu.0, sigma: sigma.0 });
    }
    let (median, p99) = (given.median?.0, given.p99.as_ref()?);
    if p99.value.0 <= median {
        let message = format!("the 99th percentile must be above the median of {median}");
        decoder.report(Problem::error(Code::WrongValue, &p99.place, message, "too short"));
        return None;
    }
    Some(Dist::log_normal_from_median_p99(median, p99.value.0))
}

/// The longest duration that a measurement may be, in nanoseconds: 100 years.
const LONGEST: f64 = 100.0 * 365.25 * 86_400e9;

fn empirical(given: &At<Empirical>, decoder: &mut Decoder<'_>) -> Option<Dist> {
    let At { place, value: Empirical { file, column, where_, unit, .. } } = given;
    let filter: Vec<(String, String)> =
        where_.iter().map(|(_, name, value)| (name.value.clone(), value.clone())).collect();
    let nanos = match unit {
        Unit::Seconds => 1e9,
        Unit::Milliseconds => 1e6,
        Unit::Microseconds => 1e3,
        Unit::Nanoseconds => 1.0,
    };
    let spans = decoder.data.rows(file, &[column], &filter).and_then(|rows| {
        let spans = rows.iter().map(|row| match row.cells[0].parse::<f64>() {
            Ok(number) if number.is_finite() && number * nanos > LONGEST => {
                let (line, cell) = (row.line, excerpt(&row.cells[0]));
                Err(reason!("line {line}: `{}` in `{}` is longer than 100 years", cell, column))
            }
            Ok(number) if number.is_finite() && number >= 0.0 => {
                Ok(Span::from_nanos((number * nanos + 0.5) as u64))
            }
            _ => {
                let (line, cell) = (row.line, excerpt(&row.cells[0]));
                Err(reason!("line {line}: `{}` in `{}` is no duration in numbers", cell, column))
            }
        });
        spans.collect::<Result<Vec<Span>, Reason>>()
    });
    match spans {
        Ok(mut spans) => {
            spans.sort_unstable();
            Some(Dist::Empirical(spans.into()))
        }
        Err(why) => {
            let message = reason!("cannot use `{}`: ", file).and(why);
            decoder.report(Problem::error(Code::DataFile, place, message, "asked for here"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::Data;
    use super::*;
    use crate::scenario::Registries;

    /// Reads a distribution, without a problem.
    fn read(text: &str) -> Dist {
        let registries = Registries::default();
        let csv = |_: &str| Ok(b"kind,ms\na,3\nb,9\na,1.5\n".to_vec());
        let mut decoder = Decoder::new(text, Data::new(&csv), &registries);
        let item = toml::de::DeValue::parse(text).expect("TOML");
        let dist = Dist::decode(&item, &mut decoder);
        assert_eq!(decoder.problems, [], "{text}");
        dist.expect("no problem and yet nothing")
    }

    #[test]
    fn every_form_is_read() {
        let ms = Span::from_millis;
        assert_eq!(read("'2ms'"), Dist::Constant(ms(2)));
        assert_eq!(read("{ exponential = '2ms' }"), Dist::Exponential { mean: ms(2) });
        let uniform = Dist::Uniform { low: ms(1), high: ms(3) };
        assert_eq!(read("{ uniform = ['1ms', '3ms'] }"), uniform);
        let normal = Dist::Normal { mean: ms(4), deviation: ms(1) };
        assert_eq!(read("{ normal = { mean = '4ms', deviation = '1ms' } }"), normal);
        let erlang = Dist::Erlang { shape: 3, mean: ms(6) };
        assert_eq!(read("{ erlang = { shape = 3, mean = '6ms' } }"), erlang);
        let pareto = Dist::Pareto { least: ms(1), alpha: 2.5 };
        assert_eq!(read("{ pareto = { least = '1ms', alpha = 2.5 } }"), pareto);
        let logarithm = Dist::LogNormal { mu: -6.0, sigma: 0.5 };
        assert_eq!(read("{ log-normal = { mu = -6, sigma = 0.5 } }"), logarithm);
        let parts =
            "[{ weight = 3, dist = '2ms' }, { weight = 1, dist = { exponential = '4ms' } }]";
        let mixture = vec![(3.0, Dist::Constant(ms(2))), (1.0, Dist::Exponential { mean: ms(4) })];
        assert_eq!(read(&format!("{{ mixture = {parts} }}")), Dist::Mixture(mixture));
    }

    #[test]
    fn measurements_are_filtered_scaled_and_sorted() {
        let text = "{ empirical = { file = 'x', column = 'ms', where = { kind = 'a' } } }";
        let sorted = [Span::from_micros(1_500), Span::from_millis(3)];
        assert_eq!(read(text), Dist::Empirical(sorted.into()));
    }
}
