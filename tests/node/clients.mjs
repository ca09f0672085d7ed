// Every way in which a Node program says something over HTTP, none of which knows of a proxy: a line for each.
import { execFileSync } from "node:child_process";
import http from "node:http";
import { connect as connectHttp2 } from "node:http2";
import https, { get } from "node:https";
import { Worker } from "node:worker_threads";

import Anthropic from "@anthropic-ai/sdk";
import axios from "axios";
import fetchOfPackage from "node-fetch";
import OpenAI from "openai";
import * as undici from "undici";

const PAGE = "https://files.example/plain";
const PLAIN = "http://plain.example/plain";
const QUESTION = [{ role: "user", content: "Hello!" }];

const text = async (answer) => (await answer).text();

const got = (getter, url, options = {}) =>
  new Promise((done, failed) => {
    const request = getter(url, options, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (piece) => (body += piece)).on("end", () => done(body));
    });
    request.on("error", failed);
  });

const overHttp2 = () =>
  new Promise((done, failed) => {
    const session = connectHttp2("https://files.example").on("error", failed);
    let body = "";
    const stream = session.request({ ":path": "/plain" }).setEncoding("utf8").on("error", failed);
    stream.on("data", (piece) => (body += piece)).on("end", () => session.close(() => done(body)));
  });

const inWorker = () =>
  new Promise((done, failed) => {
    const code = `fetch(${JSON.stringify(PAGE)}).then((a) => a.text()).then((t) => require("worker_threads").parentPort.postMessage(t))`;
    new Worker(code, { eval: true }).on("message", done).on("error", failed);
  });

const streamed = async () => {
  let words = "";
  const stream = await new OpenAI().chat.completions.create({ model: "gpt-5-nano", messages: QUESTION, stream: true });
  for await (const piece of stream) words += piece.choices[0]?.delta?.content ?? "";
  return words;
};

const CLIENTS = {
  fetch: () => text(fetch(PAGE)),
  "fetch, plain HTTP": () => text(fetch(PLAIN)),
  https: () => got(get, PAGE),
  "https, an agent of its own": () => got(https.get, PAGE, { agent: new https.Agent({ keepAlive: true }) }),
  "http": () => got(http.get, PLAIN),
  "http, an agent of its own": () => got(http.get, PLAIN, { agent: new http.Agent() }),
  http2: overHttp2,
  "undici fetch": () => text(undici.fetch(PAGE)),
  "undici request": async () => (await undici.request(PAGE)).body.text(),
  "undici, an agent of its own": async () =>
    (await undici.request(PAGE, { dispatcher: new undici.Agent({ allowH2: true }) })).body.text(),
  axios: async () => (await axios.get(PAGE)).data,
  "node-fetch": () => text(fetchOfPackage(PAGE)),
  worker: inWorker,
  child: () => execFileSync(process.execPath, ["-e", `fetch("${PAGE}").then((a) => a.text()).then(console.log)`]).toString(),
  openai: async () =>
    (await new OpenAI().chat.completions.create({ model: "gpt-5-nano", messages: QUESTION })).choices[0].message.content,
  "openai, streamed": streamed,
  anthropic: async () =>
    (await new Anthropic().messages.create({ model: "claude-test", max_tokens: 8, messages: QUESTION })).content[0].text,
};

// HTTP/2 alone is asked for by name: not every door speaks it.
const wanted = process.argv.slice(2);
for (const [name, ask] of Object.entries(CLIENTS)) {
  if (wanted.length ? !wanted.includes(name) : name === "http2") continue;
  try {
    console.log(`${name}: ${(await ask()).trim().length} characters`);
  } catch (error) {
    console.log(`${name}: failed, ${error.message} ${error.cause?.message ?? ""}`);
  }
}
