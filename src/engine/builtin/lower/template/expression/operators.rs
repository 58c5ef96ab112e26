//! Operators, and choices between two values.

use super::{Kind, Out, Reader, Style};
use crate::engine::builtin::ir::{BinaryOp, OpKind, Piece, Span, UnaryOp, Var};

impl Reader<'_> {
    pub(super) fn conditional(&mut self) -> Out {
        let start = self.here();
        let value = self.binary(0);
        if self.word("if") {
            let condition = self.binary(0);
            let to = self.writer.builder().temp();
            let (_, no) = self.writer.branch(condition.var);
            let after = self.writer.builder().block();
            self.writer.push(OpKind::Copy(to, value.var), start);
            self.writer.jump(after);
            self.writer.builder().enter(no);
            let mut markup = value.markup;
            let other = match self.word("else") {
                true => {
                    let other = self.expression();
                    markup |= other.markup;
                    other.var
                }
                false => self.writer.text("", start),
            };
            self.writer.push(OpKind::Copy(to, other), start);
            self.writer.builder().flow_into(after);
            return Out { var: to, markup };
        }
        if self.sign("?:") {
            return self.either(value, true, |reader| reader.expression());
        }
        if self.style == Style::Java && self.sign("?") {
            let to = self.writer.builder().temp();
            let (_, no) = self.writer.branch(value.var);
            let after = self.writer.builder().block();
            let one = self.expression();
            self.writer.push(OpKind::Copy(to, one.var), start);
            self.writer.jump(after);
            self.writer.builder().enter(no);
            let other = match self.sign(":") {
                true => self.expression().var,
                false => self.writer.text("", start),
            };
            self.writer.push(OpKind::Copy(to, other), start);
            self.writer.builder().flow_into(after);
            return Out::plain(to);
        }
        value
    }

    /// The first where it holds (or does not), else the second.
    fn either(&mut self, first: Out, holds: bool, second: impl FnOnce(&mut Self) -> Out) -> Out {
        let span = self.here();
        let to = self.writer.builder().temp();
        let (yes, no) = self.writer.branch(first.var);
        let after = self.writer.builder().block();
        let (keep, go_on) = if holds { (yes, no) } else { (no, yes) };
        self.writer.builder().enter(keep);
        self.writer.push(OpKind::Copy(to, first.var), span);
        self.writer.jump(after);
        self.writer.builder().enter(go_on);
        let second = second(self);
        self.writer.push(OpKind::Copy(to, second.var), span);
        self.writer.builder().flow_into(after);
        Out {
            var: to,
            markup: first.markup || second.markup,
        }
    }

    /// Operators that bind at least as strongly as `level`.
    pub(super) fn binary(&mut self, level: u8) -> Out {
        let start = self.here();
        let mut left = self.unary(level);
        while let Some((binds, operator)) = self.operator() {
            if binds < level || self.writer.builder().is_full() {
                break;
            }
            match operator {
                Operator::Or | Operator::And => {
                    self.at += 1;
                    let holds = operator == Operator::Or;
                    left = self.either(left, holds, |reader| reader.binary(binds + 1));
                }
                Operator::Test => {
                    self.at += 1;
                    left = self.test(start);
                }
                Operator::Join => {
                    self.at += 1;
                    let right = self.binary(binds + 1);
                    left = self.join(left, right, start);
                }
                Operator::Plain(op, words) => {
                    self.at += words;
                    let right = self.binary(binds + 1);
                    let span = self.since(start);
                    let make = |to| OpKind::Binary(to, op, left.var, right.var);
                    left = Out {
                        var: self.writer.value(span, make),
                        markup: op == BinaryOp::Add && (left.markup || right.markup),
                    };
                }
            }
        }
        left
    }

    pub(super) fn operator(&self) -> Option<(u8, Operator)> {
        use BinaryOp as B;
        let plain = |binds, op| Some((binds, Operator::Plain(op, 1)));
        match self.peek()? {
            Kind::Sign(sign) => match *sign {
                "||" => Some((0, Operator::Or)),
                "&&" => Some((1, Operator::And)),
                "==" => plain(3, B::Equal),
                "!=" => plain(3, B::NotEqual),
                "<" => plain(3, B::Less),
                "<=" => plain(3, B::LessEqual),
                ">" => plain(3, B::Greater),
                ">=" => plain(3, B::GreaterEqual),
                "+" => plain(5, B::Add),
                "-" => plain(5, B::Sub),
                "~" => Some((5, Operator::Join)),
                "*" => plain(6, B::Mul),
                "/" => plain(6, B::Div),
                "//" => plain(6, B::FloorDiv),
                "%" => plain(6, B::Mod),
                "**" => plain(8, B::Pow),
                _ => None,
            },
            Kind::Name(name) => match (name.as_ref(), self.style) {
                ("or", _) => Some((0, Operator::Or)),
                ("and", _) => Some((1, Operator::And)),
                ("in", _) => plain(3, B::In),
                ("not", _) if matches!(self.peek_at(1), Some(Kind::Name(it)) if it.as_ref() == "in") => {
                    Some((3, Operator::Plain(B::NotIn, 2)))
                }
                ("is", Style::Python) => plain(3, B::Is),
                ("is", _) => Some((3, Operator::Test)),
                ("instanceof", Style::Java) => Some((3, Operator::Test)),
                ("eq", Style::Java) => plain(3, B::Equal),
                ("ne", Style::Java) => plain(3, B::NotEqual),
                ("lt", Style::Java) => plain(3, B::Less),
                ("le", Style::Java) => plain(3, B::LessEqual),
                ("gt", Style::Java) => plain(3, B::Greater),
                ("ge", Style::Java) => plain(3, B::GreaterEqual),
                ("div", Style::Java) => plain(6, B::Div),
                ("mod", Style::Java) => plain(6, B::Mod),
                _ => None,
            },
            _ => None,
        }
    }

    /// `is [not] name [argument]`: some truth.
    fn test(&mut self, start: Span) -> Out {
        self.word("not");
        let name = self.name();
        if self.sign("(") {
            self.arguments();
        } else if name.is_some() {
            let ends = ["and", "or", "else", "if", "not", "is", "in"];
            let argument = match self.peek() {
                Some(Kind::Name(name)) => !ends.contains(&name.as_ref()),
                Some(Kind::Text(_) | Kind::Number(_)) => true,
                _ => false,
            };
            if argument {
                self.binary(7);
            }
        }
        let span = self.since(start);
        Out::plain(self.writer.nothing(span))
    }

    /// Two values as one text; what is no markup is escaped beside markup.
    fn join(&mut self, left: Out, right: Out, start: Span) -> Out {
        let span = self.since(start);
        let markup = left.markup || right.markup;
        let pieces = [left, right].map(|side| {
            let escape = markup && !side.markup && self.writer.escapes;
            Piece::Value(match escape {
                true => self.filter_of("escape", side.var, span),
                false => side.var,
            })
        });
        let make = |to| OpKind::Format(to, pieces.to_vec());
        Out {
            var: self.writer.value(span, make),
            markup,
        }
    }

    fn filter_of(&mut self, name: &str, value: Var, span: Span) -> Var {
        self.writer
            .filter(name, Vec::new(), Vec::new(), value, span)
    }

    fn unary(&mut self, level: u8) -> Out {
        let start = self.here();
        let mut signs = Vec::new();
        while let Some(op) = self.prefix() {
            self.at += 1;
            signs.push(op);
        }
        let Some(first) = signs.first().copied() else {
            return self.postfix();
        };
        // `not a == b` is about the comparison, `-a == b` is not.
        let value = match first {
            Some(UnaryOp::Not) => self.binary(level.max(3)),
            _ => self.postfix(),
        };
        let mut var = value.var;
        for op in signs.into_iter().rev() {
            let span = self.since(start);
            var = match op {
                Some(op) => self.writer.value(span, |to| OpKind::Unary(to, op, var)),
                None => self.writer.nothing(span),
            };
        }
        Out::plain(var)
    }

    /// A sign or word in front of a value; `None` in it when nothing is known of what it gives.
    fn prefix(&self) -> Option<Option<UnaryOp>> {
        match self.peek()? {
            Kind::Sign("!") => Some(Some(UnaryOp::Not)),
            Kind::Sign("-") => Some(Some(UnaryOp::Negate)),
            Kind::Sign("+") => Some(Some(UnaryOp::Plus)),
            Kind::Name(name) => match (name.as_ref(), self.style) {
                ("not", _) => Some(Some(UnaryOp::Not)),
                ("empty", Style::Java) => Some(None),
                _ => None,
            },
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    /// `is`
    Test,
    /// Both as one text.
    Join,
    /// With so many words.
    Plain(BinaryOp, usize),
}
