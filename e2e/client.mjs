// The main half of the Python tests, with the official Node client.
// E2E_NODE_FOLDER is where its packages are installed: not beside this file,
// so that the checkout stays as it was.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

const requireInstalled = createRequire(path.join(process.env.E2E_NODE_FOLDER, 'package.json'));
const { default: OpenAI } = requireInstalled('openai');

const MODEL = 'scripted';
const HELLO = 'Hello there, friend!';
const COUNT = 'one two three four five six seven eight nine ten';
const NOBODY = `resp_${'0'.repeat(32)}`;
const WEATHER = {
  type: 'function',
  name: 'get_weather',
  description: 'Get the weather',
  strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const client = new OpenAI({ baseURL: process.env.E2E_BASE_URL, apiKey: 'not-needed', maxRetries: 0 });

const ask = (input, more = {}) => client.responses.create({ model: MODEL, input, temperature: 0, ...more });
const answer = (response) => response.output_text.trim();
const calls = (response) => response.output.filter((item) => item.type === 'function_call');
const outputOf = (call) => ({ type: 'function_call_output', call_id: call.call_id, output: 'sunny' });
// `output_text` is the client's own addition to what the server sent.
const asSent = ({ output_text, ...response }) => JSON.parse(JSON.stringify(response));

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

test('the served model is listed', async () => {
  const models = await collect(client.models.list());
  assert.deepEqual(models.map((model) => model.id), [MODEL]);
});

test('chat answers whole and as a stream', async () => {
  const request = { model: MODEL, temperature: 0, messages: [{ role: 'user', content: 'Say hello.' }] };
  const whole = await client.chat.completions.create(request);
  assert.equal(whole.choices[0].message.content.trim(), HELLO);
  const chunks = await collect(await client.chat.completions.create({ ...request, stream: true }));
  const text = chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('');
  assert.equal(text.trim(), HELLO);
});

test('a response holds thoughts, then the message', async () => {
  const response = await ask('Say hello.');
  assert.deepEqual(response.output.map((item) => item.type), ['reasoning', 'message']);
  assert.equal(response.output[0].content[0].text.trim(), 'A greeting is wanted.');
  assert.deepEqual([answer(response), response.status, response.usage.output_tokens], [HELLO, 'completed', 26]);
});

test('streamed deltas add up to the final object, which is what was stored', async () => {
  const events = await collect(await ask('Say hello.', { stream: true }));
  const joined = (type) => events.filter((event) => event.type === type).map((event) => event.delta).join('');
  const final = events.at(-1);
  assert.equal(final.type, 'response.completed');
  assert.equal(joined('response.output_text.delta').trim(), HELLO);
  assert.equal(joined('response.reasoning_text.delta').trim(), 'A greeting is wanted.');
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, place) => place));
  assert.deepEqual(asSent(await client.responses.retrieve(final.response.id)), asSent(final.response));
});

test("the client's stream helper accumulates the response", async () => {
  const final = await client.responses.stream({ model: MODEL, input: 'Say hello.', temperature: 0 }).finalResponse();
  assert.equal(final.output.at(-1).content[0].text.trim(), HELLO);
});

test('one tool call is answered through the stored response', async () => {
  const asked = await ask('What is the weather in Paris?', { tools: [WEATHER] });
  const [call] = calls(asked);
  assert.deepEqual([call.name, JSON.parse(call.arguments)], ['get_weather', { city: 'Paris' }]);
  const response = await ask([outputOf(call)], { tools: [WEATHER], previous_response_id: asked.id });
  assert.equal(answer(response), 'The weather in Paris is fine.');
});

test('two parallel calls stream with arguments of their own', async () => {
  const stream = await ask('What is the weather in Rome and Oslo?', { tools: [WEATHER], stream: true });
  const events = await collect(stream);
  const done = events.filter((event) => event.type === 'response.function_call_arguments.done');
  assert.deepEqual(done.map((event) => JSON.parse(event.arguments).city), ['Rome', 'Oslo']);
  assert.equal(new Set(calls(events.at(-1).response).map((call) => call.call_id)).size, 2);
});

test('a JSON schema answer is JSON', async () => {
  const schema = {
    type: 'object',
    properties: { ok: { type: 'boolean' }, n: { type: 'integer' } },
    required: ['ok', 'n'],
    additionalProperties: false,
  };
  const text = { format: { type: 'json_schema', name: 'verdict', schema, strict: true } };
  const response = await client.responses.parse({ model: MODEL, input: 'Give JSON.', temperature: 0, text });
  assert.deepEqual(response.output_parsed, { ok: true, n: 3 });
});

test('a conversation continues and its input is listed', async () => {
  const first = await ask('Say hello.');
  const second = await ask('Count to ten.', { previous_response_id: first.id });
  assert.equal(answer(second), COUNT);
  assert.ok(second.usage.input_tokens >= first.usage.input_tokens + 20);
  const items = await collect(client.responses.inputItems.list(first.id));
  assert.deepEqual(items.map((item) => item.content[0].text), ['Say hello.']);
});

test('an answer that is cut says so', async () => {
  const response = await ask('Tell a long story.', { max_output_tokens: 40 });
  assert.deepEqual([response.status, response.incomplete_details.reason], ['incomplete', 'max_output_tokens']);
});

test('a deleted response is gone', async () => {
  const { id } = await ask('Say hello.');
  await client.responses.delete(id);
  await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
});

test('errors carry code, parameter and request id', async () => {
  await assert.rejects(ask('Say hello.', { previous_response_id: NOBODY }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.code, error.param], ['previous_response_not_found', 'previous_response_id']);
    assert.ok(error.requestID);
    return true;
  });
});

const STORY = Array(8).fill('Once upon a time a gateway met a model and they talked.').join(' ');
const begin = (more = {}) => ask('Tell a long story.', { background: true, ...more });
const story = (events) =>
  events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta).join('').trim();

/** The response once it has ended, polled as OpenAI's guide does it. */
async function ended(id) {
  for (const until = Date.now() + 60_000; Date.now() < until; await setTimeout(50)) {
    const response = await client.responses.retrieve(id);
    if (!['queued', 'in_progress'].includes(response.status)) return response;
  }
  throw new Error(`${id} has not ended`);
}

test('a background response is polled until it is complete', async () => {
  const begun = await begin();
  assert.ok(['queued', 'in_progress'].includes(begun.status), begun.status);
  const response = await ended(begun.id);
  assert.deepEqual([response.status, response.background, answer(response)], ['completed', true, STORY]);
});

test('a background response is cancelled, and stays so', async () => {
  // More than the model server works on at once, so that the last of them has to wait.
  const crowd = await Promise.all(Array.from({ length: 12 }, () => begin()));
  const { id } = crowd.at(-1);
  const cancelled = await client.responses.cancel(id);
  assert.deepEqual([cancelled.id, cancelled.status], [id, 'cancelled']);
  assert.deepEqual(asSent(await client.responses.cancel(id)), asSent(cancelled));
  for (const begun of crowd.slice(0, -1)) assert.equal((await ended(begun.id)).status, 'completed');
  await assert.rejects(client.responses.cancel(crowd[0].id), OpenAI.BadRequestError);
});

test('a background stream that was left is taken up again behind the last event seen', async () => {
  const seen = [];
  for await (const event of await begin({ stream: true })) if (seen.push(event) === 5) break;
  const { id } = seen[0].response;
  const query = { stream: true, starting_after: seen.at(-1).sequence_number };
  const events = [...seen, ...(await collect(await client.responses.retrieve(id, query)))];
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, place) => place));
  assert.deepEqual([events.at(-1).type, story(events)], ['response.completed', STORY]);
  assert.deepEqual(await collect(await client.responses.retrieve(id, { stream: true })), events);
  const helper = client.responses.stream({ response_id: id, starting_after: 4 });
  assert.equal((await helper.finalResponse()).output.at(-1).content[0].text.trim(), STORY);
});
