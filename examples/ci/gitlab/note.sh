#!/usr/bin/env bash
# Posts a text on a merge request of GitLab: one note for each marker, edited in place.
#
#   BODY           the file; its first line is the marker
#   MERGE_REQUEST  the number in the project
# shellcheck source=SCRIPTDIR/service.sh
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

must MERGE_REQUEST '[0-9]+'
: "${BODY:?}"
[ -s "$BODY" ] || { echo 'rolewright: nothing to post'; exit 0; }
marker=$(marker_of "$BODY")
me=$(own_id)
notes=$project/merge_requests/$MERGE_REQUEST/notes
id=$(all "$notes" | jq -r --argjson me "$me" --arg marker "$marker" \
  '[.[] | select(.author.id == $me and (.system | not) and (.body | startswith($marker)))][0].id // empty')
if [ -n "$id" ]; then
  ask PUT "$notes/$id" --data-urlencode "body@$BODY" >/dev/null
else
  ask POST "$notes" --data-urlencode "body@$BODY" >/dev/null
fi
