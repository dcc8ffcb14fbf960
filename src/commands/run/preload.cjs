// Loaded into Node before the script that `licentral run` starts. Older versions of Node do not look for a proxy by
// themselves, so connections to other machines are led to it here; it is told the host by TLS, or by the request. Those to
// this machine stay as they are, and so do those of libraries that go to the proxy by themselves.
'use strict';

const net = require('node:net');

const proxy = new URL(process.env.HTTPS_PROXY);
const connect = net.Socket.prototype.connect;

const isOfThisMachine = (host) => /^(localhost|127(\.\d+){3}|::1)$/i.test(host);

net.Socket.prototype.connect = function (...given) {
  // Node's own callers pass a list: the options, and what to call.
  const [first, ...rest] = Array.isArray(given[0]) ? given[0] : given;
  const isPort = typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first));
  const options = isPort ? { port: first, host: typeof rest[0] === 'string' ? rest[0] : 'localhost' } : first;
  if (typeof options !== 'object' || options === null || options.path || isOfThisMachine(options.host ?? 'localhost')) {
    return connect.apply(this, given);
  }
  const told = rest.find((one) => typeof one === 'function');
  const led = { ...options, host: proxy.hostname, port: Number(proxy.port), lookup: undefined, localAddress: undefined, family: undefined };
  return told ? connect.call(this, led, told) : connect.call(this, led);
};
