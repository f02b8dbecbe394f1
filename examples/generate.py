"""One picture with Python and requests. Usage: PLANTAIN_API_KEY=sk-pl-... python3 examples/generate.py "a prompt" output.png"""

import base64
import os
import sys

import requests

API_KEY = os.environ["PLANTAIN_API_KEY"]
URL = os.environ.get("PLANTAIN_URL", "http://127.0.0.1:7878") + "/api/v1/chat/completions"


def generate_image(prompt, model="google/gemini-3.1-flash-image-preview"):
    response = requests.post(
        URL,
        headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
        json={"model": model, "messages": [{"role": "user", "content": prompt}], "modalities": ["image", "text"]},
        timeout=60,
    )
    response.raise_for_status()
    answer = response.json()
    print(f"{answer['usage']['cost']} USD, receipt {response.headers['X-Generation-Id']}")
    for image in answer["choices"][0]["message"].get("images", []):
        return base64.b64decode(image["image_url"]["url"].split(",", 1)[1])
    raise RuntimeError(f"No image in response: {answer}")


if __name__ == "__main__":
    prompt = sys.argv[1] if len(sys.argv) > 1 else "A cozy Scandinavian living room with a cream sofa, brass arc lamp, jute rug."
    output = sys.argv[2] if len(sys.argv) > 2 else "output.png"
    with open(output, "wb") as file:
        file.write(generate_image(prompt))
    print(f"Saved {output}")
