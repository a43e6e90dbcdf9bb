//! Closed forms of queues, periodic work and repeated trials, with which runs and comparisons are
//! compared. Times are in seconds, rates per second.

/// The share of arrivals that a system of `servers` without a queue rejects (Erlang 1917), at an
/// offered load of `load` busy servers.
pub fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |lost, busy| load * lost / (f64::from(busy) + load * lost))
}

/// The share of arrivals that wait in a system of `servers` with an unbounded queue (Erlang 1917),
/// at an offered load below the number of servers.
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let (lost, servers) = (erlang_b(servers, load), f64::from(servers));
    lost / (1.0 - load / servers * (1.0 - lost))
}

/// The mean waiting time for one of `servers`, each with an exponential service time of the mean
/// `service` (M/M/c).
pub fn wait_for_any(rate: f64, servers: u32, service: f64) -> f64 {
    let load = rate * service;
    erlang_c(servers, load) * service / (f64::from(servers) - load)
}

/// The mean waiting time for a single server whose service time has this mean and mean square
/// (M/G/1; Pollaczek 1930, Khinchine 1932).
pub fn wait_for_one(rate: f64, service: f64, square: f64) -> f64 {
    rate * square / (2.0 * (1.0 - rate * service))
}

/// The share of arrivals that a queue with room for `places`, the one in service included, rejects
/// at this utilisation, which must not be 1 (M/M/1/K).
pub fn loss_of_queue(utilisation: f64, places: u32) -> f64 {
    let power = |exponent| libm::pow(utilisation, f64::from(exponent));
    power(places) * (1.0 - utilisation) / (1.0 - power(places + 1))
}

/// The throughput and the mean response time of one queue with a closed loop of `clients` that
/// think (exact mean value analysis; Reiser, Lavenberg 1980).
pub fn closed_loop(clients: u32, demand: f64, think: f64) -> (f64, f64) {
    let (mut inside, mut throughput, mut response) = (0.0, 0.0, 0.0);
    for number in 1..=clients {
        response = demand * (1.0 + inside);
        throughput = f64::from(number) / (response + think);
        inside = throughput * response;
    }
    (throughput, response)
}

/// The mean time from a random moment to the first success of work that is tried every `period` and
/// fails each time with probability `failure`: half a period, and a whole one for every failure.
pub fn wait_for_turn(period: f64, failure: f64) -> f64 {
    period / 2.0 + period * failure / (1.0 - failure)
}

/// The lower bound of the mean of [`wait_for_turn`] over a `window`, whatever the phase of the
/// period: an incomplete period at its end may be the end of a period, when waits are short.
pub fn least_wait_for_turn(period: f64, failure: f64, window: f64) -> f64 {
    let rest = window % period;
    let waits = (window - rest) * period + rest * rest;
    wait_for_turn(period, failure) + waits / (2.0 * window) - period / 2.0
}

/// The share of reads, at random moments, that find a stale copy if the copy is refreshed every
/// `period` and its original changes at `rate` (Poisson).
pub fn stale_share(rate: f64, period: f64) -> f64 {
    let changes = rate * period;
    1.0 + libm::expm1(-changes) / changes
}

/// The mean number of independent trials until one succeeds or `most` have failed.
pub fn trials(failure: f64, most: u32) -> f64 {
    (0..most).fold(0.0, |sum, trial| sum + libm::pow(failure, f64::from(trial)))
}

/// The share of tasks that are given up because `most` independent trials have failed.
pub fn given_up(failure: f64, most: u32) -> f64 {
    libm::pow(failure, f64::from(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures that were computed apart from this, by tables and by hand.
    #[test]
    fn closed_forms_have_the_values_of_the_tables() {
        let table = [
            (erlang_b(2, 1.6), 0.329_897),
            (erlang_c(2, 1.6), 0.711_111),
            (erlang_c(4, 3.2), 0.596_432),
            (wait_for_any(0.8, 1, 1.0), 4.0),
            (wait_for_any(1.6, 2, 1.0), 1.777_778),
            (wait_for_any(3.2, 4, 1.0), 0.745_541),
            (wait_for_one(0.8, 1.0, 1.0), 2.0),
            (wait_for_one(0.8, 1.0, 2.0), 4.0),
            (wait_for_one(40.0, 0.006_95, 0.99 * 25e-6 + 0.01 * 0.04), 0.011_765_9),
            (loss_of_queue(0.8, 5), 0.088_819),
            (loss_of_queue(0.8, 10), 0.023_493),
            (closed_loop(5, 0.1, 1.0).0, 4.360_478),
            (closed_loop(10, 0.1, 1.0).1, 0.273_208),
            (wait_for_turn(10.0, 0.0), 5.0),
            (wait_for_turn(10.0, 0.5), 15.0),
            (least_wait_for_turn(10.0, 0.0, 60.0), 5.0),
            (least_wait_for_turn(30.0, 0.0, 50.0), 13.0),
            (least_wait_for_turn(30.0, 0.5, 20.0), 40.0),
            (stale_share(0.1, 10.0), 0.367_879),
            (trials(0.1, 3), 1.11),
            (trials(0.5, 4), 1.875),
            (trials(1.0, 4), 4.0),
            (given_up(0.5, 4), 0.0625),
        ];
        for (number, (found, expected)) in table.into_iter().enumerate() {
            assert!((found - expected).abs() < 1e-6, "{number}: {found}, not {expected}");
        }
    }
}
