#!/usr/bin/env bash
# Keeps one issue of GitLab open while there is drift: opens it, edits it in place, closes it when the drift is gone.
# A failed look says nothing about drift, so it leaves the issue alone.
#
#   BODY       the file; its first line is the marker
#   EXIT_CODE  that of drift
# shellcheck source=SCRIPTDIR/service.sh
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

: "${BODY:?}"
case ${EXIT_CODE:?} in
  0 | 2) ;;
  *) echo 'rolewright: drift is unknown; the issue stays as it is' && exit 0 ;;
esac
marker=$(marker_of "$BODY")
me=$(own_id)
id=$(all "$project/issues?state=opened&scope=all&author_id=$me" | jq -r --argjson me "$me" --arg marker "$marker" \
  '[.[] | select(.author.id == $me and ((.description // "") | startswith($marker)))][0].iid // empty')
case $EXIT_CODE:$id in
  # names people and weak spots: for members only
  2:) ask POST "$project/issues" --data-urlencode 'title=rolewright: the tenant has drifted' --data confidential=true \
    --data-urlencode "description@$BODY" >/dev/null ;;
  2:*) ask PUT "$project/issues/$id" --data-urlencode "description@$BODY" >/dev/null ;;
  0:) ;;
  0:*)
    ask POST "$project/issues/$id/notes" --data-urlencode 'body=The tenant matches the manifests again.' >/dev/null
    ask PUT "$project/issues/$id" --data state_event=close >/dev/null
    ;;
esac
