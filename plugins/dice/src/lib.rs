//! Typed arguments and options: a parameter is a number, a flag, or any `FromStr` type, and what does not fit is explained to
//! the user.

#![forbid(unsafe_code)]

use std::{fmt::Write, str::FromStr};

use iglu_sdk::prelude::*;

#[derive(Default)]
struct DicePlugin;

#[plugin(name = "Dice")]
impl DicePlugin {
    /// Throws dice: `/dice` one with six sides, `/dice 3d6 --plus 2` three of them and two more.
    #[command("dice", aliases = ["roll"])]
    async fn dice(
        &self,
        /// How many dice of how many sides.
        #[argument(default = "1d6")]
        dice: Dice,
        /// Added to the sum.
        #[option(short = "p", default = 0, min = -10000, max = 10000)]
        plus: i32,
        /// The sum alone.
        #[option(short = "q")]
        quiet: bool,
    ) -> String {
        dice.throw(plus, quiet)
    }
}

/// How many dice of how many sides: `3d6`, `d20`, or `2`.
#[derive(Debug, PartialEq)]
struct Dice {
    count: u32,
    sides: u32,
}

/// More would not fit a message.
const MOST_DICE: u32 = 50;
const MOST_SIDES: u32 = 10_000;

impl FromStr for Dice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_lowercase();
        let (count, sides) = text.split_once('d').unwrap_or((&text, "6"));
        let number = |part: &str, most: u32| match part.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(format!("a number from 1 to {most} is wanted, as in 3d6")),
        };
        Ok(Self {
            count: if count.is_empty() { 1 } else { number(count, MOST_DICE)? },
            sides: number(sides, MOST_SIDES)?,
        })
    }
}

impl Dice {
    fn throw(&self, plus: i32, quiet: bool) -> String {
        let throws: Vec<u32> = (0..self.count).map(|_| random::u32(1..=self.sides)).collect();
        let mut text = format!("🎲 {}", i64::from(throws.iter().sum::<u32>()) + i64::from(plus));
        if !quiet && (throws.len() > 1 || plus != 0) {
            let throws: Vec<String> = throws.iter().map(u32::to_string).collect();
            let _ = write!(text, " = {}", throws.join(" + "));
            if plus != 0 {
                let _ = write!(text, " {} {}", if plus < 0 { '-' } else { '+' }, plus.unsigned_abs());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_are_read_as_players_write_them() {
        for (text, expected) in [
            ("3d6", Some((3, 6))),
            ("D20", Some((1, 20))),
            ("2", Some((2, 6))),
            ("0d6", None),
            ("51d6", None),
            ("3d", None),
            ("3d6d6", None),
            ("-1", None),
        ] {
            let dice = text.parse::<Dice>().ok().map(|dice| (dice.count, dice.sides));
            assert_eq!(dice, expected, "{text}");
        }
    }
}
