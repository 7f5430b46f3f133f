"""The examples of the document that `/api/generate` comes from, letter by letter; they are run as they are."""

from __future__ import annotations

ORIGIN = "http://localhost:8000"
"""Where they expect the service; it is what tests replace."""

CURL = """\
# Generate an image
curl -X POST "http://localhost:8000/api/generate/image" \\
  -H "Content-Type: application/json" \\
  -d '{"prompt": "a red sports car"}'

# Generate a video
curl -X POST "http://localhost:8000/api/generate/video" \\
  -H "Content-Type: application/json" \\
  -d '{
    "image_urls": [
      "https://example.com/img1.jpg",
      "https://example.com/img2.jpg"
    ]
  }'

# Estimate cost
curl -X POST "http://localhost:8000/api/generate/estimate-cost" \\
  -H "Content-Type: application/json" \\
  -d '{"num_images": 10, "video_duration": 30}'

# Poll prediction
curl -X POST "http://localhost:8000/api/generate/poll" \\
  -H "Content-Type: application/json" \\
  -d '{"prediction_id": "abc123"}'
"""

PYTHON = """\
import requests

# Generate image
response = requests.post(
    "http://localhost:8000/api/generate/image",
    json={"prompt": "a red sports car"}
)
result = response.json()
print(f"Image URL: {result['image_url']}")

# Generate video
response = requests.post(
    "http://localhost:8000/api/generate/video",
    json={
        "image_urls": [
            "https://example.com/img1.jpg",
            "https://example.com/img2.jpg"
        ]
    }
)
result = response.json()
print(f"Video URL: {result['video_url']}")
"""
