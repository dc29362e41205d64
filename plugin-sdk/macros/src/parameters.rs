//! From a method's signature to the declaration of its arguments and options, the code that reads them, and the usage line.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Error, FnArg, GenericArgument, Ident, ImplItemFn, Pat, PatType, PathArguments, Result, Type,
    TypeReference, spanned::Spanned,
};

use crate::extra::{Extra, extra, is_ours};

/// How `self` is taken.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Receiver {
    None,
    Shared,
    Exclusive,
}

/// The parameters after `self`.
pub(crate) enum Parameter {
    /// `&T`: a view of the event or of the invocation.
    View(Type),
    /// Read from the user's words.
    Argument(Argument),
}

pub(crate) struct Argument {
    name: Ident,
    shape: Shape,
    ty: Type,
    extra: Extra,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    One,
    Optional,
    Many,
    Rest,
    OptionalRest,
}

pub(crate) fn receiver(method: &ImplItemFn) -> Result<Receiver> {
    match method.sig.receiver() {
        None => Ok(Receiver::None),
        Some(receiver) if receiver.reference.is_none() => {
            Err(Error::new_spanned(receiver, "a handler takes `&self` or `&mut self`"))
        }
        Some(receiver) if receiver.mutability.is_some() => Ok(Receiver::Exclusive),
        Some(_) => Ok(Receiver::Shared),
    }
}

pub(crate) fn parameters(method: &ImplItemFn) -> Result<Vec<Parameter>> {
    let parameters = method
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(typed) => Some(typed),
        })
        .map(parameter)
        .collect::<Result<Vec<_>>>()?;
    check_order(&parameters)?;
    let mut events = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::View(ty) if !is_named(ty, &["Invocation"]) => Some(ty),
        _ => None,
    });
    if let Some(second) = events.nth(1) {
        return Err(Error::new_spanned(
            second,
            "a handler is given one event; write a method for each kind, or take `&Event` for all kinds",
        ));
    }
    Ok(parameters)
}

/// Takes away what only these macros understand.
pub(crate) fn strip(method: &mut ImplItemFn) {
    for input in &mut method.sig.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(|attribute| !is_ours(attribute) && !attribute.path().is_ident("doc"));
        }
    }
}

/// Whether the last part of a type's path is one of these.
fn is_named(ty: &Type, names: &[&str]) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| names.iter().any(|name| segment.ident == name))
}

fn parameter(typed: &PatType) -> Result<Parameter> {
    match &*typed.ty {
        Type::Reference(TypeReference { elem, mutability: Some(_), .. }) => {
            let ty = elem.to_token_stream();
            Err(Error::new_spanned(&typed.ty, format!("an event is not changed; take it by `&{ty}`")))
        }
        ty if is_named(ty, &["MessageEvent", "Event", "Invocation"]) => {
            let ty = ty.to_token_stream().to_string().replace(' ', "");
            Err(Error::new_spanned(&typed.ty, format!("this is taken by reference: `&{ty}`")))
        }
        Type::Reference(TypeReference { elem, mutability: None, .. }) => match &**elem {
            Type::Path(path) if !path.path.is_ident("str") => {
                if let Some(attribute) = typed.attrs.iter().find(|attribute| is_ours(attribute)) {
                    return Err(Error::new_spanned(
                        attribute,
                        "the event is no argument; options and arguments are owned: `String`, `u32`",
                    ));
                }
                Ok(Parameter::View((**elem).clone()))
            }
            other => Err(Error::new_spanned(
                other,
                "arguments are owned: `String`, or `Rest` for the whole text; a reference is for the event",
            )),
        },
        ty => {
            let Pat::Ident(name) = &*typed.pat else {
                return Err(Error::new_spanned(&typed.pat, "give the argument a name, its usage shows it"));
            };
            let argument = argument(name.ident.clone(), ty, extra(&typed.attrs)?);
            argument.check()?;
            Ok(Parameter::Argument(argument))
        }
    }
}

/// Words are given out in order, so what takes them all is last, and what may be left out comes after what may not.
fn check_order(parameters: &[Parameter]) -> Result<()> {
    let arguments = parameters.iter().filter_map(Parameter::as_argument);
    let mut arguments = arguments.filter(|argument| !argument.is_option()).peekable();
    let mut left_out: Option<&Argument> = None;
    while let Some(argument) = arguments.next() {
        if matches!(argument.shape, Shape::Many | Shape::Rest | Shape::OptionalRest)
            && arguments.peek().is_some()
        {
            return Err(Error::new_spanned(
                &argument.name,
                "this takes all that is left, so it must be the last",
            ));
        }
        let takes_words = last_name(&argument.ty).as_deref() != Some("Image");
        match left_out {
            Some(before) if takes_words && argument.is_required() => {
                let before = shown(&before.name);
                let text =
                    format!("`{before}` before it may be left out, and this may not; change their order");
                return Err(Error::new_spanned(&argument.name, text));
            }
            None if takes_words && !argument.is_required() => left_out = Some(argument),
            _ => {}
        }
    }
    Ok(())
}

fn argument(name: Ident, ty: &Type, extra: Extra) -> Argument {
    let (shape, ty) = match (last_name(ty).as_deref(), inner(ty)) {
        (Some("Option"), Some(inner)) if last_name(inner).as_deref() == Some("Rest") => {
            (Shape::OptionalRest, inner)
        }
        (Some("Option"), Some(inner)) => (Shape::Optional, inner),
        (Some("Vec"), Some(inner)) => (Shape::Many, inner),
        (Some("Rest"), None) => (Shape::Rest, ty),
        _ => (Shape::One, ty),
    };
    Argument { name, shape, ty: ty.clone(), extra }
}

fn last_name(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

fn inner(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}

impl Parameter {
    pub(crate) fn as_argument(&self) -> Option<&Argument> {
        match self {
            Self::Argument(argument) => Some(argument),
            Self::View(_) => None,
        }
    }
}

impl Argument {
    pub(crate) fn name(&self) -> &Ident {
        &self.name
    }

    pub(crate) fn is_option(&self) -> bool {
        self.extra.attribute.is_some_and(|(kind, _)| kind == "option")
    }

    /// Where `#[option]` or `#[argument]` stands.
    pub(crate) fn attribute(&self) -> Option<proc_macro2::Span> {
        self.extra.attribute.map(|(_, span)| span)
    }

    /// Of options, in the way of command lines.
    fn shown(&self) -> String {
        match &self.extra.name {
            Some(name) => name.clone(),
            None if self.is_option() => shown(&self.name).replace('_', "-"),
            None => shown(&self.name),
        }
    }

    fn is_flag(&self) -> bool {
        last_name(&self.ty).as_deref() == Some("bool")
    }

    fn is_required(&self) -> bool {
        matches!(self.shape, Shape::One | Shape::Rest) && self.extra.default.is_none() && !self.is_flag()
    }

    fn check(&self) -> Result<()> {
        let wrong = |text: &str| Err(Error::new_spanned(&self.name, text));
        let Extra { default, min, max, .. } = &self.extra;
        if self.is_option() && matches!(self.shape, Shape::Rest | Shape::OptionalRest) {
            return wrong("the rest of the text is no option; drop `#[option]`");
        }
        if self.is_flag() && self.is_option() && self.shape != Shape::One {
            return wrong("a flag is there or not: `bool`");
        }
        if self.is_flag() && default.is_some() {
            return wrong("a flag is false if it is not there; it has no default");
        }
        if default.is_some() && !matches!(self.shape, Shape::One | Shape::Rest) {
            return wrong("with a default it is always there: drop the `Option` or `Vec`");
        }
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return wrong("`min` is more than `max`");
        }
        Ok(())
    }

    /// Its entry in the manifest.
    pub(crate) fn declaration(&self) -> Result<TokenStream> {
        if self.is_flag() && !self.is_option() {
            let name = &self.name;
            let text = format!("a `bool` is a flag: write `#[option] {name}: bool`, for `--{name}`");
            return Err(Error::new_spanned(&self.ty, text));
        }
        let Extra { default, short, min, max, help, .. } = &self.extra;
        let (name, kind) = (self.shown(), self.kind());
        let required = self.is_required();
        let many = self.shape == Shape::Many;
        let (default, short) = (optional(default.as_ref()), optional(short.as_ref()));
        let bound = |bound: &Option<i64>| {
            let bound = bound.map(|bound| match u64::try_from(bound) {
                Ok(bound) => quote!(private::Bound::Unsigned(#bound)),
                Err(_) => quote!(private::Bound::Signed(#bound)),
            });
            optional(bound.as_ref())
        };
        let (min, max) = (bound(min), bound(max));
        Ok(quote! {
            private::Argument {
                name: #name,
                required: #required,
                default: #default,
                many: #many,
                short: #short,
                help: #help,
                ..private::Argument::of(#kind).within(#min, #max)
            }
        })
    }

    fn kind(&self) -> TokenStream {
        let ty = &self.ty;
        quote_spanned!(ty.span()=> private::Of::<#ty>::KIND)
    }

    /// `<sides>`, `[sides]`, `[sides...]`, `<text...>`, `[--times ...]`.
    pub(crate) fn usage(&self) -> String {
        let name = self.shown();
        if self.is_option() {
            let value = if self.is_flag() { "" } else { " ..." };
            return if self.is_required() {
                format!("--{name}{value}")
            } else {
                format!("[--{name}{value}]")
            };
        }
        match (self.shape, &self.extra.default) {
            (Shape::One | Shape::Rest, Some(default)) => format!("[{name}={default}]"),
            (Shape::One, None) => format!("<{name}>"),
            (Shape::Rest, None) => format!("<{name}...>"),
            (Shape::Optional, _) => format!("[{name}]"),
            (Shape::Many | Shape::OptionalRest, _) => format!("[{name}...]"),
        }
    }

    /// An expression that reads it from `arguments`.
    pub(crate) fn read_value(&self) -> TokenStream {
        let (name, ty, kind, option) = (self.shown(), &self.ty, self.kind(), self.is_option());
        let default = optional(self.extra.default.as_ref());
        let wanted =
            quote!(&private::Wanted { name: #name, kind: #kind.name, option: #option, default: #default });
        let read = quote_spanned!(ty.span()=> private::Of::<#ty>::read);
        match self.shape {
            Shape::One | Shape::Rest => quote!(arguments.one(#wanted, #read)?),
            Shape::Optional | Shape::OptionalRest => quote!(arguments.optional(#wanted, #read)?),
            Shape::Many => quote!(arguments.many(#wanted, #read)?),
        }
    }

    /// An expression that reads it from a regular expression's group of this name, or else of this number.
    pub(crate) fn read_group(&self, number: usize) -> Result<TokenStream> {
        let (name, ty) = (shown(&self.name), &self.ty);
        match self.shape {
            Shape::One | Shape::Rest => Ok(quote!(arguments.group::<#ty>(#name, #number)?)),
            Shape::Optional | Shape::OptionalRest => {
                Ok(quote!(arguments.optional_group::<#ty>(#name, #number)?))
            }
            Shape::Many => Err(Error::new_spanned(&self.name, "a group is one value: no `Vec` here")),
        }
    }
}

fn optional<T: ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn shown(name: &Ident) -> String {
    let name = name.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    name.trim_start_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn declared(method: &ImplItemFn) -> Result<Vec<String>> {
        let parameters = parameters(method)?;
        let arguments = parameters.iter().filter_map(Parameter::as_argument);
        arguments.map(|argument| argument.declaration().map(|_| argument.usage())).collect()
    }

    #[test]
    fn parameters_become_arguments_and_options() {
        let method: ImplItemFn = parse_quote! {
            async fn roll(
                &self,
                event: &MessageEvent,
                sides: u32,
                #[argument(default = -1)] bonus: i32,
                /// Why.
                why: Option<Rest>,
                #[option(short = 't', default = 2, min = 1)] how_often: u8,
                #[option] loud: bool,
                #[option(name = "标签")] tags: Vec<String>,
            ) {}
        };
        let expected = ["<sides>", "[bonus=-1]", "[why...]", "[--how-often ...]", "[--loud]", "[--标签 ...]"];
        assert_eq!(declared(&method).unwrap(), expected);
        let mut stripped = method;
        strip(&mut stripped);
        assert!(!quote!(#stripped).to_string().contains('#'), "{}", quote!(#stripped));
    }

    #[test]
    fn what_cannot_work_is_explained() {
        let table: Vec<(ImplItemFn, &str)> = vec![
            (
                parse_quote!(
                    async fn f(a: &str) {}
                ),
                "arguments are owned",
            ),
            (
                parse_quote!(
                    async fn f(event: MessageEvent) {}
                ),
                "by reference: `&MessageEvent`",
            ),
            (
                parse_quote!(
                    async fn f(event: &mut Event<Poked>) {}
                ),
                "not changed",
            ),
            (
                parse_quote!(
                    async fn f(a: &MessageEvent, i: &Invocation, b: &Event<Poked>) {}
                ),
                "one event",
            ),
            (
                parse_quote!(
                    async fn f((a, b): (u8, u8)) {}
                ),
                "give the argument a name",
            ),
            (
                parse_quote!(
                    async fn f(a: Rest, b: u8) {}
                ),
                "must be the last",
            ),
            (
                parse_quote!(
                    async fn f(a: Vec<u8>, b: u8) {}
                ),
                "must be the last",
            ),
            (
                parse_quote!(
                    async fn f(a: Option<u8>, b: u8) {}
                ),
                "`a` before it may be left out",
            ),
            (
                parse_quote!(
                    async fn f(loud: bool) {}
                ),
                "write `#[option] loud: bool`",
            ),
            (
                parse_quote!(
                    async fn f(#[option] a: Option<bool>) {}
                ),
                "a flag is there or not",
            ),
            (
                parse_quote!(
                    async fn f(#[option(default = true)] a: bool) {}
                ),
                "a flag is false",
            ),
            (
                parse_quote!(
                    async fn f(#[option] a: Rest) {}
                ),
                "the rest of the text is no option",
            ),
            (
                parse_quote!(
                    async fn f(#[option(default = 1)] a: Option<u8>) {}
                ),
                "drop the `Option`",
            ),
            (
                parse_quote!(
                    async fn f(#[option(default = Way::North)] a: Way) {}
                ),
                "as users would",
            ),
            (
                parse_quote!(
                    async fn f(#[option(shrt = "t")] a: u8) {}
                ),
                "unknown key `shrt`",
            ),
            (
                parse_quote!(
                    async fn f(#[option(short = "ts")] a: u8) {}
                ),
                "one letter",
            ),
            (
                parse_quote!(
                    async fn f(#[argument(short = "t")] a: u8) {}
                ),
                "only an option has a short",
            ),
            (
                parse_quote!(
                    async fn f(#[option(name = "--a")] a: u8) {}
                ),
                "without dashes",
            ),
            (
                parse_quote!(
                    async fn f(#[option(min = 3, max = 1)] a: u8) {}
                ),
                "`min` is more",
            ),
            (
                parse_quote!(
                    async fn f(
                        #[option]
                        #[argument]
                        a: u8,
                    ) {
                    }
                ),
                "is enough",
            ),
            (
                parse_quote!(
                    async fn f(#[option] event: &MessageEvent) {}
                ),
                "the event is no argument",
            ),
        ];
        for (method, reason) in table {
            let error = declared(&method).unwrap_err().to_string();
            assert!(error.contains(reason), "{}: {error}", quote!(#method));
        }
    }
}
