'use strict';
// What a cell throws, as the body of an `error` message. Nothing a cell throws can make this fail.

const { inspect } = require('node:util');
const { toJson } = require('./results.js');
const { withoutDriver } = require('./stacks.js');

const MAX_CHARS = 1 << 20;

/** A cell that was interrupted, under the name that all languages use. */
class KeyboardInterrupt extends Error {
  constructor() {
    super('');
    this.name = 'KeyboardInterrupt';
  }
}

/** process.exit() in a cell ends the cell; the kernel and its variables stay. */
class SystemExit extends Error {
  constructor(code) {
    super(String(code ?? 0));
    this.name = 'SystemExit';
  }
}

/** The body for `thrown`, which may be anything. */
function encode(thrown) {
  const isError = attempt(() => thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]');
  const name = isError ? text(() => thrown.name) || 'Error' : 'Error';
  const value = isError ? text(() => thrown.message) : text(() => (typeof thrown === 'string' ? thrown : inspect(thrown)));
  const traceback = isError ? withoutDriver(text(() => stackOf(thrown))) : `Uncaught ${value}`;
  return toJson({ name: cut(name), value: cut(value), traceback: cut(traceback) });
}

/** With its cause and its own properties. The driver's own errors have been raised nowhere in the cell. */
function stackOf(error) {
  return error instanceof KeyboardInterrupt || error instanceof SystemExit ? String(error) : inspect(error);
}

function text(read) {
  const value = attempt(read);
  return typeof value === 'string' ? value : attempt(() => String(value)) ?? '<unprintable>';
}

function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function cut(value) {
  return value.length <= MAX_CHARS ? value : `${value.slice(0, MAX_CHARS)}\n[cut: ${value.length} characters]`;
}

module.exports = { KeyboardInterrupt, SystemExit, encode };
