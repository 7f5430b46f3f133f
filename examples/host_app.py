"""Mount the gateway in an app of your own, beside a route of yours that uses the client itself."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from tintype import ReplicateClient
from tintype.api import router

app = FastAPI(title="Video Generation API")
# /api/generate/image and all other routes; database and worker begin and end with the app.
app.include_router(router)


@lru_cache
def get_replicate_client() -> ReplicateClient:
    """Cached client instance for connection reuse."""
    return ReplicateClient()


@app.post("/sketch")
def sketch(prompt: str, client: Annotated[ReplicateClient, Depends(get_replicate_client)]) -> dict[str, Any]:
    return client.generate_image(prompt)


if __name__ == "__main__":
    # In production: uvicorn host_app:app
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000)) as http:
        durable = http.post("/api/generate/image", json={"prompt": "a red sports car"}).json()
        print("durable, budgeted, stored:", durable["success"], durable["image_url"])
        direct = http.post("/sketch", params={"prompt": "a red sports car"}).json()
        print("direct, good for an hour:", direct["success"], direct["image_url"])
    get_replicate_client().close()
