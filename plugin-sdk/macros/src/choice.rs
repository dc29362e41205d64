//! `#[derive(Choice)]`: an enum of plain names as an argument that is one of a few words.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Variant};

use crate::config::kebab;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "a choice is an enum: each of its names is a word"));
    };
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "there is nothing to choose"));
    }
    let words = data.variants.iter().map(word).collect::<Result<Vec<_>>>()?;
    for (index, word) in words.iter().enumerate() {
        if words[..index].iter().any(|other| other.value().eq_ignore_ascii_case(&word.value())) {
            return Err(Error::new(word.span(), format!("two choices are `{}`", word.value())));
        }
    }
    let idents = data.variants.iter().map(|variant| &variant.ident);
    let name = &input.ident;
    let list = words.iter().map(LitStr::value).collect::<Vec<_>>().join(", ");
    let unknown = format!("it is one of {list}");
    Ok(quote! {
        impl ::iglu_sdk::__private::Typed for #name {
            const KIND: ::iglu_sdk::__private::Kind = ::iglu_sdk::__private::Kind::choice(&[#(#words),*]);

            fn read(
                value: &::iglu_sdk::__private::Json,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                let word = value.written();
                #(if word.eq_ignore_ascii_case(#words) {
                    return ::core::result::Result::Ok(Self::#idents);
                })*
                ::core::result::Result::Err(::std::string::String::from(#unknown))
            }
        }
    })
}

/// `#[choice("南")]`, or the name in lower case with dashes.
fn word(variant: &Variant) -> Result<LitStr> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(variant, "a choice is a plain name, without fields"));
    }
    let own = variant.attrs.iter().find(|attribute| attribute.path().is_ident("choice"));
    let Some(own) = own else {
        return Ok(LitStr::new(&kebab(&variant.ident.to_string()), variant.ident.span()));
    };
    let word: LitStr = own
        .parse_args()
        .map_err(|error| Error::new(error.span(), "write the word: `#[choice(\"north\")]`"))?;
    if word.value().is_empty() || word.value().contains(char::is_whitespace) {
        return Err(Error::new(word.span(), "a choice is one word"));
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn what_is_no_choice_is_explained() {
        let table: Vec<(DeriveInput, &str)> = vec![
            (
                parse_quote!(
                    struct Way;
                ),
                "is an enum",
            ),
            (
                parse_quote!(
                    enum Way {}
                ),
                "nothing to choose",
            ),
            (
                parse_quote!(
                    enum Way {
                        North(u8),
                    }
                ),
                "without fields",
            ),
            (
                parse_quote!(
                    enum Way {
                        #[choice]
                        North,
                    }
                ),
                "write the word",
            ),
            (
                parse_quote!(
                    enum Way {
                        #[choice("far north")]
                        North,
                    }
                ),
                "one word",
            ),
            (
                parse_quote!(
                    enum Way {
                        North,
                        #[choice("NORTH")]
                        Up,
                    }
                ),
                "two choices are `NORTH`",
            ),
        ];
        for (input, reason) in table {
            let error = expand(&input).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
