#!/usr/bin/env bash
# Finds, on GitHub, the plan that was reviewed in the pull request of a merged commit. Leaves in $OUT: pull-request, head, and
# reviewed/plan.json with digest; or the verdict `stale` when nothing that was reviewed is there.
#
#   COMMIT        the commit on the protected branch
#   PULL_REQUEST  its number, where the commit does not say (started by hand); otherwise empty
#   BRANCH        the protected branch
#   PLAN_WORKFLOW, APPLY_WORKFLOW  the files of the workflows that plan, e.g. rolewright-plan.yml
#   BOT           who comments; comments of others are not believed
#   GITHUB_REPOSITORY, GH_TOKEN
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

must GITHUB_REPOSITORY '[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+'
: "${OUT:?}" "${BRANCH:?}" "${PLAN_WORKFLOW:?}" "${APPLY_WORKFLOW:?}" "${BOT:=github-actions[bot]}"
mkdir -p "$OUT"
rm -f "$OUT/verdict" "$OUT/digest"
repository=repos/$GITHUB_REPOSITORY

stale() {
  printf 'rolewright: %s\n' "$1"
  result verdict stale
  exit 0
}

if [ -n "${PULL_REQUEST:-}" ]; then
  must PULL_REQUEST '[0-9]+'
else
  must COMMIT '[0-9a-f]{40,64}'
  PULL_REQUEST=$(gh api "$repository/commits/$COMMIT/pulls" \
    | jq -r --arg commit "$COMMIT" '[.[] | select(.merge_commit_sha == $commit)] | if length == 1 then .[0].number else empty end')
  [ -n "$PULL_REQUEST" ] || die "no single pull request was merged as $COMMIT; nothing is applied"
fi
head=$(gh api "$repository/pulls/$PULL_REQUEST" \
  | jq -r --arg branch "$BRANCH" 'select(.merged_at != null and .base.ref == $branch).head.sha')
[ -n "$head" ] || die "pull request $PULL_REQUEST was not merged into $BRANCH; nothing is applied"
[[ $head =~ ^[0-9a-f]{40,64}$ ]] || die 'the head is not a commit'
result pull-request "$PULL_REQUEST"
result head "$head"

# What people saw: the newest of our own comments about a plan.
gh api --paginate "$repository/issues/$PULL_REQUEST/comments?per_page=100" \
  | jq -rs --arg bot "$BOT" --arg marker "$PLAN_MARKER" '[.[][] | select(.user.login == $bot and .user.type == "Bot"
      and (.body | startswith($marker)))] | max_by(.updated_at) // {} | .body // empty' >"$OUT/comment.md"
read -r digest seen <<<"$(bound "$OUT/comment.md")" || true
[ -n "${digest:-}" ] || stale 'no comment of ours shows a plan'
[ "$seen" = "$head" ] || stale "the comment is about $seen, and $head was merged"

# Artifacts of that name may come from any run. Believed are those of the workflow that plans pull requests, when it
# succeeded, and of the one that applies, on the protected branch, where it made a new plan for review.
gh api --paginate "$repository/actions/artifacts?name=rolewright-plan-$head&per_page=100" \
  | jq -rs '[.[].artifacts[] | select(.expired | not)] | sort_by(.created_at) | reverse | .[].workflow_run.id' \
  | awk '!seen[$0]++' >"$OUT/runs"
while IFS= read -r run <&3; do
  [[ $run =~ ^[0-9]+$ ]] || die 'a run has no number'
  gh api "$repository/actions/runs/$run" | jq -e --arg plan "$PLAN_WORKFLOW" --arg apply "$APPLY_WORKFLOW" --arg branch "$BRANCH" \
    --arg repository "$GITHUB_REPOSITORY" '(.path | split("@")[0] | ltrimstr(".github/workflows/")) as $path
      | .head_repository.full_name == $repository and (
          ($path == $plan and .conclusion == "success" and .event == "pull_request")
          or ($path == $apply and .head_branch == $branch and (.event == "push" or .event == "workflow_dispatch")))' \
    >/dev/null || continue
  rm -rf "$OUT/reviewed"
  gh run download "$run" --repo "$GITHUB_REPOSITORY" --name "rolewright-plan-$head" --dir "$OUT/reviewed"
  { [ -f "$OUT/reviewed/plan.json" ] && [ ! -L "$OUT/reviewed/plan.json" ]; } || die "the artifact of run $run holds no plan"
  own=$(rolewright show "$OUT/reviewed/plan.json" --digest) || die "the plan of run $run was edited"
  if [ "$own" = "$digest" ]; then
    result digest "$digest"
    exit
  fi
done 3<"$OUT/runs"
[ ! -s "$OUT/runs" ] || die "no plan has the digest that the comment shows, $digest; nothing is applied"
stale 'the plan is not kept any more'
