#!/usr/bin/env bash
# Keeps one work item of Azure DevOps open while there is drift: makes it, edits it in place, closes it when the drift is
# gone. A failed look says nothing about drift, so it leaves the work item alone.
#
#   BODY       the file; its first line is the marker
#   EXIT_CODE  that of drift
#   TYPE       the type of work item, e.g. Issue (Basic) or Task (Agile, Scrum)
#   CLOSED     its state when it is done, e.g. Done (Basic, Scrum) or Closed (Agile)
# shellcheck source=SCRIPTDIR/service.sh disable=SC2016 # variables of jq
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

: "${BODY:?}"
must TYPE '[A-Za-z ]+'
must CLOSED '[A-Za-z ]+'
case ${EXIT_CODE:?} in
  0 | 2) ;;
  *) echo 'rolewright: drift is unknown; the work item stays as it is' && exit 0 ;;
esac
marker=$(marker_of "$BODY")
tag=$(printf '%s' "$marker" | tr -c 'A-Za-z0-9' ' ' | xargs | tr ' ' '-')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

jq -n --arg tag "$tag" --arg closed "$CLOSED" '{query: ("SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
  + " AND [System.Tags] CONTAINS \u0027" + $tag + "\u0027 AND [System.State] <> \u0027" + $closed + "\u0027"
  + " AND [System.CreatedBy] = @me ORDER BY [System.Id]")}' >"$scratch/query.json"
id=$(ask POST "$project/wit/wiql?api-version=7.1" "$scratch/query.json" | jq -r '.workItems[0].id // empty')
# fields FILTER: a JSON patch. The description is HTML whatever the process, so what drift says comes as text; the marker is the tag.
fields() {
  jq -n --rawfile text "$BODY" --arg tag "$tag" --arg closed "$CLOSED" \
    'def put($field; $value): {op: "add", path: ("/fields/" + $field), value: $value};
     def body: put("System.Description"; "<pre>" + ($text | split("\n")[1:] | join("\n") | @html) + "</pre>");
     ['"$1"']' >"$scratch/fields.json"
}
change() {
  printf 'header = "Authorization: Bearer %s"\n' "$SYSTEM_ACCESSTOKEN" \
    | curl --config - --proto '=https' --fail --silent --show-error --max-time 120 --request "$1" \
      --header 'Content-Type: application/json-patch+json' --data-binary "@$scratch/fields.json" "$2" >/dev/null
}
case $EXIT_CODE:$id in
  2:)
    fields 'put("System.Title"; "rolewright: the tenant has drifted"), put("System.Tags"; $tag), body'
    change POST "$project/wit/workitems/\$${TYPE// /%20}?api-version=7.1"
    ;;
  2:*)
    fields 'body'
    change PATCH "$project/wit/workitems/$id?api-version=7.1"
    ;;
  0:) ;;
  0:*)
    fields 'put("System.State"; $closed), put("System.History"; "The tenant matches the manifests again.")'
    change PATCH "$project/wit/workitems/$id?api-version=7.1"
    ;;
esac
