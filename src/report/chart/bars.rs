//! Panels of horizontal stacked bars, one bar for each variant.

use plotters::prelude::*;

use super::axis::Axis;
use super::sheet::{Area, Drawn, PX, mesh};
use super::{font, ink, legend};

/// A panel of bars on one scale.
pub struct Panel {
    pub title: &'static str,
    /// The colour and the name of each part of a bar, from left to right.
    pub parts: Vec<(RGBColor, String)>,
    pub rows: Vec<Row>,
    /// The function that formats a tick of the scale.
    pub tick: fn(f64) -> String,
}

/// A bar.
pub struct Row {
    pub name: String,
    /// The length of each part.
    pub values: Vec<f64>,
    /// The text behind the bar.
    pub label: String,
}

/// The heights of a title with its key, of a row and of an axis.
const TITLE: i32 = 38 * PX;
const ROW: i32 = 25 * PX;
const AXIS: i32 = 38 * PX;
/// The most room for names and for labels; longer ones are cut.
const NAMES: i32 = 380 * PX;
const LABELS: i32 = 420 * PX;

/// The height of panels below each other, in pixels of the page.
pub fn height(panels: &[Panel]) -> i32 {
    panels.iter().map(Panel::height).sum::<i32>() / PX
}

/// Draws panels below each other.
pub fn draw(area: &Area, panels: &[Panel]) -> Drawn {
    let mut rest = area.clone();
    for panel in panels {
        let (top, below) = rest.split_vertically(panel.height());
        panel.draw(&top)?;
        rest = below;
    }
    Ok(())
}

impl Panel {
    fn height(&self) -> i32 {
        TITLE + self.rows.len() as i32 * ROW + AXIS
    }

    fn draw(&self, area: &Area) -> Drawn {
        let (style, small) = (font::text(ink::TEXT), font::small(ink::TEXT));
        let names = self.rows.iter().map(|row| font::fitted(&row.name, &style, NAMES));
        let names: Vec<String> = names.collect();
        let labels = self.rows.iter().map(|row| font::fitted(&row.label, &small, LABELS));
        let labels: Vec<String> = labels.collect();

        area.draw_text(self.title, &font::bold(), (0, 18 * PX))?;
        if self.parts.len() > 1 {
            let start = font::width(self.title, &font::bold()) + 24 * PX;
            let parts: Vec<_> = self.parts.iter().map(|(ink, name)| (*ink, &**name)).collect();
            legend::key(&area.margin(12 * PX, 0, start, 0), &parts)?;
        }
        let most = self.rows.iter().map(|row| row.values.iter().sum()).fold(0.0, f64::max);
        let scale = Axis::from_zero(most, self.tick);
        let end = scale.end();
        let mut plot = ChartBuilder::on(area)
            .margin_top(TITLE)
            .margin_right(font::widest(&labels, &small) + 16 * PX)
            .margin_bottom(8 * PX)
            .x_label_area_size(AXIS - 8 * PX)
            .y_label_area_size(font::widest(&names, &style) + 12 * PX)
            .build_cartesian_2d(scale, Axis::rows(names))?;
        mesh(&mut plot).disable_y_mesh().y_label_style(style).draw()?;
        for (at, (row, label)) in self.rows.iter().zip(labels).enumerate() {
            let (y, mut sum) = (at as f64, 0.0);
            for (value, (colour, _)) in row.values.iter().zip(&self.parts) {
                if *value > 0.0 {
                    // Even the smallest part is wide enough to be seen.
                    let (to, long) = (sum + value, value.max(end / 800.0));
                    let from = sum.min(end - long);
                    let bar = [(from, y + 0.2), (to.max(from + long), y + 0.8)];
                    plot.draw_series([Rectangle::new(bar, colour.filled())])?;
                    sum = to;
                }
            }
            let blank = [(5 * PX, -7 * PX), (font::width(&label, &small) + 12 * PX, 7 * PX)];
            plot.draw_series([EmptyElement::at((sum, y + 0.5))
                + Rectangle::new(blank, ink::PAPER.filled())
                + Text::new(label, (9 * PX, 0), small.clone())])?;
        }
        Ok(())
    }
}
