//! [`Weigh`](macro@crate::Weigh): the sum over fields, or over what the case carries.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let sum = match &input.data {
        Data::Struct(data) => {
            let fields = data.fields.iter().map(|field| &field.ident);
            quote!(0 #(+ crate::model::Weigh::held(&self.#fields))*)
        }
        Data::Enum(data) => {
            let arms = data.variants.iter().map(|case| {
                let name = &case.ident;
                match &case.fields {
                    Fields::Unit => quote!(Self::#name => 0),
                    _ => quote!(Self::#name(payload) => crate::model::Weigh::held(payload)),
                }
            });
            quote!(match self { #(#arms),* })
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "a union is no contract type")),
    };
    Ok(quote! {
        #[automatically_derived]
        impl crate::model::Weigh for #name {
            fn held(&self) -> usize { #sum }
        }
    })
}
