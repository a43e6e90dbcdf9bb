//! A failure as a page, and as a section of a page.

use minijinja::{Value, context};

use super::{FIXED, answer, at, chart, diagram, keys, share, shows, since, struck, verdict};
use crate::report::diagram::mermaid;
use crate::report::html::{list, render};
use crate::report::trace;
use crate::search::explanation::Explanation;

const PAGE: &str = include_str!("page.html");

/// A page about one failure.
pub fn page(explanation: &Explanation) -> String {
    render(PAGE, content(explanation))
}

fn content(explanation: &Explanation) -> Value {
    let violation = &explanation.violation;
    let diagram = diagram(explanation);
    let stories = explanation.operations.iter().zip(&explanation.stories);
    context! {
        scenario => &explanation.scenario,
        variant => &explanation.variant,
        seed => explanation.seed,
        property => &violation.property,
        says => &violation.says,
        found => &violation.found,
        first => violation.at.map(|time| at(explanation, time)),
        plan => list(&explanation.plan, |planned| context! {
            text => &planned.text,
            struck => struck(explanation, planned),
        }),
        operations => list(&explanation.operations, |involved| context! {
            name => &involved.name,
            kind => &involved.kind,
            keys => keys(involved),
            arrived => at(explanation, involved.arrived),
            answer => answer(involved),
            state => involved.state.name(),
            headline => involved.headline.name(),
            wrong => involved.headline.is_wrong(),
        }),
        more => explanation.more,
        rows => list(&explanation.rows, |row| context! {
            operation => &explanation.operations[row.op].name,
            step => &row.step,
            effect => &row.effect,
            row => format!("{} {}", row.table, row.key),
            store => &row.store,
            shows => shows(row),
            since => since(explanation, row),
            disagrees => row.disagrees,
        }),
        diagram => diagram.inline(),
        mermaid => mermaid(&explanation.space_time),
        curve => explanation.curve.as_ref().map(|curve| context! {
            svg => chart::picture(explanation, curve).inline(),
            verdict => verdict(explanation, curve),
            fixed => FIXED,
            looked => curve.moments.len(),
            candidates => curve.candidates,
            runs => curve.runs,
            moments => list(&curve.moments, |moment| context! {
                at => at(explanation, moment.at),
                what => &moment.what,
                share => share(curve, moment),
            }),
        }),
        stories => list(stories, |(involved, story)| context! {
            name => &involved.name,
            text => trace::text(
                &explanation.system,
                (&explanation.variant, explanation.seed),
                story,
            ),
        }),
        replay => &explanation.replay,
    }
}
