//! Figures and amounts as the command line names them.

use super::{Error, Session};
use crate::checks::measures::Unit;
use crate::experiment::result::Figure;
use crate::scenario::sweep::number;
use crate::scenario::{Problem, Scenario, Source, render};

/// The figures that the command line names.
pub fn figures(
    session: &Session,
    scenario: &Scenario,
    names: &[String],
) -> Result<Vec<Figure>, Error> {
    names.iter().map(|name| figure(session, scenario, name)).collect()
}

/// The figure that the command line calls so.
pub fn figure(session: &Session, scenario: &Scenario, name: &str) -> Result<Figure, Error> {
    let subject = scenario.subject(name);
    let subject = subject.map_err(|problem| argument(session, "--measure", name, &[*problem]))?;
    Figure::of(&subject).ok_or_else(|| {
        let hint = "of a measure with many values choose `mean`, `p50`, `p99` or `max`";
        Error::Usage(format!("results do not keep `{name}` of every run\nhint: {hint}"))
    })
}

/// An amount in the unit of its figure.
pub fn amount(figure: &Figure, text: &str) -> Result<f64, Error> {
    let value = text.parse().map_or_else(|_| toml::Value::String(text.into()), toml::Value::Float);
    let is_time = figure.unit() == Unit::Nanoseconds;
    let wanted = if is_time { "a duration such as `500ms`" } else { "a number" };
    let limit = number(&value).filter(|_| value.is_str() == is_time);
    limit.ok_or_else(|| Error::Usage(format!("`{figure}` is {wanted}, and `{text}` is none")))
}

/// The error of an argument, with the places in it.
pub fn argument(session: &Session, option: &str, text: &str, problems: &[Problem]) -> Error {
    let source = Source { name: option.into(), text: text.into() };
    Error::Scenario(render(&source, problems, session.colour_errors))
}
