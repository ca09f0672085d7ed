// The official Node SDKs against answers that are made up: node generated.mjs BASE_URL prints what each of them read.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";

const base = process.argv[2];
const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: "unused", maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: base, apiKey: "unused", maxRetries: 0 });

const messages = [{ role: "user", content: "What is the weather in Lisbon?" }];
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", parameters: schema, strict: true } }];
const chat = { model: "gpt-4o", messages };
const response = { model: "gpt-4o", input: "What does a tape do?" };
const message = { model: "claude-sonnet-5-5", max_tokens: 400, messages };
const said = {};

said.chat = (await openai.chat.completions.create(chat)).choices[0].message.content;
said.streamed = (await openai.chat.completions.stream(chat).finalChatCompletion()).choices[0].message.content;
const called = await openai.chat.completions.create({ ...chat, tools });
said.arguments = JSON.parse(called.choices[0].message.tool_calls[0].function.arguments);
const format = { type: "json_schema", json_schema: { name: "place", schema, strict: true } };
const parsed = await openai.chat.completions.parse({ ...chat, response_format: format });
said.parsed = JSON.parse(parsed.choices[0].message.content);

said.response = (await openai.responses.create(response)).output_text;
said["response streamed"] = (await openai.responses.stream(response).finalResponse()).output_text;

const vectors = await openai.embeddings.create({ model: "text-embedding-3-small", input: "a tape" });
said.embedding = vectors.data[0].embedding.length;
const sound = Buffer.from(
  await (await openai.audio.speech.create({ model: "tts-1", input: "hello", voice: "alloy" })).arrayBuffer(),
);
said.speech = sound.length;
said.transcript = (
  await openai.audio.transcriptions.create({ model: "whisper-1", file: await toFile(sound, "a.mp3") })
).text;
said.image = (await openai.images.generate({ model: "gpt-image-1", prompt: "a tape" })).data[0].b64_json.slice(0, 10);

said.message = (await anthropic.messages.create(message)).content[0].text;
said["message streamed"] = (await anthropic.messages.stream(message).finalMessage()).content[0].text;
const used = await anthropic.messages.create({ ...message, tools: [{ name: "get_weather", input_schema: schema }] });
said.input = used.content[0].input;

try {
  await openai.chat.completions.create({ ...chat, messages: [] });
} catch (error) {
  said.wrong = { status: error.status, code: error.code, param: error.param };
}
try {
  await anthropic.models.retrieve("no-such");
} catch (error) {
  said.missing = error.status;
}
console.log(JSON.stringify(said));
