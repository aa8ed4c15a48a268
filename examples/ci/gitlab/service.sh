# How the scripts for GitLab talk to its REST API, as the bot of a project access token. Sourced by them. Artifacts are fetched
# with the job's own token, so that the bot's need not have the role that may read them.
#
#   CI_API_V4_URL, CI_PROJECT_ID  as GitLab sets them
#   ROLEWRIGHT_TOKEN              the bot's token
#   CI_JOB_TOKEN                  the job's
#
# shellcheck shell=bash disable=SC2034 # the address is for those who source this
# shellcheck source=SCRIPTDIR/../../../.github/actions/rolewright/step.sh
. "$ROLEWRIGHT_CI/step.sh"

must CI_API_V4_URL 'https://[A-Za-z0-9._:/-]+'
must CI_PROJECT_ID '[0-9]+'
: "${ROLEWRIGHT_TOKEN:?}"
project=$CI_API_V4_URL/projects/$CI_PROJECT_ID

# ask METHOD ADDRESS [ARGUMENT…]: sends a request and prints the answer. The token goes to curl by a pipe: an argument could
# be read by every process of the machine.
ask() {
  local method=$1 address=$2
  shift 2
  printf 'header = "PRIVATE-TOKEN: %s"\n' "$ROLEWRIGHT_TOKEN" \
    | curl --config - --proto '=https' --fail --silent --show-error --max-time 120 --request "$method" "$@" "$address"
}

# fetch ADDRESS FILE: keeps an artifact as FILE. GitLab Free does not let a job's token fetch any; then the bot's has to.
fetch() {
  printf 'header = "JOB-TOKEN: %s"\n' "${CI_JOB_TOKEN:-}" \
    | curl --config - --proto '=https' --fail --silent --show-error --max-time 120 --request GET --location --output "$2" "$1" \
    || ask GET "$1" --location --output "$2"
}

# all ADDRESS: prints every page of a list, as one list.
all() {
  local page=1 rows joint='?'
  case $1 in *'?'*) joint='&' ;; esac
  while :; do
    rows=$(ask GET "$1${joint}per_page=100&page=$page")
    printf '%s\n' "$rows"
    [ "$(jq length <<<"$rows")" -eq 100 ] || break
    page=$((page + 1))
  done | jq -s add
}

# Prints the id of the bot that the token belongs to.
own_id() {
  ask GET "$CI_API_V4_URL/user" | jq -er .id
}
