//! Changes of a scenario: values that are put in the place of those that its file has.
//!
//! A place is named by its keys, as [`ValueUsed`](super::ValueUsed) names it; an item of a list has
//! its number, as in `faults[0].for`. A changed scenario is read as if its file had been written
//! so: everything is checked again, and what is computed from a value is computed from the new one.
//! A changed scenario is one point of a sweep, so that its own `[sweep]` is left out.

use std::fmt;

use toml_edit::{DocumentMut, InlineTable, Item, Key, Table};

/// A value for one place of a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// The keys of the place, with dots between them, such as `services.stock.workers`.
    pub key: String,
    /// The value.
    pub value: toml::Value,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.key, self.value)
    }
}

/// Changes in words: `load.all.poisson = 10, retry.attempts = 2`.
pub fn words(changes: &[Change]) -> String {
    changes.iter().map(Change::to_string).collect::<Vec<_>>().join(", ")
}

/// The text of a scenario with these changes, in their order; nothing if one of them names no
/// place, because a key cannot be read or something on the way to it is no table.
pub(super) fn changed(text: &str, changes: &[Change]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    document.remove("sweep");
    for change in changes {
        place(document.as_item_mut(), change)?;
    }
    Some(document.to_string())
}

fn place(mut item: &mut Item, change: &Change) -> Option<()> {
    let keys = Key::parse(&change.key.replace('[', ".").replace(']', "")).ok()?;
    let (last, way) = keys.split_last()?;
    for key in way {
        item = match number(item, key) {
            Some(number) => item.get_mut(number)?,
            None => {
                let missing = missing(item.is_inline_table());
                item.as_table_like_mut()?.entry(key.get()).or_insert(missing)
            }
        };
    }
    let value: toml_edit::Value = change.value.to_string().parse().ok()?;
    match number(item, last) {
        Some(number) => *item.get_mut(number)? = Item::Value(value),
        None => drop(item.as_table_like_mut()?.insert(last.get(), Item::Value(value))),
    }
    Some(())
}

/// The number of an item, where the key is that of a list.
fn number(item: &Item, key: &Key) -> Option<usize> {
    (item.is_array() || item.is_array_of_tables()).then(|| key.get().parse().ok())?
}

/// A table where there was none; inside of an inline table it must be one, too.
fn missing(inline: bool) -> Item {
    if inline {
        return Item::Value(InlineTable::new().into());
    }
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(key: &str, value: impl Into<toml::Value>) -> Change {
        Change { key: key.into(), value: value.into() }
    }

    #[test]
    fn a_value_is_replaced_or_added_and_the_rest_stays() {
        let text = "# why\n[services.stock]\nworkers = 9 # many\nqueue = 5\n[links]\n\
                    default = { delay = \"1ms\" }\n";
        let changes = [
            to("services.stock.workers", 1),
            to("services.stock.work", "2ms"),
            to("links.default.loss", 0.5),
            to("databases.stock-db.connections", 2),
        ];
        let changed = changed(text, &changes).expect("places");
        assert_eq!(
            changed,
            "# why\n[services.stock]\nworkers = 1\nqueue = 5\nwork = \"2ms\"\n[links]\n\
             default = { delay = \"1ms\" , loss = 0.5 }\n\n[databases.stock-db]\nconnections = 2\n"
        );
        assert_eq!(super::changed(text, &[]).as_deref(), Some(text));
    }

    #[test]
    fn an_inline_table_stays_one() {
        let text = "[variants]\nsaga = { pattern = \"orchestrated\" }\n";
        let changes = [to("variants.saga.settings.instances", 2)];
        let expected =
            "[variants]\nsaga = { pattern = \"orchestrated\" , settings = { instances = 2 } }\n";
        assert_eq!(changed(text, &changes).as_deref(), Some(expected));
    }

    #[test]
    fn an_item_of_a_list_is_named_by_its_number() {
        let text = "[[faults]]\nlasts = \"1s\"\n[operations]\nbuy = { steps = [{ work = 1 }] }\n\
                    [sweep]\nwarm-up = \"1..2:2\"\n";
        let changes = [to("faults[0].lasts", "9s"), to("operations.buy.steps[0].work", 2)];
        let expected =
            "[[faults]]\nlasts = \"9s\"\n[operations]\nbuy = { steps = [{ work = 2 }] }\n";
        assert_eq!(changed(text, &changes).as_deref(), Some(expected), "and no sweep is left");
        assert_eq!(changed(text, &[to("faults[1].lasts", "9s")]), None);
    }

    #[test]
    fn what_is_no_place_is_not_changed() {
        for key in ["", "services..stock", "services.stock.workers.most", "services.my stock.queue"]
        {
            let text = "[services.stock]\nworkers = 9\n";
            assert_eq!(changed(text, &[to(key, 1)]), None, "{key}");
        }
    }
}
