// A small assistant: an answer, an answer piece by piece.
import OpenAI from "openai";

const model = "gpt-5-nano";

export async function ask(question) {
  const answer = await new OpenAI().chat.completions.create({ model, messages: [{ role: "user", content: question }] });
  return `${answer.id}: ${answer.choices[0].message.content}`;
}

export async function* tell(question) {
  const messages = [{ role: "user", content: question }];
  for await (const piece of await new OpenAI().chat.completions.create({ model, messages, stream: true })) {
    const text = piece.choices[0]?.delta?.content;
    if (text) yield text;
  }
}
