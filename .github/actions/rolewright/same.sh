#!/usr/bin/env bash
# same.sh REVIEWED FRESH: whether a plan that is about to be applied asks for nothing but what the merged manifests ask for
# now. Prints each change of REVIEWED that FRESH does not hold; exits with 5 then.
#
# The digest in a comment binds the file to the comment, and nothing more: whoever may push a branch may also change the
# pipeline on it, and have it post a comment about a plan of their own making. So the plan is believed only as far as a plan
# by the protected branch's own pipeline, from the merged manifests, says the same. What the latter holds beyond it (something
# that drifted since) stays pending and is no reason to refuse.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

[ $# -eq 2 ] || die 'usage: same.sh REVIEWED FRESH'
# Only where a change stands in the files, and since when it is due, may read differently. Its risk and reasons are what people
# judged it by, and what it requires or follows is its safeguard: that must not be left out of the reviewed plan, either.
differences=$(jq -nr --slurpfile reviewed "$1" --slurpfile fresh "$2" '
  def only: if length == 1 then .[0] else error("not one plan") end;
  def by_address: map({key: .address, value: .}) | from_entries;
  def work: del(.source, .since);
  def about: {format, tenantId, cloud, manifestsDigest, nonce, complete, overrides, targets,
    tenant: (.basis.tenant | del(.. | .at?))};
  ($reviewed | only) as $old | ($fresh | only) as $new
  | ($new.changes | map(work) | by_address) as $due
  | ($old.changes | by_address) as $held
  | ($new.relies // [] | by_address) as $relied
  | ($old | about) as $a | ($new | about) as $b
  | ($a | keys[] | select($a[.] != $b[.]) | "the plan: \(.) differs"),
    ($old.changes[] | work
      | if $due[.address] == null then "\(.address): not due any more"
        elif $due[.address] != . then "\(.address): differs"
        else .address as $of | (.requires // []) + (.follows // []) | map(.address) | unique[]
          | select($due[.] != null and $held[.] == null) | "\($of): requires \(.), which was left out"
        end),
    ($old.relies // [] | .[] | select($relied[.address] != .) | "\(.address): relied on, and differs"),
    (select(($old.changes | length) == ($new.changes | length) and ($old.relies | length) != ($new.relies | length))
      | "the plan: what it relies on differs")
    | gsub("[^ -~]"; "?") | gsub("##"; "# #") | gsub("::"; ": :")')
[ -n "$differences" ] || exit 0
# Names are in it: none may be a command of a build log, which GitHub finds at the beginning of a line and Azure DevOps anywhere.
printf '%s\n' "$differences" | sed 's/^/  - /'
exit 5
