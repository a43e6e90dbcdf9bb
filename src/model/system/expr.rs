//! The expressions with which an `update` computes: columns of the row, whole numbers, `+`, `-`,
//! `*` and parentheses, in checked arithmetic.

use crate::model::reason::Reason;
use crate::reason;

/// An expression over the columns of one row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// A number.
    Literal(i64),
    /// The value in a column of the row.
    Column(u8),
    /// Two expressions, combined.
    Both(Box<Self>, Operator, Box<Self>),
}

/// An operator on two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// Their sum.
    Plus,
    /// The difference.
    Minus,
    /// Their product.
    Times,
}

impl Operator {
    /// The sign in scenarios.
    const fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
        }
    }
}

/// A part of the text of an expression that cannot be parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misread {
    /// The position in the text, in bytes.
    pub at: std::ops::Range<usize>,
    /// The reason why it cannot be read.
    pub why: Why,
}

/// The reason why an expression cannot be parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// The table has no column of this name.
    NoColumn(String),
    /// A column or a number was expected here.
    NoOperand,
    /// An operator was expected here.
    NoOperator,
    /// A parenthesis is not closed.
    Open,
    /// The number is too large.
    TooLarge,
}

impl Expr {
    /// Reads an expression; `column` finds a column by its name.
    ///
    /// # Errors
    ///
    /// The first part that cannot be read.
    pub fn read(text: &str, column: impl Fn(&str) -> Option<u8>) -> Result<Self, Misread> {
        let mut reader = Reader { text, at: 0, column };
        let found = reader.sum()?;
        match reader.peek() {
            None => Ok(found),
            Some(_) => Err(reader.misread(1, Why::NoOperator)),
        }
    }

    /// The value for a row, or none if it exceeds 64 bits.
    pub fn value(&self, row: &impl Fn(u8) -> i64) -> Option<i64> {
        match self {
            Self::Literal(number) => Some(*number),
            Self::Column(column) => Some(row(*column)),
            Self::Both(left, operator, right) => {
                let (left, right) = (left.value(row)?, right.value(row)?);
                match operator {
                    Operator::Plus => left.checked_add(right),
                    Operator::Minus => left.checked_sub(right),
                    Operator::Times => left.checked_mul(right),
                }
            }
        }
    }

    /// The columns that it reads, as mutable references.
    pub fn columns_mut(&mut self) -> Vec<&mut u8> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Column(column) => vec![column],
            Self::Both(left, _, right) => {
                let mut columns = left.columns_mut();
                columns.extend(right.columns_mut());
                columns
            }
        }
    }

    /// The columns that it reads.
    pub fn columns(&self) -> Vec<u8> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Column(column) => vec![*column],
            Self::Both(left, _, right) => [left.columns(), right.columns()].concat(),
        }
    }

    /// The expression in words, with the name that `column` gives each column.
    pub fn in_words<'n>(&self, column: &impl Fn(u8) -> &'n str) -> String {
        match self {
            Self::Literal(number) => number.to_string(),
            Self::Column(at) => column(*at).to_owned(),
            Self::Both(left, operator, right) => {
                let part = |part: &Self| match part {
                    Self::Both(_, inner, _) if inner != operator => {
                        format!("({})", part.in_words(column))
                    }
                    _ => part.in_words(column),
                };
                format!("{} {} {}", part(left), operator.sign(), part(right))
            }
        }
    }
}

impl Why {
    /// The reason in words.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NoColumn(name) => reason!("no column is named `{}`", name),
            Self::NoOperand => "a column or a whole number is missing".into(),
            Self::NoOperator => reason!("`{}`, `{}` or `{}` is missing", "+", "-", "*"),
            Self::Open => "a parenthesis is not closed".into(),
            Self::TooLarge => "the number does not fit into 64 bits".into(),
        }
    }
}

/// The text that is left to read.
struct Reader<'t, F> {
    text: &'t str,
    at: usize,
    column: F,
}

impl<F: Fn(&str) -> Option<u8>> Reader<'_, F> {
    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn misread(&self, length: usize, why: Why) -> Misread {
        Misread { at: self.at..self.at + length.min(self.text.len() - self.at), why }
    }

    fn takes(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Result<Expr, Misread> {
        let mut found = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Plus,
                Some('-') => Operator::Minus,
                _ => return Ok(found),
            };
            self.at += 1;
            found = Expr::Both(found.into(), operator, self.product()?.into());
        }
    }

    fn product(&mut self) -> Result<Expr, Misread> {
        let mut found = self.operand()?;
        while self.takes('*') {
            found = Expr::Both(found.into(), Operator::Times, self.operand()?.into());
        }
        Ok(found)
    }

    fn operand(&mut self) -> Result<Expr, Misread> {
        match self.peek() {
            Some('(') => {
                let from = self.at;
                self.at += 1;
                let found = self.sum()?;
                let open = Misread { at: from..from + 1, why: Why::Open };
                if self.takes(')') { Ok(found) } else { Err(open) }
            }
            Some('-') => {
                self.at += 1;
                let negative = self.operand()?;
                Ok(Expr::Both(Expr::Literal(0).into(), Operator::Minus, negative.into()))
            }
            Some(first) if first.is_ascii_digit() => {
                let digits = self.word(|letter| letter.is_ascii_digit());
                let number = self.text[digits.clone()].parse();
                number.map(Expr::Literal).map_err(|_| Misread { at: digits, why: Why::TooLarge })
            }
            Some(first) if first.is_alphabetic() => {
                let name = self.word(|letter| letter.is_alphanumeric() || "-_".contains(letter));
                let word = &self.text[name.clone()];
                match (self.column)(word) {
                    Some(column) => Ok(Expr::Column(column)),
                    None => Err(Misread { at: name, why: Why::NoColumn(word.to_owned()) }),
                }
            }
            _ => Err(self.misread(1, Why::NoOperand)),
        }
    }

    /// The position of the next word, which extends as long as `belongs` accepts its letters.
    fn word(&mut self, belongs: impl Fn(char) -> bool) -> std::ops::Range<usize> {
        let from = self.at;
        let rest = &self.text[from..];
        self.at += rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        from..self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Expr, Misread> {
        let columns = ["price", "in-stock"];
        Expr::read(text, |name| columns.iter().position(|known| *known == name).map(|at| at as u8))
    }

    fn value(text: &str) -> Option<i64> {
        read(text).expect("it can be read").value(&|column| [7, 100][usize::from(column)])
    }

    #[test]
    fn products_come_before_sums_and_the_left_before_the_right() {
        assert_eq!(value("price * 2 + 1"), Some(15));
        assert_eq!(value("1 + price * 2"), Some(15));
        assert_eq!(value("(1+price)*2"), Some(16));
        assert_eq!(value("in-stock - price - 1"), Some(92));
        assert_eq!(value("-price + 7"), Some(0));
    }

    #[test]
    fn what_does_not_fit_has_no_value() {
        assert_eq!(value("9223372036854775807 + price - price"), None);
        assert_eq!(value("price * 9223372036854775807"), None);
    }

    #[test]
    fn a_bad_expression_says_where_and_why() {
        let at = |text: &str| read(text).expect_err("it is bad");
        for (text, place, why) in [
            ("prise * 2", 0..5, Why::NoColumn("prise".into())),
            ("price-1", 0..7, Why::NoColumn("price-1".into())),
            ("price *", 7..7, Why::NoOperand),
            ("", 0..0, Why::NoOperand),
            ("price 2", 6..7, Why::NoOperator),
            ("2 * (price + 1", 4..5, Why::Open),
            ("99999999999999999999", 0..20, Why::TooLarge),
            ("price / 2", 6..7, Why::NoOperator),
        ] {
            assert_eq!(at(text), Misread { at: place, why }, "{text}");
        }
    }

    #[test]
    fn words_keep_what_belongs_together_together() {
        let name = |column: u8| ["price", "in-stock"][usize::from(column)];
        let text = "(price + 1) * 2 + in-stock";
        let expr = read(text).expect("it can be read");
        assert_eq!(expr.in_words(&name), "((price + 1) * 2) + in-stock");
        assert_eq!(expr.columns(), [0, 1]);
    }
}
