#!/usr/bin/env bash
# Puts a released rolewright on the path: one version, one checksum, both chosen by whoever set the pipeline up. Nothing is
# ever built from the change under review.
#
#   VERSION     v1.2.3, or `path` when rolewright is there already (an image of your own, or built from source)
#   SHA256      of the archive for this machine, from the release's SHA256SUMS as you read it when you chose the version
#   REPOSITORY  owner/name whose releases hold it
#   DESTINATION a folder
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/step.sh"

if [ "${VERSION:-}" = path ]; then
  rolewright --version
  exit
fi
must VERSION 'v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?'
must SHA256 '[0-9a-f]{64}'
must REPOSITORY '[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+'
: "${DESTINATION:?}"

case $(uname -s)-$(uname -m) in
  Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
  Linux-aarch64) target=aarch64-unknown-linux-gnu ;;
  Darwin-x86_64) target=x86_64-apple-darwin ;;
  Darwin-arm64) target=aarch64-apple-darwin ;;
  *) die "no release for $(uname -s) on $(uname -m)" ;;
esac
name=rolewright-$VERSION-$target
archive=$DESTINATION/$name.tar.gz
mkdir -p "$DESTINATION"
curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 --max-time 300 --output "$archive" \
  "https://github.com/$REPOSITORY/releases/download/$VERSION/$name.tar.gz"

sum=$(if command -v sha256sum >/dev/null; then sha256sum "$archive"; else shasum -a 256 "$archive"; fi)
[ "${sum%% *}" = "$SHA256" ] || die "$name.tar.gz is not the archive that was chosen: its checksum is ${sum%% *}"

# The checksum says that it is what you chose; the attestation, that the release workflow of the repository built it.
if command -v gh >/dev/null && [ -n "${GH_TOKEN:-}" ]; then
  gh attestation verify "$archive" --repo "$REPOSITORY" --signer-workflow "$REPOSITORY/.github/workflows/release.yml"
else
  echo 'rolewright: gh is not here or not signed in, so the attestation was not checked; the checksum was' >&2
fi

tar -xzf "$archive" -C "$DESTINATION" --strip-components 1
[ -z "${GITHUB_PATH:-}" ] || printf '%s\n' "$DESTINATION" >>"$GITHUB_PATH"
"$DESTINATION/rolewright" --version
