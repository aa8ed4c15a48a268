#!/usr/bin/env bash
# Posts a text on a pull request of GitHub: one comment for each marker, edited in place.
#
#   BODY          the file; its first line is the marker
#   PULL_REQUEST  the number
#   BOT           who we are; comments of others are neither edited nor believed
#   GITHUB_REPOSITORY, GH_TOKEN
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

must PULL_REQUEST '[0-9]+'
must GITHUB_REPOSITORY '[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+'
: "${BODY:?}" "${BOT:=github-actions[bot]}"
[ -s "$BODY" ] || { echo 'rolewright: nothing to post'; exit 0; }
marker=$(marker_of "$BODY")
id=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments?per_page=100" \
  | jq -rs --arg bot "$BOT" --arg marker "$marker" \
    '[.[][] | select(.user.login == $bot and .user.type == "Bot" and (.body | startswith($marker)))][0].id // empty')
if [ -n "$id" ]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$BODY" --silent
else
  gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" -F "body=@$BODY" --silent
fi
