# What every step does: read its settings from the environment, leave its results in files and, on GitHub, as outputs.
# Sourced by the others. Settings come as environment variables and never as text of a script: a branch or a title may
# hold anything. Needs bash and jq; the scripts for GitHub need gh.
#
# shellcheck shell=bash disable=SC2034 # the constants are for those who source this
set -euo pipefail
export LC_ALL=C

# The longest text that is posted, in bytes: GitHub takes 65,536 characters.
LONGEST_BODY=65000

die() {
  printf 'rolewright: %s\n' "$*" >&2
  exit 1
}

# result NAME VALUE: leaves a word for the steps to come, as $OUT/NAME and as an output of the step on GitHub and Azure DevOps.
result() {
  [[ $2 =~ ^[A-Za-z0-9:-]*$ ]] || die "the result $1 is not a word"
  printf '%s\n' "$2" >"$OUT/$1"
  [ -z "${GITHUB_OUTPUT:-}" ] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
  [ -z "${TF_BUILD:-}" ] || printf '##vso[task.setvariable variable=%s;isOutput=true]%s\n' "$1" "$2"
}

# must NAME PATTERN: the variable is set and wholly of that form (an extended regular expression).
must() {
  local value=${!1:-}
  [[ $value =~ ^($2)$ ]] || die "$1 is not of the form $2"
}

is_digest() { [[ $1 =~ ^sha256:[0-9a-f]{64}$ ]]; }

# The first line of what rolewright renders: by it a comment or an issue is found again.
marker_of() {
  local line
  IFS= read -r line <"$1" || true
  [[ $line =~ ^'<!-- rolewright:'[A-Za-z0-9:,+-]+' -->'$ ]] || die "$1 does not begin with a marker"
  printf '%s\n' "$line"
}

# Entra writes tenants in lower case, and so do markers; whoever sets the pipeline up may not.
if [ -n "${AZURE_TENANT_ID:-}" ]; then
  AZURE_TENANT_ID=$(printf '%s' "$AZURE_TENANT_ID" | tr '[:upper:]' '[:lower:]')
  export AZURE_TENANT_ID
fi

# Whoever looks for the comment with the plan knows the tenant by the sign-in.
PLAN_MARKER="<!-- rolewright:plan:${AZURE_TENANT_ID:-}"

# failed_body COMMAND [WORDS]: leaves, as $OUT/body.md, that there is no plan (or drift). An older comment must not go on saying
# that all is well, so this is written before anything can go wrong.
failed_body() {
  if [[ ${AZURE_TENANT_ID:-} =~ ^[0-9a-f-]{36}$ ]]; then
    printf '<!-- rolewright:%s:%s -->\n## rolewright %s\n\n**Failed%s: there is no %s.**%s\n' \
      "$1" "$AZURE_TENANT_ID" "$1" "${2:-}" "$1" "${RUN_URL:+ [The run](${RUN_URL}).}" >"$OUT/body.md"
  fi
}

# bound FILE: reads the body of a comment and prints `DIGEST HEAD` of its second line, which plan.sh wrote. Names from the
# tenant cannot stand there: nothing rendered holds a line break of theirs.
bound() {
  local line
  line=$(sed -n '2{s/\r$//;p;}' "$1")
  if [[ $line =~ ^'<!-- rolewright-reviewed '(sha256:[0-9a-f]{64})' '([0-9a-f]{40,64})' -->'$ ]]; then
    printf '%s %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  fi
}
