"""Makes the sandbox's data from the reference data: python3 generate.py REFERENCE_FOLDER (one JSON line a role, for readable diffs)."""
import json
import pathlib
import sys

source, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
dense = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
# The two names in older answers of what Graph prints in the condition language (graph.md 2.2).
CONDITIONS = {
    "$SubjectIsOwner": "@Subject.objectId Any_of @Resource.owners",
    "$ResourceIsSelf": "@Subject.objectId == @Resource.objectId",
}
roles = json.loads((source / "entra-builtin-roles.json").read_text())["roles"]
actions = json.loads((source / "entra-resource-actions.json").read_text())["actions"]
rules = json.loads((source / "policies-defaults.json").read_text())["directoryRole"]["rules"]
# What live answers of Azure Resource Manager print: members without a value are left out (arm.md C.3).
live = lambda value: (
    {name: live(inner) for name, inner in value.items() if inner is not None and (name, inner) != ("claimValue", "")}
    if isinstance(value, dict) else [live(inner) for inner in value] if isinstance(value, list) else value
)
azure_rules = json.loads((source / "policies-defaults.json").read_text())["azureResource"]["rules"]
lines = [
    dense({
        "id": role["templateId"],
        "displayName": role["displayName"],
        "description": role["description"],
        "isPrivileged": role["isPrivileged"],
        "implicit": role["kind"] == "systemAssigned",
        "unitAssignable": role["auScopeAssignable"],
        "inherits": role["inheritsPermissionsFrom"],
        "permissions": [
            {"actions": p["allowedResourceActions"], "condition": CONDITIONS.get(p["condition"], p["condition"])}
            for p in role["rolePermissions"]
        ],
    })
    for role in sorted(roles, key=lambda role: role["templateId"])
]
(here / "directory_roles.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
(here / "resource_actions.json").write_text("[\n" + ",\n".join(dense(a["name"]) for a in actions) + "\n]\n")
(here / "directory_rules.json").write_text("[\n" + ",\n".join(dense(rule) for rule in rules) + "\n]\n")
(here / "azure_rules.json").write_text("[\n" + ",\n".join(dense(live(rule)) for rule in azure_rules) + "\n]\n")

azure = json.loads((source / "azure-builtin-roles.json").read_text())["roles"]
lines = [
    dense({
        "name": role["name"],
        "roleName": role["roleName"],
        "description": role["description"],
        "assignableScopes": role.get("assignableScopes") or ["/"],
        "permissions": [{name: value for name, value in permission.items() if value} for permission in role["permissions"]],
        "createdOn": role.get("createdOn"),
        "updatedOn": role.get("updatedOn"),
    })
    for role in sorted(azure, key=lambda role: role["name"])
]


def write(name, lines):
    """Writes a list; JSON may escape a slash, so that no action reads like a path of the machine that this was made on."""
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    for word in ("root", "Users"):
        text = text.replace("/" + word + "/", "\\/" + word + "\\/")
    (here / name).write_text(text)


write("azure_roles.json", lines)
providers = json.loads((source / "azure-provider-operations.json").read_text())["providers"]
lines = [
    # What is inferred or unknown is kept apart: nothing is refused on the strength of a guess.
    dense({"name": name, "operations": sorted(planes.get("c", [])), "dataOperations": sorted(planes.get("d", [])),
           "inferred": sorted(planes.get("ci", []) + planes.get("u", [])), "inferredData": sorted(planes.get("di", []))})
    for name, planes in sorted(providers.items())
]
write("azure_operations.json", lines)
