//! Virtual time: whole nanoseconds since the start of a run.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in virtual time, in whole nanoseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(u64);

/// A length of virtual time, in whole nanoseconds. Written `"15ms"` in scenario files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Time {
    /// The instant at which every run begins.
    pub const ZERO: Self = Self(0);
    /// An instant that no run reaches.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span there is.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of whole nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of whole microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A span of whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// The span nearest to `secs` seconds; negative numbers become zero, huge ones the maximum.
    pub fn from_secs_f64(secs: f64) -> Self {
        let nanos = secs * 1e9;
        if nanos >= 0.0 { Self((nanos + 0.5) as u64) } else { Self::ZERO }
    }

    /// Whole nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds as a float, for reports and ratios, never for simulated time.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The exact length as text that can be parsed again, in the largest unit with at most three
    /// decimals.
    pub fn exact(self) -> String {
        let units: [(u64, &str); 3] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
        let fits = |(unit, _): &(u64, &str)| self.0 >= *unit && self.0.is_multiple_of(unit / 1_000);
        match units.into_iter().find(fits) {
            None => format!("{}{}", self.0, if self.0 == 0 { "s" } else { "ns" }),
            Some((unit, name)) => {
                let (whole, part) = (self.0 / unit, self.0 % unit / (unit / 1_000));
                let decimals = if part == 0 { String::new() } else { format!(".{part:03}") };
                format!("{whole}{}{name}", decimals.trim_end_matches('0'))
            }
        }
    }

    /// This span `times` over, or the maximum.
    pub const fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// This span less `other`, at least zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub for Time {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        self.since(earlier)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Span {
    /// The largest unit that leaves at least one whole, with up to three decimals: `1.5ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name): (u64, &str) = match self.0 {
            0 => return f.write_str("0s"),
            n if n >= 1_000_000_000 => (1_000_000_000, "s"),
            n if n >= 1_000_000 => (1_000_000, "ms"),
            n if n >= 1_000 => (1_000, "us"),
            _ => (1, "ns"),
        };
        let thousandths = (u128::from(self.0) * 1_000 + u128::from(unit) / 2) / u128::from(unit);
        let (whole, part) = (thousandths / 1_000, thousandths % 1_000);
        let decimals = if part == 0 { String::new() } else { format!(".{part:03}") };
        write!(f, "{whole}{}{name}", decimals.trim_end_matches('0'))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Span {
    type Err = humantime::DurationError;

    /// Reads `"15ms"`, `"1.5s"`, `"1h 30m"`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let duration = humantime::parse_duration(text)?;
        Ok(Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|error| {
            serde::de::Error::custom(format!(
                "`{text}` is not a duration such as \"15ms\" or \"1.5s\": {error}"
            ))
        })
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A duration: \"250us\", \"15ms\", \"1.5s\", \"2min\".",
            "examples": ["250us", "15ms", "1.5s"],
            "pattern": "^\\s*([0-9]+(\\.[0-9]+)?\\s*[a-zA-Zµ]+\\s*)+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print_as_people_write_them() {
        for (text, nanos, printed) in [
            ("15ms", 15_000_000, "15ms"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("250us", 250_000, "250us"),
            ("1h 30m", 5_400_000_000_000, "5400s"),
            ("0s", 0, "0s"),
        ] {
            let span: Span = text.parse().expect(text);
            assert_eq!(span.as_nanos(), nanos, "{text}");
            assert_eq!(span.to_string(), printed, "{text}");
        }
        assert!("5".parse::<Span>().is_err(), "a unit is needed");
    }

    #[test]
    fn exact_spans_are_read_back_as_they_were() {
        let texts = [(0, "0s"), (7, "7ns"), (1_500, "1.5us"), (2_000_000_000, "2s")];
        let more = [(137_123_456, "137123.456us"), (1_001_000_000, "1.001s")];
        for (nanos, text) in texts.into_iter().chain(more) {
            let span = Span::from_nanos(nanos);
            assert_eq!(span.exact(), text);
            assert_eq!(text.parse(), Ok(span));
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Time::NEVER + Span::from_secs(1), Time::NEVER);
        assert_eq!(Time::from_nanos(3) - Time::from_nanos(5), Span::ZERO);
    }
}
