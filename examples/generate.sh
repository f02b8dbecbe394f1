#!/usr/bin/env bash
# One picture with curl. Usage: PLANTAIN_API_KEY=sk-pl-… examples/generate.sh "a prompt" picture
set -euo pipefail

url=${PLANTAIN_URL:-http://127.0.0.1:7878}
prompt=${1:-Generate an image of a serene mountain lake at sunrise, photorealistic.}
output=${2:-picture}
prompt=${prompt//\\/\\\\} prompt=${prompt//\"/\\\"} # as JSON wants it

curl --fail-with-body --silent --show-error "$url/api/v1/chat/completions" \
  -H "Authorization: Bearer $PLANTAIN_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "google/gemini-3.1-flash-image-preview",
    "messages": [{ "role": "user", "content": "'"$prompt"'" }],
    "modalities": ["image", "text"]
  }' \
  | sed -E 's/.*"url":"data:image\/[a-z]+;base64,([^"]+)".*/\1/' \
  | base64 --decode > "$output"

echo "Saved $output"
