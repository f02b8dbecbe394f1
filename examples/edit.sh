#!/usr/bin/env bash
# Changes a picture with curl. Usage: PLANTAIN_API_KEY=sk-pl-… examples/edit.sh room.jpg "a prompt" edited
set -euo pipefail

url=${PLANTAIN_URL:-http://127.0.0.1:7878}
reference=$1
prompt=${2:-Keeping the room layout the same, replace the sofa with a low-profile sectional in cream.}
output=${3:-edited}
prompt=${prompt//\\/\\\\} prompt=${prompt//\"/\\\"} # as JSON wants it

# The picture goes through a file: a command line holds no megabytes.
body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  printf '{"model":"google/gemini-3.1-flash-image-preview","modalities":["image","text"],"messages":[{"role":"user","content":['
  printf '{"type":"text","text":"%s"},{"type":"image_url","image_url":{"url":"data:image/png;base64,' "$prompt"
  base64 --wrap=0 "$reference"
  printf '"}}]}]}'
} > "$body"

curl --fail-with-body --silent --show-error "$url/api/v1/chat/completions" \
  -H "Authorization: Bearer $PLANTAIN_API_KEY" \
  -H "Content-Type: application/json" \
  --data-binary @"$body" \
  | sed -E 's/.*"url":"data:image\/[a-z]+;base64,([^"]+)".*/\1/' \
  | base64 --decode > "$output"

echo "Saved $output"
