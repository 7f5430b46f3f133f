"""Safe AI images and video on Replicate: a client, a gateway and a simulator."""
