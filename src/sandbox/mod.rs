//! An embedded Entra tenant behind HTTP.
