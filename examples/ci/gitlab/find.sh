#!/usr/bin/env bash
# Finds, on GitLab, the plan that was reviewed in the merge request of a merged commit. Leaves in $OUT: merge-request, head,
# and reviewed/plan.json with digest; or the verdict `stale` when nothing that was reviewed is there.
#
#   COMMIT         the commit on the protected branch
#   MERGE_REQUEST  its number, where the commit does not say (started by hand); otherwise empty
#   BRANCH         the protected branch
# shellcheck source=SCRIPTDIR/service.sh
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

: "${OUT:?}" "${BRANCH:?}"
mkdir -p "$OUT/reviewed"
rm -f "$OUT/verdict" "$OUT/digest"

stale() {
  printf 'rolewright: %s\n' "$1"
  result verdict stale
  exit 0
}

if [ -n "${MERGE_REQUEST:-}" ]; then
  must MERGE_REQUEST '[0-9]+'
else
  must COMMIT '[0-9a-f]{40,64}'
  MERGE_REQUEST=$(all "$project/repository/commits/$COMMIT/merge_requests" | jq -r --arg commit "$COMMIT" '
    [.[] | select(.state == "merged" and (.merge_commit_sha == $commit or .squash_commit_sha == $commit or .sha == $commit)).iid]
    | if length == 1 then .[0] else empty end')
  [ -n "$MERGE_REQUEST" ] || die "no single merge request was merged as $COMMIT; nothing is applied"
fi
head=$(ask GET "$project/merge_requests/$MERGE_REQUEST" | jq -r --arg branch "$BRANCH" --argjson project "$CI_PROJECT_ID" \
  'select(.state == "merged" and .target_branch == $branch and .source_project_id == $project).sha')
[[ $head =~ ^[0-9a-f]{40,64}$ ]] || die "merge request $MERGE_REQUEST of this project was not merged into $BRANCH; nothing is applied"
result merge-request "$MERGE_REQUEST"
result head "$head"

# What people saw: the newest of our own notes about a plan.
me=$(own_id)
all "$project/merge_requests/$MERGE_REQUEST/notes" | jq -r --argjson me "$me" --arg marker "$PLAN_MARKER" '
  [.[] | select(.author.id == $me and (.system | not) and (.body | startswith($marker)))]
  | max_by(.updated_at) // {} | .body // empty' >"$OUT/comment.md"
read -r digest seen <<<"$(bound "$OUT/comment.md")" || true
[ -n "${digest:-}" ] || stale 'no note of ours shows a plan'
[ "$seen" = "$head" ] || stale "the note is about $seen, and $head was merged"

# The jobs that plan: those of the merge request's pipelines, and those of the protected branch that planned anew.
{
  all "$project/merge_requests/$MERGE_REQUEST/pipelines" | jq -r '.[] | select(.status == "success") | "\(.id) plan"'
  all "$project/pipelines?ref=$BRANCH&updated_after=$(date -u -d '2 days ago' +%Y-%m-%dT%H:%M:%SZ)" | jq -r '.[] | "\(.id) replan"'
} | sort -rn >"$OUT/pipelines"
tried=0
while read -r pipeline name <&3; do
  [[ $pipeline =~ ^[0-9]+$ ]] || die 'a pipeline has no number'
  job=$(all "$project/pipelines/$pipeline/jobs" | jq -r --arg name "$name" \
    '[.[] | select(.name == $name and .artifacts_file != null)] | max_by(.id) // {} | .id // empty')
  [ -n "$job" ] || continue
  tried=$((tried + 1))
  fetch "$project/jobs/$job/artifacts/rolewright/plan.json" "$OUT/reviewed/plan.json"
  own=$(rolewright show "$OUT/reviewed/plan.json" --digest) || die "the plan of job $job was edited"
  if [ "$own" = "$digest" ]; then
    result digest "$digest"
    exit
  fi
done 3<"$OUT/pipelines"
[ "$tried" -eq 0 ] || die "no plan has the digest that the note shows, $digest; nothing is applied"
stale 'the plan is not kept any more'
