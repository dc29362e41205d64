//! `key = value, flag, "literal", key(..)`: the one grammar of all attributes here.

use proc_macro2::{Span, TokenStream};
use syn::{
    Error, Expr, ExprLit, Ident, Lit, LitStr, Result, Token, UnOp, parenthesized,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
    spanned::Spanned,
};

/// One part of an attribute.
pub(crate) struct Item {
    pub(crate) key: Option<Key>,
    pub(crate) value: Option<Expr>,
    pub(crate) inner: Option<Vec<Item>>,
}

/// A name as it is written: an identifier, or a string where a name has other characters.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Span,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = if input.peek(Ident) && !input.peek2(Token![::]) {
            let ident: Ident = input.parse()?;
            Some(Key { name: ident.to_string(), span: ident.span() })
        } else if input.peek(LitStr) && input.peek2(Token![=]) {
            let text: LitStr = input.parse()?;
            Some(Key { name: text.value(), span: text.span() })
        } else {
            None
        };
        if key.is_none() {
            return Ok(Self { key, value: Some(input.parse()?), inner: None });
        }
        if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            return Ok(Self { key, value: None, inner: Some(items(&content)?) });
        }
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { key, value, inner: None })
    }
}

impl Item {
    pub(crate) fn span(&self) -> Span {
        match (&self.key, &self.value) {
            (Some(key), _) => key.span,
            (None, Some(value)) => value.span(),
            (None, None) => Span::call_site(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.key.as_ref().map_or("", |key| &key.name)
    }

    pub(crate) fn value(&self) -> Result<&Expr> {
        self.value.as_ref().ok_or_else(|| Error::new(self.span(), format!("`{}` needs a value", self.name())))
    }

    pub(crate) fn flag(&self) -> Result<bool> {
        match &self.value {
            None if self.inner.is_none() => Ok(true),
            Some(Expr::Lit(ExprLit { lit: Lit::Bool(on), .. })) => Ok(on.value),
            _ => Err(Error::new(self.span(), format!("`{}` is a flag: it is there or not", self.name()))),
        }
    }

    pub(crate) fn text(&self) -> Result<String> {
        text(self.value()?)
    }

    pub(crate) fn integer(&self) -> Result<i64> {
        let wrong = || Error::new(self.span(), format!("`{}` wants a whole number", self.name()));
        let (expr, sign) = match self.value()? {
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => (&*unary.expr, -1),
            expr => (expr, 1),
        };
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => {
                Ok(sign * int.base10_parse::<i64>().map_err(|_| wrong())?)
            }
            _ => Err(wrong()),
        }
    }

    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        match self.value()? {
            Expr::Array(array) => array.elems.iter().map(text).collect(),
            single => Ok(vec![text(single)?]),
        }
    }

    pub(crate) fn one_of(&self, allowed: &[&str]) -> Result<String> {
        let text = self.text()?;
        if allowed.contains(&text.as_str()) {
            return Ok(text);
        }
        Err(Error::new(
            self.value()?.span(),
            format!("`{}` is one of \"{}\"", self.name(), allowed.join("\", \"")),
        ))
    }
}

pub(crate) fn text(expr: &Expr) -> Result<String> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.value()),
        other => Err(Error::new_spanned(other, "a string is wanted here")),
    }
}

pub(crate) fn parse(tokens: TokenStream) -> Result<Vec<Item>> {
    items.parse2(tokens)
}

fn items(input: ParseStream<'_>) -> Result<Vec<Item>> {
    Ok(Punctuated::<Item, Token![,]>::parse_terminated(input)?.into_iter().collect())
}

pub(crate) fn unknown(item: &Item, known: &str) -> Error {
    Error::new(item.span(), format!("unknown key `{}`; known are {known}", item.name()))
}

/// The doc comment, its common indent of one space removed.
pub(crate) fn doc_text(attributes: &[syn::Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let syn::Meta::NameValue(meta) = &attribute.meta
            && let Ok(line) = text(&meta.value)
        {
            lines.extend(line.split('\n').map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()));
        }
    }
    lines.join("\n").trim().to_owned()
}
