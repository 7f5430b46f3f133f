// What users do with `ai` and its provider for Replicate, against a gateway. SDK_HOME is the folder that both are
// installed in; one line of JSON for each scenario says how it ended.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.SDK_HOME, "index.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { generateImage } = await load("ai");
const { createReplicate } = await load("@ai-sdk/replicate");

const origin = process.argv[2];
const [apiToken] = Object.values(JSON.parse(process.env.SDK_TOKENS));
const replicate = createReplicate({ apiToken, baseURL: `${origin}/v1` });
const FLUX = "black-forest-labs/flux-schnell";
const SDXL = "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc";

function isPicture(image, mediaType) {
  assert.equal(image.mediaType, mediaType);
  assert.ok(image.uint8Array.length > 1000);
}

const scenarios = {
  async image() {
    const { image } = await generateImage({
      model: replicate.image(FLUX),
      prompt: "a boat",
      aspectRatio: "16:9",
      providerOptions: { replicate: { output_format: "png" } },
    });
    isPicture(image, "image/png");
  },

  async "several images"() {
    const { images } = await generateImage({ model: replicate.image(FLUX), prompt: "a boat", n: 3 });
    assert.equal(images.length, 3);
    for (const image of images) isPicture(image, "image/webp");
  },

  async "image of a version"() {
    const { image } = await generateImage({ model: replicate.image(SDXL), prompt: "a boat" });
    isPicture(image, "image/png");
  },

  async "slow image"() {
    const { image } = await generateImage({
      model: replicate.image(FLUX),
      prompt: "[[delay=3]] a boat",
      providerOptions: { replicate: { maxWaitTimeInSeconds: 1 } },
    });
    isPicture(image, "image/webp");
  },

  async refusals() {
    const model = replicate.image(FLUX);
    await assert.rejects(
      generateImage({ model, prompt: "a boat", providerOptions: { replicate: { num_inference_steps: 99 } } }),
      /num_inference_steps/
    );
    const stranger = createReplicate({ apiToken: "nonsense", baseURL: `${origin}/v1` });
    await assert.rejects(generateImage({ model: stranger.image(FLUX), prompt: "a boat" }), /token/);
  },
};

assert.match(require("@ai-sdk/replicate/package.json").version, /^3\./);
for (const [scenario, run] of Object.entries(scenarios)) {
  let error = "";
  try {
    await run();
  } catch (raised) {
    error = raised.stack;
  }
  console.log(JSON.stringify({ scenario, error }));
}
