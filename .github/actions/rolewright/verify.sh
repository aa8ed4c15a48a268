#!/usr/bin/env bash
# Decides whether a reviewed plan may be applied, as the reading identity, on the protected branch. Leaves $OUT/verdict:
#   same   it is the plan that people saw, and what the merged manifests ask for: apply exactly this
#   empty  it holds no changes: nothing to apply
#   stale  it is not, any more: somebody has to review a new one
# Fails where something was tampered with.
#
#   REVIEWED  the file, from the pull request's pipeline
#   DIGEST    what the comment shows
#   and the settings of plan.sh
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

: "${OUT:?}" "${REVIEWED:?}"
is_digest "${DIGEST:-}" || die 'DIGEST is not a digest'
mkdir -p "$OUT"
{ [ -f "$REVIEWED" ] && [ ! -L "$REVIEWED" ]; } || die 'the reviewed plan is not a file'
own=$(rolewright show "$REVIEWED" --digest) || die 'the reviewed plan was edited or is not a plan'
[ "$own" = "$DIGEST" ] || die "the plan has the digest $own, the reviewed comment shows $DIGEST"
if [ "$(jq '.changes | length' "$REVIEWED")" -eq 0 ]; then
  result verdict empty
  exit
fi
NONCE=$(jq -r .nonce "$REVIEWED")
export NONCE
must NONCE '[A-Za-z0-9-]{1,100}'

fresh=$OUT/fresh
GITHUB_OUTPUT='' GITHUB_STEP_SUMMARY='' TF_BUILD='' COMMAND=plan BASE='' OUT=$fresh "$(dirname "${BASH_SOURCE[0]}")/plan.sh"
code=$(cat "$fresh/exit-code")
case $code in 0 | 2) ;; *) die "a plan of the merged manifests fails with exit code $code; nothing is applied" ;; esac
expired=$(jq -nr --slurpfile reviewed "$REVIEWED" --slurpfile fresh "$fresh/plan.json" '
  def at: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601;
  ($reviewed[0].expiresAt | at) <= ($fresh[0].createdAt | at)')
if [ "$expired" = true ]; then
  echo 'The reviewed plan is stale: it has expired.'
  result verdict stale
  exit
fi
code=0
differences=$("$(dirname "${BASH_SOURCE[0]}")/same.sh" "$REVIEWED" "$fresh/plan.json") || code=$?
case $code in
  0) result verdict same ;;
  5)
    printf 'The reviewed plan is stale:\n%s\n' "$differences"
    result verdict stale
    ;;
  *) die 'the plans could not be compared' ;;
esac
