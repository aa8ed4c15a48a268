#!/usr/bin/env bash
# Applies exactly one plan, as the writing identity, behind the protected environment. Leaves $OUT/exit-code and the journal.
# Exits with 0 when all is done, with rolewright's code otherwise: 5 when the tenant has changed since, and then nothing
# was written.
#
#   PLAN    the file that verify.sh accepted
#   DIGEST  what the comment shows
#   FOLDER  the merged manifests: the plan must have been made from the same, byte for byte of meaning
#   FLAGS   further flags of rolewright's apply, separated by blanks
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

: "${OUT:?}" "${PLAN:?}" "${FOLDER:?}"
is_digest "${DIGEST:-}" || die 'DIGEST is not a digest'
mkdir -p "$OUT"
read -ra flags <<<"${FLAGS:-}"
code=0
rolewright apply "$FOLDER" --plan "$PLAN" --digest "$DIGEST" --yes --journal "$OUT/apply.jsonl" \
  "${flags[@]+"${flags[@]}"}" || code=$?
result exit-code "$code"
exit "$code"
