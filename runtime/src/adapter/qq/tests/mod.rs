//! What the parts of the adapter do together, on recorded payloads.

mod sending;
