//! The check that a load offers operations, and that some of them are measured.

use super::super::file::Load;
use super::super::problem::{Code, Problem};
use super::super::values::At;
use super::Context;
use crate::kernel::{Span, Time};
use crate::model::system::Arrivals;
use crate::reason;

/// The least expected number of random arrivals that raises no warning: a Poisson load with a mean
/// of 3 has no arrival in one run of 20.
const FEWEST: f64 = 3.0;

impl Context<'_> {
    /// Reports a load of which no operation arrives, or none, or perhaps none, while it is
    /// measured: all its tables would be empty.
    pub(super) fn arrives(
        &mut self,
        load: &Load,
        name: &At<String>,
        until: Span,
        arrivals: &Arrivals,
    ) {
        let warm_up = &self.file.scenario.warm_up;
        let between = |since: Span| expected(arrivals, load.from, since, until);
        let measured = between(load.from.max(warm_up.value));
        let is_drawn = !matches!(arrivals, Arrivals::Constant(_) | Arrivals::Trace(_));
        let problem = |message| Problem::error(Code::NoArrivals, &load.place, message, "");
        let found = match measured {
            _ if between(load.from) <= 0.0 => {
                problem(reason!("nothing of `{}` arrives before it ends at {until}", name.value))
            }
            0.0 => {
                let message = reason!("nothing of `{}` is measured", name.value);
                let problem = problem(message.and(": all of it arrives during the warm-up"));
                problem.also(&warm_up.place, "measured from then on").warning()
            }
            few if is_drawn && few < FEWEST => {
                let message =
                    reason!("nothing of `{}` may arrive while it is measured", name.value);
                let problem = problem(message.and(format!(": {few:.2} operations are expected")));
                problem.help("raise the rate, or let the load last longer").warning()
            }
            _ => return,
        };
        self.problems.push(found);
    }
}

/// The mean number of operations that a load that begins at `from` offers between `since` and
/// `until`; infinite where it depends on other loads.
fn expected(arrivals: &Arrivals, from: Span, since: Span, until: Span) -> f64 {
    let seconds = until.saturating_sub(since).as_secs_f64();
    let window = Time::ZERO + since..Time::ZERO + until;
    match arrivals {
        Arrivals::Poisson(rate) => rate * seconds,
        Arrivals::Bursts { base, .. } => base * seconds,
        Arrivals::Constant(gap) => {
            // The first operation arrives one gap after the start.
            let before = |time: Span| {
                time.saturating_sub(from).as_nanos().saturating_sub(1) / gap.as_nanos()
            };
            (before(until) - before(since).min(before(until))) as f64
        }
        Arrivals::Trace(times) => times.iter().filter(|at| window.contains(at)).count() as f64,
        Arrivals::Counted { rows, every } => {
            let within = rows.iter().filter(|(at, _)| *at + *every > window.start);
            within.map(|(_, count)| *count as f64).sum()
        }
        Arrivals::Follows { delay, .. } => match delay.mean() {
            Some(mean) if mean >= seconds => 0.0,
            _ => f64::INFINITY,
        },
        Arrivals::Closed { clients, think } => {
            // A client thinks before its first request, too.
            let first = think.mean().unwrap_or_default();
            f64::from(*clients) * if first > 0.0 { seconds / first } else { f64::INFINITY }
        }
    }
}
