//! What a parameter's attributes say: `#[option(..)]`, `#[argument(..)]`, doc comments.

use syn::{Attribute, Error, Expr, Lit, Meta, Result, UnOp, spanned::Spanned};

use crate::attributes::{self, Item, doc_text, unknown};

/// What `#[option(..)]`, `#[argument(..)]` and doc comments say.
#[derive(Default)]
pub(crate) struct Extra {
    /// The attribute's name and place.
    pub(crate) attribute: Option<(&'static str, proc_macro2::Span)>,
    pub(crate) name: Option<String>,
    /// As a user would write it.
    pub(crate) default: Option<String>,
    pub(crate) short: Option<char>,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) help: String,
}

pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("option") || attribute.path().is_ident("argument")
}

pub(crate) fn extra(attributes: &[Attribute]) -> Result<Extra> {
    let mut extra = Extra { help: doc_text(attributes), ..Extra::default() };
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        let kind = if attribute.path().is_ident("option") { "option" } else { "argument" };
        if extra.attribute.replace((kind, attribute.span())).is_some() {
            return Err(Error::new_spanned(attribute, "one `#[option]` or `#[argument]` is enough"));
        }
        let items = match &attribute.meta {
            Meta::Path(_) => Vec::new(),
            Meta::List(list) => attributes::parse(list.tokens.clone())?,
            Meta::NameValue(_) => return Err(Error::new_spanned(attribute, "write it with parentheses")),
        };
        for item in items {
            match (item.name(), kind) {
                ("name", _) => extra.name = Some(word(&item)?),
                ("default", _) => extra.default = Some(written(item.value()?)?),
                ("help", _) => extra.help = item.text()?,
                ("min", _) => extra.min = Some(item.integer()?),
                ("max", _) => extra.max = Some(item.integer()?),
                ("short", "option") => extra.short = Some(letter(&item)?),
                ("short", _) => {
                    return Err(Error::new(
                        item.span(),
                        "only an option has a short: `#[option(short = \"t\")]`",
                    ));
                }
                _ => {
                    return Err(unknown(
                        &item,
                        "`name`, `default`, `help`, `min`, `max`, and `short` of an option",
                    ));
                }
            }
        }
    }
    Ok(extra)
}

fn word(item: &Item) -> Result<String> {
    let name = item.text()?;
    let bad = |c: char| c.is_whitespace() || "=\"“”".contains(c);
    if name.is_empty() || name.starts_with('-') || name.contains(bad) {
        let text = format!("`{name}`: one word is wanted, without dashes in front");
        return Err(Error::new(item.value()?.span(), text));
    }
    Ok(name)
}

fn letter(item: &Item) -> Result<char> {
    let text = match item.value()? {
        Expr::Lit(syn::ExprLit { lit: Lit::Char(letter), .. }) => letter.value().to_string(),
        other => attributes::text(other)?,
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(letter), None) if letter.is_alphabetic() => Ok(letter),
        _ => Err(Error::new(item.value()?.span(), "one letter is wanted: `short = \"t\"`")),
    }
}

/// A default as users would write it.
fn written(value: &Expr) -> Result<String> {
    let teach = "write the default as users would: `default = 1`, `default = \"north\"`";
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Ok(text.value()),
            Lit::Char(letter) => Ok(letter.value().to_string()),
            Lit::Int(number) => Ok(number.base10_digits().to_owned()),
            Lit::Float(number) => Ok(number.base10_digits().to_owned()),
            Lit::Bool(_) => {
                Err(Error::new_spanned(value, "a flag is false if it is not there; it has no default"))
            }
            _ => Err(Error::new_spanned(value, teach)),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Ok(format!("-{}", written(&unary.expr)?)),
        other => Err(Error::new_spanned(other, teach)),
    }
}
