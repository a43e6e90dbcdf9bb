//! The format of operations and invariants in a scenario file; the rest is in `file`.

use serde_json::json;
use toml::de::DeValue;

use super::Origin;
use super::decode::Fallback::Fixed;
use super::decode::{Decode, Decoder, Item};
use super::file::OwnRetry;
use super::shape::{shape, words};
pub use super::values::Amount;
use super::values::{At, Map, Positive, Scalar, Share};

shape! {
    /// A business operation, written once and carried out by every pattern.
    "an operation"
    pub struct Operation {
        /// The name of its random streams, by default its own name.
        stream: Option<String>,
        /// Its keys, by name, each with the choice of its row.
        keys: Map<At<Key>>,
        /// The steps in order; clients call the service of the first step.
        steps: Vec<Step>,
        /// The keys in which its retry policy differs.
        retry: Option<OwnRetry>,
    }
}

/// The choice of a row for a key of an operation.
#[derive(Clone)]
pub enum Key {
    /// A new row, of which no other operation has the key.
    New,
    /// The key of the same name of the operation that this one follows.
    Followed,
    /// One of the initial rows of a table.
    Rows(RowsOf),
}

shape! {
    /// One of the initial rows of a table.
    "a key"
    pub struct RowsOf {
        /// The table.
        rows_of: At<String>,
        /// The Zipf exponent: row `i` has weight `1 / (i + 1)^zipf`; by default all rows are
        /// equally probable.
        zipf: Option<Positive>,
    }
}

impl Decode for Key {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref() {
            DeValue::String(text) if text == "new" => Some(Self::New),
            DeValue::String(text) if text == "followed" => Some(Self::Followed),
            DeValue::Table(_) => RowsOf::decode(item, decoder).map(Self::Rows),
            _ => decoder.expected(item, "\"new\", \"followed\" or { rows-of = \"a table\" }"),
        }
    }

    fn schema() -> serde_json::Value {
        let words = json!({
            "enum": ["new", "followed"],
            "description": "A new key, or the key of the followed operation.",
        });
        json!({ "anyOf": [words, RowsOf::schema()] })
    }
}

shape! {
    /// One step: an effect on a row of one table.
    "a step"
    pub struct Step {
        /// Its name within the operation.
        name: At<String>,
        /// The service that carries it out.
        by: At<String>,
        /// The table that it changes.
        table: At<String>,
        /// The key of the operation that names the row.
        key: At<String>,
        /// The effect on the row, or `"none"` for a step that only reads it. Written values are
        /// whole numbers, words, `"{key}"` for a key of the operation, or `"{ordinal}"` for a
        /// number that no other operation writes.
        effect: At<StepEffect>,
        /// The lock that a step without effect takes on its row, until its transaction ends; by
        /// default what a reader of the database takes.
        lock: Option<At<Lock>>,
        /// The effect that compensates it, or `"before-image"`: what the step found in the columns
        /// that it wrote is written again. By default known for `insert` and `add`.
        undo: Option<At<Undo>>,
        /// Steps that come before it; by default the one above. With `[]` it comes after none, and
        /// runs beside the first where the pattern runs steps in parallel.
        after: Option<Vec<At<String>>>,
        /// The rule that may refuse it.
        refuse: Option<At<Refuse>>,
        /// The derivation of its row from earlier rows; a synchronization job knows nothing else.
        derive: Option<At<Derive>>,
        /// A row that is read first: at the owner of its table, or directly where the service may
        /// do so.
        lookup: Option<Lookup>,
    }
}

/// The effect of a step, if it has one.
#[derive(Clone)]
pub enum StepEffect {
    /// No effect: the step only reads.
    Nothing,
    /// A change of the row.
    Change(Box<Effect>),
}

impl Decode for StepEffect {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref() {
            DeValue::String(text) if text == "none" => {
                decoder.used("\"none\"".into(), Origin::File);
                Some(Self::Nothing)
            }
            DeValue::Table(_) => {
                Effect::decode(item, decoder).map(|effect| Self::Change(Box::new(effect)))
            }
            _ => decoder.expected(item, "an effect or \"none\""),
        }
    }

    fn schema() -> serde_json::Value {
        let word = json!({ "const": "none", "description": "The step only reads its row." });
        json!({ "anyOf": [Effect::schema(), word] })
    }
}

words! {
    /// The moment of an operation from which the times of a read count.
    pub enum Anchor {
        /// The arrival of the operation, which is the same in every variant.
        Arrival = "arrival",
        /// The answer to its client.
        Answer = "answer",
    }
}

words! {
    /// The lock of a step that only reads.
    pub enum Lock {
        /// A shared lock: other transactions may read the row and not write it.
        Shared = "shared",
        /// An exclusive lock: other transactions may neither write nor lock the row.
        Exclusive = "exclusive",
    }
}

shape! {
    /// A change of one row.
    "an effect"
    pub struct Effect {
        /// Insert the row with these columns; other columns get their initial value.
        insert: Option<Map<At<Scalar>>>,
        /// Overwrite these columns.
        set: Option<Map<At<Scalar>>>,
        /// Add to these columns.
        add: Option<Map<i64>>,
        /// Read the row, compute these columns and write them, by two statements, such as
        /// `{ price = "price * 2" }`: columns of the row, whole numbers, `+`, `-`, `*` and
        /// parentheses, with blanks around `-`. A value that does not fit into 64 bits refuses the
        /// step.
        update: Option<Map<At<String>>>,
        /// The way in which an `update` reads the row.
        read: ReadFirst = Fixed("'plain'", "what SELECT and UPDATE do at READ COMMITTED"),
        /// Delete the row.
        delete: Option<bool>,
    }
    one of { "insert" [] [] "set" [] [] "add" [] [] "update" [] ["read"] "delete" [] [] }
}

words! {
    /// The way in which an `update` reads the row that it writes later.
    pub enum ReadFirst {
        /// The committed version, without a lock: a write of another transaction in between is
        /// lost.
        Plain = "plain",
        /// The newest version, locked until the transaction ends.
        ForUpdate = "for-update",
        /// The committed version, without a lock; if it has another version when it is written, the
        /// transaction fails for a technical reason, and may be tried again.
        Version = "version",
    }
}

/// The way in which a step is compensated.
#[derive(Clone)]
pub enum Undo {
    /// This effect.
    Effect(Box<Effect>),
    /// The before-image: the columns are written as they were before the step.
    BeforeImage,
}

impl Decode for Undo {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref() {
            DeValue::String(text) if text == "before-image" => {
                decoder.used("\"before-image\"".into(), Origin::File);
                Some(Self::BeforeImage)
            }
            DeValue::Table(_) => {
                Effect::decode(item, decoder).map(|effect| Self::Effect(Box::new(effect)))
            }
            _ => decoder.expected(item, "an effect or \"before-image\""),
        }
    }

    fn schema() -> serde_json::Value {
        let word = json!({
            "const": "before-image",
            "description": "The columns are written as they were before the step, \
                            even if another operation has changed them since.",
        });
        json!({ "anyOf": [Effect::schema(), word] })
    }
}

shape! {
    /// A business rule that may refuse a step.
    "a refusal"
    pub struct Refuse {
        /// Refuse with this probability, drawn for each operation, with the same result in every
        /// variant.
        probability: Option<Share>,
        /// Refuse if the effect would bring a column below a bound.
        below: Option<Below>,
    }
    one of { "probability" [] [] "below" [] [] }
}

shape! {
    /// A bound below which the effect must not bring a column.
    key "below"
    pub struct Below {
        /// The column of the row.
        column: At<String>,
        /// The least value that it may have.
        bound: i64,
    }
}

shape! {
    /// The derivation of a row from rows that exist already.
    "a derivation"
    pub struct Derive {
        /// One row per row of this table, with the same key.
        row_per: Option<At<String>>,
        /// A copy of a column of the row of this table with the same key.
        copy: Option<At<String>>,
        /// The number of rows of this table that name the row here.
        count: Option<At<String>>,
        /// The sum of a column of the rows of this table that name the row here.
        sum: Option<At<String>>,
        /// The column that is copied.
        from: Option<At<String>>,
        /// The column that is summed.
        of: Option<At<String>>,
        /// The column of those rows that names the row here.
        by: Option<At<String>>,
        /// The column here that is derived.
        to: Option<At<String>>,
        /// The translation of copied values; a value that is not listed is copied as it is.
        values: Map<At<Scalar>>,
        /// The factor by which the sum is multiplied.
        times: i64 = Fixed("1", "a plain sum"),
        /// The rows that count: column = value.
        where_: Map<At<Scalar>>,
    }
    one of {
        "row-per" [] []
        "copy" ["from" "to"] ["values"]
        "count" ["by" "to"] []
        "sum" ["of" "by" "to"] ["times"]
    }
}

shape! {
    /// A read before the work of a step: of reference data, or of a row on which the step depends.
    "a lookup"
    pub struct Lookup {
        /// The table that is read.
        table: At<String>,
        /// The key of the operation that names the row.
        key: At<String>,
        /// The result that refuses the step. No lock is taken, so that the condition may have
        /// become false when the step acts on it.
        refuse: Option<LookupRefuse>,
    }
}

shape! {
    /// A result of a look-up that refuses the step. A missing row refuses the step, too.
    "a refusal by what was looked up"
    pub struct LookupRefuse {
        /// Refuse if a column of the row that was looked up is below a bound.
        below: Below,
    }
}

shape! {
    /// A condition that the tables must satisfy.
    "an invariant"
    pub struct Invariant {
        /// The name of the invariant: its condition in words.
        name: At<String>,
        /// The times at which it must hold for the verdict; the time for which it is violated is
        /// measured in any case.
        when: JudgedWhen = Fixed("'at-rest'", "what eventual consistency promises"),
        /// The variants in which it is meant to be violated: `true` for all, or a list. There the
        /// verdict is reversed: the invariant must be violated.
        meant_to_fail: MeantToFail = Fixed("false", "what must be true should hold"),
        /// A column equals the number of rows that name its row.
        count_equal: Option<CountEqual>,
        /// These columns (`"table.column"`), summed over all rows, keep their initial sum.
        sum_constant: Option<Vec<At<String>>>,
        /// Every row has the row that it refers to.
        references: Option<References>,
        /// A column equals another one, of which it is a copy, for example.
        equal: Option<Equal>,
        /// A column stays within bounds.
        bound: Option<Bound>,
    }
    one of {
        "count-equal" [] [] "sum-constant" [] [] "references" [] [] "equal" [] [] "bound" [] []
    }
}

/// The variants in which an invariant is meant to be violated.
#[derive(Clone, Debug)]
pub enum MeantToFail {
    /// All variants, or none.
    Everywhere(bool),
    /// These variants.
    In(Vec<At<String>>),
}

impl Decode for MeantToFail {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match item.get_ref() {
            DeValue::Boolean(everywhere) => Some(Self::Everywhere(*everywhere)),
            DeValue::Array(_) => Vec::decode(item, decoder).map(Self::In),
            _ => decoder.expected(item, "true, or a list of variants"),
        }
    }

    fn schema() -> serde_json::Value {
        let list = json!({ "type": "array", "items": { "type": "string" } });
        json!({ "anyOf": [{ "type": "boolean" }, list] })
    }
}

shape! {
    /// A bound for a measure or a number of outcomes, in every run.
    "an expectation"
    pub struct Expect {
        /// The name of the expectation; by default its condition.
        name: Option<String>,
        /// The operation whose outcomes count; by default those that headlines pool, or for
        /// `census` all.
        operation: Option<At<String>>,
        /// A measure (`driftlab list measures`), or one of a read: `reads.NAME.right`, `stale`,
        /// `torn`, `error`, `timed-out`, `count`, `latency` or `age`. Of a measure with many values
        /// in a run, a quantile, such as `m1.p99`, the maximum, `m1.max`, or the mean of the
        /// operations that ended, `m1.mean`.
        measure: Option<At<String>>,
        /// A headline of the census, such as `stranded`, or `wrong` for all outcomes that should
        /// not occur.
        census: Option<At<String>>,
        /// The value must be less than this: a duration or a number.
        below: Option<At<Amount>>,
        /// The value must be more than this.
        above: Option<At<Amount>>,
        /// The value must not be more than this.
        at_most: Option<At<Amount>>,
        /// The value must not be less than this.
        at_least: Option<At<Amount>>,
        /// The variants for which it holds; by default all.
        variants: Vec<At<String>>,
    }
    one of { "measure" [] [] "census" [] [] }
}

words! {
    /// The times at which an invariant must hold.
    pub enum JudgedWhen {
        /// At rest: after the settle phase.
        AtRest = "at-rest",
        /// At every instant of the run.
        Always = "always",
    }
}

shape! {
    /// A column equals the number of rows that name its row.
    key "count-equal"
    pub struct CountEqual {
        /// The table of the counting column.
        table: At<String>,
        /// The counting column.
        column: At<String>,
        /// The counted table.
        of: At<String>,
        /// The column of the counted table that names the counting row.
        by: At<String>,
        /// The rows that count: column = value.
        where_: Map<At<Scalar>>,
    }
}

shape! {
    /// Every row has the row that it refers to.
    key "references"
    pub struct References {
        /// The referring table.
        table: At<String>,
        /// The column that names the referred row; by default the row's own key.
        by: Option<At<String>>,
        /// The rows that must have a referenced row: column = value.
        where_: Map<At<Scalar>>,
        /// The referred table.
        to: At<String>,
        /// The values that the referenced row must have: column = value.
        to_where: Map<At<Scalar>>,
    }
}

shape! {
    /// A column equals another one, for every row to which there is a row to compare.
    key "equal"
    pub struct Equal {
        /// The table of the column.
        table: At<String>,
        /// The column.
        column: At<String>,
        /// The column (`"table.column"`) that it equals.
        to: At<String>,
        /// The column of `table` that names the other row; by default the row's own key.
        by: Option<At<String>>,
    }
}

shape! {
    /// A column stays within bounds.
    key "bound"
    pub struct Bound {
        /// The table.
        table: At<String>,
        /// The column.
        column: At<String>,
        /// The least value that is allowed.
        least: Option<i64>,
        /// The greatest value that is allowed.
        most: Option<i64>,
    }
}
