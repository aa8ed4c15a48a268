#!/usr/bin/env bash
# Posts a text on a pull request of Azure DevOps: one thread for each marker, edited in place.
#
#   BODY          the file; its first line is the marker
#   PULL_REQUEST  the number
# shellcheck source=SCRIPTDIR/service.sh
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

must PULL_REQUEST '[0-9]+'
: "${BODY:?}"
[ -s "$BODY" ] || { echo 'rolewright: nothing to post'; exit 0; }
marker=$(marker_of "$BODY")
me=$(own_id)
threads=$repository/pullRequests/$PULL_REQUEST/threads
at=$(ask GET "$threads?api-version=7.1" | jq -r --arg me "$me" --arg marker "$marker" '
  [.value[] | select(.isDeleted | not) | . as $thread | .comments[0] // empty
    | select((.isDeleted | not) and .author.id == $me and ((.content // "") | startswith($marker)))
    | "\($thread.id)/comments/\(.id)"][0] // empty')
message=$(mktemp)
trap 'rm -f "$message"' EXIT
if [ -n "$at" ]; then
  jq -n --rawfile text "$BODY" '{content: $text}' >"$message"
  ask PATCH "$threads/$at?api-version=7.1" "$message" >/dev/null
else
  # 4: closed, so that it holds nobody up who has to resolve all comments
  jq -n --rawfile text "$BODY" '{comments: [{parentCommentId: 0, commentType: 1, content: $text}], status: 4}' >"$message"
  ask POST "$threads?api-version=7.1" "$message" >/dev/null
fi
