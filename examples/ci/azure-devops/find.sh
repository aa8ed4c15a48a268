#!/usr/bin/env bash
# Finds, on Azure DevOps, the build whose plan was reviewed in the pull request of a merged commit. Leaves in $OUT:
# pull-request, head, digest, build and its definition; or the verdict `stale` when nothing that was reviewed is there.
#
#   COMMIT           the commit on the protected branch
#   PULL_REQUEST     its number, where the commit does not say (started by hand); otherwise empty
#   BRANCH           the protected branch, e.g. refs/heads/main
#   PLAN_DEFINITION, APPLY_DEFINITION  the numbers of the pipelines that plan
# shellcheck source=SCRIPTDIR/service.sh
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

: "${OUT:?}" "${BRANCH:?}"
must PLAN_DEFINITION '[0-9]+'
must APPLY_DEFINITION '[0-9]+'
mkdir -p "$OUT"
rm -f "$OUT/verdict" "$OUT/digest"

if [ -n "${PULL_REQUEST:-}" ]; then
  must PULL_REQUEST '[0-9]+'
else
  must COMMIT '[0-9a-f]{40,64}'
  jq -n --arg commit "$COMMIT" '{queries: [{type: "lastMergeCommit", items: [$commit]}]}' >"$OUT/query.json"
  PULL_REQUEST=$(ask POST "$repository/pullrequestquery?api-version=7.1" "$OUT/query.json" | jq -r --arg commit "$COMMIT" '
    [.results[] | .[$commit] // [] | .[] | select(.status == "completed") | .pullRequestId]
    | unique | if length == 1 then .[0] else empty end')
  [ -n "$PULL_REQUEST" ] || die "no single pull request was completed as $COMMIT; nothing is applied"
fi
head=$(ask GET "$repository/pullRequests/$PULL_REQUEST?api-version=7.1" | jq -r --arg branch "$BRANCH" \
  'select(.status == "completed" and .targetRefName == $branch).lastMergeSourceCommit.commitId')
[[ $head =~ ^[0-9a-f]{40,64}$ ]] || die "pull request $PULL_REQUEST was not completed into $BRANCH; nothing is applied"
result pull-request "$PULL_REQUEST"
result head "$head"

# What people saw: the newest thread of our own about a plan.
me=$(own_id)
ask GET "$repository/pullRequests/$PULL_REQUEST/threads?api-version=7.1" | jq -r --arg me "$me" --arg marker "$PLAN_MARKER" '
  [.value[] | select(.isDeleted | not) | .comments[0] // empty
    | select((.isDeleted | not) and .author.id == $me and ((.content // "") | startswith($marker)))]
  | max_by(.lastUpdatedDate) // {} | .content // empty' >"$OUT/comment.md"
read -r digest seen <<<"$(bound "$OUT/comment.md")" || true
if [ -z "${digest:-}" ] || [ "$seen" != "$head" ]; then
  echo "rolewright: no comment of ours shows a plan of $head"
  result verdict stale
  exit
fi
result digest "$digest"

# The newest build that planned this pull request: that of its validation, or one of the protected branch that planned anew.
# The tag with the digest tells them apart; whether the file is true to it, verify.sh finds out.
for where in "definitions=$PLAN_DEFINITION&branchName=refs/pull/$PULL_REQUEST/merge&resultFilter=succeeded" \
  "definitions=$APPLY_DEFINITION&branchName=$BRANCH"; do
  ask GET "$project/build/builds?$where&tagFilters=rolewright-${digest#sha256:}&queryOrder=queueTimeDescending&api-version=7.1"
done | jq -rs '[.[].value[]] | max_by(.id) // empty | "\(.id) \(.definition.id)"' >"$OUT/build-found"
read -r build definition <"$OUT/build-found" || true
if [ -z "${build:-}" ]; then
  echo 'rolewright: the plan that was reviewed is not kept any more'
  result verdict stale
  exit
fi
result build "$build"
result definition "$definition"
