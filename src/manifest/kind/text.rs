//! Texts with a form of their own, as the schemas describe them: identifiers, durations, instants, names.
//!
//! The schema of each has a `format` (checked with the same parser that reads the value, so that the two cannot disagree) and
//! where editors know no such format a `pattern` with a `patternErrorMessage` beside it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

text!(
    /// The schema of a GUID.
    Guid, {
        "title": "GUID",
        "description": "A GUID with hyphens.",
        "type": "string",
        "format": "uuid",
        "examples": ["5a9dbb0c-0000-4000-8000-000000000001"]
    }
);

text!(
    /// The schema of a [`crate::core::period::Period`].
    Duration, {
        "title": "Duration",
        "description": "A length of time in ISO 8601: days, hours, minutes, seconds. Years, months and weeks are unknown to the service.",
        "type": "string",
        "format": "duration",
        "pattern": "^P(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?$",
        "patternErrorMessage": "Expected an ISO 8601 duration of days, hours, minutes and seconds, e.g. P180D or PT8H",
        "examples": ["PT8H", "PT30M", "P15D", "P180D"]
    }
);

text!(
    /// The schema of an instant.
    Instant, {
        "title": "Instant",
        "description": "A date and time with an offset, in RFC 3339.",
        "type": "string",
        "format": "date-time",
        "examples": ["2027-06-30T00:00:00Z", "2027-06-30T18:00:00+02:00"]
    }
);

text!(
    /// The schema of `metadata.name`.
    Label, {
        "title": "Name",
        "description": "Lower-case letters, digits and hyphens, at most 63, beginning and ending with a letter or digit.",
        "type": "string",
        "pattern": "^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$",
        "patternErrorMessage": "Expected lower-case letters, digits and hyphens (at most 63), beginning and ending with a letter or digit",
        "examples": ["helpdesk-emea"]
    }
);

text!(
    /// The schema of a name that is looked up.
    Name, {
        "title": "Name",
        "description": "A name as the portal shows it, or an id. Blank at neither end.",
        "type": "string",
        "minLength": 1,
        "pattern": "^\\S(?:.*\\S)?$",
        "patternErrorMessage": "Expected a name that is not empty and has no blanks at its ends"
    }
);

text!(
    /// The schema of an ARM id.
    ArmId, {
        "title": "Azure scope id",
        "description": "The full id of an Azure scope.",
        "type": "string",
        "format": "arm-scope",
        "pattern": "^/",
        "patternErrorMessage": "Expected an Azure scope id, e.g. /subscriptions/{guid}/resourceGroups/{name}",
        "examples": ["/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg-net/providers/Microsoft.KeyVault/vaults/kv-prod"]
    }
);

text!(
    /// The schema of a reference to a scope.
    ScopeName, {
        "title": "Scope reference",
        "description": "The name of a Scope manifest, `tenant` for the whole directory, or the full id of an Azure scope.",
        "type": "string",
        "pattern": "^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?|/.*)$",
        "patternErrorMessage": "Expected the name of a Scope manifest, `tenant`, or an Azure scope id that begins with /",
        "examples": ["tenant", "emea", "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1"]
    }
);

text!(
    /// The schema of a mail address. Loose on purpose: the service decides.
    MailAddress, {
        "title": "Mail address",
        "description": "A mail address.",
        "type": "string",
        "pattern": "^[^\\s@,;]+@[^\\s@,;]+$",
        "patternErrorMessage": "Expected a mail address",
        "examples": ["soc@contoso.example"]
    }
);

/// The literal `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct True;

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match bool::deserialize(deserializer)? {
            true => Ok(Self),
            false => Err(serde::de::Error::custom("only `true` is possible")),
        }
    }
}

impl JsonSchema for True {
    fn schema_name() -> Cow<'static, str> {
        "True".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean", "const": true})
    }
}
