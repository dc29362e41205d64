//! `#[derive(Config)]`: a JSON Schema, and a `Deserialize` that knows the same defaults.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Data, DataEnum, DataStruct, DeriveInput, Error, Expr, Field, Fields, Ident, LitStr, Result,
    Type,
};

use crate::attributes::{self, doc_text, unknown};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a config type has no generic parameters"));
    }
    match &input.data {
        Data::Struct(data) => of_struct(input, data),
        Data::Enum(data) => of_enum(input, data),
        Data::Union(_) => Err(Error::new_spanned(&input.ident, "a union has no schema")),
    }
}

struct Entry<'a> {
    name: &'a Ident,
    key: String,
    ty: &'a Type,
    doc: String,
    default: Option<Expr>,
    secret: bool,
}

fn of_struct(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "a config is a struct with named fields"));
    };
    let entries = fields.named.iter().map(entry).collect::<Result<Vec<_>>>()?;
    let name = &input.ident;
    let doc = doc_text(&input.attrs);
    let properties = entries.iter().map(|Entry { key, ty, doc, default, secret, .. }| {
        let default = match default {
            Some(default) => quote! {{
                let default: #ty = #default;
                ::core::option::Option::Some(private::schema_value(&default))
            }},
            None => quote!(::core::option::Option::None),
        };
        quote!(schema.property::<#ty>(#key, #doc, #default, #secret);)
    });
    let twin = twin(name, &entries);
    let value = entries.iter().map(|Entry { name, key, .. }| {
        quote!(object.insert(::std::string::String::from(#key), private::schema_value(&self.#name));)
    });
    Ok(quote! {
        const _: () = {
            use ::iglu_sdk::__private as private;

            #twin

            impl ::iglu_sdk::Config for #name {
                fn schema() -> private::Value {
                    let mut schema = private::Schema::object(#doc);
                    #(#properties)*
                    schema.finish()
                }

                fn to_value(&self) -> private::Value {
                    let mut object = private::Map::new();
                    #(#value)*
                    private::Value::Object(object)
                }
            }
        };
    })
}

/// serde reads a twin whose fields name their defaults; unknown keys are the host's to refuse, by the schema.
fn twin(name: &Ident, entries: &[Entry<'_>]) -> TokenStream {
    let remote = name.to_string();
    let functions = entries.iter().enumerate().filter_map(|(index, entry)| {
        let (function, ty) = (format_ident!("default_{index}"), entry.ty);
        entry.default.as_ref().map(|default| quote!(fn #function() -> #ty { #default }))
    });
    let fields = entries.iter().enumerate().map(|(index, Entry { name, key, ty, default, .. })| {
        let default = default.as_ref().map(|_| {
            let function = format!("default_{index}");
            quote!(#[serde(default = #function)])
        });
        quote!(#[serde(rename = #key)] #default #name: #ty)
    });
    quote! {
        #(#functions)*

        #[derive(private::serde::Deserialize)]
        #[serde(crate = "::iglu_sdk::__private::serde", remote = #remote)]
        struct Twin { #(#fields),* }

        impl<'de> private::serde::Deserialize<'de> for #name {
            fn deserialize<D: private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                Twin::deserialize(deserializer)
            }
        }
    }
}

fn entry(field: &Field) -> Result<Entry<'_>> {
    let Some(name) = &field.ident else {
        return Err(Error::new_spanned(field, "a config's fields have names"));
    };
    let key = name.to_string();
    let key = key.strip_prefix("r#").unwrap_or(&key).to_owned();
    let (ty, doc) = (&field.ty, doc_text(&field.attrs));
    let mut entry = Entry { name, key, ty, doc, default: None, secret: false };
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("config")) {
        for item in attributes::parse(attribute.meta.require_list()?.tokens.clone())? {
            match item.name() {
                "default" => entry.default = Some(default_of(item.value()?)),
                "secret" => entry.secret = item.flag()?,
                _ => return Err(unknown(&item, "`default` and `secret`")),
            }
        }
    }
    Ok(entry)
}

/// A literal string becomes whatever owned type the field has.
fn default_of(value: &Expr) -> Expr {
    match value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
            syn::parse_quote!(::core::convert::From::from(#text))
        }
        other => other.clone(),
    }
}

fn of_enum(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let name = &input.ident;
    let mut idents = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(variant, "a choice in a config is a plain name, without fields"));
        }
        idents.push(&variant.ident);
    }
    let words: Vec<_> =
        idents.iter().map(|ident| LitStr::new(&kebab(&ident.to_string()), ident.span())).collect();
    let doc = choices_doc(input, data);
    Ok(quote! {
        const _: () = {
            use ::iglu_sdk::__private as private;

            impl<'de> private::serde::Deserialize<'de> for #name {
                fn deserialize<D: private::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    let word = <::std::string::String as private::serde::Deserialize>::deserialize(deserializer)?;
                    match word.as_str() {
                        #(#words => ::core::result::Result::Ok(Self::#idents),)*
                        other => ::core::result::Result::Err(private::serde::de::Error::unknown_variant(
                            other,
                            &[#(#words),*],
                        )),
                    }
                }
            }

            impl ::iglu_sdk::Config for #name {
                fn schema() -> private::Value {
                    private::Schema::choice(#doc, &[#(#words),*])
                }

                fn to_value(&self) -> private::Value {
                    private::Value::from(match self {
                        #(Self::#idents => #words,)*
                    })
                }
            }
        };
    })
}

fn choices_doc(input: &DeriveInput, data: &DataEnum) -> String {
    let documented = |attributes: &[Attribute]| doc_text(attributes);
    let mut lines = vec![documented(&input.attrs)];
    for variant in &data.variants {
        let doc = documented(&variant.attrs);
        if !doc.is_empty() {
            lines.push(format!("{}: {doc}", kebab(&variant.ident.to_string())));
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}
