// What users do with npm's `replicate` 1.x, against the simulator. SDK_HOME is the folder that the SDK is
// installed in; one line of JSON for each scenario says how it ended.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SDK_HOME, "index.js"));
const Replicate = require("replicate");

const origin = process.argv[2];
// At a gateway a token is a key that SDK_TOKENS holds by the token's name at the simulator.
const tokens = JSON.parse(process.env.SDK_TOKENS ?? "{}");
const FLUX = "black-forest-labs/flux-schnell";
const EDITOR = "black-forest-labs/flux-kontext-pro";
const COMMUNITY = "stability-ai/sdxl";
const TEXT = "meta/meta-llama-3-8b-instruct";
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

// This SDK wants /v1 in the address.
const client = (auth = "r8_javascript") => new Replicate({ auth: tokens[auth] ?? auth, baseUrl: `${origin}/v1` });

// An output is a file object over https and only an address over http.
async function picture(output) {
  if (typeof output === "string") return Buffer.from(await (await fetch(output)).arrayBuffer());
  return Buffer.from(await (await output.blob()).arrayBuffer());
}

function isPng(bytes) {
  assert.deepEqual(bytes.subarray(0, 4), PNG);
}

// Listen for webhooks on loopback; `next` resolves with the headers and body of the first.
async function receiver() {
  let deliver;
  const next = new Promise((resolve) => {
    deliver = resolve;
  });
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end();
    deliver({ headers: request.headers, body: Buffer.concat(chunks).toString() });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/hook?job=7`, next, server };
}

const scenarios = {
  async run() {
    const [output] = await client().run(FLUX, { input: { prompt: "a boat", output_format: "png" } });
    assert.equal(typeof output === "string", origin.startsWith("http:"));
    isPng(await picture(output));
  },

  async "run by version"() {
    const { latest_version } = await client().models.get(...COMMUNITY.split("/"));
    const outputs = await client().run(`${COMMUNITY}:${latest_version.id}`, { input: { prompt: "a boat" } });
    assert.equal(outputs.length, 1);
    assert.ok((await picture(outputs[0])).length > 1000);
  },

  async "run by polling"() {
    const seen = [];
    const [output] = await client().run(
      FLUX,
      {
        input: { prompt: "[[delay=0.6]] a boat", output_format: "png" },
        wait: { mode: "poll", interval: 200 },
      },
      (prediction) => seen.push(prediction.status)
    );
    isPng(await picture(output));
    assert.equal(seen.at(-1), "succeeded");
  },

  async "create and get"() {
    const api = client();
    const created = await api.predictions.create({ model: FLUX, input: { prompt: "a boat", seed: 5 } });
    await api.wait(created, { interval: 100 });
    const got = await api.predictions.get(created.id);
    assert.deepEqual([got.id, got.status, got.version], [created.id, "succeeded", "hidden"]);
    assert.equal(got.input.seed, 5);
  },

  async list() {
    const api = client("r8_javascript_pages");
    const made = new Set();
    for (let n = 0; n < 101; n += 1) {
      made.add((await api.predictions.create({ model: FLUX, input: { prompt: `boat ${n}` } })).id);
    }
    const sizes = [];
    for await (const page of api.paginate(api.predictions.list)) {
      sizes.push(page.length);
      for (const prediction of page) assert.ok(made.delete(prediction.id));
    }
    assert.deepEqual(sizes, [100, 1]);
  },

  async cancel() {
    const api = client();
    const made = await api.predictions.create({ model: FLUX, input: { prompt: "[[stuck]] a boat" } });
    assert.equal((await api.predictions.cancel(made.id)).status, "canceled");
    assert.equal((await api.predictions.get(made.id)).status, "canceled");
  },

  async files() {
    const api = client();
    const made = await api.files.create(new File(["a boat"], "notes.txt", { type: "text/plain" }), { customer: 7 });
    assert.deepEqual([made.name, made.size, made.content_type], ["notes.txt", 6, "text/plain"]);
    assert.deepEqual(made.metadata, { customer: 7 });
    assert.equal((await api.files.get(made.id)).checksums.sha256, made.checksums.sha256);
    assert.ok((await api.files.list()).results.some((file) => file.id === made.id));
    assert.ok(await api.files.delete(made.id));
    assert.ok(!(await api.files.list()).results.some((file) => file.id === made.id));
  },

  async "file as input"() {
    const api = client();
    const [drawn] = await api.run(FLUX, { input: { prompt: "a boat", output_format: "png" } });
    const input = { prompt: "make it red", input_image: await picture(drawn), output_format: "png" };
    isPng(await picture(await api.run(EDITOR, { input })));
  },

  async models() {
    const api = client();
    const one = await api.models.get(...FLUX.split("/"));
    assert.equal(`${one.owner}/${one.name}`, FLUX);
    const names = new Set();
    let pages = 0;
    for await (const page of api.paginate(api.models.list)) {
      pages += 1;
      for (const model of page) names.add(`${model.owner}/${model.name}`);
    }
    assert.ok(pages > 1 && names.has(FLUX));
    const found = await api.models.search("flux schnell");
    assert.ok(found.results.some((model) => `${model.owner}/${model.name}` === FLUX));
    const versions = await api.models.versions.list(...COMMUNITY.split("/"));
    const version = await api.models.versions.get(...COMMUNITY.split("/"), versions.results[0].id);
    assert.ok(version.openapi_schema.components.schemas.Input.properties.prompt);
  },

  async account() {
    const api = client();
    assert.ok((await api.accounts.current()).username);
    assert.ok((await api.hardware.list()).some((one) => one.sku === "cpu"));
    const [{ slug }] = (await api.collections.list()).results;
    assert.ok((await api.collections.get(slug)).models.length > 0);
  },

  async deployments() {
    const api = client();
    const { latest_version } = await api.models.get(...COMMUNITY.split("/"));
    const made = await api.deployments.create({
      name: "shop",
      model: COMMUNITY,
      version: latest_version.id,
      hardware: "cpu",
      min_instances: 0,
      max_instances: 1,
    });
    assert.equal(made.current_release.number, 1);
    const changed = await api.deployments.update(made.owner, made.name, { max_instances: 2 });
    assert.equal(changed.current_release.configuration.max_instances, 2);
    assert.ok((await api.deployments.list()).results.some((one) => one.name === made.name));
    const prediction = await api.deployments.predictions.create(made.owner, made.name, {
      input: { prompt: "a boat" },
      wait: true,
    });
    assert.equal(prediction.status, "succeeded");
  },

  async trainings() {
    const api = client();
    const { username } = await api.accounts.current();
    await api.models.create(username, "mine", { hardware: "cpu", visibility: "private" });
    const { latest_version } = await api.models.get(...COMMUNITY.split("/"));
    const made = await api.trainings.create(...COMMUNITY.split("/"), latest_version.id, {
      destination: `${username}/mine`,
      input: { input_images: "https://example.com/boats.zip" },
    });
    assert.equal((await api.trainings.get(made.id)).id, made.id);
    assert.ok((await api.trainings.list()).results.some((one) => one.id === made.id));
  },

  // Everything of this SDK is asynchronous; here, several at once.
  async asyncio() {
    const api = client();
    const run = () => api.run(FLUX, { input: { prompt: "a boat", output_format: "png" } });
    for (const [output] of await Promise.all([run(), run(), run(), run(), run()])) {
      assert.equal(new URL(String(output)).host, new URL(origin).host);
    }
  },

  async stream() {
    const events = [];
    for await (const event of client().stream(TEXT, { input: { prompt: "a boat" } })) events.push(event);
    assert.equal(events.at(-1).event, "done");
    assert.ok(events.filter((event) => event.event === "output").length > 3);
    assert.ok(events.join("").trim());
  },

  async webhook() {
    const api = client();
    const { key } = await api.webhooks.default.secret.get();
    const { url, next, server } = await receiver();
    try {
      const made = await api.predictions.create({
        model: FLUX,
        input: { prompt: "a boat" },
        webhook: url,
        webhook_events_filter: ["completed"],
      });
      const got = await next;
      assert.equal(await Replicate.validateWebhook(got, key), true);
      assert.equal(await Replicate.validateWebhook({ ...got, body: `${got.body} ` }, key), false);
      assert.deepEqual([JSON.parse(got.body).id, JSON.parse(got.body).status], [made.id, "succeeded"]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },

  async "webhook vector"() {
    const vector = {
      id: "msg_test_0001",
      timestamp: "1700000000",
      body: '{"id":"ufawqhfynnddngldkgtslldrkq","status":"succeeded"}',
      signature: "v1,wq8AtVGnHuOdlFY2N0tPpIcl++fImT4s0HiIc21aBZA=",
      secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
    };
    assert.equal(await Replicate.validateWebhook(vector), true);
    assert.equal(await Replicate.validateWebhook({ ...vector, body: `${vector.body} ` }), false);
  },

  async refusals() {
    const boat = { prompt: "a boat" };
    for (const [auth, model, input, status, words] of [
      ["nonsense", FLUX, boat, 401, "token"],
      ["r8_broke_javascript", FLUX, boat, 402, "credit"],
      ["r8_javascript", "nobody/nothing", boat, 404, ""],
      ["r8_javascript", FLUX, {}, 422, "prompt is required"],
      ["r8_javascript", FLUX, { ...boat, num_outputs: 99 }, 422, "num_outputs"],
      ["r8_limited_javascript", FLUX, boat, 429, "throttled"],
    ]) {
      await assert.rejects(client(auth).predictions.create({ model, input }), (error) => {
        assert.equal(error.name, "ApiError");
        assert.equal(error.response.status, status);
        assert.ok(error.message.includes(words), error.message);
        return true;
      });
    }
  },

  async failure() {
    await assert.rejects(
      client().run(FLUX, { input: { prompt: "[[fail=the paint ran out]] a boat" } }),
      /Prediction failed: .*the paint ran out/
    );
  },
};

assert.equal(require("replicate/package.json").version, "1.4.0");
for (const [scenario, run] of Object.entries(scenarios)) {
  let error = "";
  try {
    await run();
  } catch (raised) {
    error = raised.stack;
  }
  console.log(JSON.stringify({ scenario, error }));
}
