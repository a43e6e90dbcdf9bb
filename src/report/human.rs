//! Numbers for readers: three significant digits, and the unit behind a space.

use crate::checks::measures::Unit;
use crate::experiment::result::Estimate;

/// A number in its unit; plus infinity is `never`.
pub fn value(unit: Unit, value: f64) -> String {
    if value.is_infinite() {
        return "never".into();
    }
    match unit {
        Unit::Nanoseconds => nanos(value),
        Unit::Share => share(value),
        Unit::PerOperation | Unit::PerTransaction | Unit::Count => number(value),
        Unit::PerSecond => format!("{}/s", number(value)),
    }
}

/// A difference in its unit, with its sign; shares differ by percentage points. Infinite ones are
/// `never` on one side only.
pub fn difference(unit: Unit, difference: f64) -> String {
    if difference == 0.0 {
        return "0".into();
    }
    let (sign, bound) = if difference < 0.0 { ('−', '>') } else { ('+', '<') };
    let size = difference.abs();
    let text = match unit {
        _ if size.is_infinite() => "∞".into(),
        Unit::Share => format!("{} pp", number(size * 100.0)),
        _ => value(unit, size),
    };
    match text.strip_prefix('<') {
        Some(limit) => format!("{bound}{sign}{limit}"),
        None => format!("{sign}{text}"),
    }
}

/// The interval of an estimate, e.g. `1.19–1.24 ms`; empty if there is none.
pub fn interval(unit: Unit, estimate: &Estimate<f64>) -> String {
    let Some((low, high)) = estimate.interval else { return String::new() };
    let (low, high) = (value(unit, low), value(unit, high));
    if low == high {
        return low;
    }
    let low = match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((digits, low_unit)), Some((_, high_unit))) if low_unit == high_unit => digits,
        _ => &low,
    };
    format!("{low}–{high}")
}

/// A time in nanoseconds, in the largest unit in which it is at least 1.
pub fn nanos(nanos: f64) -> String {
    let (scale, unit) = match nanos {
        n if n < 0.5 => return "0 s".into(),
        n if n < 999.5 => (1.0, "ns"),
        n if n < 999.5e3 => (1e3, "µs"),
        n if n < 999.5e6 => (1e6, "ms"),
        n if n < 999.5e9 => (1e9, "s"),
        _ => (60e9, "min"),
    };
    format!("{} {unit}", number(nanos / scale))
}

/// A share as a percentage, with as many decimals as its distance from 0 and 100 % needs.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    let room = percent.min(100.0 - percent).abs();
    let decimals = match room {
        0.0 => 0,
        r if r < 0.000_05 && percent < 50.0 => return "<0.0001 %".into(),
        r if r < 0.000_05 => return ">99.9999 %".into(),
        r if r < 0.01 => 4,
        r if r < 0.1 => 3,
        r if r < 1.0 => 2,
        _ => 1,
    };
    format!("{percent:.decimals$} %")
}

/// A number with three significant digits, or a whole number with its thousands separated.
pub fn number(number: f64) -> String {
    match number.abs() {
        n if n >= 99.95 => count((n + 0.5) as u64),
        n if n >= 9.995 => trimmed(number, 1),
        n if n >= 0.9995 => trimmed(number, 2),
        n if n >= 0.000_5 => trimmed(number, 3),
        n if n > 0.0 => "<0.001".into(),
        _ => "0".into(),
    }
}

/// A whole number with its thousands separated: `48,012`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut apart = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// A number of things whose plural ends in `s`: `1 fault`, `1,200 faults`.
pub fn some(many: usize, one: &str) -> String {
    if many == 1 { format!("1 {one}") } else { format!("{} {one}s", count(many as u64)) }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().into(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

fn trimmed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_the_right_unit() {
        for (value, text) in [
            (0.0, "0 s"),
            (950.0, "950 ns"),
            (12_345.0, "12.3 µs"),
            (1_000_000.0, "1 ms"),
            (1_234_567.0, "1.23 ms"),
            (999_700_000.0, "1 s"),
            (30_120_000_000.0, "30.1 s"),
            (240e9, "240 s"),
            (1_800e9, "30 min"),
        ] {
            assert_eq!(nanos(value), text);
        }
    }

    #[test]
    fn shares_never_round_to_all_or_nothing() {
        for (value, text) in [
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.9721, "97.2 %"),
            (0.99996, "99.9960 %"),
            (0.000_123, "0.012 %"),
        ] {
            assert_eq!(share(value), text);
        }
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!(difference(Unit::Nanoseconds, -1_500_000.0), "−1.5 ms");
        assert_eq!(difference(Unit::Share, 0.031), "+3.1 pp");
        assert_eq!(difference(Unit::Count, 0.0), "0");
        assert_eq!(difference(Unit::Count, 0.0002), "<+0.001");
        assert_eq!(difference(Unit::Share, -0.000_002), ">−0.001 pp");
        assert_eq!(difference(Unit::Nanoseconds, f64::INFINITY), "+∞");
    }

    #[test]
    fn intervals_name_a_common_unit_once() {
        let of = |low, high| Estimate { value: 0.0, interval: Some((low, high)) };
        assert_eq!(interval(Unit::Nanoseconds, &of(1e6, 2e6)), "1–2 ms");
        assert_eq!(interval(Unit::Nanoseconds, &of(1e6, 2e9)), "1 ms–2 s");
        assert_eq!(interval(Unit::Nanoseconds, &of(1e6, f64::INFINITY)), "1 ms–never");
        assert_eq!(interval(Unit::Count, &of(2.0, 2.0)), "2");
        assert_eq!(interval(Unit::Count, &Estimate { value: 1.0, interval: None }), "");
    }

    #[test]
    fn counts_and_lists() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list::<&str>(&[]), "");
    }
}
