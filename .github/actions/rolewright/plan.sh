#!/usr/bin/env bash
# Plans, or looks for drift, and leaves in $OUT: plan.json (a plan only), body.md (what to post), exit-code, changes, digest.
# Exits with 0 whatever the verdict is, so that the verdict can be posted; finish.sh passes it on.
#
#   COMMAND     plan or drift
#   FOLDER      the manifests of one tenant, from here
#   BASE        the folder that holds the target branch; empty for no comparison. FOLDER is looked up in it, too
#   GUARDRAILS  folders of policies, one a line. Of the target branch: a change must not loosen its own judge
#   FLAGS       further flags of rolewright, separated by blanks
#   NONCE       that of another plan, so that both can be compared
#   HEAD        the commit that people review
#   RUN_URL     where the log is
#   FORMAT      text where what is posted is not shown as Markdown; otherwise empty
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

must COMMAND 'plan|drift'
: "${OUT:?}" "${FOLDER:?}"
mkdir -p "$OUT"
rm -f "$OUT/plan.json" "$OUT/body.md" "$OUT/digest"
failed_body "$COMMAND"

case $FOLDER in -*) die "a path may not begin with a dash: $FOLDER" ;; esac
# A link in a change could show a file of this machine as a piece of a broken manifest.
# They are counted and not named: a name could be a command of the build log.
links=$(find "$FOLDER" -type l -exec printf x ';' | wc -c)
[ "$links" -eq 0 ] || die "symbolic links are not read here: $((links)) below the folder of the manifests"
must FORMAT '(markdown|text)?'
arguments=("$COMMAND" "$FOLDER" --format "${FORMAT:-markdown}")
while IFS= read -r folder; do
  [ -z "$folder" ] || arguments+=(--guardrails "$folder")
done <<<"${GUARDRAILS:-}"
if [ "$COMMAND" = plan ]; then arguments+=(--out "$OUT/plan.json" --detailed-exitcode); fi
if [ "$COMMAND" = plan ] && [ -n "${BASE:-}" ] && [ -d "$BASE/$FOLDER" ]; then arguments+=(--base "$BASE/$FOLDER"); fi
if [ -n "${NONCE:-}" ]; then arguments+=(--nonce "$NONCE"); fi
read -ra flags <<<"${FLAGS:-}"
arguments+=("${flags[@]+"${flags[@]}"}")

code=0
rolewright "${arguments[@]}" >"$OUT/rendered.md" || code=$?

# 2 is changes or drift. Refused plans (3) and incomplete ones (1) are shown as well; they are not for applying.
if [ "$COMMAND" = plan ] && [ -s "$OUT/plan.json" ]; then
  digest=$(rolewright show "$OUT/plan.json" --digest) || die 'the plan that was just made does not hold together'
  is_digest "$digest" || die "not a digest: $digest"
  result digest "$digest"
fi

if [ "${FORMAT:-}" = text ] && [ -s "$OUT/rendered.md" ]; then
  must AZURE_TENANT_ID '[0-9a-f-]{36}'
  {
    printf '<!-- rolewright:%s:%s -->\n' "$COMMAND" "$AZURE_TENANT_ID"
    head -c $((LONGEST_BODY - 1000)) "$OUT/rendered.md"
    [ "$(wc -c <"$OUT/rendered.md")" -le $((LONGEST_BODY - 1000)) ] || printf '\nToo long: the rest is left out.\n'
    printf '\n%s\n' "${RUN_URL:-}"
  } >"$OUT/body-rendered.md"
  mv "$OUT/body-rendered.md" "$OUT/body.md"
  result exit-code "$code"
  result changes "$([ "$code" -eq 2 ] && echo true || echo false)"
  exit
fi
where=${RUN_URL:+ [The run](${RUN_URL}).}
if [ -s "$OUT/rendered.md" ]; then
  marker=$(marker_of "$OUT/rendered.md")
  {
    printf '%s\n' "$marker"
    if [ -n "${digest:-}" ] && [ -n "${HEAD:-}" ]; then
      must HEAD '[0-9a-f]{40,64}'
      printf '<!-- rolewright-reviewed %s %s -->\n' "$digest" "$HEAD"
    fi
    if [ "$(wc -c <"$OUT/rendered.md")" -gt $((LONGEST_BODY - 1000)) ]; then
      printf '## rolewright %s\n\n**Too long for a comment.** It is in the summary of the run.\n' "$COMMAND"
    else
      tail -n +2 "$OUT/rendered.md"
    fi
    printf '\n<sub>%s%s</sub>\n' "${HEAD:+Of commit $HEAD.}" "$where"
  } >"$OUT/body-rendered.md"
  mv "$OUT/body-rendered.md" "$OUT/body.md"
else
  failed_body "$COMMAND" " with exit code $code"
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s "$OUT/rendered.md" ]; then
  if [ "$(wc -c <"$OUT/rendered.md")" -lt 1000000 ]; then
    cat "$OUT/rendered.md" >>"$GITHUB_STEP_SUMMARY"
  else
    printf '**Too long to be shown**: see the uploaded plan.\n' >>"$GITHUB_STEP_SUMMARY"
  fi
fi
result exit-code "$code"
result changes "$([ "$code" -eq 2 ] && echo true || echo false)"
