// Loaded into the server before anything else (NODE_OPTIONS), and from there into the extension host, which the server
// starts without NODE_OPTIONS. There it notes each attempt to reach another machine in the file DOORBELL_STRANGERS.
const childProcess = require('node:child_process');
const dns = require('node:dns');
const { appendFileSync } = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const net = require('node:net');

const file = process.env.DOORBELL_STRANGERS;
const isExtensionHost = (words) => Array.isArray(words) && words.includes('--type=extensionHost');
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0)$/;

function watch() {
  const note = (what) => appendFileSync(file, `${what}\n`);
  note('watching');
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [options] = Array.isArray(args[0]) ? args[0] : args;
    const host = typeof options === 'object' ? options?.host : typeof args[1] === 'string' ? args[1] : undefined;
    if (host && !loopback.test(host)) note(`connect ${host}`);
    return connect.apply(this, args);
  };
  const { lookup } = dns;
  dns.lookup = (name, ...rest) => {
    if (name && !loopback.test(name)) note(`look up ${name}`);
    return lookup(name, ...rest);
  };
}

function passOn() {
  const { fork } = childProcess;
  childProcess.fork = (module, args, options) => {
    if (!isExtensionHost(args)) return fork(module, args, options);
    return fork(module, args, { ...options, execArgv: [`--require=${__filename}`, ...(options?.execArgv ?? [])] });
  };
}

if (file) {
  if (isExtensionHost(process.argv)) watch();
  else passOn();
  syncBuiltinESMExports();
}
