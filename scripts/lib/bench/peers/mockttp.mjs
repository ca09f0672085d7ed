// mockttp with one rule that answers a constant: node mockttp.mjs PORT CA.pem (key and certificate) ANSWER.json
import { readFileSync } from "node:fs";
import { getLocal } from "mockttp";

const [port, ca, file] = process.argv.slice(2);
const { headers, body } = JSON.parse(readFileSync(file));
const pem = readFileSync(ca, "utf8");
const cert = pem.slice(pem.indexOf("-----BEGIN CERTIFICATE-----"));
const key = pem.slice(0, pem.length - cert.length);
const server = getLocal({ https: { key, cert }, http2: false, recordTraffic: false });
await server.start(Number(port));
await server.forAnyRequest().always().thenReply(200, body, headers);
