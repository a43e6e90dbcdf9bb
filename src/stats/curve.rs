//! An empirical distribution, thinned so that it can be kept and drawn.

use super::sample::Sample;

/// Points of an empirical distribution function: exact where it has a point, a step between.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Curve {
    /// The number of values, infinite ones included.
    pub n: u64,
    /// The number of infinite values.
    pub never: u64,
    /// Points (value, number of values that are at most this), both strictly ascending. The
    /// smallest and the largest finite value are always among them.
    pub points: Vec<(u64, u64)>,
}

/// The number of equally probable stretches into which the finite values are cut.
const STRETCHES: u64 = 200;
/// The number of further cuts of the last stretch, each of which leaves seven eighths of the rest.
const TAIL: usize = 80;

impl Curve {
    /// The distribution of all samples together, thinned to a few hundred points.
    pub fn pooled<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let all = Sample::pooled(samples);
        let finite = all.finite();
        let mut points: Vec<(u64, u64)> = Vec::new();
        for rank in ranks(finite.len() as u64) {
            let value = finite[rank as usize - 1];
            if points.last().is_none_or(|&(last, _)| last < value) {
                points.push((value, all.at_most(value)));
            }
        }
        Self { n: all.n(), never: all.never(), points }
    }

    /// The share of all values that are infinite, 0 to 1.
    pub fn never_share(&self) -> f64 {
        share(self.never, self.n)
    }

    /// The points as (value, share of all values at most this).
    pub fn shares(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        self.points.iter().map(|&(value, count)| (value, share(count, self.n)))
    }
}

/// Ranks from 1 to `n`, ascending: the first, the end of every stretch, ever closer ones in the
/// tail, and the last.
fn ranks(n: u64) -> impl Iterator<Item = u64> {
    let body = (0..STRETCHES).map(move |cut| (n * cut).div_ceil(STRETCHES).max(1));
    let left = std::iter::successors(Some(n / STRETCHES), |left| Some(left * 7 / 8));
    let tail = left.take(TAIL).map(move |left| n - left);
    body.chain(tail).chain([n]).filter(move |_| n > 0)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_keep_every_value() {
        let curve = Curve::pooled(&[Sample::new([5, 1], 1), Sample::new([5], 0)]);
        assert_eq!(curve, Curve { n: 4, never: 1, points: vec![(1, 1), (5, 3)] });
        assert_eq!(curve.shares().last(), Some((5, 0.75)));
        assert_eq!(curve.never_share(), 0.25);
        assert_eq!(Curve::pooled(&[Sample::new([], 2)]).points, []);
        assert_eq!(Curve::pooled(&[]), Curve::default());
    }

    #[test]
    fn large_samples_are_thinned_and_stay_exact_at_each_point() {
        let curve = Curve::pooled(&[Sample::new((1..=1_000_000).rev(), 0)]);
        assert!(curve.points.len() < 300, "{}", curve.points.len());
        assert!(curve.points.iter().all(|(value, count)| value == count));
        assert!(curve.points.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(curve.points[0].0, 1);
        assert_eq!(curve.points[curve.points.len() - 1].0, 1_000_000);
    }
}
