//! rolewright keeps privileged access in Microsoft Entra PIM as files in Git.
//!
//! This library is what the `rolewright` binary is made of; it has no other user and promises nothing to one. Read this page
//! to find the room in which a line belongs.
//!
//! # The rooms
//!
//! | room | what it knows | may import |
//! |---|---|---|
//! | `cli` | flags, files of saved plans, exit codes; one file per verb | everything |
//! | `manifest` | YAML and file positions: load, parse, check, lower | `core`, `catalog` |
//! | `core` | what should change, and why: roles, settings, assignments, conditions, scopes and what contains them, chains through groups, diff, direction, risk, order, guards, checks across surfaces, the plan and what binds it. Pure and synchronous | `catalog` |
//! | `guardrail` | the organisation's own rules in Rego: folders of policies, what they are told, the process that evaluates them, what they say | `core` |
//! | `surface` | JSON field names and URL paths of Microsoft's: core to wire and back. Pure | `core`, `wire` |
//! | `transport` | tokens, status codes, paging, retries; the only room that opens sockets | `wire`, `clock` |
//! | `reconcile` | what is awaited, and in which sequence: survey, observe, apply, verify | `core`, `wire`, `surface`, `transport`, `clock` |
//! | `render` | words, tables and colour; text, JSON, Markdown, SARIF | `core`, `manifest::source` |
//! | `catalog` | embedded data: built-in roles, permissions, limits. Look-ups only | nothing of ours |
//! | `wire` | HTTP as data | nothing of ours |
//! | `clock` | now and sleep, passed in | nothing of ours |
//! | `sandbox` | pretends to be Microsoft: an Entra tenant and its Azure behind HTTP; shares no type with the client | `clock` |
//!
//! `tests/architecture.rs` holds the code to this table. A line with two rooms is two lines.
//!
//! # The walk
//!
//! One type per stage, one verb per stage; no stage asks an earlier one a question.
//!
//! 1. *load*: a path becomes texts; *parse*: a text becomes a tree with places, and the tree a typed document, checked against
//!    the schema of its kind.
//! 2. *check*: documents become diagnostics, offline, all of them at once. `validate` stops here.
//! 3. *references* collects every name, `reconcile` looks them up in batches, *lower* replaces names by ids: the desired state.
//!    Every item keeps its origin, a line of a manifest.
//! 4. *survey*: which scopes of Azure and which groups the manifests speak of, the *reach*, is known only with the hierarchy and
//!    with the list of groups that PIM manages. *observe*: a surface says what to ask, the transport fetches pages, the surface
//!    decodes them: the observed state. Canonical form is made in constructors, so that both compare by `==`.
//! 5. *diff*: desired and observed become changes, each field with its *direction*. What must be left alone was copied into desired
//!    before; the diff knows nothing of ignoring.
//! 6. *order*, *guard*, *risk*, the checks across surfaces over the graph of *chains* (who reaches which role through which groups),
//!    request ids minted from a nonce: the plan. It is data. *judge*: the organisation's policies see it and the state it leads to,
//!    and what they say becomes part of it. `plan` and `drift` render it and stop here.
//! 7. *preflight*, where it is asked for: the service judges the request of each assignment and carries none out. *apply*: what a
//!    change touches is read again, the surface encodes the change, the transport sends it, the surface says what the answer
//!    means: done, already so, pending or refused.
//! 8. *verify*: observe again, diff again. Empty is success.
//!
//! A dry run is not a flag: it is stopping after step 6. A saved plan enters there: `core::basis` says where planning looked and by what
//! it judged, so that steps 4 and 6 can be repeated without a manifest; `core::binding` says whether what was read then is there
//! still; steps 7 and 8 are the same.
//!
//! # Three surfaces
//!
//! One eligible assignment, from YAML to HTTP and back: `manifest::kind` names its role, `manifest::lower` makes it a
//! `core::target::Target` with a principal, and from there on no room knows which surface it is of. `core::capability` is the one
//! table of what PIM can do where; `surface::of` the one dispatch; `surface::pim` and `surface::rule` say what PIM's words and rules
//! mean wherever they stand, and each surface adds its paths and members.
//!
//! # The words
//!
//! Microsoft's word for Microsoft's thing, ours for ours, one word per thing. *Desired* is what the manifests want, *observed* what
//! was read, the *extent* what the manifests are authoritative for, a *change* one difference, a *plan* ordered changes, an *outcome*
//! what became of one, a *guard* a rule that refuses, the *basis* what a plan rests on besides its changes. `.github/CONTRIBUTING.md` has the whole list and the recipes for adding things.
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod core;
pub mod guardrail;
pub mod manifest;
pub mod reconcile;
pub mod render;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod surface;
pub mod transport;
pub mod wire;
