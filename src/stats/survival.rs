//! The Kaplan-Meier estimate: the distribution of times of which some are censored.
//!
//! It is used for runs that did not settle: an operation that is unfinished at the end lasted *at
//! least* until then, which is neither a time nor "never". Tables and charts mark such numbers.
//! Kaplan and Meier, Journal of the American Statistical Association 53 (1958).

use super::sample::Level;

/// One observed time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Observation {
    /// The observed time, until the end or until the observation was censored.
    pub time: u64,
    /// True if the observation was censored: cut off before its end.
    pub censored: bool,
}

/// The estimated share that lasts longer than each time at which an observation ended.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Survival {
    steps: Vec<SurvivalStep>,
}

/// One step of a [`Survival`] curve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SurvivalStep {
    /// A time at which an observation ended.
    pub time: u64,
    /// The number of observations still at risk just before.
    pub at_risk: u64,
    /// The number of observations that ended then.
    pub ended: u64,
    /// The estimated share that lasts longer.
    pub survival: f64,
}

impl Survival {
    /// The Kaplan-Meier estimate. An observation that is censored at the time at which others end
    /// was still at risk then.
    pub fn kaplan_meier(observations: &[Observation]) -> Self {
        let mut sorted = observations.to_vec();
        sorted.sort_unstable();
        let mut at_risk = sorted.len() as u64;
        let mut survival = 1.0;
        let mut steps = Vec::new();
        for group in sorted.chunk_by(|a, b| a.time == b.time) {
            let ended = group.iter().filter(|observation| !observation.censored).count() as u64;
            if ended > 0 {
                survival *= (at_risk - ended) as f64 / at_risk as f64;
                steps.push(SurvivalStep { time: group[0].time, at_risk, ended, survival });
            }
            at_risk -= group.len() as u64;
        }
        Self { steps }
    }

    /// The first time by which at least this share has ended; `None` if the observations were
    /// censored before.
    pub fn quantile(&self, level: Level) -> Option<u64> {
        let left = 1.0 - level.share();
        self.steps.iter().find(|step| step.survival <= left).map(|step| step.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(ended: &[u64], censored: &[u64]) -> Vec<Observation> {
        let of = |times: &[u64], censored| {
            times.iter().map(move |&time| Observation { time, censored }).collect::<Vec<_>>()
        };
        [of(ended, false), of(censored, true)].concat()
    }

    #[test]
    fn the_leukaemia_trial_comes_out_as_published() {
        // Freireich et al. (1963), weeks in remission under 6-mercaptopurine; the estimates are
        // those of every survival textbook, for instance Cox and Oakes (1984).
        let survival = Survival::kaplan_meier(&observations(
            &[6, 6, 6, 7, 10, 13, 16, 22, 23],
            &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
        ));
        let expected = [
            (6, 21, 0.857),
            (7, 17, 0.807),
            (10, 15, 0.753),
            (13, 12, 0.690),
            (16, 11, 0.627),
            (22, 7, 0.538),
            (23, 6, 0.448),
        ];
        assert_eq!(survival.steps.len(), expected.len());
        for (step, (time, at_risk, share)) in survival.steps.iter().zip(expected) {
            assert_eq!((step.time, step.at_risk), (time, at_risk));
            assert!((step.survival - share).abs() < 6e-4, "{time}: {}", step.survival);
        }
        assert_eq!(survival.quantile(Level::P50), Some(23));
        assert_eq!(survival.quantile(Level::P99), None);
    }

    #[test]
    fn without_censoring_it_is_the_plain_distribution() {
        let survival = Survival::kaplan_meier(&observations(&[1, 2, 2, 4], &[]));
        let shares: Vec<f64> = survival.steps.iter().map(|step| step.survival).collect();
        assert_eq!(shares, [0.75, 0.25, 0.0]);
        assert_eq!(Survival::kaplan_meier(&[]).quantile(Level::P50), None);
    }
}
