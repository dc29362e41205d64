//! `/plugin`: which plugins are on in a chat, and switching them there.

use super::access::{Scene, State};
use super::commands::normal;
use super::conditions::{is_superuser, may};
use super::help::{described, shortest};
use super::switches::EVERYWHERE;
use super::table::Rules;
use super::words::words;
use super::{Board, Listener};
use crate::config::nearest;
use crate::model::{Chat, Event};
use crate::plugin::manifest::{Trigger, Who};
use crate::router::place::chat_of;

/// The command's words, in every language.
pub(super) const WORDS: [&str; 2] = ["plugin", "插件"];

const LIST: [&str; 2] = ["list", "列表"];
const INFO: [&str; 3] = ["info", "信息", "详情"];
const ON: [&str; 5] = ["on", "开", "开启", "启用", "打开"];
const OFF: [&str; 5] = ["off", "关", "关闭", "停用", "禁用"];
/// Behind the name.
const ALL: [&str; 4] = ["everywhere", "全局", "全部", "所有"];

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub answer: String,
    /// The plugin and the place of a switch that is to be written down.
    pub keep: Option<(String, String)>,
}

/// Who asks, where.
struct Desk<'a> {
    rules: &'a Rules,
    event: &'a Event,
    scene: Scene<'a>,
    /// Those that are for these people, in the order of their ids.
    listeners: Vec<&'a Listener>,
}

/// Does what is asked, and says so. A switch counts at once.
pub(super) fn carry_out(board: &Board, asked: &str, event: &Event, rules: &Rules) -> Done {
    let scene = rules.scene(event);
    let mut listeners: Vec<&Listener> =
        board.listeners.iter().filter(|it| rules.hides(&it.id, &scene).is_none()).collect();
    listeners.sort_by(|a, b| a.id.cmp(&b.id));
    let desk = Desk { rules, event, scene, listeners };

    let mut names = words(asked);
    let verb = if names.is_empty() { String::new() } else { names.remove(0).to_lowercase() };
    let is = |words: &[&str]| words.contains(&verb.as_str());
    let plain = |answer: String| Done { answer, keep: None };
    if verb.is_empty() || is(&LIST) {
        return plain(desk.list());
    }
    if !is(&INFO) && !is(&ON) && !is(&OFF) {
        let whole = desk.find(asked);
        return plain(whole.map_or_else(|_| desk.usage(), |listener| desk.info(listener)));
    }
    let everywhere = !is(&INFO) && names.len() > 1 && names.last().is_some_and(|last| is_flag(last));
    if everywhere {
        names.pop();
    }
    if names.is_empty() {
        return plain(desk.usage());
    }
    let listener = match desk.find(&names.join(" ")) {
        Ok(listener) => listener,
        Err(unknown) => return plain(unknown),
    };
    match (is(&INFO), everywhere) {
        (true, _) => plain(desk.info(listener)),
        (false, true) => desk.switch_everywhere(listener, is(&ON)),
        (false, false) => desk.switch(listener, is(&ON)),
    }
}

/// Phones make one long dash of two.
fn is_flag(word: &str) -> bool {
    let word = word.trim_start_matches(['-', '–', '—']).to_lowercase();
    ALL.contains(&word.as_str())
}

fn title(listener: &Listener) -> String {
    let (id, name) = (&*listener.id, &listener.manifest.name);
    if name == id { name.clone() } else { format!("{name} ({id})") }
}

impl Desk<'_> {
    fn list(&self) -> String {
        if self.listeners.is_empty() {
            return self.say("还没有可用的插件。", "There are no plugins yet.");
        }
        let mut lines = vec![self.say("插件（● 开启，○ 关闭）", "Plugins (● on, ○ off)")];
        for listener in &self.listeners {
            let state = self.rules.state(&listener.id, &self.scene);
            let dot = if state.is_on() { '●' } else { '○' };
            let everywhere = match state {
                State::OffEverywhere => self.say("（全局关闭）", " (off everywhere)"),
                _ => String::new(),
            };
            lines.push(format!("{dot} {}{everywhere}", title(listener)));
        }
        lines.join("\n")
    }

    fn info(&self, listener: &Listener) -> String {
        let manifest = &listener.manifest;
        let version =
            if manifest.version.is_empty() { String::new() } else { format!(" {}", manifest.version) };
        let mut lines = vec![format!("{}{version}", title(listener))];
        lines.extend(described(manifest, self.rules.language));
        let commands = manifest.handlers.iter().filter(|it| matches!(it.on, Trigger::Command(_))).count();
        lines.push(self.say(&format!("指令：{commands} 条"), &format!("Commands: {commands}")));
        let (here, there) = self.here();
        lines.push(match self.rules.state(&listener.id, &self.scene) {
            State::OffEverywhere => self.off_everywhere(listener),
            state if state.is_on() => self.say(&format!("在{here}开启。"), &format!("On in {there}.")),
            _ => self.say(&format!("在{here}关闭。"), &format!("Off in {there}.")),
        });
        lines.join("\n")
    }

    fn switch(&self, listener: &Listener, on: bool) -> Done {
        let plain = |answer: String| Done { answer, keep: None };
        if !may(Who::GroupAdmin, self.event, &self.rules.superusers) {
            return plain(self.say(
                "只有群主、管理员和超级用户可以开关插件。",
                "Only the group's owner, its admins and superusers may switch plugins.",
            ));
        }
        let (id, name) = (&*listener.id, &listener.manifest.name);
        let Some(place) = &self.scene.place else { return plain(self.usage()) };
        let state = self.rules.state(id, &self.scene);
        if state == State::OffEverywhere {
            return plain(self.off_everywhere(listener));
        }
        let (here, there) = self.here();
        let (chinese, english) = if on { ("开启", "on") } else { ("关闭", "off") };
        if state.is_on() == on {
            return plain(self.say(
                &format!("“{name}”在{here}已经是{chinese}的。"),
                &format!("{name} is {english} in {there} already."),
            ));
        }
        // What the owner's file says anyway needs no memory, so that the file can change it later.
        let said = (self.rules.settled(id, &self.scene) != on).then_some(on);
        self.rules.switches.say(id, place, said);
        let answer = self
            .say(&format!("已在{here}{chinese}“{name}”。"), &format!("{name} is {english} in {there} now."));
        Done { answer, keep: Some((id.to_owned(), place.clone())) }
    }

    fn switch_everywhere(&self, listener: &Listener, on: bool) -> Done {
        let plain = |answer: String| Done { answer, keep: None };
        if !is_superuser(self.event, &self.rules.superusers) {
            return plain(
                self.say("只有超级用户可以全局开关插件。", "Only superusers may switch plugins everywhere."),
            );
        }
        let (id, name) = (&*listener.id, &listener.manifest.name);
        let is_off = self.rules.switches.said(id, EVERYWHERE) == Some(false);
        let answer = match (on, is_off) {
            (true, true) => self.say(
                &format!("“{name}”不再全局关闭，各会话按自己的设置。"),
                &format!("{name} is no longer off everywhere; each chat has its own setting again."),
            ),
            (true, false) => {
                return plain(self.say(
                    &format!("“{name}”没有被全局关闭，各会话按自己的设置。"),
                    &format!("{name} is not off everywhere; each chat has its own setting."),
                ));
            }
            (false, true) => return plain(self.off_everywhere(listener)),
            (false, false) => {
                self.say(&format!("已全局关闭“{name}”。"), &format!("{name} is off everywhere now."))
            }
        };
        self.rules.switches.say(id, EVERYWHERE, (!on).then_some(false));
        Done { answer, keep: Some((id.to_owned(), EVERYWHERE.to_owned())) }
    }

    fn off_everywhere(&self, listener: &Listener) -> String {
        let (id, name) = (&listener.id, &listener.manifest.name);
        let command = format!("{}{} on {id} --{}", self.prefix(), WORDS[0], ALL[0]);
        self.say(
            &format!("“{name}”已被全局关闭，超级用户可用 {command} 恢复。"),
            &format!("{name} is off everywhere; a superuser may lift that by {command}."),
        )
    }

    /// A plugin by its id, or else by its name; or what to answer.
    fn find(&self, asked: &str) -> Result<&Listener, String> {
        let wanted = normal(asked);
        if let Some(listener) = self.listeners.iter().find(|it| *it.id == *wanted) {
            return Ok(listener);
        }
        let named: Vec<&Listener> =
            self.listeners.iter().copied().filter(|it| normal(&it.manifest.name) == wanted).collect();
        match named[..] {
            [one] => return Ok(one),
            [] => {}
            _ => {
                let ids = named.iter().map(|it| &*it.id).collect::<Vec<_>>().join(self.pick("、", ", "));
                return Err(self.say(
                    &format!("有几个插件叫这个名字，请写 id：{ids}。"),
                    &format!("Several plugins have that name; write an id: {ids}."),
                ));
            }
        }
        let asked: String = asked.chars().take(40).collect();
        let ids = self.listeners.iter().map(|it| &*it.id);
        let near = nearest(&asked, ids.chain(self.listeners.iter().map(|it| it.manifest.name.as_str())));
        let mut text =
            self.say(&format!("没有叫“{asked}”的插件。"), &format!("There is no plugin named \"{asked}\"."));
        if let Some(near) = near {
            text.push_str(&self.say(&format!("是不是“{near}”？"), &format!(" Did you mean \"{near}\"?")));
        }
        Err(text)
    }

    fn usage(&self) -> String {
        let command = format!("{}{}", self.prefix(), self.pick(WORDS[1], WORDS[0]));
        let everywhere = is_superuser(self.event, &self.rules.superusers);
        let everywhere = if everywhere { self.pick(" [--全局]", " [--everywhere]") } else { "" };
        self.say(
            &format!("用法：\n{command} 列表\n{command} 信息 <名称>\n{command} 开|关 <名称>{everywhere}"),
            &format!("Usage:\n{command} list\n{command} info <name>\n{command} on|off <name>{everywhere}"),
        )
    }

    /// This chat, in both languages.
    fn here(&self) -> (&'static str, &'static str) {
        match chat_of(&self.event.body) {
            Some(Chat::Group(_)) => ("本群", "this group"),
            Some(Chat::Channel(_)) => ("本频道", "this channel"),
            _ => ("这里", "this chat"),
        }
    }

    fn prefix(&self) -> &str {
        shortest(&self.rules.prefixes)
    }

    fn pick<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        self.rules.language.pick(chinese, english)
    }

    fn say(&self, chinese: &str, english: &str) -> String {
        self.pick(chinese, english).to_owned()
    }
}
