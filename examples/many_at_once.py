"""Make a dozen pictures at once, and say what each failure was. The limiter spreads the creates."""

import asyncio

from tintype import AsyncClient, Limits, TintypeError

WORDS = ("boat", "door", "tree", "bridge", "kettle", "stairs", "cloud", "lamp", "coat", "harp", "gate")
PROMPTS = [f"a small paper {word} on a table" for word in WORDS]
PROMPTS.append("[[fail=the paper tore]] a paper bird")


async def draw(client: AsyncClient, prompt: str) -> str:
    try:
        (picture,) = await client.run("black-forest-labs/flux-schnell", {"prompt": prompt})
        return f"{prompt}: {await picture.save('drawn/')}"
    except TintypeError as error:
        return f"{prompt}: {error.code}, try again: {error.can_retry}"


async def main() -> None:
    async with AsyncClient(limits=Limits.replicate()) as client:
        for line in await asyncio.gather(*(draw(client, prompt) for prompt in PROMPTS)):
            print(line)


if __name__ == "__main__":
    asyncio.run(main())
