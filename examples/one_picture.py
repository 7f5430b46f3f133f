"""Make one picture and save it. Needs REPLICATE_API_TOKEN, or a simulator in TINTYPE_REPLICATE_URL."""

from tintype import Client, TintypeError


def main() -> None:
    with Client() as client:
        try:
            (picture,) = client.run(
                "black-forest-labs/flux-schnell",
                {
                    "prompt": "a lighthouse in fog, oil on canvas",
                    "aspect_ratio": "3:2",
                    "output_format": "png",
                },
                on_progress=lambda progress: print(progress.status, progress.fraction),
            )
        except TintypeError as error:
            raise SystemExit(f"{error.code}: {error}") from None
        print("saved as", picture.save("lighthouse.png"))


if __name__ == "__main__":
    main()
