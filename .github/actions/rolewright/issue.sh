#!/usr/bin/env bash
# Keeps one issue of GitHub open while there is drift: opens it, edits it in place, closes it when the drift is gone.
# A failed look says nothing about drift, so it leaves the issue alone.
#
#   BODY      the file; its first line is the marker
#   EXIT_CODE that of drift
#   BOT       who we are; issues of others are left alone
#   RUN_URL   where the log is
#   GITHUB_REPOSITORY, GH_TOKEN
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

must GITHUB_REPOSITORY '[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+'
: "${BODY:?}" "${BOT:=github-actions[bot]}"
case ${EXIT_CODE:?} in
  0 | 2) ;;
  *) echo 'rolewright: drift is unknown; the issue stays as it is' && exit 0 ;;
esac
marker=$(marker_of "$BODY")
id=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues?state=open&per_page=100" \
  | jq -rs --arg bot "$BOT" --arg marker "$marker" '[.[][] | select(.pull_request == null and .user.login == $bot
      and .user.type == "Bot" and ((.body // "") | startswith($marker)))][0].number // empty')
case $EXIT_CODE:$id in
  2:) gh api --method POST "repos/$GITHUB_REPOSITORY/issues" -f 'title=rolewright: the tenant has drifted' -F "body=@$BODY" --silent ;;
  2:*) gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/$id" -F "body=@$BODY" --silent ;;
  0:) ;;
  0:*)
    gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$id/comments" \
      -f "body=The tenant matches the manifests again.${RUN_URL:+ [The run](${RUN_URL}).}" --silent
    gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/$id" -f state=closed -f state_reason=completed --silent
    ;;
esac
