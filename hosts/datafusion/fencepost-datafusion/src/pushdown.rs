//! Which positions a condition asks for.
//!
//! A condition is understood whole or not at all. SQL has three truth values, and a row is wanted where the condition
//! is *true*: what is made here is the set of positions where it is. Positions are never null, so a comparison is
//! neither true nor false only where it names a null itself, and then nowhere true. For `AND` and `OR` that is all that
//! is needed; nothing that is negated is looked into, but a negation that is a part of the condition itself.

use crate::positions::Positions;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList};
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;

/// The positions at which `filter` is true, if it speaks of the column `position` and of nothing else.
pub(crate) fn positions_of(filter: &Expr, position: &str) -> Option<Positions> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => {
                Some(positions_of(left, position)?.intersection(&positions_of(right, position)?))
            }
            Operator::Or => Some(positions_of(left, position)?.union(&positions_of(right, position)?)),
            op if is_column(left, position) => Some(compared(*op, number(right)?)?),
            op if is_column(right, position) => Some(compared(op.swap()?, number(left)?)?),
            _ => None,
        },
        Expr::Between(Between { expr, negated, low, high }) if is_column(expr, position) => {
            let (low, high) = (number(low)?, number(high)?);
            if *negated {
                Some(compared(Operator::Lt, low)?.union(&compared(Operator::Gt, high)?))
            } else {
                Some(compared(Operator::GtEq, low)?.intersection(&compared(Operator::LtEq, high)?))
            }
        }
        Expr::InList(InList { expr, list, negated }) if is_column(expr, position) => {
            let numbers = list.iter().map(number).collect::<Option<Vec<_>>>()?;
            if *negated && numbers.contains(&Number::Null) {
                return Some(Positions::NONE);
            }
            let listed = numbers.into_iter().filter_map(|number| match number {
                Number::Null => None,
                Number::Value(value) => u64::try_from(value).ok().map(|at| (at, at)),
            });
            let listed = Positions::of(listed);
            Some(if *negated { listed.complement() } else { listed })
        }
        _ => None,
    }
}

/// A number to which a position is compared. It may be one that no position has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Null,
    Value(i128),
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Column(column) if column.name == name)
}

fn number(expr: &Expr) -> Option<Number> {
    use ScalarValue as V;
    let Expr::Literal(value, _) = expr else { return None };
    let value: Option<i128> = match value {
        V::Null => None,
        V::UInt64(value) => value.map(Into::into),
        V::UInt32(value) => value.map(Into::into),
        V::UInt16(value) => value.map(Into::into),
        V::UInt8(value) => value.map(Into::into),
        V::Int64(value) => value.map(Into::into),
        V::Int32(value) => value.map(Into::into),
        V::Int16(value) => value.map(Into::into),
        V::Int8(value) => value.map(Into::into),
        _ => return None,
    };
    Some(value.map_or(Number::Null, Number::Value))
}

/// The positions that stand in this relation to a number.
fn compared(op: Operator, number: Number) -> Option<Positions> {
    use Operator as O;
    if !matches!(op, O::Eq | O::NotEq | O::Lt | O::LtEq | O::Gt | O::GtEq) {
        return None;
    }
    let Number::Value(value) = number else { return Some(Positions::NONE) };
    // Those from here on; none if no position is that high.
    let from = |value: i128| match u64::try_from(value.max(0)) {
        Ok(first) => Positions::between(first, u64::MAX),
        Err(_) => Positions::NONE,
    };
    match op {
        O::GtEq => Some(from(value)),
        O::Gt => Some(from(value + 1)),
        O::Lt => Some(from(value).complement()),
        O::LtEq => Some(from(value + 1).complement()),
        O::Eq => Some(from(value).intersection(&from(value + 1).complement())),
        O::NotEq => Some(from(value).complement().union(&from(value + 1))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    fn asked(filter: &Expr) -> Option<Vec<(u64, u64)>> {
        positions_of(filter, "_position").map(|asked| asked.ranges().to_vec())
    }

    #[test]
    fn comparisons_with_numbers_that_no_position_has() {
        const MAX: u64 = u64::MAX;
        let p = || col("_position");
        let all = Some(vec![(0, MAX)]);
        assert_eq!(asked(&p().gt(lit(-1))), all);
        assert_eq!(asked(&p().gt_eq(lit(0_u64))), all);
        assert_eq!(asked(&p().lt(lit(0_u64))), Some(vec![]));
        assert_eq!(asked(&p().lt(lit(-5_i64))), Some(vec![]));
        assert_eq!(asked(&p().gt(lit(MAX))), Some(vec![]));
        assert_eq!(asked(&p().gt_eq(lit(MAX))), Some(vec![(MAX, MAX)]));
        assert_eq!(asked(&p().lt_eq(lit(MAX))), all);
        assert_eq!(asked(&p().eq(lit(-1))), Some(vec![]));
        assert_eq!(asked(&p().not_eq(lit(-1))), all);
        assert_eq!(asked(&p().not_eq(lit(0_u64))), Some(vec![(1, MAX)]));
        assert_eq!(asked(&lit(7_u8).lt(p())), Some(vec![(8, MAX)]), "with the number in front");
    }

    #[test]
    fn ranges_lists_and_what_joins_them() {
        let p = || col("_position");
        assert_eq!(asked(&p().between(lit(5_u64), lit(8_u64))), Some(vec![(5, 8)]));
        assert_eq!(asked(&p().between(lit(8_u64), lit(5_u64))), Some(vec![]), "an empty range");
        assert_eq!(asked(&p().not_between(lit(5_u64), lit(8_u64))), Some(vec![(0, 4), (9, u64::MAX)]));
        assert_eq!(
            asked(&p().in_list(vec![lit(8_u64), lit(5_u64), lit(6_u64)], false)),
            Some(vec![(5, 6), (8, 8)])
        );
        assert_eq!(asked(&p().in_list(vec![lit(0_u64)], true)), Some(vec![(1, u64::MAX)]));
        assert_eq!(asked(&p().eq(lit(5_u64)).or(p().eq(lit(8_u64)))), Some(vec![(5, 5), (8, 8)]));
        let narrow = p().gt(lit(3_u64)).and(p().lt_eq(lit(9_u64)));
        assert_eq!(asked(&narrow), Some(vec![(4, 9)]));
    }

    /// A comparison with a null is true of no row, and its negation neither.
    #[test]
    fn nulls_are_true_nowhere() {
        let (p, null) = (|| col("_position"), || lit(ScalarValue::UInt64(None)));
        assert_eq!(asked(&p().eq(null())), Some(vec![]));
        assert_eq!(asked(&p().not_eq(null())), Some(vec![]));
        assert_eq!(asked(&p().between(null(), lit(8_u64))), Some(vec![]));
        assert_eq!(
            asked(&p().not_between(null(), lit(8_u64))),
            Some(vec![(9, u64::MAX)]),
            "false or unknown below, true above whatever the null is"
        );
        assert_eq!(asked(&p().in_list(vec![lit(5_u64), null()], false)), Some(vec![(5, 5)]));
        assert_eq!(asked(&p().in_list(vec![lit(5_u64), null()], true)), Some(vec![]));
        assert_eq!(asked(&p().eq(null()).or(p().eq(lit(5_u64)))), Some(vec![(5, 5)]));
    }

    /// DataFusion filters by these itself.
    #[test]
    fn what_is_not_understood_whole_is_left_alone() {
        let p = || col("_position");
        assert_eq!(asked(&(p() + lit(1_u64)).gt(lit(6_u64))), None);
        assert_eq!(asked(&p().gt(lit(4.5))), None);
        assert_eq!(asked(&p().eq(lit(5_u64)).or(col("id").eq(lit(1)))), None);
        assert_eq!(asked(&p().eq(lit(5_u64)).and(col("id").eq(lit(1)))), None);
        assert_eq!(asked(&p().gt(col("_epoch"))), None);
        assert_eq!(asked(&!p().eq(lit(5_u64))), None);
        assert_eq!(asked(&col("id").eq(lit(5_u64))), None);
    }
}
