//! Computing with constants, as the language does.

use super::{
    text::written,
    value::{Const, Value},
};
use crate::engine::{
    builtin::ir::{BinaryOp, UnaryOp},
    inventory::Language,
};
use std::cmp::Ordering;

/// The sum of two constants.
pub(super) fn added(one: &Const, two: &Const, language: Language) -> Option<Const> {
    Some(match (one, two) {
        (Const::Fixed, _) | (_, Const::Fixed) => Const::Fixed,
        (Const::Setting(_), _) | (_, Const::Setting(_)) => {
            Const::Setting(format!("{}{}", written(one), written(two)).into())
        }
        (Const::Int(one), Const::Int(two)) if language != Language::Java => {
            Const::Int(one.checked_add(*two)?)
        }
        (Const::Int(one), Const::Int(two)) => Const::Int(wrapped(one.checked_add(*two)?)?),
        (Const::Text(_), _) | (_, Const::Text(_)) => {
            Const::Text(format!("{}{}", written(one), written(two)).into())
        }
        _ => return None,
    })
}

/// A number of Java's `int`, or nothing.
fn wrapped(value: i64) -> Option<i64> {
    i32::try_from(value).ok().map(i64::from)
}

/// Every alternative with every other.
pub(super) fn combine(op: BinaryOp, left: &Value, right: &Value, language: Language) -> Value {
    let (Some(ones), Some(twos)) = (left.constants(), right.constants()) else {
        return Value::unknown();
    };
    let mut results = Vec::new();
    for one in &ones {
        for two in &twos {
            match computed(op, one, two, language) {
                Some(result) => results.push(Value::constant(result)),
                None => return Value::unknown(),
            }
        }
    }
    Value::any_of(&results)
}

fn computed(op: BinaryOp, one: &Const, two: &Const, language: Language) -> Option<Const> {
    use BinaryOp as B;
    if one.decides_nothing() || two.decides_nothing() {
        return None;
    }
    let order = match (one, two) {
        (Const::Int(one), Const::Int(two)) => Some(one.cmp(two)),
        (Const::Text(one), Const::Text(two)) => Some(one.cmp(two)),
        (Const::Number(one), Const::Int(two)) => {
            one.parse::<f64>().ok()?.partial_cmp(&(*two as f64))
        }
        (Const::Int(one), Const::Number(two)) => {
            (*one as f64).partial_cmp(&two.parse::<f64>().ok()?)
        }
        _ => None,
    };
    Some(match op {
        B::Equal | B::Is => Const::Bool(one == two),
        B::NotEqual | B::IsNot => Const::Bool(one != two),
        B::Less => Const::Bool(order? == Ordering::Less),
        B::LessEqual => Const::Bool(order? != Ordering::Greater),
        B::Greater => Const::Bool(order? == Ordering::Greater),
        B::GreaterEqual => Const::Bool(order? != Ordering::Less),
        _ => {
            let (Const::Int(one), Const::Int(two)) = (one, two) else {
                return repeated(op, one, two);
            };
            return integer(op, *one, *two, language);
        }
    })
}

/// `"x" * 3`.
fn repeated(op: BinaryOp, one: &Const, two: &Const) -> Option<Const> {
    let (Const::Text(text), Const::Int(times)) = (one, two) else {
        return None;
    };
    let times = usize::try_from(*times).ok().filter(|times| *times <= 64)?;
    (op == BinaryOp::Mul && text.len() <= 64).then(|| Const::Text(text.repeat(times).into()))
}

fn integer(op: BinaryOp, one: i64, two: i64, language: Language) -> Option<Const> {
    use BinaryOp as B;
    let java = language == Language::Java;
    let result = match op {
        B::Sub => one.checked_sub(two)?,
        B::Mul => one.checked_mul(two)?,
        B::FloorDiv => one.checked_div_euclid(two).filter(|_| two > 0)?,
        B::Div if java => one.checked_div(two)?,
        B::Div => {
            let whole = one.checked_rem(two)? == 0;
            return whole
                .then(|| one.checked_div(two))
                .flatten()
                .map(Const::Int)
                .or_else(|| Some(Const::Number((one as f64 / two as f64).to_string().into())));
        }
        B::Mod if java => one.checked_rem(two)?,
        B::Mod => one.checked_rem_euclid(two).filter(|_| two > 0)?,
        B::Pow => one.checked_pow(u32::try_from(two).ok()?)?,
        B::BitAnd => one & two,
        B::BitOr => one | two,
        B::BitXor => one ^ two,
        B::ShiftLeft => one.checked_shl(u32::try_from(two).ok()?)?,
        B::ShiftRight => one.checked_shr(u32::try_from(two).ok()?)?,
        _ => return None,
    };
    if java {
        wrapped(result).map(Const::Int)
    } else {
        Some(Const::Int(result))
    }
}

pub(super) fn unary(op: UnaryOp, of: &Value) -> Value {
    match op {
        UnaryOp::Not => of
            .truth()
            .map_or_else(Value::unknown, |truth| Value::bool(!truth)),
        UnaryOp::Plus => of.clone(),
        UnaryOp::Negate | UnaryOp::Invert => match of.only_constant() {
            Some(Const::Int(value)) if op == UnaryOp::Negate => value
                .checked_neg()
                .map_or_else(Value::unknown, |value| Value::constant(Const::Int(value))),
            Some(Const::Int(value)) => Value::constant(Const::Int(!value)),
            _ => Value::unknown(),
        },
    }
}
