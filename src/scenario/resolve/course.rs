//! Resolution of phases, clients, retries, variants and faults.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::estimate::Estimate;
use super::super::file::{Breaker, File, OwnClients, OwnRetry, Service};
use super::super::operation::MeantToFail;
use super::super::plan::FaultText;
use super::super::problem::{Code, Problem};
use super::super::profile::{PROFILES, Profile};
use super::super::settle::Settling;
use super::super::suggest::{either, nearest};
use super::super::values::{At, Settle, no_name};
use super::super::{PlannedFault, Variant};
use super::layout::{Laid, Stage};
use super::{Context, name};
use crate::faults::plan::Start;
use crate::faults::random::Nemesis;
use crate::faults::swarm::Window;
use crate::faults::target::{LOAD, TABLE};
use crate::kernel::Span;
use crate::model::contract::role;
use crate::model::system::{BreakerSpec, ClientSpec, Phases, RetryChange, RetrySpec};
use crate::reason;

/// A day in nanoseconds.
const DAY: u64 = 86_400_000_000_000;
/// The longest run: results keep values for every second of it, and these have to fit into memory.
pub(super) const LONGEST: Span = Span::from_nanos(30 * DAY);

impl Context<'_> {
    /// Reports names that are no names of files: files and folders of results are called by them.
    fn names_of_files(&mut self) {
        let leads_elsewhere = |letter: char| matches!(letter, '/' | '\\') || letter.is_control();
        let variants = self.file.variants.0.iter().map(|(name, _)| name);
        self.problems.extend(no_name(&self.file.scenario.name));
        for name in std::iter::once(&self.file.scenario.name).chain(variants) {
            if no_name(name).is_some() {
                continue;
            }
            if name.value.contains(leads_elsewhere) || ["", ".", ".."].contains(&name.value.trim())
            {
                let message = "the name is also that of a file or folder of results";
                let problem =
                    Problem::error(Code::WrongValue, &name.place, message, "not a name of a file");
                self.problems.push(problem);
            }
        }
    }

    /// Retries, clients and phases.
    pub(super) fn course(&mut self) -> (RetrySpec, ClientSpec, Phases) {
        let File { scenario, retry, clients, .. } = self.file;
        let (warm_up, load) = (&scenario.warm_up, &scenario.load);
        self.names_of_files();
        if warm_up.value >= load.value.0 {
            let message = format!(
                "nothing is measured: the warm-up takes {} and the load ends at {}",
                warm_up.value, load.value.0
            );
            let problem =
                Problem::error(Code::Times, &warm_up.place, message, "measured from then on");
            let help = "give a longer `load`, or a shorter `warm-up` (10s by default)";
            self.problems.push(problem.also(&load.place, "the load ends here").help(help));
        }
        let settle = match scenario.settle.value {
            Settle::Given(settle) => settle,
            Settle::Auto => Span::ZERO, // It is computed once the variants are known.
        };
        if load.value.0 + settle > LONGEST {
            let longer = if load.value.0 > settle { &load.place } else { &scenario.settle.place };
            let days = LONGEST.as_nanos() / DAY;
            let message = format!("load and settling take more than {days} days together");
            self.problems.push(Problem::error(Code::Times, longer, message, "too long"));
        }
        if Profile::named(&scenario.profile.value).is_none() {
            let profile = &scenario.profile;
            let names = || PROFILES.iter().map(|profile| profile.name);
            let message = reason!("no profile is named `{}`", profile.value);
            let problem =
                Problem::error(Code::UnknownProfile, &profile.place, message, "not known");
            self.problems.push(match nearest(&profile.value, names()) {
                Some(better) => problem
                    .help("a profile with a similar name exists")
                    .patch(&profile.place, format!("{better:?}")),
                None => problem.help(format!("choose {}", either(names()))),
            });
        }
        let retry = RetrySpec {
            attempts: retry.attempts.0 as u16,
            backoff: retry.backoff,
            factor: retry.factor.0 as u32,
            longest: retry.longest.0,
            jitter: retry.jitter.0,
            step_deadline: self.step_deadline(),
            breaker: retry.breaker.as_ref().map(breaker),
        };
        let clients = ClientSpec {
            deadline: clients.deadline.value.0,
            attempts: clients.attempts.map(|attempts| attempts.0 as u16),
            attempt_deadline: clients.attempt_deadline.map(|span| span.0),
        };
        let phases = Phases { warm_up: warm_up.value, load: load.value.0, settle };
        (retry, clients, phases)
    }

    /// The deadline of a step, with a warning if no lock timeout can occur before it.
    fn step_deadline(&mut self) -> Span {
        let deadline = &self.file.retry.step_deadline;
        for (_, _, database) in self.file.databases.iter() {
            let timeout = &database.lock_timeout;
            if timeout.value.0 >= deadline.value.0 {
                let message = format!(
                    "a lock timeout of {} never shows: a step is given up after {}",
                    timeout.value.0, deadline.value.0
                );
                let problem = Problem::error(Code::HiddenTimeout, &timeout.place, message, "");
                self.problems.push(problem.warning());
            }
        }
        deadline.value.0
    }

    /// Reports a scenario without variants.
    pub(super) fn variants(&mut self) {
        let file = self.file;
        if file.variants.0.is_empty() {
            let problem = Problem::error(
                Code::NoVariants,
                &file.scenario.place,
                "a scenario needs at least one variant",
                "nothing to compare here",
            );
            self.problems
                .push(problem.about("variants").help("add [variants.NAME] with `pattern`"));
        }
        for (_, _, variant) in file.variants.iter() {
            let load = &file.scenario.load;
            variant.pattern.check_names(&self.operation, load, &mut self.problems);
        }
    }

    /// The faults of the plan, in order.
    pub(super) fn faults(&mut self) -> Vec<PlannedFault> {
        let file = self.file;
        for fault in file.faults.iter() {
            self.fault_times(fault);
            for target in &fault.targets {
                self.target(target);
            }
            for part in &fault.parts {
                self.part(part);
            }
        }
        let written = file.faults.iter().filter(|fault| fault.nemesis.is_none());
        written.map(FaultText::planned).collect()
    }

    /// The random faults, in order, each with its window.
    pub(super) fn nemeses(&mut self) -> Vec<Nemesis> {
        let load = self.file.scenario.load.value.0;
        let texts =
            self.file.faults.iter().filter_map(|fault| Some((fault, fault.nemesis.as_ref()?)));
        let placed = texts.zip(1..).map(|((fault, nemesis), number)| {
            let from = match fault.start.value {
                Start::At(at) => at,
                Start::On(_) => Span::ZERO,
            };
            let rest = load.saturating_sub(from);
            let length = fault.length.as_ref().map_or(rest, |length| length.value.0.min(rest));
            nemesis.clone().within(Window { from, length }, number)
        });
        placed.collect()
    }

    fn fault_times(&mut self, fault: &FaultText) {
        let end = &self.file.scenario.load;
        let heals = format!("everything is healed at {}", end.value.0);
        let Start::At(at) = fault.start.value else { return };
        if at >= end.value.0 {
            let message = "this fault never happens";
            let problem =
                Problem::error(Code::Times, &fault.start.place, message, "begins too late");
            self.problems.push(problem.also(&end.place, heals));
        } else if let Some(length) = &fault.length
            && at + length.value.0 > end.value.0
        {
            let message = format!("this fault ends before its {} are over", length.value.0);
            let problem = Problem::error(Code::Times, &length.place, message, "cut short");
            self.problems.push(problem.also(&end.place, heals).warning());
        }
    }

    /// The zones, by the names that faults use.
    fn zones(&self) -> BTreeSet<String> {
        let File { services, databases, drivers, .. } = self.file;
        let services = services.iter().filter_map(|(_, _, service)| service.zone.as_ref());
        let databases = databases.iter().filter_map(|(_, _, base)| base.zone.as_ref());
        let all = services.chain(databases.map(|zone| &zone.value)).chain(&drivers.zone);
        all.map(|zone| format!("zone:{zone}")).collect()
    }

    /// Returns whether a target is one instance of a service, such as `ticket#2`.
    fn is_instance(&self, target: &str) -> bool {
        let Some((service, number)) = target.split_once('#') else { return false };
        let services = &self.file.services.0;
        let by_stream = |(_, known): &(At<String>, Option<Service>)| {
            known.as_ref().is_some_and(|known| known.stream.as_deref() == Some(service))
        };
        let at = self.service.position(service).or_else(|| services.iter().position(by_stream));
        let instances = at.and_then(|at| Some(services[at].1.as_ref()?.instances.0));
        let number = number.parse::<u64>().ok();
        number.zip(instances).is_some_and(|(number, all)| (1..=all).contains(&number))
    }

    /// Returns whether a target is a load, such as `load:orders`.
    fn is_load(&self, target: &str) -> bool {
        let Some(name) = target.strip_prefix(LOAD) else { return false };
        let mut loads = self.file.load.iter();
        loads.any(|(_, shown, load)| shown.value == name || load.stream.as_deref() == Some(name))
    }

    fn target(&mut self, target: &At<String>) {
        let names = self.service.all().iter().chain(self.database.all());
        let mut names: Vec<&str> = names.map(|name| name.value.as_str()).collect();
        names.push(role::BROKER);
        for (_, _, variant) in self.file.variants.iter() {
            for driver in variant.pattern.drivers() {
                if !names.contains(&driver.name) {
                    names.push(driver.name);
                }
            }
        }
        names.extend(self.roles.iter().map(String::as_str));
        let zones = self.zones();
        names.extend(zones.iter().map(String::as_str));
        let services = self.file.services.iter();
        let services = services.filter_map(|(_, _, service)| service.stream.as_deref());
        let databases = self.file.databases.iter();
        let databases = databases.filter_map(|(_, _, base)| base.stream.as_deref());
        let name = target.value.as_str();
        if names.contains(&name) || services.chain(databases).any(|stream| stream == name) {
            return;
        }
        let is_driver = |(driver, number): (&str, &str)| {
            names.contains(&driver) && number.parse::<u16>().is_ok_and(|number| number > 1)
        };
        if self.is_instance(name)
            || self.is_load(name)
            || self.service.position(name.split('#').next().unwrap_or(name)).is_none()
                && name.split_once('#').is_some_and(is_driver)
        {
            return;
        }
        if let Some(table) = name.strip_prefix(TABLE).filter(|table| !table.is_empty()) {
            return self.target_table(target, table);
        }
        let message = match target.value.as_str() {
            "" | TABLE => "this fault has no target".into(),
            name => reason!("no target of faults is named `{}`", name),
        };
        let problem = Problem::error(Code::UnknownTarget, &target.place, message, "not a target");
        self.problems.push(match nearest(&target.value, names.iter().copied()) {
            Some(better) => problem
                .help("a target with a similar name exists")
                .patch(&target.place, format!("{better:?}")),
            None => problem.help(format!("choose {}", either(names))),
        });
    }
}

/// The keys in which a retry policy differs.
pub(super) fn change(text: Option<&OwnRetry>) -> RetryChange {
    let Some(text) = text else { return RetryChange::default() };
    RetryChange {
        attempts: text.attempts.map(|attempts| attempts.0 as u16),
        backoff: text.backoff,
        factor: text.factor.map(|factor| factor.0 as u32),
        longest: text.longest.map(|longest| longest.0),
        jitter: text.jitter.map(|jitter| jitter.0),
        step_deadline: text.step_deadline.map(|deadline| deadline.0),
        breaker: text.breaker.as_ref().map(|text| breaker(&text.value)),
    }
}

/// The clients of a variant: the usual ones, changed by these keys.
pub(super) fn clients(usual: ClientSpec, text: Option<&OwnClients>) -> ClientSpec {
    let Some(text) = text else { return usual };
    ClientSpec {
        deadline: text.deadline.map_or(usual.deadline, |deadline| deadline.0),
        attempts: text.attempts.map(|attempts| attempts.0 as u16).or(usual.attempts),
        attempt_deadline: text.attempt_deadline.map(|span| span.0).or(usual.attempt_deadline),
    }
}

fn breaker(text: &Breaker) -> BreakerSpec {
    BreakerSpec {
        failures: text.failures.0,
        window: text.window.0 as u16,
        open: text.open,
        probes: text.probes.0 as u16,
    }
}

/// The variants, in order, each with the system as its techniques lay it out.
pub(super) fn variants(layouts: Vec<Option<Laid<'_>>>, file: &File) -> Option<Vec<Variant>> {
    let variants = file.variants.0.iter().zip(layouts).map(|((shown, variant), laid)| {
        let (variant, laid) = (variant.as_ref()?, laid?);
        Some(Variant {
            name: name(shown, variant.stream.as_ref()),
            technique: laid.stages.iter().map(techniques).collect::<Vec<_>>().join(", "),
            pattern: variant.prepared(&laid.system),
            system: laid.system,
            random_numbers: variant.random_numbers.as_deref().map(Into::into),
            settles: Settling::default(),
            estimate: Estimate::default(),
            meant_to_fail: meant_to_fail(&shown.value, file),
        })
    });
    variants.collect()
}

/// The invariants that a variant is meant to violate.
fn meant_to_fail(variant: &str, file: &File) -> Vec<Arc<str>> {
    let meant = file.invariants.iter().filter(|invariant| match &invariant.meant_to_fail {
        MeantToFail::Everywhere(everywhere) => *everywhere,
        MeantToFail::In(variants) => variants.iter().any(|name| name.value == variant),
    });
    meant.map(|invariant| invariant.name.value.as_str().into()).collect()
}

/// The techniques of a stage, by name.
fn techniques(stage: &Stage<'_>) -> String {
    let names = stage.techniques.iter().map(|technique| technique.arrangement.name());
    let names = names.collect::<Vec<_>>().join(" + ");
    match stage.from {
        Span::ZERO => names,
        from => format!("from {from} on {names}"),
    }
}

/// Checks for every variant whether its pattern can run on its system.
pub(super) fn check_variants(
    layouts: &[Option<Laid<'_>>],
    file: &File,
    problems: &mut Vec<Problem>,
) {
    for ((shown, variant), laid) in file.variants.0.iter().zip(layouts) {
        let (Some(variant), Some(laid)) = (variant, laid) else { continue };
        for message in variant.prepared(&laid.system).check(&laid.system) {
            let label = format!("in the variant `{}`", shown.value);
            problems.push(Problem::error(Code::Pattern, &variant.name.place, message, label));
        }
    }
}
