//! Whether a plan of faults is inside a budget: what a pattern promises, it promises only there.

use std::collections::BTreeMap;

use super::plan::PlannedFault;
use crate::kernel::Span;
use crate::model::contract::{Allowance, Budget};
use crate::model::point::Order;

/// Whether no more goes wrong in this plan than the budget allows. A run outside of it is *degraded
/// as documented*: what it breaks was never promised.
///
/// A fault without a length lasts until the end of the load; how long that is a plan does not know,
/// so it is inside only where any length is.
///
/// # Errors
///
/// The first thing that is more than the budget allows, in words.
pub fn inside(plan: &[PlannedFault], budget: &Budget) -> Result<(), String> {
    let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
    for planned in plan {
        let name = planned.fault.name();
        let Some(allowance) = budget.of(name) else {
            return Err(format!("`{name}` is not in the budget"));
        };
        let count = counts.entry(name).or_default();
        *count += 1;
        if *count > allowance.count {
            return Err(format!("`{name}` more than {} times", allowance.count));
        }
        let lasts = length(planned);
        if lasts > allowance.longest {
            return Err(match lasts {
                Span::MAX => format!("`{name}` until the end of the load"),
                _ => format!("`{name}` for {lasts}, which is longer than {}", allowance.longest),
            });
        }
        if let Some(target) = planned.fault.targets().iter().find(|it| !allows(allowance, it)) {
            return Err(format!("`{name}` on `{target}`"));
        }
    }
    Ok(())
}

/// How long a fault lasts: for one message, how much later it comes.
fn length(planned: &PlannedFault) -> Span {
    match planned.fault.order() {
        Order::Late(delay) => delay,
        Order::Skip | Order::Twice => Span::ZERO,
        Order::Go => planned.length.unwrap_or(Span::MAX),
    }
}

fn allows(allowance: &Allowance, target: &str) -> bool {
    let role = |name: &str| name.strip_prefix("role:").unwrap_or(name).to_owned();
    allowance.targets.is_empty()
        || allowance.targets.iter().any(|allowed| role(allowed) == role(target))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::faults::plan::Start;
    use crate::faults::registry::{Faults, PreparedFault};
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
        let outside = |plan: &[PlannedFault]| inside(plan, &budget).expect_err("outside");
        let three = [crash("a", Some(1)), crash("a", Some(1)), crash("a", Some(1))];
        assert_eq!(outside(&three), "`crash` more than 2 times");
        assert_eq!(outside(&[crash("a", Some(11))]), "`crash` for 11s, which is longer than 10s");
        assert_eq!(outside(&[crash("a", None)]), "`crash` until the end of the load");
        assert_eq!(outside(&[late("4s")]), "`delay-message` for 4s, which is longer than 3s");
        let cut = fault("partition", "{ from = [\"a\"] }", Some(1));
        assert_eq!(outside(&[cut]), "`partition` is not in the budget");
    }

    #[test]
    fn a_budget_may_spare_some_targets() {
        let only = Allowance {
            targets: vec!["role:coordinator"],
            ..Allowance::new("crash", 9, Span::MAX)
        };
        let budget = Budget(vec![only]);
        assert_eq!(inside(&[crash("coordinator", None)], &budget), Ok(()));
        assert_eq!(inside(&[crash("role:coordinator", None)], &budget), Ok(()));
        assert_eq!(inside(&[crash("broker", None)], &budget), Err("`crash` on `broker`".into()));
    }
}
