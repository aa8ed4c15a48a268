//! The stable codes of the complaints that reading manifests can raise, each with one sentence. `check` has its own table.

use crate::core::diagnostic::Severity;

/// A code with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The stable kebab-case word.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, one sentence.
    pub about: &'static str,
}

macro_rules! codes {
    ($($constant:ident $name:literal $severity:ident $about:literal;)*) => {
        $(#[doc = $about] pub(crate) const $constant: &str = $name;)*

        /// Every code of loading, parsing, the schemas and lowering.
        pub const CODES: &[Code] =
            &[$(Code { name: $name, severity: Severity::$severity, about: $about }),*];
    };
}

codes! {
    // files
    PATH_NOT_FOUND "path-not-found" Error "The path given does not exist.";
    NO_MANIFESTS "no-manifests" Error "The path holds no manifest; an empty folder never means `remove everything`.";
    UNREADABLE_FILE "unreadable-file" Error "A file or folder cannot be read, so nobody knows what it declares.";
    NOT_A_FILE "not-a-file" Error "Something with the name of a manifest is no regular file.";
    DANGLING_LINK "dangling-link" Error "A symbolic link leads nowhere.";
    LINK_LOOP "link-loop" Error "A symbolic link leads back to a folder that holds it.";
    FILE_TOO_LARGE "file-too-large" Error "A file, or all files together, are larger than the reader accepts.";
    BINARY_FILE "binary-file" Error "A manifest holds NUL bytes: it is no text, or text in another encoding.";
    INVALID_UTF8 "invalid-utf8" Error "A manifest is not encoded in UTF-8.";
    // YAML
    YAML_SYNTAX "yaml-syntax" Error "The text is no valid YAML.";
    DUPLICATE_KEY "duplicate-key" Error "A mapping has the same key twice.";
    KEY_NOT_TEXT "key-not-text" Error "A key of a mapping is no text.";
    MERGE_KEY "merge-key" Error "Merge keys (`<<`) are not part of YAML 1.2 and hide what a document says.";
    UNKNOWN_TAG "unknown-tag" Error "A value has a tag that manifests do not know.";
    DIRECTIVE "yaml-directive" Error "Manifests have no YAML directives.";
    LINE_SEPARATOR "line-separator" Error "A line break that YAML 1.1 and 1.2 read differently stands outside quotes.";
    BAD_NUMBER "number-out-of-range" Error "A number is too large or is not one that JSON knows.";
    ALIAS_LIMIT "alias-limit" Error "Aliases expand to more than the reader accepts.";
    ALIAS_LOOP "alias-loop" Error "An alias stands inside of what it refers to.";
    NESTING_LIMIT "nesting-limit" Error "Mappings and lists are nested deeper than the reader accepts.";
    TOO_MANY_MISTAKES "too-many-mistakes" Error "More mistakes were found than anybody reads; the rest is not shown.";
    DOCUMENT_LIMIT "document-limit" Error "There are more documents or values than the reader accepts.";
    // schema
    NOT_A_DOCUMENT "not-a-document" Error "A document is no mapping with apiVersion, kind, metadata and spec.";
    UNKNOWN_API_VERSION "unknown-api-version" Error "`apiVersion` is not one that this version reads.";
    UNKNOWN_KIND "unknown-kind" Error "`kind` is not one of the kinds of manifest.";
    UNKNOWN_KEY "unknown-key" Error "A key is not known at its place.";
    MISSING_KEY "missing-key" Error "A key that must be there is absent.";
    CONFLICTING_KEYS "conflicting-keys" Error "Keys exclude each other.";
    WRONG_TYPE "wrong-type" Error "A value has another type than its place needs; nothing is converted.";
    INVALID_VALUE "invalid-value" Error "A value is not one of those that are possible at its place.";
    INVALID_TEXT "invalid-text" Error "A text has not the form that its place needs.";
    INVALID_ID "invalid-id" Error "A text is no GUID.";
    INVALID_DURATION "invalid-duration" Error "A text is no length of time that the service knows.";
    INVALID_INSTANT "invalid-instant" Error "A text is no date and time with an offset.";
    INVALID_SCOPE "invalid-scope" Error "A text is no id of an Azure scope.";
    OUT_OF_RANGE "out-of-range" Error "A number is too small or too large.";
    EMPTY_LIST "empty-list" Error "A list has fewer items than its place needs.";
    // lowering
    NO_TENANT "no-tenant" Error "No Tenant manifest says which tenant is meant.";
    SEVERAL_TENANTS "several-tenants" Error "More than one Tenant manifest is given.";
    UNKNOWN_USER "unknown-user" Error "The tenant has no such user.";
    UNKNOWN_GROUP "unknown-group" Error "The tenant has no such group.";
    UNKNOWN_SERVICE_PRINCIPAL "unknown-service-principal" Error "The tenant has no such service principal.";
    UNKNOWN_ADMINISTRATIVE_UNIT "unknown-administrative-unit" Error "The tenant has no such administrative unit.";
    UNKNOWN_APPLICATION "unknown-application" Error "The tenant has no such app registration.";
    UNKNOWN_ENTERPRISE_APPLICATION "unknown-enterprise-application" Error "The tenant has no such enterprise application.";
    UNKNOWN_DIRECTORY_ROLE "unknown-directory-role" Error "Neither the tenant nor a manifest has such a directory role.";
    UNKNOWN_AZURE_ROLE "unknown-azure-role" Error "Neither Azure nor a manifest has such an Azure role.";
    UNKNOWN_MANAGEMENT_GROUP "unknown-management-group" Error "The tenant has no such management group.";
    UNKNOWN_SUBSCRIPTION "unknown-subscription" Error "The tenant has no such subscription.";
    UNKNOWN_AUTHENTICATION_CONTEXT "unknown-authentication-context" Error "The tenant has no such authentication context.";
    AMBIGUOUS_NAME "ambiguous-name" Error "A name means several objects.";
    UNREADABLE_NAME "unreadable-name" Error "A name could not be looked up, which is not the same as absent.";
    WRONG_PRINCIPAL_TYPE "wrong-principal-type" Error "An id belongs to another type of principal than the manifest says.";
    UNKNOWN_SCOPE "unknown-scope" Error "No Scope manifest has this name.";
    UNKNOWN_PROFILE "unknown-profile" Error "No SettingsProfile manifest has this name.";
    DUPLICATE_NAME "duplicate-name" Error "Two documents of one kind have the same name.";
    WRONG_SCOPE "wrong-scope" Error "A scope does not fit the role's surface.";
    MISSING_SCOPES "missing-scopes" Error "An Azure assignment or custom role says not where it holds.";
    INVALID_PATTERN "invalid-pattern" Error "A glob cannot be read.";
    INVALID_APPROVER "invalid-approver" Error "Somebody cannot be an approver.";
    WRONG_CONDITION "condition-on-wrong-surface" Error "Only assignments of Azure roles can have a condition.";
    EMPTY_FAN_OUT "empty-fan-out" Warning "No scope of the kinds asked for lies below the management group.";
    CONFLICTING_DECLARATION "conflicting-declaration" Error "Two manifests declare the same thing differently.";
    DUPLICATE_DECLARATION "duplicate-declaration" Warning "Two manifests declare the same thing.";
    IGNORED_DECLARATION "ignored-declaration" Error "Something is declared and ignored at once.";
    EXPIRED "expired" Warning "The end of an assignment has passed: the entry declares nothing any more.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_kebab_case_words() {
        let mut names: Vec<&str> = CODES.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
        }
    }
}
