// The assistant's tests, as its author wrote them: nothing in here knows of a proxy.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, tell } from "./assistant.js";

test("it answers", async () => {
  const answer = await ask("Hello!");
  console.log(`said ${answer}`);
  assert.match(answer, /Hello/);
});

test("it tells piece by piece", async () => {
  const pieces = [];
  for await (const piece of tell("Hello!")) pieces.push(piece);
  console.log(`said ${pieces.join("|")}`);
  assert.ok(pieces.length > 1);
  assert.match(pieces.join(""), /Hello/);
});
