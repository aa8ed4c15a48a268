//! The only room that opens sockets: tokens, retries, paging, batches, throttling. It knows nothing of roles or plans.
//!
//! [`Client`] is one run's connection to one [`Cloud`]. It splits into a [`Reader`], which cannot change anything, and a
//! [`Writer`]. Tokens go only to the host of the cloud they were issued for, and no text that leaves this room holds one.

mod address;
mod auth;
mod batch;
mod bucket;
mod cause;
mod client;
mod cloud;
mod error;
mod origin;
mod page;
mod redact;
mod refusal;
mod retry;
mod send;
mod statistics;
mod throttle;
mod web;

pub use auth::{AuthError, AuthSettings, Claims, DevicePrompt, Method, ShowPrompt, Token, TokenSource};
pub use cause::Cause;
pub use client::{Client, ConnectSettings, Reader, RequestIds, Writer};
pub use cloud::{Cloud, CloudError, CloudName};
pub use error::TransportError;
pub use origin::{Origin, OriginError};
pub use statistics::{EndpointCount, Statistics};
pub use web::WebSettings;
