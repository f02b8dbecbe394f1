"""Changes a picture with Python and requests. Usage: PLANTAIN_API_KEY=sk-pl-... python3 examples/edit.py room.jpg "a prompt" edited.png"""

import base64
import os
import sys
from pathlib import Path

import requests

API_KEY = os.environ["PLANTAIN_API_KEY"]
URL = os.environ.get("PLANTAIN_URL", "http://127.0.0.1:7878") + "/api/v1/chat/completions"


def edit_image(reference_path, prompt, model="google/gemini-3.1-flash-image-preview"):
    data_url = "data:image/png;base64," + base64.b64encode(Path(reference_path).read_bytes()).decode()
    response = requests.post(
        URL,
        headers={"Authorization": f"Bearer {API_KEY}"},
        json={
            "model": model,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": prompt},
                        {"type": "image_url", "image_url": {"url": data_url}},
                    ],
                }
            ],
            "modalities": ["image", "text"],
        },
        timeout=60,
    )
    response.raise_for_status()
    message = response.json()["choices"][0]["message"]
    return base64.b64decode(message["images"][0]["image_url"]["url"].split(",", 1)[1])


if __name__ == "__main__":
    output = sys.argv[3] if len(sys.argv) > 3 else "edited.png"
    Path(output).write_bytes(edit_image(sys.argv[1], sys.argv[2]))
    print(f"Saved {output}")
