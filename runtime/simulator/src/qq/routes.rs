//! Which request does what.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Chat, Request,
    bot::BotState,
    clock::rfc3339,
    error::{Answered, Limit, Refusal, Reply},
    gateway,
    guild::read_form,
    sent::Violation,
    shared::Shared,
    token, webhook,
};
use crate::{forward::percent_decode, lock};

/// Answers a request as the platform does.
pub(super) async fn answer(shared: &Arc<Shared>, request: &mut Request) -> Reply {
    let path = request.path.replace('+', "%2B");
    let segments: Vec<String> = path.trim_matches('/').split('/').map(percent_decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("POST", ["app", "getAppAccessToken"]) => return grant(shared, request),
        ("PUT", ["upload", id, index]) => return put_part(shared, request, id, index),
        ("GET", ["media", name]) => {
            let bytes = lock(&shared.media).get(*name).cloned();
            let served = bytes.map(|bytes| Reply::with(200, "application/octet-stream", bytes));
            return served.unwrap_or_else(|| Reply::html(404, "Not Found"));
        }
        _ => {}
    }
    let answered = match authenticate(shared, request) {
        Ok(bot) => {
            request.app_id.clone_from(&bot.app.app_id);
            route(shared, &bot, request, &segments).await
        }
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| refused(shared, request, &refusal))
}

fn refused(shared: &Shared, request: &Request, refusal: &Refusal) -> Reply {
    if let Some(limit) = refusal.limit {
        shared.violations.add(Violation {
            app_id: request.app_id.clone(),
            limit,
            code: refusal.code,
            request: format!("{} {}", request.method, request.path),
            body: request.json.clone(),
        });
    }
    let body = refusal.body(&request.trace, shared.options.err_code_only);
    let mut reply = Reply { status: refusal.status, ..Reply::json(&body) };
    if refusal.status == 429 {
        reply.headers.push(("retry-after".to_owned(), "1".to_owned()));
    }
    reply
}

fn grant(shared: &Shared, request: &mut Request) -> Reply {
    let (app_id, secret) = (&request.json["appId"], &request.json["clientSecret"]);
    let Some(bot) = app_id.as_str().and_then(|app_id| shared.bot(app_id)) else {
        return token::error(100_007, "appid invalid");
    };
    request.app_id.clone_from(&bot.app.app_id);
    let mut tokens = lock(&bot.tokens);
    tokens.requests += 1;
    if *secret != bot.app.secret.as_str() {
        return token::error(100_016, "invalid appid or secret");
    }
    tokens.grant(&shared.options, shared.clock.now())
}

fn put_part(shared: &Shared, request: &Request, id: &str, index: &str) -> Reply {
    let refused = |status| Reply::with(status, "application/xml", "<Error><Code>AccessDenied</Code></Error>");
    if request.header("authorization").is_some() {
        return refused(403);
    }
    let stored = index.parse().ok().and_then(|index| {
        let bots = shared.bots();
        bots.iter().find_map(|bot| lock(&bot.world).put_part(id, index, request.body.to_vec()))
    });
    stored.map_or_else(|| refused(404), |()| Reply { status: 200, ..Reply::default() })
}

fn authenticate(shared: &Shared, request: &Request) -> Result<Arc<BotState>, Refusal> {
    let header = request.header("authorization").unwrap_or_default();
    let now = shared.clock.now();
    if header.is_empty() {
        return Err(Refusal::unauthorized(11_241, "token not found"));
    }
    if header.starts_with("Bot ") {
        return Err(Refusal::unauthorized(11_245, "固定Token已禁用，请使用AccessToken鉴权"));
    }
    let token = header.strip_prefix("QQBot ").unwrap_or_default();
    let bot = shared.bots().into_iter().find(|bot| lock(&bot.tokens).knows(token, now));
    let bot = bot.ok_or_else(|| Refusal::unauthorized(11_244, "token not exist or expire"))?;
    match request.header("x-union-appid") {
        Some(app_id) if app_id != bot.app.app_id => Err(Refusal::unauthorized(11_251, "appid mismatch")),
        _ => Ok(bot),
    }
}

/// Counts a request against its interface's limit per second.
fn pace(shared: &Shared, bot: &BotState, name: &str, max: u32) -> Result<(), Refusal> {
    let now = shared.clock.now();
    if !shared.options.limits.rates || lock(&bot.world).quota(&format!("rate {name}"), 1000, max, now) {
        return Ok(());
    }
    Err(Refusal::new(100_001, "too many requests").status(429).limit(Limit::Rate))
}

async fn route(shared: &Arc<Shared>, bot: &Arc<BotState>, request: &Request, path: &[&str]) -> Answered {
    let method = request.method.as_str();
    let now = shared.clock.now();
    match (method, path) {
        (_, ["v2", scene @ ("users" | "groups"), openid, rest @ ..]) => {
            let openid = (*openid).to_owned();
            let chat = if *scene == "users" { Chat::User(openid) } else { Chat::Group(openid) };
            chats(shared, bot, request, (&chat, rest)).await
        }
        ("GET", ["users", "@me"]) => Ok(Reply::json(&bot.profile())),
        ("GET", ["users", "@me", "guilds"]) => Ok(Reply::json(&lock(&bot.world).guild_list())),
        ("POST", ["users", "@me", "dms"]) => lock(&bot.world).open_dm(body(request)?, now),
        ("GET", ["gateway"]) => Ok(Reply::json(&json!({"url": shared.gateway_url()}))),
        ("GET", ["gateway", "bot"]) => Ok(Reply::json(&gateway::suggestion(shared, bot))),
        ("PUT", ["interactions", id]) => {
            pace(shared, bot, "interactions", 50)?;
            let answered = lock(&bot.world).acknowledge(id, body(request)?);
            shared.requests.touch();
            answered
        }
        (_, ["channels", id, "messages", rest @ ..]) => {
            guilds(shared, bot, request, (&Chat::Channel((*id).to_owned()), rest))
        }
        (_, ["dms", guild, "messages", rest @ ..]) => {
            guilds(shared, bot, request, (&Chat::Dm((*guild).to_owned()), rest))
        }
        ("GET", ["guilds", id, "channels"]) => lock(&bot.world).channel_list(id),
        (_, ["users", "@me", ..] | ["gateway", ..] | ["interactions", _]) => {
            Err(Refusal::new(11_255, "method not allowed").status(405))
        }
        _ => Err(Refusal::invalid()),
    }
}

fn body(request: &Request) -> Result<&Value, Refusal> {
    Some(&request.json)
        .filter(|json| json.is_object())
        .ok_or_else(|| Refusal::new(12_003, "request body is not a JSON object"))
}

async fn chats(
    shared: &Arc<Shared>,
    bot: &Arc<BotState>,
    request: &Request,
    (chat, rest): (&Chat, &[&str]),
) -> Answered {
    let now = shared.clock.now();
    match (request.method.as_str(), rest, chat) {
        ("POST", ["messages"], _) => {
            let scene = if matches!(chat, Chat::User(_)) { "users" } else { "groups" };
            pace(shared, bot, scene, 100)?;
            let (reply, sent) = lock(&bot.world).send(chat, body(request)?, now)?;
            shared.sent.add(sent);
            Ok(reply)
        }
        ("POST", ["stream_messages"], Chat::User(_)) => {
            pace(shared, bot, "stream", 50)?;
            let (reply, sent) = lock(&bot.world).stream(chat, body(request)?, now)?;
            sent.into_iter().for_each(|sent| drop(shared.sent.add(sent)));
            Ok(reply)
        }
        ("POST", ["files"], _) => {
            pace(shared, bot, "files", 50)?;
            let body = body(request)?;
            let fetched = match body["url"].as_str().filter(|url| webhook::is_local(url)) {
                Some(url) => {
                    let failed = || Refusal::new(850_026, "富媒体文件下载失败");
                    Some(webhook::get(url).await.ok_or_else(failed)?)
                }
                None => None,
            };
            let (reply, sent) = lock(&bot.world).upload(chat, body, fetched, now)?;
            sent.into_iter().for_each(|sent| drop(shared.sent.add(sent)));
            Ok(reply)
        }
        ("POST", ["upload_prepare"], _) => {
            pace(shared, bot, "prepare", 10)?;
            let base = shared.base();
            lock(&bot.world).prepare(chat, body(request)?, &base, now)
        }
        ("POST", ["upload_part_finish"], _) => lock(&bot.world).finish_part(chat, body(request)?),
        ("DELETE", ["messages", id], _) => {
            pace(shared, bot, "recall", 10)?;
            lock(&bot.world).recall(chat, id, now)
        }
        (method, rest, Chat::Group(group)) => group_calls(bot, (method, rest), group, request, now),
        _ => Err(Refusal::invalid()),
    }
}

fn group_calls(
    bot: &BotState,
    (method, rest): (&str, &[&str]),
    openid: &str,
    request: &Request,
    now: u64,
) -> Answered {
    let mut world = lock(&bot.world);
    let chat = Chat::Group(openid.to_owned());
    world.known(&chat)?;
    world.present(&chat)?;
    let members = world.member_list(openid);
    let no_content = world.options.no_content;
    let group = world.group(openid);
    match (method, rest) {
        ("GET", ["info"]) => Ok(Reply::json(&json!({"group_openid": openid, "group_name": group.name,
            "member_count": members.len(), "max_member_count": 500}))),
        ("GET", ["bot_state"]) => Ok(Reply::json(&json!({"member_openid": bot.app.user_id,
            "joined_at": rfc3339(now), "allow_proactive_msg": !group.refuses,
            "recv_msg_setting": "only_mention", "member_role": "member"}))),
        ("GET" | "POST", ["members"]) => {
            let number = |key: &str| request.json[key].as_u64().or_else(|| request.query(key)?.parse().ok());
            let start = number("start_index").unwrap_or(0) as usize;
            let limit = number("limit").unwrap_or(100).clamp(1, 500) as usize;
            let page: Vec<_> = members.iter().skip(start).take(limit).collect();
            let next = if start + limit < members.len() { start + limit } else { 0 };
            Ok(Reply::json(&json!({"members": page, "next_index": next})))
        }
        ("GET", ["join_request_list"]) => Ok(Reply::json(&json!({"join_requests": group.requests}))),
        ("POST", ["approval_join_request", member]) => {
            let waiting = group.requests.iter().position(|request| request["member_openid"] == *member);
            let waiting = waiting.ok_or_else(|| Refusal::new(40_054_003, "没有这个入群申请"))?;
            group.requests.remove(waiting);
            if request.json["approve"] == true || request.json["op"] == 1 {
                world.member(openid, member);
            }
            Ok(Reply::done(no_content))
        }
        _ => Err(Refusal::invalid()),
    }
}

fn guilds(
    shared: &Arc<Shared>,
    bot: &Arc<BotState>,
    request: &Request,
    (chat, rest): (&Chat, &[&str]),
) -> Answered {
    let now = shared.clock.now();
    match (request.method.as_str(), rest) {
        ("POST", []) => {
            let content_type = request.header("content-type").unwrap_or_default();
            let (json, image) = if content_type.starts_with("multipart/form-data") {
                let malformed = || Refusal::new(50_056, "malformed form");
                read_form(content_type, &request.body).ok_or_else(malformed)?
            } else {
                (body(request)?.clone(), None)
            };
            let (reply, sent) = lock(&bot.world).send_guild(chat, &json, image, now)?;
            if let Some(audit) = bot.audit(sent.is_active()) {
                return Ok(audit);
            }
            shared.sent.add(sent);
            Ok(reply)
        }
        ("DELETE", [id]) => lock(&bot.world).recall(chat, id, now),
        ("PUT" | "DELETE", [_, "reactions", _, _]) => {
            lock(&bot.world).known(chat)?;
            Ok(Reply::done(shared.options.no_content))
        }
        _ => Err(Refusal::invalid()),
    }
}
