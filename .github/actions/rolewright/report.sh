#!/usr/bin/env bash
# Writes, as $OUT/body.md, what became of an approved plan, to be posted where it was reviewed.
#
#   DIGEST     of the plan
#   EXIT_CODE  of rolewright apply; empty when it did not run; `unverified` when the plan was not found to be the reviewed one,
#              and then DIGEST may be empty
#   RUN_URL    where the log is
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

: "${OUT:?}"
mkdir -p "$OUT"
[ "${EXIT_CODE:-}" != unverified ] || DIGEST=unverified
is_digest "${DIGEST:-}" || [ "${DIGEST:-}" = unverified ] || die 'DIGEST is not a digest'
case ${EXIT_CODE:-} in
  0) what='**Applied.** A second plan is empty.' ;;
  3) what='**Refused** by a guard or a guardrail. Nothing was written.' ;;
  4) what='**Partly applied**, or still pending. Look at the run and its journal; the next plan shows what is left.' ;;
  5) what='**Not applied:** the tenant has changed since the review, or holds all of it already. Nothing was written.' ;;
  unverified) what='**Not applied:** the plan could not be verified. Nothing was written; the run says why.' ;;
  '') what='**Not known to be applied:** the run was rejected, cancelled or stopped. Look at it; the next plan shows what is left.' ;;
  *) what="**Failed** with exit code $EXIT_CODE. Look at the run and its journal." ;;
esac
# shellcheck disable=SC2016 # back-quotes of Markdown
{
  printf '<!-- rolewright:apply:%s -->\n%s%s\n' "$DIGEST" "$what" "${RUN_URL:+ [The run](${RUN_URL}).}"
  [ "$DIGEST" = unverified ] || printf '\n<sub>Plan digest `%s`.</sub>\n' "$DIGEST"
} >"$OUT/body.md"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf '%s\n' "$what" >>"$GITHUB_STEP_SUMMARY"
