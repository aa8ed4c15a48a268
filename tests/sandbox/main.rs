//! The sandbox over HTTP, behaviour by behaviour (E1 to E23 of the reference for Microsoft Graph).

mod client;

mod policy;
mod request;
