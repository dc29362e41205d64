//! [`Lift`](macro@crate::Lift): the layout rules are in the trait; here are only the fields and cases in their order.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Error, Fields, Result};

/// More cases need a wider discriminant than the one byte that is read.
const MOST_CASES: usize = 256;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a contract type has no generic parameters"));
    }
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => record(data)?,
        Data::Enum(data) => variant(data)?,
        Data::Union(_) => return Err(Error::new_spanned(name, "a union is no contract type")),
    };
    Ok(quote! {
        #[automatically_derived]
        #[allow(unsafe_code, reason = "the canonical ABI is read from raw memory")]
        unsafe impl crate::abi::Lift for #name { #body }
    })
}

fn record(data: &DataStruct) -> Result<TokenStream> {
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&data.fields, "a record has named fields"));
    };
    let names = fields.named.iter().map(|field| &field.ident);
    let types: Vec<_> = fields.named.iter().map(|field| &field.ty).collect();
    Ok(quote! {
        const LAYOUT: crate::abi::Layout = crate::abi::Layout::of_record(&[
            #(<#types as crate::abi::Lift>::LAYOUT),*
        ]);

        unsafe fn lift(at: *const u8) -> Self {
            let mut fields = crate::abi::Fields::new(at);
            unsafe { Self { #(#names: fields.next()),* } }
        }
    })
}

fn variant(data: &DataEnum) -> Result<TokenStream> {
    if data.variants.len() > MOST_CASES {
        return Err(Error::new_spanned(&data.variants, "a variant has at most 256 cases"));
    }
    let mut payloads = Vec::new();
    let mut arms = Vec::new();
    for (number, case) in (0..=u8::MAX).zip(&data.variants) {
        let name = &case.ident;
        arms.push(match &case.fields {
            Fields::Unit => quote!(#number => Self::#name),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let ty = &fields.unnamed[0].ty;
                payloads.push(quote!(<#ty as crate::abi::Lift>::LAYOUT));
                quote!(#number => Self::#name(unsafe { crate::abi::Lift::lift(at.add(PAYLOAD)) }))
            }
            other => return Err(Error::new_spanned(other, "a case carries nothing or one value")),
        });
    }
    Ok(quote! {
        const LAYOUT: crate::abi::Layout = crate::abi::Layout::of_variant(&[#(#payloads),*]);

        unsafe fn lift(at: *const u8) -> Self {
            #[allow(dead_code, reason = "an enum has no payload")]
            const PAYLOAD: usize = crate::abi::Layout::payload(&[#(#payloads),*]);
            match unsafe { *at } {
                #(#arms,)*
                unknown => crate::abi::no_case(unknown),
            }
        }
    })
}
