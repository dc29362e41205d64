//! The plugin in the real sandbox.

use iglu_sdk::test::{Kit, Result};

#[test]
fn throws_are_fair_enough_and_their_sum_is_right() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    let mut seen = [false; 6];
    for _ in 0..200 {
        let text = ann.say("/dice").text();
        let number: usize = text.trim_start_matches("🎲 ").parse().expect("a number");
        seen[number - 1] = true;
    }
    assert_eq!(seen, [true; 6]);

    let text = ann.say("/roll 3d6").text();
    let (sum, throws) = text.trim_start_matches("🎲 ").split_once(" = ").expect("a sum");
    let throws: Vec<u32> = throws.split(" + ").filter_map(|throw| throw.parse().ok()).collect();
    assert_eq!(throws.len(), 3);
    assert_eq!(sum.parse(), Ok(throws.iter().sum::<u32>()));
    Ok(())
}

#[test]
fn bad_arguments_are_explained_with_the_usage() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    ann.say("/dice many").expect_containing("3d6");
    ann.say("/dice 1 2").expect_containing("/dice [");
    Ok(())
}
