//! One annotated method: its entry in the manifest and its arm of the dispatch.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, Expr, Ident, ImplItemFn, Meta, Result, ReturnType, spanned::Spanned};

use crate::{
    attributes::{self, Item, doc_text, unknown},
    cron,
    parameters::{Argument, Parameter, Receiver, parameters, receiver},
};

/// The names of the attributes that make a method a handler.
pub(crate) const TRIGGERS: [&str; 5] = ["command", "keyword", "regex", "on", "cron"];

pub(crate) struct Handler {
    /// What users call it, if it is a command, each with its place.
    pub(crate) names: Vec<(String, Span)>,
    /// For whom, where, and how early, in one text.
    pub(crate) scene: String,
    /// The entry's tokens for the manifest.
    pub(crate) entry: TokenStream,
    /// `"name" => { .. }`.
    pub(crate) arm: TokenStream,
}

struct Common {
    who: String,
    chats: String,
    to_me: bool,
    priority: i32,
    block: bool,
    cooldown: TokenStream,
    rate: TokenStream,
}

/// One handler for each trigger of the method; the second and later ones are named with a number.
pub(crate) fn handlers(method: &ImplItemFn, triggers: &[Attribute]) -> Result<Vec<Handler>> {
    if method.sig.asyncness.is_none() {
        let name = &method.sig.ident;
        let text = format!("a handler is an `async fn`; write `async fn {name}(..)`");
        return Err(Error::new_spanned(method.sig.fn_token, text));
    }
    triggers
        .iter()
        .enumerate()
        .map(|(index, trigger)| {
            let name = method.sig.ident.to_string();
            let name = name.strip_prefix("r#").unwrap_or(&name);
            let name = if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) };
            handler(method, trigger, &name)
        })
        .collect()
}

fn handler(method: &ImplItemFn, trigger: &Attribute, name: &str) -> Result<Handler> {
    let items = match &trigger.meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => attributes::parse(list.tokens.clone())?,
        Meta::NameValue(_) => return Err(Error::new_spanned(trigger, "write it with parentheses")),
    };
    let parameters = parameters(method)?;
    let kind = trigger.path().get_ident().map(Ident::to_string).unwrap_or_default();
    let mut usage = parameters
        .iter()
        .filter_map(Parameter::as_argument)
        .map(|argument| argument.usage())
        .collect::<Vec<_>>()
        .join(" ");
    let (mut rest, mut names) = (Vec::new(), Vec::new());
    let on = match kind.as_str() {
        "command" => {
            names = command_names(trigger, items, &mut rest)?;
            command(&names, &mut rest, &mut usage, &parameters, &doc_text(&method.attrs))?
        }
        "keyword" => {
            let words =
                positional(items, &mut rest).iter().map(attributes::text).collect::<Result<Vec<_>>>()?;
            not_empty(trigger, &words, "#[keyword(\"good morning\")]")?;
            quote!(Keyword { any: &[#(#words),*] })
        }
        "regex" => {
            let pattern =
                positional(items, &mut rest).iter().map(attributes::text).collect::<Result<Vec<_>>>()?;
            let [pattern] = pattern.as_slice() else {
                return Err(Error::new_spanned(trigger, "one pattern is wanted: `#[regex(r\"^\\d+$\")]`"));
            };
            quote!(Regex { pattern: #pattern })
        }
        "on" => {
            let kinds = kinds(trigger, items, &mut rest, &parameters)?;
            quote!(Event { kinds: &[#(#kinds),*] })
        }
        _ => cron_line(trigger, items, &mut rest)?,
    };
    let Common { who, chats, to_me, priority, block, cooldown, rate } = common(&rest)?;
    let entry = quote! {
        private::HandlerSpec {
            name: #name,
            on: private::Trigger::#on,
            who: #who,
            chats: #chats,
            to_me: #to_me,
            priority: #priority,
            block: #block,
            cooldown: #cooldown,
            rate: #rate,
        }
    };
    let scene = format!("{who} {chats} {to_me} {priority}");
    Ok(Handler { names, scene, entry, arm: arm(method, &kind, name, &usage, &parameters)? })
}

/// The command's name and its aliases.
fn command_names(trigger: &Attribute, items: Vec<Item>, rest: &mut Vec<Item>) -> Result<Vec<(String, Span)>> {
    let placed = |expr: &Expr| attributes::text(expr).map(|text| (text, expr.span()));
    let mut names = positional(items, rest).iter().map(placed).collect::<Result<Vec<_>>>()?;
    if names.len() != 1 {
        return Err(Error::new_spanned(trigger, "one name is wanted: `#[command(\"echo\")]`"));
    }
    if let Some(at) = rest.iter().position(|item| item.name() == "aliases") {
        let aliases = rest.remove(at);
        let place = aliases.value()?.span();
        names.extend(aliases.texts()?.into_iter().map(|alias| (alias, place)));
    }
    for (name, place) in &names {
        if name.is_empty()
            || name.split(' ').any(|part| part.is_empty() || part.contains(char::is_whitespace))
        {
            return Err(Error::new(
                *place,
                format!(
                    "`{name}`: a command is one word without its prefix, or with a sub-command, `note add`"
                ),
            ));
        }
        if let Some(bare) = name.strip_prefix(['/', '／']).filter(|bare| !bare.is_empty()) {
            return Err(Error::new(
                *place,
                format!(
                    "the prefix is the owner's to choose, so it is no part of the name; write \"{bare}\""
                ),
            ));
        }
    }
    Ok(names)
}

fn command(
    names: &[(String, Span)],
    rest: &mut Vec<Item>,
    usage: &mut String,
    parameters: &[Parameter],
    help: &str,
) -> Result<TokenStream> {
    let mut own_usage = String::new();
    if let Some(at) = rest.iter().position(|item| item.name() == "usage") {
        own_usage = rest.remove(at).text()?;
        usage.clone_from(&own_usage);
    }
    let mut names = names.iter().map(|(name, _)| name);
    let name = names.next();
    let aliases = names;
    let (options, arguments): (Vec<_>, Vec<_>) =
        parameters.iter().filter_map(Parameter::as_argument).partition(|argument| argument.is_option());
    let declare =
        |list: Vec<&Argument>| list.into_iter().map(Argument::declaration).collect::<Result<Vec<_>>>();
    let (arguments, options) = (declare(arguments)?, declare(options)?);
    Ok(quote! {
        Command {
            name: #name,
            aliases: &[#(#aliases),*],
            usage: #own_usage,
            help: #help,
            arguments: &[#(#arguments),*],
            options: &[#(#options),*],
        }
    })
}

fn kinds(
    trigger: &Attribute,
    items: Vec<Item>,
    rest: &mut Vec<Item>,
    parameters: &[Parameter],
) -> Result<Vec<TokenStream>> {
    let mut kinds = Vec::new();
    for item in items {
        match (&item.key, &item.value, &item.inner) {
            (Some(key), None, None) if key.name.starts_with(char::is_uppercase) => {
                let kind = Ident::new(&key.name, key.span);
                kinds.push(quote!(<::iglu_sdk::event::kind::#kind as ::iglu_sdk::event::Kind>::NAMES));
            }
            (None, Some(Expr::Path(path)), None) => {
                kinds.push(quote!(<#path as ::iglu_sdk::event::Kind>::NAMES));
            }
            (None, Some(other), None) => {
                return Err(Error::new_spanned(other, "name a kind of event: `#[on(MemberJoined)]`"));
            }
            _ => rest.push(item),
        }
    }
    if kinds.is_empty() {
        let Some(Parameter::View(ty)) = parameters.iter().find(|p| matches!(p, Parameter::View(_))) else {
            return Err(Error::new_spanned(trigger, "name a kind of event: `#[on(MemberJoined)]`"));
        };
        kinds.push(quote!(<#ty as private::View>::KINDS));
    }
    Ok(kinds)
}

fn cron_line(trigger: &Attribute, items: Vec<Item>, rest: &mut Vec<Item>) -> Result<TokenStream> {
    let lines = positional(items, rest);
    let [literal] = lines.as_slice() else {
        return Err(Error::new_spanned(trigger, "one line is wanted: `#[cron(\"0 8 * * *\")]`"));
    };
    let line = attributes::text(literal)?;
    cron::check(&line).map_err(|reason| Error::new_spanned(literal, reason))?;
    let zone = match rest.iter().position(|item| item.name() == "zone") {
        Some(index) => {
            let zone = rest.remove(index).text()?;
            quote!(::core::option::Option::Some(#zone))
        }
        None => quote!(::core::option::Option::None),
    };
    let missed = match rest.iter().position(|item| item.name() == "missed") {
        Some(index) => rest.remove(index).one_of(&["skip", "once"])?,
        None => "skip".to_owned(),
    };
    Ok(quote!(Cron { line: #line, zone: #zone, missed: #missed }))
}

/// Takes the values without a key; the others go to `rest`.
fn positional(items: Vec<Item>, rest: &mut Vec<Item>) -> Vec<Expr> {
    let mut values = Vec::new();
    for item in items {
        match item {
            Item { key: None, value: Some(value), .. } => values.push(value),
            keyed => rest.push(keyed),
        }
    }
    values
}

fn not_empty(trigger: &Attribute, words: &[String], example: &str) -> Result<()> {
    if words.is_empty() || words.iter().any(String::is_empty) {
        return Err(Error::new_spanned(trigger, format!("at least one word is wanted: `{example}`")));
    }
    Ok(())
}

fn common(items: &[Item]) -> Result<Common> {
    let mut common = Common {
        who: "everyone".to_owned(),
        chats: "any".to_owned(),
        to_me: false,
        priority: 0,
        block: false,
        cooldown: quote!(::core::option::Option::None),
        rate: quote!(::core::option::Option::None),
    };
    for item in items {
        match item.name() {
            "who" => common.who = item.one_of(&["everyone", "group-admin", "group-owner", "superuser"])?,
            "chats" => common.chats = item.one_of(&["any", "private", "group"])?,
            "to_me" => common.to_me = item.flag()?,
            "block" => common.block = item.flag()?,
            "priority" => {
                common.priority = i32::try_from(item.integer()?)
                    .map_err(|_| Error::new(item.span(), "`priority` must fit 32 bits"))?;
            }
            "cooldown" => common.cooldown = cooldown(item)?,
            "rate" => common.rate = rate(item)?,
            _ => {
                return Err(unknown(
                    item,
                    "`who`, `chats`, `to_me`, `priority`, `block`, `cooldown`, `rate`, for commands `aliases` and `usage`, for cron \
                     lines `zone` and `missed`",
                ));
            }
        }
    }
    Ok(common)
}

fn cooldown(item: &Item) -> Result<TokenStream> {
    let (mut seconds, mut per) = (None, "user".to_owned());
    match &item.inner {
        None => seconds = item.integer().ok(),
        Some(inner) => {
            for item in inner {
                match item.name() {
                    "seconds" => seconds = Some(item.integer()?),
                    "per" => per = item.one_of(&["user", "chat", "plugin"])?,
                    _ => return Err(unknown(item, "`seconds` and `per`")),
                }
            }
        }
    }
    match seconds.map(u32::try_from) {
        Some(Ok(seconds)) => Ok(quote! {
            ::core::option::Option::Some(private::Cooldown { seconds: #seconds, scope: #per })
        }),
        _ => {
            let place = item.value().map_or_else(|_| item.span(), Spanned::span);
            let text = "a cooldown is a whole number of seconds: `cooldown = 5`, or `cooldown(seconds = 5, per = \"chat\")`";
            Err(Error::new(place, text))
        }
    }
}

fn rate(item: &Item) -> Result<TokenStream> {
    const SHAPE: &str =
        "a rate is so many runs in so many seconds: `rate(count = 3, seconds = 60, per = \"chat\")`";
    let Some(inner) = &item.inner else { return Err(Error::new(item.span(), SHAPE)) };
    let (mut count, mut seconds, mut per) = (None, None, "user".to_owned());
    for item in inner {
        match item.name() {
            "count" => count = Some((item.integer()?, item)),
            "seconds" => seconds = Some((item.integer()?, item)),
            "per" => per = item.one_of(&["user", "chat", "plugin"])?,
            _ => return Err(unknown(item, "`count`, `seconds` and `per`")),
        }
    }
    let (Some((count, count_item)), Some((seconds, seconds_item))) = (count, seconds) else {
        return Err(Error::new(item.span(), SHAPE));
    };
    let count = u32::try_from(count).ok().filter(|count| (1..=1000).contains(count));
    let count = count.ok_or_else(|| Error::new(count_item.span(), "`count` is 1 to 1000"))?;
    let seconds = u32::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| Error::new(seconds_item.span(), "`seconds` is at least 1"))?;
    Ok(quote! {
        ::core::option::Option::Some(private::Rate { count: #count, seconds: #seconds, scope: #per })
    })
}

fn arm(
    method: &ImplItemFn,
    kind: &str,
    name: &str,
    usage: &str,
    parameters: &[Parameter],
) -> Result<TokenStream> {
    let method_name = &method.sig.ident;
    // By the type's name: a lock's guard has methods of its own, such as `drop`.
    let this = match receiver(method)? {
        Receiver::Shared => Some(quote!(&*plugin.read().await)),
        Receiver::Exclusive => Some(quote!(&mut *plugin.write().await)),
        Receiver::None => None,
    };
    let mut reads = Vec::new();
    let mut passed = Vec::from_iter(this);
    let mut views = Vec::new();
    for parameter in parameters {
        match parameter {
            Parameter::View(ty) => {
                let view = Ident::new(&format!("view_{}", views.len()), ty.span());
                views.push(quote!(let #view = <#ty as private::View>::of(&mut call)?;));
                passed.push(quote!(&#view));
            }
            Parameter::Argument(argument) => {
                if matches!(kind, "on" | "cron") {
                    return Err(Error::new_spanned(
                        argument.name(),
                        "only commands, keywords and patterns have arguments; take the event by reference",
                    ));
                }
                if let (true, Some(attribute)) = (kind != "command", argument.attribute()) {
                    return Err(Error::new(attribute, "only commands have options and declared arguments"));
                }
                let read = match kind {
                    "regex" => argument.read_group(reads.len() + 1)?,
                    _ => argument.read_value(),
                };
                let local = Ident::new(&format!("argument_{}", reads.len()), argument.name().span());
                reads.push(quote!(let #local = #read;));
                passed.push(quote!(#local));
            }
        }
    }
    let locals: Vec<_> =
        (0..reads.len()).map(|index| Ident::new(&format!("argument_{index}"), method.sig.span())).collect();
    let read = if reads.is_empty() {
        quote!()
    } else {
        let finish = if kind == "regex" { quote!() } else { quote!(arguments.finish()?;) };
        quote! {
            let read = |arguments: &mut private::Arguments<'_>| {
                #(#reads)*
                #finish
                ::core::result::Result::<_, private::BadArgument>::Ok((#(#locals,)*))
            };
            let (#(#locals,)*) = match read(&mut call.arguments()) {
                ::core::result::Result::Ok(read) => read,
                ::core::result::Result::Err(bad) => return call.refuse(&bad.0, #usage).await,
            };
        }
    };
    // What cannot be an answer is an error at the type that says so.
    let place = match &method.sig.output {
        ReturnType::Default => method_name.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    let answer = Ident::new("answer", place);
    let into_answer = quote_spanned!(place=> private::IntoAnswer::into_answer(#answer));
    Ok(quote! {
        #name => {
            #read
            #(#views)*
            let #answer = Self::#method_name(#(#passed),*).await;
            call.finish(#into_answer, #usage).await
        }
    })
}
