#!/usr/bin/env bash
# Passes the verdict on, after it was posted: 0 and 2 (changes, drift) are fine, everything else fails the job.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

: "${OUT:?}"
code=$(cat "$OUT/exit-code")
case $code in
  0 | 2) exit 0 ;;
  3) echo 'rolewright: refused by a guard or a guardrail' >&2 ;;
  *) echo "rolewright: failed with exit code $code" >&2 ;;
esac
exit "$code"
