//! `--until` and `--worth`: a comparison on as many seeds as it takes.

use serde::{Deserialize, Serialize};

use super::args::Compare;
use super::{Error, Session, figures, quote};
use crate::checks::measures::Unit;
use crate::checks::measures::catalogue::{COMPARED_AVAILABILITY, LAG};
use crate::experiment::precision::{FIRST, Rule, Target, Wanted, Worth};
use crate::experiment::result::{Figure, Statistic};
use crate::scenario::Scenario;

/// How many seeds a comparison takes, as it is typed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Precision {
    /// The words of `--until`.
    until: Vec<String>,
    /// The words of `--worth`.
    worth: Option<String>,
    /// The probability with which the best is selected.
    confidence: f64,
    /// The least number of seeds, and the most.
    range: (u64, u64),
}

impl Precision {
    /// The precision that the command line asks for, if it does.
    ///
    /// # Errors
    /// If it asks for fewer seeds than a rule needs.
    pub fn asked(args: &Compare) -> Result<Option<Self>, Error> {
        let Compare { runs, until, worth, confidence, max_seeds, .. } = args;
        if until.is_empty() && worth.is_none() {
            return Ok(None);
        }
        if runs.seeds < FIRST as u64 || *max_seeds < runs.seeds {
            let message = format!(
                "`--until` and `--worth` begin with {FIRST} seeds at least: `--seeds` says with \
                 how many, and `--max-seeds` is no less than that"
            );
            return Err(Error::Usage(message));
        }
        let (until, worth) = (until.clone(), worth.clone());
        let range = (runs.seeds, *max_seeds);
        Ok(Some(Self { until, worth, confidence: *confidence, range }))
    }

    /// The options that say so.
    pub fn options(&self) -> String {
        let mut options = String::new();
        if !self.until.is_empty() {
            options.push_str(&format!(" --until {}", quote(&self.until.join(","))));
        }
        if let Some(worth) = &self.worth {
            options.push_str(&format!(
                " --worth {} --confidence {}",
                quote(worth),
                self.confidence
            ));
        }
        format!("{options} --max-seeds {}", self.range.1)
    }

    /// The most seeds.
    pub fn most(&self) -> usize {
        self.range.1 as usize
    }

    /// The rule.
    ///
    /// # Errors
    /// If it names no figure, or nothing that is a width or a difference.
    pub fn rule(&self, session: &Session, scenario: &Scenario) -> Result<Rule, Error> {
        let first = self.range.0 as usize;
        if let Some(text) = &self.worth {
            let wanted = worth(session, scenario, text, self.confidence).map(Wanted::Worth)?;
            return Ok(Rule { first, wanted });
        }
        let targets = self.until.iter().map(|text| targets(session, scenario, text));
        let targets: Vec<Vec<Target>> = targets.collect::<Result<_, _>>()?;
        Ok(Rule { first, wanted: Wanted::Until(targets.into_iter().flatten().collect()) })
    }
}

/// `5%` of all headline figures, or `m1.p99=5%`.
fn targets(session: &Session, scenario: &Scenario, text: &str) -> Result<Vec<Target>, Error> {
    let (figures, share) = match text.split_once('=') {
        Some((name, share)) => (vec![figures::figure(session, scenario, name.trim())?], share),
        None => (Figure::compared().collect(), text),
    };
    let number = share.trim().strip_suffix('%').and_then(|it| it.trim().parse::<f64>().ok());
    let Some(width) = number.map(|it| it / 100.0).filter(|it| *it > 0.0 && *it < 1.0) else {
        let message = format!("`{share}` is no width between 0 and 100 %");
        let hint = "`--until 5%` asks it of every headline, `--until m1.p99=5%` of one number";
        return Err(Error::Usage(format!("{message}\nhint: {hint}")));
    };
    Ok(figures.into_iter().map(|figure| Target { figure, width }).collect())
}

/// `5ms` of consistency lag p99, `1%` of availability, or `m10.done.p99=5ms`.
fn worth(
    session: &Session,
    scenario: &Scenario,
    text: &str,
    confidence: f64,
) -> Result<Worth, Error> {
    let share = |text: &str| -> Option<f64> {
        text.trim().strip_suffix('%').and_then(|it| it.trim().parse().ok())
    };
    let (figure, amount) = match text.split_once('=') {
        Some((name, amount)) => (figures::figure(session, scenario, name.trim())?, amount.trim()),
        None if share(text).is_some() => {
            (Figure { key: COMPARED_AVAILABILITY.into(), of: Statistic::Value }, text)
        }
        None => (Figure { key: LAG.into(), of: Statistic::P99 }, text),
    };
    let difference = match share(amount).filter(|_| figure.unit() == Unit::Share) {
        Some(percent) => percent / 100.0,
        None => figures::amount(&figure, amount)?,
    };
    if difference <= 0.0 {
        return Err(Error::Usage(format!("a difference that matters is above 0, not `{amount}`")));
    }
    Ok(Worth { figure, difference, confidence })
}
