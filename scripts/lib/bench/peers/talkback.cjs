// talkback over a folder of tapes, without a network: node talkback.cjs PORT FOLDER
const talkback = require("talkback");

const [port, path] = process.argv.slice(2);
talkback({
  host: "http://api.openai.com",
  port: Number(port),
  path,
  record: talkback.Options.RecordMode.DISABLED,
  allowHeaders: ["content-type"],
  silent: true,
  summary: false,
}).start();
