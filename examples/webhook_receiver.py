"""Create a prediction and be told of its end: a signed webhook, checked before it is read."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from tintype import Client, errors, webhooks

with Client() as client:
    secret = client.webhooks.secret().key
    ended: queue.Queue[str] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                webhooks.verify(dict(self.headers.items()), body, secret)
                prediction = webhooks.parse(body)
            except errors.WebhookRefused as refused:
                self.send_error(400, explain=str(refused))
                return
            self.send_response(204)
            self.end_headers()
            ended.put(f"{prediction.id} {prediction.status}")

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client.predictions.create(
        "black-forest-labs/flux-schnell",
        {"prompt": "a lighthouse"},
        webhook=f"http://127.0.0.1:{server.server_port}/ended",
        webhook_events=["completed"],
    )
    print(ended.get(timeout=30))
    server.shutdown()
    server.server_close()
