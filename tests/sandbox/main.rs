//! The sandbox over HTTP, behaviour by behaviour (E1 to E23 of the reference for Microsoft Graph).

mod client;

mod control;
mod directory;
mod fault;
mod lag;
mod page;
mod policy;
mod request;
mod role;
mod seed;
mod state;
mod token;
