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


def directory_roles(folder):
    lines = ["# = id, name, kind, flags (p privileged, a assignable at administrative units), aliases; < inherits; ? condition; names"]
    for role in sorted(load(folder, "entra-builtin-roles.json")["roles"], key=lambda r: r["displayName"].lower()):
        flags = ("p" if role["isPrivileged"] else "") + ("a" if role["auScopeAssignable"] else "")
        lines.append("=" + "\t".join([role["templateId"], role["displayName"], role["kind"], flags or "-", ";".join(role.get("aliases") or [])]))
        lines += ["<" + parent for parent in sorted(role["inheritsPermissionsFrom"])]
        for block in role["rolePermissions"]:
            lines.append("?" + (block["condition"] or ""))
            lines += front_code(fold(block["allowedResourceActions"]))
    return lines


def directory_actions(folder):
    lines = ["# flags (p privileged, c documented for custom roles, d only default users hold it, - none), blank, name"]
    actions = sorted(load(folder, "entra-resource-actions.json")["actions"], key=lambda a: a["name"].lower())
    for action, name in zip(actions, front_code([a["name"] for a in actions])):
        flags = "".join(
            letter
            for letter, holds in (("p", action["isPrivileged"]), ("c", action.get("customRole")), ("d", action.get("defaultUserOnly")))
            if holds
        )
        lines.append((flags or "-") + " " + name)
    return lines


def azure_roles(folder):
    lines = ["# = id, name, flags (p privileged administrator role, c0 c1 … block with a condition, - none); ? a block; [ a list: a actions, n notActions, d dataActions, m notDataActions; names"]
    for role in sorted(load(folder, "azure-builtin-roles.json")["roles"], key=lambda r: r["roleName"].lower()):
        flags = "p" if role["privilegedAdministratorRole"] else ""
        flags += "".join("c%d" % at for at, block in enumerate(role["permissions"]) if block.get("condition"))
        lines.append("=" + "\t".join([role["name"], role["roleName"], flags or "-"]))
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


FILES = {
    "directory-roles.txt": directory_roles,
    "directory-actions.txt": directory_actions,
    "azure-roles.txt": azure_roles,
    "azure-operations.txt": azure_operations,
    "limits.txt": limits,
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
