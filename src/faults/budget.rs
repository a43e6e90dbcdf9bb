//! The comparison of a plan of faults with a pattern's budget of faults.

use super::plan::PlannedFault;
use super::target::{ROLE, Site};
use crate::kernel::Span;
use crate::model::contract::{Allowance, Budget, Driver};
use crate::model::point::Action;

/// The first fault of a plan that exceeds a budget, by its kind.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Excess {
    /// Faults of this kind are not allowed at all.
    #[error("`{0}` is not in the budget")]
    Kind(&'static str),
    /// Faults of this kind are not allowed on this target.
    #[error("`{0}` on `{1}`")]
    Target(&'static str, String),
    /// There are more outages of this kind than allowed.
    #[error("`{0}` more than {1} times")]
    Count(&'static str, u32),
    /// A fault of this kind has no length.
    #[error("`{0}` until the end of the load")]
    Endless(&'static str),
    /// A fault of this kind lasts for the first span, and may last only for the second.
    #[error("`{0}` for {1}, which is longer than {2}")]
    Length(&'static str, Span, Span),
}

/// Returns whether a plan of faults is inside a budget. A run outside of it is *degraded as
/// documented*: what it breaks was never promised.
///
/// A fault without a length lasts until the end of the load; a plan does not know how long that is,
/// so such a fault is inside only where any length is.
///
/// The budget counts successive outages, because repeated interruptions are what exhausts a
/// pattern: retries are used up, pauses grow, messages become dead letters. The nodes of a zone
/// that fail together interrupt an operation once, and count as one outage; a rolling crash of them
/// counts once for each node.
///
/// # Errors
///
/// The first fault that exceeds the budget.
pub fn inside(plan: &[PlannedFault], budget: &Budget, site: &Site<'_>) -> Result<(), Excess> {
    let mut used = vec![0; budget.0.len()];
    for planned in plan {
        let name = planned.fault.name();
        let outages = planned.fault.outages(site);
        let mut refusal = Excess::Kind(name);
        // The last allowance of a kind has the fewest targets, so a fault that fits there leaves
        // the others unused.
        let of_kind = |(_, allowance): &(usize, &Allowance)| allowance.fault == name;
        let mut fitting = budget.0.iter().enumerate().rev().filter(of_kind);
        let found = fitting.find(|(at, allowance)| {
            match exceeds(planned, used[*at] + outages, allowance, site.drivers) {
                Some(more) => {
                    refusal = more;
                    false
                }
                None => true,
            }
        });
        let Some((at, _)) = found else { return Err(refusal) };
        used[at] += outages;
    }
    Ok(())
}

/// Returns whether one fault is inside an allowance of its kind, under a pattern with these
/// drivers.
pub(super) fn fits(planned: &PlannedFault, allowance: &Allowance, drivers: &[Driver]) -> bool {
    exceeds(planned, 1, allowance, drivers).is_none()
}

/// The excess over an allowance, of which `used` counts this fault, too.
fn exceeds(
    planned: &PlannedFault,
    used: u32,
    allowance: &Allowance,
    drivers: &[Driver],
) -> Option<Excess> {
    let name = planned.fault.name();
    let lasts = length(planned);
    let names = planned.fault.reach().names();
    if let Some(target) = names.iter().find(|name| !allows(allowance, name, drivers)) {
        return Some(Excess::Target(name, target.clone()));
    }
    if used > allowance.count {
        return Some(Excess::Count(name, allowance.count));
    }
    (lasts > allowance.longest).then_some(match lasts {
        Span::MAX => Excess::Endless(name),
        _ => Excess::Length(name, lasts, allowance.longest),
    })
}

/// The length of a fault: for one message, its additional delay; for one transaction, zero.
fn length(planned: &PlannedFault) -> Span {
    match planned.fault.action() {
        Action::Late(delay) => delay,
        Action::Skip | Action::Twice | Action::Refuse(_) | Action::Mute | Action::Spoil => {
            Span::ZERO
        }
        Action::Go => planned.length.unwrap_or(Span::MAX),
    }
}

/// Returns whether an allowance covers a target, by its name or its role.
fn allows(allowance: &Allowance, target: &str, drivers: &[Driver]) -> bool {
    let plain = |name: &str| name.strip_prefix(ROLE).unwrap_or(name).to_owned();
    let role = drivers.iter().find(|driver| driver.name == target).map(|driver| driver.role);
    let is_it = |allowed: &String| {
        let allowed = plain(allowed);
        allowed == plain(target) || role == Some(&*allowed)
    };
    allowance.targets.is_empty() || allowance.targets.iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::faults::fault::{Faults, PreparedFault};
    use crate::faults::plan::Start;
    use crate::faults::target::machines;
    use crate::faults::tests::inside;
    use crate::kernel::{RandomStreams, Recorder, Simulation};
    use crate::model::contract::role;
    use crate::model::env::Env;
    use crate::model::world::World;
    use crate::tests::runs::scenario;
    use toml::de::DeValue;

    fn fault(kind: &str, settings: &str, seconds: Option<u64>) -> PlannedFault {
        let faults = Faults::builtin();
        let tree = DeValue::parse(settings).expect("a table");
        let entry = faults.find(kind).expect("a kind of fault");
        let fault: Arc<dyn PreparedFault> = entry.decode(tree).expect("settings");
        PlannedFault { start: Start::At(Span::ZERO), length: seconds.map(Span::from_secs), fault }
    }

    fn crash(target: &str, seconds: Option<u64>) -> PlannedFault {
        fault("crash", &format!("{{ target = \"{target}\" }}"), seconds)
    }

    #[test]
    fn a_plan_is_inside_up_to_the_last_fault_and_second() {
        let budget = Budget(vec![
            Allowance::new("crash", 2, Span::from_secs(10)),
            Allowance::new("delay-message", 1, Span::from_secs(3)),
        ]);
        let late = |by: &str| fault("delay-message", &format!("{{ by = \"{by}\" }}"), None);
        assert_eq!(inside(&[], &budget), Ok(()));
        let plan = [crash("a", Some(10)), crash("b", Some(1)), late("3s")];
        assert_eq!(inside(&plan, &budget), Ok(()));
        let outside =
            |plan: &[PlannedFault]| inside(plan, &budget).expect_err("outside").to_string();
        let three = [crash("a", Some(1)), crash("a", Some(1)), crash("a", Some(1))];
        assert_eq!(outside(&three), "`crash` more than 2 times");
        assert_eq!(outside(&[crash("a", Some(11))]), "`crash` for 11s, which is longer than 10s");
        assert_eq!(outside(&[crash("a", None)]), "`crash` until the end of the load");
        assert_eq!(outside(&[late("4s")]), "`delay-message` for 4s, which is longer than 3s");
        let cut = fault("partition", "{ from = [\"a\"] }", Some(1));
        assert_eq!(outside(&[cut]), "`partition` is not in the budget");
    }

    #[test]
    fn some_targets_may_be_allowed_more() {
        let long = Allowance {
            targets: vec!["broker".into()],
            ..Allowance::new("crash", 1, Span::from_secs(30))
        };
        let budget = Budget(vec![Allowance::new("crash", 1, Span::from_secs(5)), long]);
        let (broker, database) = (crash("broker", Some(30)), crash("a-db", Some(5)));
        assert_eq!(inside(&[broker.clone(), database], &budget), Ok(()));
        assert_eq!(inside(&[broker.clone(), crash("broker", Some(5))], &budget), Ok(()));
        assert!(inside(&[broker.clone(), broker], &budget).is_err());
        assert!(inside(&[crash("a-db", Some(6))], &budget).is_err());
    }

    #[test]
    fn nodes_that_fail_together_are_one_outage_and_one_after_the_other_as_many() {
        let budget = Budget(vec![Allowance::new("crash", 4, Span::from_secs(9))]);
        let zone = |settings: &str| {
            fault("crash", &format!("{{ target = \"zone:left\"{settings} }}"), Some(1))
        };
        let (together, rolling) = (zone(""), zone(", rolling = \"1s\""));
        let inside = |plan: &[PlannedFault]| inside(plan, &budget);
        assert_eq!(inside(&vec![together.clone(); 4]), Ok(()));
        assert!(inside(&vec![together.clone(); 5]).is_err());
        assert_eq!(inside(&[rolling.clone(), together.clone(), crash("b", Some(1))]), Ok(()));
        let five = inside(&[rolling.clone(), together, rolling.clone()]);
        assert_eq!(five, Err(Excess::Count("crash", 4)));
        assert_eq!(inside(&vec![rolling.clone(); 2]), Ok(()));
        assert!(inside(&vec![rolling; 3]).is_err());
    }

    /// The nodes that a plan counts before the run are those that the run strikes.
    #[test]
    fn a_name_stands_for_as_many_nodes_as_in_the_world() {
        let scenario = scenario(include_str!("../../scenarios/sysops-ticket.toml"));
        for variant in &scenario.variants {
            let drivers = variant.pattern.drivers();
            let (simulation, recorder) = (Simulation::new(), Recorder::new(Vec::new()));
            let (sim, system) = (simulation.sim().clone(), Arc::clone(&variant.system));
            let world =
                World::new(Env::new(sim, RandomStreams::new(0), system, recorder), &drivers);
            let site = Site { system: &variant.system, drivers: &drivers };
            let zones = variant.system.zones().into_iter().map(|zone| format!("zone:{zone}"));
            let names = variant.system.services.iter().map(|it| it.name.shown.to_string());
            let more = ["role:driver", "role:broker", "role:client"].map(str::to_owned);
            for name in names.chain(zones).chain(more) {
                let counted = site.count(&name);
                let there = machines(&world, &name).len();
                assert_eq!(counted as usize, there, "{name} under {}", variant.name.shown);
            }
        }
    }

    #[test]
    fn every_kind_of_fault_is_in_one_class() {
        use crate::model::contract::faults::{ALL, BETRAYALS, POISON};
        let mut classes = [&ALL.concat(), BETRAYALS, POISON].concat();
        let mut kinds = Faults::builtin().names();
        kinds.retain(|kind| *kind != "random"); // Before a run it turns into faults of the others.
        classes.sort_unstable();
        kinds.sort_unstable();
        assert_eq!(classes, kinds, "budgets speak of classes");
    }

    #[test]
    fn a_budget_may_spare_some_targets() {
        let only = Allowance {
            targets: vec!["role:coordinator".into()],
            ..Allowance::new("crash", 9, Span::MAX)
        };
        let budget = Budget(vec![only]);
        assert_eq!(inside(&[crash("coordinator", None)], &budget), Ok(()));
        assert_eq!(inside(&[crash("role:coordinator", None)], &budget), Ok(()));
        let excess = inside(&[crash("broker", None)], &budget).expect_err("outside");
        assert_eq!(excess.to_string(), "`crash` on `broker`");
    }

    #[test]
    fn an_allowance_of_a_role_is_for_every_driver_that_plays_it() {
        let driver = Driver { name: "sync-job", role: role::JOB };
        let only =
            Allowance { targets: vec!["role:job".into()], ..Allowance::new("crash", 9, Span::MAX) };
        assert!(fits(&crash("sync-job", None), &only, &[driver]));
        assert!(!fits(&crash("sync-job", None), &only, &[Driver::new("sync-job")]));
    }
}
