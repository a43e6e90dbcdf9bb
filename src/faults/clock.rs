//! The common settings of clock faults: a clock is set forward or back.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::{FaultSettings, Heal};
use super::grid::{SPANS, below, check_positive, draw};
use super::reach::Reach;
use super::target::on_machines;
use super::targets::Targets;
use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Settings of clocks that are set forward or back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClockSettings {
    /// A service, a database, a driver node such as `broker`, `role:driver`, or `zone:NAME`.
    target: String,
    /// Offset by which they are set forward (`"5s"`) or back (`"-5s"`).
    by: Offset,
}

impl ClockSettings {
    /// Sets the clocks of the target's nodes forward or back; healing sets them to the true time.
    pub fn step(&self, world: &Rc<World>) -> Heal {
        let by = self.by.as_nanos();
        let step = |by| move |world: &Rc<World>, node| world.env().sim().step_clock(node, by);
        on_machines(world, &self.target, step(by), step(-by))
    }
}

impl FaultSettings for ClockSettings {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        vec![format!("by {}", self.by)]
    }

    fn check(&self) -> Vec<Reason> {
        check_positive("by", self.by.span)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: targets.machines(rng)?, by: Offset::draw(rng) })
    }

    fn simpler(&self) -> Vec<Self> {
        self.by.simpler().map(|by| Self { by, ..self.clone() }).collect()
    }
}

/// An offset from the true time, ahead or behind: `"5s"`, `"-200ms"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offset {
    behind: bool,
    span: Span,
}

/// The position in [`SPANS`] of the first offset that readers of clocks notice: 50 ms.
const NOTICED: usize = 5;

impl Offset {
    /// The offset in nanoseconds, negative if the clock is behind.
    fn as_nanos(self) -> i64 {
        let nanos = i64::try_from(self.span.as_nanos()).unwrap_or(i64::MAX);
        if self.behind { -nanos } else { nanos }
    }

    /// Draws a round offset, ahead or behind.
    fn draw(rng: &mut dyn Rng) -> Self {
        Self { behind: rng.random_bool(0.5), span: draw(&SPANS[NOTICED..], rng) }
    }

    /// Smaller offsets in the same direction.
    fn simpler(self) -> impl Iterator<Item = Self> {
        below(&SPANS, self.span).into_iter().map(move |span| Self { span, ..self })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.behind {
            f.write_str("-")?;
        }
        self.span.fmt(f)
    }
}

impl FromStr for Offset {
    type Err = <Span as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let behind = text.starts_with('-');
        let span = text.trim_start_matches(['-', '+']).trim_start().parse()?;
        Ok(Self { behind, span })
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let wrong = |error| {
            serde::de::Error::custom(format!(
                "`{text}` is not an offset such as \"5s\" or \"-200ms\": {error}"
            ))
        };
        text.parse().map_err(wrong)
    }
}

impl JsonSchema for Offset {
    fn schema_name() -> Cow<'static, str> {
        "Offset".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "How far a clock is ahead, or with a minus behind: \"5s\", \"-200ms\".",
            "examples": ["5s", "-200ms"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_read_and_print_with_their_sign() {
        for (text, nanos, printed) in [
            ("5s", 5_000_000_000, "5s"),
            ("- 200ms", -200_000_000, "-200ms"),
            ("+1s", 1_000_000_000, "1s"),
        ] {
            let offset: Offset = text.parse().expect(text);
            assert_eq!((offset.as_nanos(), offset.to_string().as_str()), (nanos, printed));
        }
        assert!("soon".parse::<Offset>().is_err());
    }
}
