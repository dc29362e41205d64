//! [`ContractJson`](crate::ContractJson): serde's own derive does the work on a twin of the type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Data, DataEnum, DataStruct, DeriveInput, Error, Fields, GenericArgument, PathArguments, Result, Type,
};

/// The twin keeps names and types only: the generators'
/// attributes belong to other derives.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a contract type has no generic parameters"));
    }
    let name = &input.ident;
    let remote = name.to_string();
    let twin = match &input.data {
        Data::Struct(data) => twin_record(data, &remote)?,
        Data::Enum(data) => twin_variant(data, &remote)?,
        Data::Union(_) => return Err(Error::new_spanned(name, "a union has no JSON form")),
    };
    Ok(quote! {
        const _: () = {
            #[derive(::serde::Serialize, ::serde::Deserialize)]
            #twin

            #[automatically_derived]
            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    Twin::serialize(self, serializer)
                }
            }

            #[automatically_derived]
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    Twin::deserialize(deserializer)
                }
            }
        };
    })
}

fn twin_record(data: &DataStruct, remote: &str) -> Result<TokenStream> {
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&data.fields, "a record has named fields"));
    };
    let fields = fields
        .named
        .iter()
        .map(|field| {
            let (name, ty) = (&field.ident, &field.ty);
            let form = json_form(ty)?;
            Ok(quote!(#form #name: #ty))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        #[serde(remote = #remote)]
        struct Twin { #(#fields),* }
    })
}

fn twin_variant(data: &DataEnum, remote: &str) -> Result<TokenStream> {
    let mut all_unit = true;
    let cases = data
        .variants
        .iter()
        .map(|case| {
            let name = &case.ident;
            match &case.fields {
                Fields::Unit => Ok(quote!(#name)),
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    all_unit = false;
                    let ty = &fields.unnamed[0].ty;
                    let form = json_form(ty)?;
                    Ok(quote!(#name(#form #ty)))
                }
                other => Err(Error::new_spanned(other, "a case carries nothing or one value")),
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let tagging = if all_unit { quote!() } else { quote!(tag = "type", content = "data",) };
    Ok(quote! {
        #[serde(remote = #remote, #tagging rename_all = "kebab-case")]
        enum Twin { #(#cases),* }
    })
}

/// The serde attribute that a field or payload of this type needs.
fn json_form(ty: &Type) -> Result<TokenStream> {
    if is_bytes(ty) {
        return Ok(quote!(#[serde(with = "crate::base64_json")]));
    }
    match argument_of(ty, "Option") {
        Some(inner) if is_bytes(inner) => Err(Error::new_spanned(ty, "optional bytes have no JSON form yet")),
        Some(_) => Ok(quote!(#[serde(default, skip_serializing_if = "::core::option::Option::is_none")])),
        None => Ok(quote!()),
    }
}

fn is_bytes(ty: &Type) -> bool {
    let is_u8 = |ty: &Type| matches!(ty, Type::Path(path) if path.path.is_ident("u8"));
    argument_of(ty, "Vec").is_some_and(is_u8)
}

/// The generators write `Vec` and `Option` with a path of their own in front, so only the last name counts.
fn argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let ty = match ty {
        Type::Paren(inner) => &inner.elem,
        Type::Group(inner) => &inner.elem,
        ty => ty,
    };
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == wrapper)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
            _ => None,
        },
        _ => None,
    }
}
