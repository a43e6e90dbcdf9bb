//! The sizes that fuzzing draws: a threshold is crossed only where it is low, and a queue is full
//! only where it is short. And shares: of handlers and of runs that fail, which are none in most
//! scenarios, and which a pattern that tries again has to bear.
//!
//! With twenty operations no batch of a hundred rows is ever full, no pool empty and no partition
//! shared. So every second batch of runs has a scenario with some sizes changed: which of the
//! [`SIZES`] is drawn, and its value, which it then has everywhere.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use crate::scenario::Change;
use crate::search::trial::Trial;

/// A size that can be drawn.
struct Size {
    /// The first of its keys in a scenario; of variants, only what the tried one has is changed.
    section: &'static str,
    /// The last of its keys.
    key: &'static str,
    /// The values that are drawn.
    values: &'static [Value],
}

/// A value as a scenario writes it.
enum Value {
    /// A number.
    Number(i64),
    /// A share.
    Share(f64),
    /// A duration, or a word.
    Word(&'static str),
}

use Value::{Number, Share, Word};

const FEW: &[Value] = &[Number(1), Number(2), Number(3)];
const SOON: &[Value] = &[Word("200ms"), Word("500ms"), Word("1s")];
const SELDOM: &[Value] = &[Share(0.01), Share(0.1)];
const OFTEN: &[Value] = &[Share(0.1), Share(0.3)];

/// The sizes, and features of the topology that are sizes: how many of something there are.
const SIZES: &[Size] = &[
    Size { section: "services", key: "workers", values: FEW },
    Size { section: "services", key: "queue", values: FEW },
    Size { section: "services", key: "instances", values: FEW },
    Size { section: "services", key: "endpoint-delay", values: SOON },
    Size { section: "databases", key: "connections", values: FEW },
    Size { section: "databases", key: "lock-timeout", values: SOON },
    Size { section: "databases", key: "checkpoint", values: FEW },
    Size { section: "databases", key: "copy-batch", values: FEW },
    Size { section: "drivers", key: "workers", values: FEW },
    Size { section: "drivers", key: "queue", values: FEW },
    Size { section: "drivers", key: "instances", values: FEW },
    Size { section: "drivers", key: "take-over", values: SOON },
    Size { section: "drivers", key: "clear-after", values: FEW },
    Size { section: "broker", key: "workers", values: FEW },
    Size { section: "broker", key: "in-flight", values: FEW },
    Size { section: "broker", key: "instances", values: FEW },
    Size { section: "variants", key: "batch", values: FEW },
    Size { section: "variants", key: "partitions", values: FEW },
    Size { section: "variants", key: "instances", values: FEW },
    Size { section: "variants", key: "lease", values: SOON },
    Size { section: "variants", key: "session-timeout", values: SOON },
    Size { section: "variants", key: "visibility-timeout", values: SOON },
    Size { section: "variants", key: "inquiry-interval", values: SOON },
    Size { section: "variants", key: "handler-failure", values: SELDOM },
    Size { section: "variants", key: "run-failure", values: OFTEN },
];

/// How likely it is that a size is drawn where any are.
const SHARE: f64 = 0.2;

/// Draws the changes of a batch: none in every second one, and none that the scenario does not
/// allow.
pub(super) fn draw(trial: &Trial<'_>, rng: &mut dyn Rng) -> Vec<Change> {
    let mut changes = Vec::new();
    if rng.random_bool(0.5) {
        return changes;
    }
    for size in SIZES {
        let drawn = rng.random_bool(SHARE);
        let Some(value) = size.values.choose(rng).filter(|_| drawn) else { continue };
        let before = changes.len();
        changes.extend(places(size, trial).map(|key| Change { key, value: value.written() }));
        if changes.len() > before && !trial.allows(&changes) {
            changes.truncate(before);
        }
    }
    changes
}

/// The keys of a size in the scenario of a trial.
fn places<'a>(size: &'a Size, trial: &'a Trial<'_>) -> impl Iterator<Item = String> + 'a {
    let variant = &*trial.variant().name.shown;
    let keys = trial.scenario().values.iter().map(|used| used.key.as_str());
    let fits = move |key: &&str| {
        let mut parts = key.split('.');
        let (first, second) = (parts.next(), parts.next());
        first == Some(size.section)
            && key.rsplit('.').next() == Some(size.key)
            && (size.section != "variants" || second == Some(variant))
    };
    keys.filter(fits).map(str::to_owned)
}

impl Value {
    fn written(&self) -> toml::Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Share(share) => (*share).into(),
            Self::Word(word) => (*word).into(),
        }
    }
}
