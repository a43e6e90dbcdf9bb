//! The format of arrival traces in a scenario file, and the parsing of their times.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::decode::Fallback::Fixed;
use super::decode::{Decode, Decoder, Item};
use super::shape::{shape, words};
use super::values::{At, Length, Map, Positive};

shape! {
    /// Arrivals at the times in a CSV file, in any order. Columns are separated by commas,
    /// semicolons or tabs, as in the header; lines that begin with `#` are comments.
    "a trace"
    pub struct TraceTable {
        /// The path of the file, relative to the scenario file.
        file: String,
        /// The column with the times.
        column: String = Fixed("'seconds'", "the name says the unit"),
        /// The format of the times: `s`, `ms`, `us` or `ns` as numbers of these units, `epoch` as
        /// the time since 1970 in one of them, told apart by magnitude, `iso` as timestamps such as
        /// `2023-11-16T18:15:46.68Z`, in UTC unless they give an offset.
        unit: TimeUnit = Fixed("'s'", "the most usual unit of traces"),
        /// The time of the trace that is zero: `start` if times count from the start of the run,
        /// `first` if the earliest row that counts arrives at the start of the load. By default
        /// `first` for `epoch` and `iso`, and otherwise `start`.
        origin: Option<Origin>,
        /// The rows that count: column = value.
        where_: Map<String>,
        /// The speed of replay: the rows arrive this many times as fast as recorded.
        speed: Positive = Fixed("1", "as recorded"),
        /// The column with the number of operations that arrive in the interval that begins at the
        /// time of a row, at times drawn within the interval; by default a row is one arrival.
        count: Option<At<String>>,
        /// The length of these intervals, as recorded.
        every: Option<Length>,
    }
}

words! {
    /// The format of the times of a trace.
    pub enum TimeUnit {
        /// Seconds.
        S = "s",
        /// Milliseconds.
        Ms = "ms",
        /// Microseconds.
        Us = "us",
        /// Nanoseconds.
        Ns = "ns",
        /// The time since 1970, in one of these units.
        Epoch = "epoch",
        /// Timestamps of ISO 8601.
        Iso = "iso",
    }
}

words! {
    /// The time from which the times of a trace count.
    pub enum Origin {
        /// The start of the run.
        Start = "start",
        /// The earliest row, which arrives at the start of the load.
        First = "first",
    }
}

/// Arrivals from a CSV file.
#[derive(Clone)]
pub struct Trace(pub TraceTable);

impl Decode for Trace {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref() {
            DeValue::Table(_) => TraceTable::decode(item, decoder).map(Self),
            // A path alone stands for a table with no other key.
            DeValue::String(_) => {
                let key = Spanned::new(item.span(), DeString::Borrowed("file"));
                let table: DeTable<'_> = [(key, item.clone())].into_iter().collect();
                let table = Spanned::new(item.span(), DeValue::Table(table));
                TraceTable::decode(&table, decoder).map(Self)
            }
            _ => decoder.expected(item, "a path, or { file = \"a path\", ... }"),
        }
    }

    fn schema() -> serde_json::Value {
        let path = json!({
            "type": "string",
            "description": "A path: times are in its column `seconds`.",
        });
        json!({ "anyOf": [path, TraceTable::schema()] })
    }
}

impl TraceTable {
    /// The origin in force.
    pub fn origin(&self) -> Origin {
        self.origin.unwrap_or(match self.unit {
            TimeUnit::Epoch | TimeUnit::Iso => Origin::First,
            TimeUnit::S | TimeUnit::Ms | TimeUnit::Us | TimeUnit::Ns => Origin::Start,
        })
    }
}

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

impl TimeUnit {
    /// A time in nanoseconds, or `None` if the text does not have this format.
    pub fn nanos(self, text: &str) -> Option<i128> {
        match self {
            Self::S => decimal(text, SECOND),
            Self::Ms => decimal(text, SECOND / 1_000),
            Self::Us => decimal(text, SECOND / 1_000_000),
            Self::Ns => decimal(text, 1),
            Self::Epoch => {
                // The magnitude tells the unit: numbers read as seconds are times before the year
                // 5138, numbers read as milliseconds are times after 1973.
                let whole = decimal(text, 1)?.unsigned_abs();
                let scale = match whole {
                    0..100_000_000_000 => SECOND,
                    100_000_000_000..100_000_000_000_000 => SECOND / 1_000,
                    100_000_000_000_000..100_000_000_000_000_000 => SECOND / 1_000_000,
                    _ => 1,
                };
                decimal(text, scale)
            }
            Self::Iso => {
                let stamp = text.parse::<jiff::Timestamp>();
                let stamp = stamp.or_else(|_| {
                    text.parse::<DateTime>().and_then(|time| TimeZone::UTC.to_timestamp(time))
                });
                stamp.ok().map(jiff::Timestamp::as_nanosecond)
            }
        }
    }

    /// The format in words.
    pub fn wanted(self) -> &'static str {
        match self {
            Self::S => "a time in seconds",
            Self::Ms => "a time in milliseconds",
            Self::Us => "a time in microseconds",
            Self::Ns => "a time in nanoseconds",
            Self::Epoch => "a time since 1970",
            Self::Iso => "a timestamp such as 2023-11-16T18:15:46.68Z",
        }
    }
}

/// A number of units that are `scale` nanoseconds long, exact where it is written without an
/// exponent: the seconds since 1970 have more digits than a floating-point number.
fn decimal(text: &str, scale: i128) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !plain(whole) || !plain(fraction) {
        let number = text.parse::<f64>().ok().filter(|number| number.abs() < 1e18)?;
        return Some((number * scale as f64) as i128);
    }
    let parts = format!("{whole}{fraction}").parse::<i128>().ok()?;
    let (scaled, unit) = (parts.checked_mul(scale)?, 10_i128.checked_pow(fraction.len() as u32)?);
    Some(sign * (scaled + unit / 2) / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_exactly_in_every_unit() {
        let at = 1_700_158_546_680_590_000_i128;
        for text in ["1700158546.680590", "1700158546680.590", "1700158546680590"] {
            assert_eq!(TimeUnit::Epoch.nanos(text), Some(at), "{text}");
        }
        assert_eq!(TimeUnit::Epoch.nanos("1700158546680590001"), Some(at + 1));
        let stamps = [
            "2023-11-16T18:15:46.68059Z",
            "2023-11-16 18:15:46.6805900",
            "2023-11-16T19:15:46.68059+01",
        ];
        for text in stamps {
            assert_eq!(TimeUnit::Iso.nanos(text), Some(at), "{text}");
        }
        assert_eq!(TimeUnit::S.nanos("1700158546.680590"), Some(at));
        assert_eq!(TimeUnit::Ms.nanos("0.25"), Some(250_000));
        assert_eq!(TimeUnit::Us.nanos("-1.5"), Some(-1_500));
        assert_eq!(TimeUnit::Ns.nanos("7"), Some(7));
        assert_eq!(TimeUnit::S.nanos("2e-3"), Some(2_000_000));
        assert_eq!(TimeUnit::S.nanos(".5"), Some(500_000_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "-", ".", "x", "nan", "inf", "1e300", "1,5", "12:30", "1.2.3"] {
            for unit in [TimeUnit::S, TimeUnit::Ns, TimeUnit::Epoch, TimeUnit::Iso] {
                assert_eq!(unit.nanos(text), None, "{text:?} as {}", unit.wanted());
            }
        }
    }
}
