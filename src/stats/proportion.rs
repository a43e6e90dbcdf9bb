//! An interval for a proportion.

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % Wilson score interval of `k` of `n` independent trials; `None` if there are none.
///
/// Unlike the textbook interval it stays within 0 and 1 and says something about `k = 0`.
/// Wilson (1927); Newcombe, Statistics in Medicine 17 (1998), method 3.
pub fn wilson(k: u64, n: u64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let (k, n) = (k as f64, n as f64);
    let centre = 2.0 * k + Z * Z;
    let reach = Z * (Z * Z + 4.0 * k * (1.0 - k / n)).sqrt();
    let scale = 2.0 * (n + Z * Z);
    Some((((centre - reach) / scale).max(0.0), ((centre + reach) / scale).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn wilson_gives_the_published_intervals() {
        // Newcombe (1998), table I, method 3.
        for (k, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0000),
        ] {
            let (found_low, found_high) = wilson(k, n).unwrap();
            assert!((found_low - low).abs() < 6e-5, "{k} of {n}: {found_low}");
            assert!((found_high - high).abs() < 6e-5, "{k} of {n}: {found_high}");
        }
        assert_eq!(wilson(0, 0), None);
    }
}
