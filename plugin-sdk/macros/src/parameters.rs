//! From a method's signature to the code that reads its arguments, and to the usage line.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, FnArg, GenericArgument, Ident, ImplItemFn, Pat, PathArguments, Result, Type, TypeReference,
};

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
        .map(|typed| match &*typed.ty {
            Type::Reference(TypeReference { elem, mutability: None, .. }) => match &**elem {
                Type::Path(path) if !path.path.is_ident("str") => Ok(Parameter::View((**elem).clone())),
                other => Err(Error::new_spanned(
                    other,
                    "arguments are owned: `String`, or `Rest` for the whole text; a reference is for the event",
                )),
            },
            ty => {
                let Pat::Ident(name) = &*typed.pat else {
                    return Err(Error::new_spanned(&typed.pat, "give the argument a name, its usage shows it"));
                };
                Ok(Parameter::Argument(argument(name.ident.clone(), ty)))
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let mut arguments = parameters.iter().filter_map(Parameter::as_argument).peekable();
    while let Some(argument) = arguments.next() {
        if matches!(argument.shape, Shape::Many | Shape::Rest | Shape::OptionalRest)
            && arguments.peek().is_some()
        {
            return Err(Error::new_spanned(
                &argument.name,
                "this takes all that is left, so it must be the last",
            ));
        }
    }
    Ok(parameters)
}

fn argument(name: Ident, ty: &Type) -> Argument {
    let (shape, ty) = match (last_name(ty).as_deref(), inner(ty)) {
        (Some("Option"), Some(inner)) if last_name(inner).as_deref() == Some("Rest") => {
            (Shape::OptionalRest, inner)
        }
        (Some("Option"), Some(inner)) => (Shape::Optional, inner),
        (Some("Vec"), Some(inner)) => (Shape::Many, inner),
        (Some("Rest"), None) => (Shape::Rest, ty),
        _ => (Shape::One, ty),
    };
    Argument { name, shape, ty: ty.clone() }
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

    /// `<sides>`, `[sides]`, `[sides...]`, `<text...>`.
    pub(crate) fn usage(&self) -> String {
        let name = shown(&self.name);
        match self.shape {
            Shape::One => format!("<{name}>"),
            Shape::Optional => format!("[{name}]"),
            Shape::Many => format!("[{name}...]"),
            Shape::Rest => format!("<{name}...>"),
            Shape::OptionalRest => format!("[{name}...]"),
        }
    }

    /// An expression that reads it from `arguments`, as a word or as a mention.
    pub(crate) fn read_word(&self) -> TokenStream {
        let (name, ty) = (shown(&self.name), &self.ty);
        let mention = last_name(ty).as_deref() == Some("Mention");
        match (self.shape, mention) {
            (Shape::One, false) => quote!(arguments.one::<#ty>(#name)?),
            (Shape::Optional, false) => quote!(arguments.optional::<#ty>(#name)?),
            (Shape::Many, false) => quote!(arguments.many::<#ty>(#name)?),
            (Shape::One, true) => quote!(arguments.mention(#name)?),
            (Shape::Optional, true) => quote!(arguments.optional_mention(#name)?),
            (Shape::Many, true) => quote!(arguments.many_mentions(#name)?),
            (Shape::Rest, _) => quote!(arguments.rest(#name)?),
            (Shape::OptionalRest, _) => quote!(arguments.optional_rest()),
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

fn shown(name: &Ident) -> String {
    let name = name.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    name.trim_start_matches('_').to_owned()
}
