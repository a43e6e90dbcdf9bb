//! The rates of operations, as far as they are known before a run.

use super::{Arrivals, LoadSpec, System};

impl System {
    /// The mean number of arrivals of a load per second; none if they depend on answers.
    pub fn rate(&self, load: &LoadSpec) -> Option<f64> {
        self.rate_within(load, self.loads.len())
    }

    /// The rate of a load, with a bound `depth` on how far loads follow each other.
    fn rate_within(&self, load: &LoadSpec, depth: usize) -> Option<f64> {
        match &load.arrivals {
            Arrivals::Poisson(rate) => Some(*rate),
            Arrivals::Constant(gap) => Some(1.0 / gap.as_secs_f64()),
            Arrivals::Bursts { base, peak, every, length } => {
                Some(base + (peak - base) * length.as_secs_f64() / every.as_secs_f64())
            }
            Arrivals::Trace(times) => load.mean(times.len() as u64),
            Arrivals::Counted { rows, .. } => load.mean(rows.iter().map(|(_, count)| count).sum()),
            Arrivals::Follows { load, share, .. } => {
                let followed = &self.loads[load.index()];
                Some(share * self.rate_within(followed, depth.checked_sub(1)?)?)
            }
            Arrivals::Closed { .. } => None,
        }
    }
}

impl LoadSpec {
    /// The mean rate of so many arrivals.
    fn mean(&self, arrivals: u64) -> Option<f64> {
        let length = (self.until - self.from).as_secs_f64();
        (length > 0.0).then(|| arrivals as f64 / length)
    }
}
