//! Stories as a page: one file that opens from disk, needs no script and fetches nothing. The
//! diagrams of several variants stand side by side, each in a frame of its own that scrolls.

use minijinja::{Value, context};

use super::{Heading, anomalies, answer, at, diagram, lag, lock, span};
use crate::report::diagram::{lines, mermaid};
use crate::report::failure::shows;
use crate::report::html::{list, render};
use crate::report::trace;
use crate::search::explanation::operation::Story;

const PAGE: &str = include_str!("page.html");

/// The page of some stories of one operation, one for each variant.
pub fn page(heading: Heading<'_>, stories: &[Story]) -> String {
    let first = &stories[0];
    let content = context! {
        scenario => heading.scenario,
        profile => heading.profile,
        command => heading.command,
        look_for => heading.look_for.to_vec(),
        seed => first.seed,
        name => &first.operation.name,
        kind => &first.operation.kind,
        several => stories.len() > 1,
        stories => list(stories, story),
    };
    render(PAGE, content)
}

fn story(story: &Story) -> Value {
    let diagram = diagram(story);
    let operation = &story.operation;
    let keys = operation.keys.iter().map(|(name, key)| format!("{name} {key}"));
    let waits = story.waits.iter().map(|wait| (wait, true));
    let mut waits: Vec<_> = waits.chain(story.held_up.iter().map(|wait| (wait, false))).collect();
    waits.sort_by_key(|(wait, _)| wait.from);
    context! {
        variant => &story.variant,
        number => story.row.op.0,
        name => &operation.name,
        keys => keys.collect::<Vec<_>>().join(", "),
        arrived => operation.arrived.to_string(),
        answer => answer(story),
        state => operation.state.name(),
        outcome => operation.headline.name(),
        wrong => operation.headline.is_wrong(),
        lag => lag(story.row.lag),
        anomalies => anomalies(story),
        messages => story.space_time.messages.len(),
        faults => list(&story.faults, |fault| context! {
            text => &fault.text,
            span => span(story, fault),
        }),
        waits => list(waits, |(wait, is_own)| context! {
            at => at(story, wait.from),
            text => lock(story, wait, is_own),
        }),
        diagram => diagram.inline(),
        mermaid => mermaid(&story.space_time),
        rows => list(&story.rows, |row| context! {
            step => &row.step,
            effect => &row.effect,
            row => format!("{} {}", row.table, row.key),
            store => &row.store,
            shows => shows(row),
            since => row.since.map_or_else(|| "from the start".into(), |time| at(story, time)),
            disagrees => row.disagrees,
        }),
        events => list(lines(&story.space_time), |line| context! {
            at => at(story, line.tick.time),
            who => line.who,
            what => line.what,
        }),
        records => trace::lines(&story.system, &story.trace),
    }
}
