// The Vercel AI SDK against Transom, with its OpenAI provider and with its Open Responses provider.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

// The packages lie in the user's cache, outside the checkout.
const require = createRequire(path.join(process.env.E2E_NODE_FOLDER, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { generateText, jsonSchema, Output, stepCountIs, streamText, tool } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createOpenResponses } = await load('@ai-sdk/open-responses');
const { z } = await load('zod');

const BASE = process.env.E2E_BASE_URL;
const KEY = 'not-needed';
const HELLO = 'Hello there, friend!';
const COUNT = 'one two three four five six seven eight nine ten';
const PARIS = 'What is the weather in Paris?';
const PARIS_IS_FINE = 'The weather in Paris is fine.';
const settings = { temperature: 0, maxRetries: 0 };

const openai = createOpenAI({ baseURL: BASE, apiKey: KEY });
const openResponses = createOpenResponses({ name: 'transom', url: `${BASE}/responses`, apiKey: KEY });
const providers = {
  // With `store: false` the whole history is sent each time, as the other provider always does.
  '@ai-sdk/openai': { model: openai.responses('scripted'), providerOptions: { openai: { store: false } } },
  '@ai-sdk/open-responses': { model: openResponses('scripted') },
};

/** A tool that notes what it is asked. */
function weather() {
  const asked = [];
  const get_weather = tool({
    description: 'Get the weather',
    inputSchema: jsonSchema({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }),
    execute: async ({ city }) => {
      asked.push(city);
      return 'sunny';
    },
  });
  return { asked, tools: { get_weather } };
}

for (const [name, provider] of Object.entries(providers)) {
  test(`${name}: a text comes with its thoughts, its usage and the response's id`, async () => {
    const result = await generateText({ ...provider, prompt: 'Say hello.', ...settings });
    assert.equal(result.text.trim(), HELLO);
    assert.deepEqual([result.finishReason, result.usage.inputTokens, result.usage.outputTokens], ['stop', 16, 26]);
    assert.match(result.response.id, /^resp_/);
    assert.equal(result.response.modelId, 'scripted');
  });

  test(`${name}: a stream adds up to the text`, async () => {
    const result = streamText({ ...provider, prompt: 'Say hello.', ...settings });
    const pieces = [];
    for await (const piece of result.textStream) pieces.push(piece);
    assert.equal(pieces.join('').trim(), HELLO);
    assert.ok(pieces.length > 3, 'tokens should arrive one by one');
    assert.deepEqual([await result.finishReason, (await result.usage).outputTokens], ['stop', 26]);
  });

  test(`${name}: a tool is called and its result answered`, async () => {
    const { asked, tools } = weather();
    const result = await generateText({ ...provider, prompt: PARIS, tools, stopWhen: stepCountIs(3), ...settings });
    assert.equal(result.text.trim(), PARIS_IS_FINE);
    assert.deepEqual(asked, ['Paris']);
    assert.deepEqual(result.steps.map((step) => step.finishReason), ['tool-calls', 'stop']);
    const [call] = result.steps[0].toolCalls;
    assert.deepEqual([call.toolName, call.input], ['get_weather', { city: 'Paris' }]);
    assert.deepEqual(result.steps[0].toolResults.map((found) => found.output), ['sunny']);
  });

  test(`${name}: a streamed tool call is assembled, and the stream goes on to the answer`, async () => {
    const { asked, tools } = weather();
    const result = streamText({ ...provider, prompt: PARIS, tools, stopWhen: stepCountIs(3), ...settings });
    const kinds = [];
    for await (const part of result.fullStream) kinds.push(part.type);
    assert.equal((await result.text).trim(), PARIS_IS_FINE);
    assert.deepEqual(asked, ['Paris']);
    for (const kind of ['tool-call', 'tool-result', 'finish']) assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
    assert.ok(!kinds.includes('error'), kinds.join(' '));
  });

  test(`${name}: an object follows its schema`, async () => {
    const output = Output.object({ schema: z.object({ ok: z.boolean(), n: z.int() }), name: 'verdict' });
    const result = await generateText({ ...provider, prompt: 'Give JSON.', output, ...settings });
    assert.deepEqual(result.output, { ok: true, n: 3 });
  });
}

test('@ai-sdk/openai: the next turn continues the stored response', async () => {
  const model = openai.responses('scripted');
  const first = await generateText({ model, prompt: 'Say hello.', ...settings });
  const { responseId } = first.providerMetadata.openai;
  assert.match(responseId, /^resp_/);
  const providerOptions = { openai: { previousResponseId: responseId } };
  const second = await generateText({ model, prompt: 'Count to ten.', providerOptions, ...settings });
  assert.equal(second.text.trim(), COUNT);
  assert.ok(second.usage.inputTokens >= first.usage.inputTokens + 20);
});

test('@ai-sdk/openai: by default the stored thoughts are sent as a reference with the result of a tool', async () => {
  const model = openai.responses('scripted');
  const { asked, tools } = weather();
  const result = await generateText({ model, prompt: PARIS, tools, stopWhen: stepCountIs(3), ...settings });
  assert.equal(result.text.trim(), PARIS_IS_FINE);
  assert.deepEqual(asked, ['Paris']);
  const sent = result.steps[1].request.body.input.map((item) => item.type ?? 'message');
  // It writes calls of its user's functions out in full, whether they are stored or not.
  assert.deepEqual(sent, ['message', 'item_reference', 'function_call', 'function_call_output']);
});

test('@ai-sdk/openai: an error names its field', async () => {
  const providerOptions = { openai: { previousResponseId: `resp_${'0'.repeat(32)}` } };
  const model = openai.responses('scripted');
  await assert.rejects(generateText({ model, prompt: 'Say hello.', providerOptions, ...settings }), (error) => {
    assert.deepEqual([error.statusCode, error.data.error.code], [400, 'previous_response_not_found']);
    assert.equal(error.data.error.param, 'previous_response_id');
    return true;
  });
});
