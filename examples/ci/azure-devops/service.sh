# How the scripts for Azure DevOps talk to its REST API, as the build's own account. Sourced by them.
#
#   SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECTID, BUILD_REPOSITORY_ID  as Azure Pipelines sets them
#   SYSTEM_ACCESSTOKEN  has to be handed over by the pipeline
#
# shellcheck shell=bash disable=SC2034 # the addresses are for those who source this
# shellcheck source=SCRIPTDIR/../../../.github/actions/rolewright/step.sh
. "$ROLEWRIGHT_CI/step.sh"

must SYSTEM_COLLECTIONURI 'https://[A-Za-z0-9._/%-]+/'
must SYSTEM_TEAMPROJECTID '[0-9A-Fa-f-]{36}'
must BUILD_REPOSITORY_ID '[0-9A-Fa-f-]{36}'
: "${SYSTEM_ACCESSTOKEN:?}"
project=$SYSTEM_COLLECTIONURI$SYSTEM_TEAMPROJECTID/_apis
repository=$project/git/repositories/$BUILD_REPOSITORY_ID

# ask METHOD ADDRESS [FILE]: sends FILE as JSON and prints the answer. The token goes to curl by a pipe: an argument could be
# read by every process of the machine.
ask() {
  local body=()
  [ $# -lt 3 ] || body=(--data-binary "@$3")
  printf 'header = "Authorization: Bearer %s"\n' "$SYSTEM_ACCESSTOKEN" \
    | curl --config - --proto '=https' --fail --silent --show-error --max-time 120 --request "$1" \
      --header 'Content-Type: application/json' --header 'X-TFS-FedAuthRedirect: Suppress' \
      "${body[@]+"${body[@]}"}" "$2"
}

# Prints the id of the account that the token belongs to.
own_id() {
  ask GET "${SYSTEM_COLLECTIONURI}_apis/connectionData" | jq -er .authenticatedUser.id
}
