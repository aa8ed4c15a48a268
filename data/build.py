#!/usr/bin/env python3
"""Turns the collected reference data into the compact files that the program embeds.

    python3 data/build.py FOLDER      # FOLDER holds entra-builtin-roles.json, limits.json and so on
    python3 data/build.py FOLDER --check

The output is text, sorted, one fact a line, so that an update shows as a readable difference. Names with many common
beginnings are front-coded by segment: a line starts with one base-36 digit, the number of leading segments (parts between
slashes) it shares with the name before it; the rest follows. Lines that begin with `#` are comments.

With --check nothing is written; the exit status says whether the committed files are fresh.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as handle:
        return json.load(handle)


def front_code(names):
    """Yields each name with its shared beginning replaced by one digit."""
    before = []
    for name in names:
        parts = name.split("/")
        shared = 0
        while shared < min(len(parts), len(before)) - 1 and parts[shared] == before[shared]:
            shared += 1
        yield DIGITS[shared] + "/".join(parts[shared:])
        before = parts


def fold(names):
    return sorted({name.strip() for name in names}, key=lambda name: (name.lower(), name))


TIERS = {"ControlPlane": "0", "ManagementPlane": "1", "UserAccess": "2"}


def directory_roles(folder):
    lines = ["# = id, name, kind, flags (p privileged, a assignable at administrative units), aliases, tier (0 control plane, 1 management plane, 2 user access, - unknown; o: not told by its permissions); < inherits; ? condition; names"]
    overrides = {one["id"]: one for one in load(folder, "escalation.json")["roleOverrides"]}
    for role in sorted(load(folder, "entra-builtin-roles.json")["roles"], key=lambda r: r["displayName"].lower()):
        flags = ("p" if role["isPrivileged"] else "") + ("a" if role["auScopeAssignable"] else "")
        lines.append("=" + "\t".join([role["templateId"], role["displayName"], role["kind"], flags or "-", ";".join(role.get("aliases") or []), tier(role, overrides)]))
        lines += ["<" + parent for parent in sorted(role["inheritsPermissionsFrom"])]
        for block in role["rolePermissions"]:
            lines.append("?" + (block["condition"] or ""))
            lines += front_code(fold(block["allowedResourceActions"]))
    return lines


def tier(role, overrides):
    override = overrides.get(role["templateId"])
    return TIERS[override["tier"]] + "o" if override else TIERS.get(role["tier"], "-")


def directory_actions(folder):
    lines = ["# flags (p privileged, c documented for custom roles, d only default users hold it; 0, 1, 2 tier; - none), blank, name"]
    actions = sorted(load(folder, "entra-resource-actions.json")["actions"], key=lambda a: a["name"].lower())
    for action, name in zip(actions, front_code([a["name"] for a in actions])):
        flags = "".join(
            letter
            for letter, holds in (("p", action["isPrivileged"]), ("c", action.get("customRole")), ("d", action.get("defaultUserOnly")))
            if holds
        )
        flags += TIERS.get(action.get("tier"), "")
        lines.append((flags or "-") + " " + name)
    return lines


def azure_roles(folder):
    lines = ["# = id, name, flags (p privileged administrator role, c0 c1 … block with a condition, - none), tier (0, 1, 2, - unknown; e: matches a pattern of known escalations); ? a block; [ a list: a actions, n notActions, d dataActions, m notDataActions; names"]
    for role in sorted(load(folder, "azure-builtin-roles.json")["roles"], key=lambda r: r["roleName"].lower()):
        flags = "p" if role["privilegedAdministratorRole"] else ""
        flags += "".join("c%d" % at for at, block in enumerate(role["permissions"]) if block.get("condition"))
        rank = TIERS.get(role["tier"], "-") + ("e" if role["escalationRisk"] else "")
        lines.append("=" + "\t".join([role["name"], role["roleName"], flags or "-", rank]))
        for block in role["permissions"]:
            lines.append("?")
            for letter, key in (("a", "actions"), ("n", "notActions"), ("d", "dataActions"), ("m", "notDataActions")):
                if block.get(key):
                    lines.append("[" + letter)
                    lines += front_code(fold(block[key]))
    return lines


def azure_operations(folder):
    lines = ["# plane (c control, d data: confirmed; i control, j data: inferred; u unknown), name"]
    letter = {"c": "c", "d": "d", "ci": "i", "di": "j", "u": "u"}
    planes = {
        provider + "/" + entry: letter[plane]
        for provider, lists in load(folder, "azure-provider-operations.json")["providers"].items()
        for plane, entries in lists.items()
        for entry in entries
    }
    names = sorted(planes, key=lambda name: (name.lower(), name))
    lines += [planes[name] + coded for name, coded in zip(names, front_code(names))]
    return lines


def limits(folder):
    data = load(folder, "limits.json")
    lines = ["# id, strength, kind, value (JSON), note; sources by id are in the data the file was made from"]
    for limit in sorted(data["limits"], key=lambda entry: entry["id"]):
        value = json.dumps(limit["value"], separators=(",", ":"))
        lines.append("\t".join([limit["id"], limit["strength"], limit["kind"], value, limit.get("note", "")]))
    return lines


def expand(regex):
    """Yields what a regular expression of the source stands for, as wildcards: `*` any run, `\\*` a star as written in a role.

    The expressions use literals, `.*`, alternatives in brackets and one optional letter only.
    """

    def parse(at, stop):
        """Returns the texts of alternatives up to a closing bracket or the end."""
        done, open_ = [], [""]
        while at < len(regex) and regex[at] not in stop:
            if regex[at] == "|":
                done, open_ = done + open_, [""]
                at += 1
                continue
            if regex[at] == "(":
                parts, at = parse(at + 1, ")")
                at += 1
            elif regex[at] == "\\":
                parts, at = ["\\*" if regex[at + 1] == "*" else regex[at + 1]], at + 2
            elif regex.startswith(".*", at):
                parts, at = ["*"], at + 2
            else:
                assert regex[at] not in ".*+?[]{}", regex
                parts, at = [regex[at]], at + 1
            if at < len(regex) and regex[at] == "?":
                parts, at = parts + [""], at + 1
            open_ = [before + part for before in open_ for part in parts]
        return done + open_, at

    assert regex.startswith("^") and regex.endswith("$"), regex
    regex = regex[1:-1]
    found, end = parse(0, "")
    assert end == len(regex), regex
    return found


def escalation(folder):
    data = load(folder, "escalation.json")
    roles = {role["displayName"]: role["templateId"] for role in load(folder, "entra-builtin-roles.json")["roles"]}
    lines = [
        "# p an attack path: id, severity, tier, name; its roles (e directory, z Azure) and actions (E directory, Z Azure)",
        "# t a tier group of Azure operations: tier, d data or c control plane, service; + a pattern of it, ! an exclusion",
        "# w a wildcard of Azure operations known for escalation; \\* is a star as written in a role",
        "# r who resets the password of a holder, s who changes the account of one: target, roles",
    ]
    systems = {"EntraID": "e", "Azure": "z"}
    for path in sorted(data["attackPaths"], key=lambda path: path["id"]):
        held = sorted({systems[role["system"]] + role["id"] for role in path["roles"] if role["system"] in systems})
        actions = sorted({systems[one["system"]].upper() + one["action"] for one in path["actions"] if one["system"] in systems})
        # what only other services' roles or application permissions hold is not ours to grant
        if held or actions:
            lines.append("p" + "\t".join([path["id"], path["severity"].lower(), TIERS[path["targetTier"]], path["name"]]))
            lines += held + actions
    for group in data["azureTiers"]:
        plane = {"DataAction": "d", None: "c"}[group.get("actionType")]
        lines.append("t" + "\t".join([TIERS[group["tier"]], plane, group["service"]]))
        lines += ["+" + name for name in fold(group["actions"])] + ["!" + name for name in fold(group.get("excluded", []))]
    lines += ["w" + wildcard for regex in data["azureEscalationPatterns"] for wildcard in expand(regex)]
    for letter, table in (("r", "passwordReset"), ("s", "sensitiveActions")):
        for row in data[table]["rows"]:
            target = roles.get(row["target"], row["target"])
            lines.append(letter + "\t".join([target] + sorted(roles[by] for by in row["by"])))
    return lines


FILES = {
    "directory-roles.txt": directory_roles,
    "directory-actions.txt": directory_actions,
    "azure-roles.txt": azure_roles,
    "azure-operations.txt": azure_operations,
    "limits.txt": limits,
    "escalation.txt": escalation,
}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    stale = []
    for name, make in FILES.items():
        text = "\n".join(make(sys.argv[1])) + "\n"
        path = os.path.join(HERE, name)
        if "--check" in sys.argv:
            with open(path, encoding="utf-8", newline="") as handle:
                stale += [name] if handle.read() != text else []
        else:
            with open(path, "w", encoding="utf-8", newline="\n") as handle:
                handle.write(text)
            print("%8d bytes  %s" % (len(text.encode()), name))
    if stale:
        sys.exit("stale: " + ", ".join(stale))


main()
