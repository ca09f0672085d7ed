// Lead what a Node program says over HTTP through the proxy of HTTPS_PROXY and HTTP_PROXY.
//
// Node's fetch looks at no proxy variable before Node 24, http and https at none before 24.5, http2 and agents of one's
// own never. NODE_OPTIONS=--require loads this file before the program's first line, in its workers and children too, so
// it holds for ES modules, TypeScript runners and test runners. It needs no package.
//
// The rule: a connection is led through the proxy only if it is surely HTTP and NO_PROXY does not name its host; every
// other one (a database's) stays as it was. Both ends of a connection are made by Node: we only put a tunnel in between.
"use strict";

const INSTALLED = Symbol.for("tokentape.tunnels");
if (globalThis[INSTALLED]) return;
globalThis[INSTALLED] = true;

const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const tls = require("node:tls");
const { Duplex } = require("node:stream");
const { channel } = require("node:diagnostics_channel");
const { syncBuiltinESMExports } = require("node:module");

const HTTP = Symbol("surely HTTP");
const LONGEST_REPLY = 65536; // bytes of an answer to CONNECT
const plainConnect = net.connect;
const secureConnect = tls.connect;

// --- through which proxy?

function variable(name) {
  return process.env[name.toLowerCase()] || process.env[name] || "";
}

/** The proxy for a host, or null if it is reached without one. */
function proxyFor(secure, host, port) {
  const text = variable(secure ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (!host || !text || isException(host, port)) return null;
  try {
    const proxy = new URL(text.includes("://") ? text : `http://${text}`);
    return proxy.protocol === "http:" ? proxy : null;
  } catch {
    return null; // no URL at all: Node would not use it either
  }
}

function isException(host, port) {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  return variable("NO_PROXY").split(/[\s,]+/).some((entry) => {
    const [, domain, only] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase().replace(/^\*?\./, ""));
    // An IPv6 address has colons of its own.
    if (net.isIPv6(entry)) return name === entry;
    if (!domain || (only && Number(only) !== Number(port))) return false;
    return domain === "*" || name === domain || name.endsWith(`.${domain}`);
  });
}

// --- the tunnel

/** A connection to host:port through the proxy, which can be written to before it stands. */
class Tunnel extends Duplex {
  constructor(proxy, host, port) {
    super({ allowHalfOpen: true });
    this.connecting = true;
    this.waiting = null;
    const socket = plainConnect({ host: proxy.hostname.replace(/^\[|\]$/g, ""), port: Number(proxy.port) || 80 });
    this.socket = socket;
    const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    socket.once("connect", () => socket.write(connectRequest(proxy, target)));
    socket.on("error", (error) => this.destroy(error));
    socket.on("timeout", () => this.emit("timeout"));
    socket.on("close", () => this.destroy());
    this.answer(target);
  }

  /** Read the proxy's answer to CONNECT; what comes behind it is the other end's. */
  answer(target) {
    let reply = Buffer.alloc(0);
    const onData = (piece) => {
      reply = Buffer.concat([reply, piece]);
      const end = reply.indexOf("\r\n\r\n");
      if (end < 0 && reply.length < LONGEST_REPLY) return;
      this.socket.off("data", onData);
      const status = reply.subarray(0, Math.max(0, reply.indexOf("\r\n"))).toString("latin1");
      if (end < 0 || !/^HTTP\/1\.[01] 2\d\d/.test(status)) {
        this.destroy(new Error(`the proxy does not connect to ${target}: ${status || "no answer in HTTP"}`));
        return;
      }
      this.established(reply.subarray(end + 4));
    };
    this.socket.on("data", onData);
  }

  established(rest) {
    const { socket, waiting } = this;
    this.connecting = false;
    socket.on("data", (piece) => this.push(piece) || socket.pause());
    socket.on("end", () => this.push(null));
    if (rest.length) this.push(rest);
    this.emit("connect");
    if (waiting) waiting();
  }

  _read() {
    if (!this.connecting) this.socket.resume();
  }

  _write(piece, encoding, done) {
    if (this.connecting) this.waiting = () => this._write(piece, encoding, done);
    else this.socket.write(piece, encoding, done);
  }

  _final(done) {
    if (this.connecting) this.waiting = () => this._final(done);
    else this.socket.end(done);
  }

  _destroy(error, done) {
    this.socket.destroy();
    done(error);
  }

  // What HTTP clients ask of a socket besides.
  setTimeout(time, done) {
    this.socket.setTimeout(time);
    return done ? this.once("timeout", done) : this;
  }

  address() {
    return this.socket.address();
  }

  get remoteAddress() {
    return this.socket.remoteAddress;
  }

  get remotePort() {
    return this.socket.remotePort;
  }
}

for (const name of ["ref", "unref", "setNoDelay", "setKeepAlive"]) {
  Tunnel.prototype[name] = function (...given) {
    this.socket[name](...given);
    return this;
  };
}

function connectRequest(proxy, target) {
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  if (proxy.username || proxy.password) {
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(login).toString("base64")}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

// --- which connections are HTTP?

// undici (Node's fetch, and the package of that name) says what it is about to connect to, and then does.
let announced = "";
const announcements = channel("undici:client:beforeConnect");
announcements.subscribe(({ connectParams: { protocol, hostname, port } }) => {
  announced = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
});

function isHttp(options) {
  const expected = announced === `${options.host}:${options.port}`;
  announced = "";
  if (options.socket || options.path) return false; // a tunnel of the client's own, or a local socket
  const protocols = Array.isArray(options.ALPNProtocols) ? options.ALPNProtocols : [];
  return expected || options[HTTP] === true || protocols.some((name) => name === "h2" || name === "http/1.1");
}

/** Arguments of connect: ([port, [host,]] [options,] [callback]) or (options, [callback]). */
function read(given) {
  const options = Object.assign({}, ...given.filter((one) => one !== null && typeof one === "object"));
  // A string of anything but digits is the path of a local socket.
  if (["number", "string"].includes(typeof given[0]) && /^\d+$/.test(given[0])) options.port = given[0];
  if (typeof given[1] === "string") options.host = given[1];
  return [options, given.find((one) => typeof one === "function")];
}

function tunnelFor(secure, options) {
  const port = options.port || (secure ? 443 : 80);
  const proxy = isHttp(options) ? proxyFor(secure, options.host || options.hostname || "", port) : null;
  return proxy && new Tunnel(proxy, options.host || options.hostname, port);
}

tls.connect = function connect(...given) {
  const [options, done] = read(given);
  const tunnel = tunnelFor(true, options);
  if (!tunnel) return secureConnect.apply(this, given);
  const host = options.host || options.hostname;
  const name = options.servername || (net.isIP(host) ? "" : host);
  const socket = secureConnect({ ...options, servername: name, socket: tunnel }, done);
  // Node can't hand these two on through a stream that is not its own, and a program could not end.
  for (const name of ["ref", "unref"]) {
    socket[name] = () => {
      tunnel[name]();
      return socket;
    };
  }
  return socket;
};

net.connect = net.createConnection = function connect(...given) {
  const [options, done] = read(given);
  const tunnel = tunnelFor(false, options);
  if (!tunnel) return plainConnect.apply(this, given);
  return done ? tunnel.once("connect", done) : tunnel;
};

for (const { Agent } of [http, https]) {
  const create = Agent.prototype.createConnection;
  // Older ones are the very function that is replaced above; newer ones call it, or go through the proxy themselves.
  const connect = create === plainConnect ? net.connect : create;
  Agent.prototype.createConnection = function createConnection(...given) {
    const [options, done] = read(given);
    return connect.call(this, { ...options, [HTTP]: true }, ...(done ? [done] : []));
  };
}

syncBuiltinESMExports();
