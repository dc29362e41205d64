//! How a command is used, in words: usage lines, what arguments are, and why something does not fit.

use super::arguments::Wrong;
use crate::config::Language;
use crate::plugin::arguments::{Argument, Fault, Kind};
use crate::plugin::manifest::Command;

/// Choices that are longer together are named in the explanation only.
const SHOWN_CHOICES: usize = 40;

/// What comes after a command's name: the author's words, or `<must> [may] [many...] [--option N]`.
pub(crate) fn of(command: &Command) -> String {
    if !command.usage.is_empty() {
        return command.usage.clone();
    }
    let arguments = command.arguments.iter().map(|argument| {
        let text = shown_choices(argument).unwrap_or_else(|| argument.name.clone());
        let dots = if argument.many || argument.kind == Kind::Rest { "..." } else { "" };
        match (argument.is_required(false), &argument.default) {
            (true, _) => format!("<{text}{dots}>"),
            (false, Some(default)) if short(default).is_some() => {
                format!("[{}={}]", argument.name, short(default).unwrap_or_default())
            }
            (false, _) => format!("[{text}{dots}]"),
        }
    });
    let options = command.options.iter().map(|option| {
        let dots = if option.many { "..." } else { "" };
        let text = spelled(option, "|");
        if option.is_required(true) { format!("{text}{dots}") } else { format!("[{text}]{dots}") }
    });
    arguments.chain(options).collect::<Vec<_>>().join(" ")
}

/// `/name usage`.
pub(super) fn line(prefix: &str, name: &str, usage: &str) -> String {
    format!("{prefix}{name} {usage}").trim_end().to_owned()
}

/// The host's answer to a text that does not fit: what, why, and how it is done.
pub(super) fn refusal(wrong: &Wrong<'_>, line: &str, language: Language) -> String {
    let usage = language.pick("用法：", "Usage: ");
    format!("{}\n{usage}{line}", explain(wrong, language))
}

fn explain(wrong: &Wrong<'_>, language: Language) -> String {
    let say = |chinese: String, english: String| language.pick(chinese, english);
    match wrong {
        Wrong::Missing(argument, option) => {
            let name = if *option { format!("--{}", argument.name) } else { format!("<{}>", argument.name) };
            let what = kind(argument, language);
            let named = if what.is_empty() {
                String::new()
            } else {
                say(format!("（{what}）"), format!(" ({what})"))
            };
            say(format!("缺少参数 {name}{named}。"), format!("{name}{named} is missing."))
        }
        Wrong::Unfit(argument, word, fault) => {
            let (name, word) = (&argument.name, cut(word));
            let why = why(argument, fault, language);
            say(
                format!("参数 {name} 不能是“{word}”：{why}。"),
                format!("{name} cannot be \"{word}\": {why}."),
            )
        }
        Wrong::TooMany(word) => {
            let word = cut(word);
            say(
                format!("参数太多：“{word}”是多余的。"),
                format!("Too many arguments: \"{word}\" is not expected."),
            )
        }
        Wrong::UnknownOption(written, near) => {
            let written = cut(written);
            let (zh, en) = match near {
                Some(near) => (format!("是不是 --{near}？"), format!(" Did you mean --{near}?")),
                None => (String::new(), String::new()),
            };
            say(format!("没有选项 {written}。{zh}"), format!("There is no option {written}.{en}"))
        }
        Wrong::NoValue(option) => {
            let (name, what) = (&option.name, kind(option, language));
            let named = if what.is_empty() {
                String::new()
            } else {
                say(format!("（{what}）"), format!(": {what}"))
            };
            say(format!("选项 --{name} 需要一个值{named}。"), format!("--{name} needs a value{named}."))
        }
        Wrong::HasValue(option) => {
            let name = &option.name;
            say(format!("选项 --{name} 不带值。"), format!("--{name} takes no value."))
        }
        Wrong::Twice(option) => {
            let name = &option.name;
            say(format!("选项 --{name} 只能写一次。"), format!("--{name} may be there only once."))
        }
    }
}

fn why(argument: &Argument, fault: &Fault, language: Language) -> String {
    let wanted = kind(argument, language);
    match (fault, language) {
        (Fault::NotChoice(Some(near)), Language::Chinese) => format!("是不是“{near}”？可选：{wanted}"),
        (Fault::NotChoice(Some(near)), Language::English) => {
            format!("did you mean \"{near}\"? It is {wanted}")
        }
        (Fault::OutOfRange, Language::Chinese) => format!("超出范围，应为{wanted}"),
        (Fault::OutOfRange, Language::English) => format!("out of range, it must be {wanted}"),
        (_, Language::Chinese) => format!("应为{wanted}"),
        (_, Language::English) => format!("it must be {wanted}"),
    }
}

/// What an argument is: "a whole number from 1 to 6". Empty for text.
fn kind(argument: &Argument, language: Language) -> String {
    let number = |chinese: &str, english: &str| match (&argument.min, &argument.max, language) {
        (Some(min), Some(max), Language::Chinese) => format!("{min} 到 {max} 之间的{chinese}"),
        (Some(min), Some(max), Language::English) => format!("{english} from {min} to {max}"),
        (Some(min), None, Language::Chinese) => format!("不小于 {min} 的{chinese}"),
        (Some(min), None, Language::English) => format!("{english}, at least {min}"),
        (None, Some(max), Language::Chinese) => format!("不大于 {max} 的{chinese}"),
        (None, Some(max), Language::English) => format!("{english}, at most {max}"),
        (None, None, _) => language.pick(chinese, english).to_owned(),
    };
    match argument.kind {
        Kind::Text | Kind::Rest | Kind::Flag => String::new(),
        Kind::Integer => number("整数", "a whole number"),
        Kind::Number => number("数字", "a number"),
        Kind::User => {
            language.pick("一个用户，@ 他或写号码", "a user: mention one, or write the number").to_owned()
        }
        Kind::Image => language.pick("一张图片", "an image").to_owned(),
        Kind::Choice => {
            let choices = argument.choices.join(language.pick("、", ", "));
            let one_of = language.pick("以下之一：", "one of ");
            format!("{one_of}{choices}")
        }
    }
}

/// The lines about a command's arguments and options in its help.
pub(super) fn explained(command: &Command, language: Language) -> Vec<String> {
    let about = |argument: &Argument, head: String| {
        let mut facts = vec![kind(argument, language)];
        if let Some(default) = argument.default.as_ref().and_then(short) {
            facts.push(format!("{}{default}", language.pick("默认 ", "default ")));
        }
        facts.retain(|fact| !fact.is_empty());
        let facts = facts.join(language.pick("，", ", "));
        let (open, close) = language.pick(("（", "）"), (" (", ")"));
        let facts = if facts.is_empty() { facts } else { format!("{open}{facts}{close}") };
        let help = &argument.help;
        let gap = if help.is_empty() { "" } else { language.pick("：", ": ") };
        // A line that says no more than the usage line is left out.
        (!facts.is_empty() || !help.is_empty()).then(|| format!("  {head}{facts}{gap}{help}"))
    };
    let arguments = command.arguments.iter().filter_map(|argument| about(argument, argument.name.clone()));
    let options = command.options.iter().filter_map(|option| about(option, spelled(option, ", ")));
    arguments.chain(options).collect()
}

/// `-t|--times N`.
fn spelled(option: &Argument, between: &str) -> String {
    let short = option.short.map(|short| format!("-{short}{between}")).unwrap_or_default();
    let value = match option.kind {
        Kind::Flag => String::new(),
        Kind::Integer | Kind::Number => " N".to_owned(),
        Kind::User => " @".to_owned(),
        Kind::Choice => format!(" {}", shown_choices(option).unwrap_or_else(|| "...".to_owned())),
        Kind::Text | Kind::Rest | Kind::Image => " ...".to_owned(),
    };
    format!("{short}--{}{value}", option.name)
}

fn shown_choices(argument: &Argument) -> Option<String> {
    let choices = argument.choices.join("|");
    (!choices.is_empty() && choices.chars().count() <= SHOWN_CHOICES).then_some(choices)
}

/// A default as people write it, if it is not too long to be shown.
fn short(default: &serde_json::Value) -> Option<String> {
    let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
    (text.chars().count() <= SHOWN_CHOICES).then_some(text)
}

/// Words of users may be long.
fn cut(word: &str) -> String {
    let mut text: String = word.chars().take(SHOWN_CHOICES).collect();
    if text.len() < word.len() {
        text.push('…');
    }
    text
}
