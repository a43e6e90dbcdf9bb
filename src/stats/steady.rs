//! From when on a series is steady.

use super::mean;

/// The number of values to a batch: so fine is what [`unsteady`] finds.
pub const UNSTEADY_STEP: usize = 5;

/// The least number of batches that say anything.
const LEAST: usize = 10;

/// How many standard deviations of the rest a batch is away from its mean at least.
const APART: f64 = 4.0;

/// The share of the rest below which a distance is not worth a word.
const LITTLE: f64 = 0.2;

/// How many of the first values of a series are not like the rest, by the rule MSER-5 (White, Cobb
/// and Spratt, "A comparison of five steady-state truncation heuristics for simulation", Winter
/// Simulation Conference 2000): as many batches of five as leave the mean of the rest with the
/// least standard error, up to the last of them that is away from the rest: by four standard
/// deviations of its batches and a fifth of its mean. `None` of a series that is too short, or
/// never becomes steady: half of it would have to go, or the halves of the rest are apart, too.
pub fn unsteady(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = series.chunks_exact(UNSTEADY_STEP).filter_map(mean).collect();
    if batches.len() < LEAST || batches.iter().any(|it| !it.is_finite()) {
        return None;
    }
    let half = batches.len() / 2;
    let best = (0..=half)
        .min_by(|one, other| error(&batches[*one..]).total_cmp(&error(&batches[*other..])))?;
    let rest = &batches[best..];
    let middle = mean(rest)?;
    let (first, second) = rest.split_at(rest.len() / 2);
    if (mean(first)? - mean(second)?).abs() > LITTLE * middle.abs() {
        return None;
    }
    let deviation = (error(rest) * rest.len() as f64).sqrt();
    let is_apart = |batch: &f64| {
        let apart = (batch - middle).abs();
        apart > APART * deviation && apart > LITTLE * middle.abs()
    };
    // The rule cuts off more than it has to where nothing much happens.
    let cut = batches[..best].iter().rposition(is_apart).map_or(0, |last| last + 1);
    (cut < half).then_some(cut * UNSTEADY_STEP)
}

/// The square of the standard error of the mean, as MSER has it.
fn error(values: &[f64]) -> f64 {
    let Some(mean) = mean(values) else { return f64::INFINITY };
    let squares: f64 = values.iter().map(|it| (it - mean) * (it - mean)).sum();
    squares / (values.len() * values.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series that falls to one, with ripples.
    fn falling(length: usize, warm_up: f64) -> Vec<f64> {
        let value = |at: usize| {
            let ripple = [0.02, -0.01, 0.01, -0.03, 0.0, 0.02, -0.01][at % 7];
            1.0 + ripple + 3.0 * libm::exp(-(at as f64) / warm_up)
        };
        (0..length).map(value).collect()
    }

    #[test]
    fn what_falls_at_first_is_cut_off_and_what_ripples_is_not() {
        let cut = unsteady(&falling(100, 4.0)).expect("it becomes steady");
        assert!((10..=25).contains(&cut), "{cut}");
        let longer = unsteady(&falling(100, 8.0)).expect("it becomes steady");
        assert!(longer > cut, "{longer}");
        assert_eq!(unsteady(&falling(100, 4.0)[50..]), Some(0));
        assert_eq!(unsteady(&[2.0; 60]), Some(0));
        assert_eq!(unsteady(&[2.0; 40]), None, "too short");
    }

    #[test]
    fn what_never_becomes_steady_is_none() {
        let growing: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(unsteady(&growing), None);
    }

    /// By hand: of batches 9, 1, 1, ... (ten of them) the first is cut off, for the rest has no
    /// error at all.
    #[test]
    fn a_first_batch_that_is_another_is_cut_off() {
        let series = [vec![9.0; 5], vec![1.0; 45]].concat();
        assert_eq!(unsteady(&series), Some(5));
    }
}
