'use strict';
// What a cell shows, as the bodies of `result` messages.

const { inspect } = require('node:util');
const { withoutDriver } = require('./stacks.js');

// One message at most; a format that does not fit is left out, and `text` says so.
const MAX_BODY_BYTES = 32 * 1024 * 1024;
// Less room for the notes about what was left out.
const BUDGET_BYTES = MAX_BODY_BYTES - 4096;
const MAX_NODES = 1_000_000;
const VALUES = new Set(['json', 'data', 'chart']);
const DISPLAY = Symbol.for('Jupyter.display');

const FIELDS = {
  'text/plain': 'text',
  'text/html': 'html',
  'text/markdown': 'markdown',
  'image/svg+xml': 'svg',
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'application/pdf': 'pdf',
  'text/latex': 'latex',
  'application/json': 'json',
  'application/javascript': 'javascript',
  'e2b/data': 'data',
  'e2b/chart': 'chart',
};

/** `value` as JSON of ASCII characters only; lone surrogates become U+FFFD. */
function toJson(value) {
  return JSON.stringify(value)
    // What JSON.stringify escapes of the surrogates are the lone ones.
    ?.replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (escape) => (escape === '\\\\' ? escape : '\\ufffd'))
    .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The bundle (MIME type -> content) that shows `value`: its own by Symbol.for('Jupyter.display'), which may be a promise,
 * or text and JSON.
 */
function bundleOf(value) {
  const own = value !== null && (typeof value === 'object' || typeof value === 'function') ? value[DISPLAY] : undefined;
  if (typeof own === 'function') return own.call(value);
  const bundle = { 'text/plain': textOf(value) };
  if (value !== null && typeof value === 'object' && isPlain(value)) bundle['application/json'] = value;
  return bundle;
}

function textOf(value) {
  if (typeof value === 'string') return value;
  const text = inspect(value, { depth: 4, maxArrayLength: 200 });
  return value instanceof Error ? withoutDriver(text) : text;
}

/** The body of a `result` message. */
function encode(bundle, isMainResult) {
  const content = new Content(typeof bundle['text/plain'] === 'string' ? bundle['text/plain'] : '');
  const extra = {};
  for (const [mime, value] of Object.entries(bundle)) {
    const field = FIELDS[mime];
    if (field === undefined) extra[mime] = plainOf(value);
    else content.add(field, VALUES.has(field) ? value : plainOf(value));
  }
  if (Object.keys(extra).length > 0) content.add('extra', extra);
  return `{"is_main_result":${isMainResult}${content.assemble()}}`;
}

/** The encoded fields of one result, kept within what a message holds. */
class Content {
  #encoded = new Map();
  #notes = [];

  constructor(text) {
    this.text = text;
  }

  add(field, value) {
    // What is too long before it is encoded is not encoded.
    if (typeof value === 'string' && value.length > BUDGET_BYTES) this.#leaveOut(field, value.length);
    else this.#encoded.set(field, toJson(value) ?? 'null');
  }

  assemble() {
    const total = () => [...this.#encoded.values()].reduce((sum, json) => sum + json.length, 0);
    while (total() > BUDGET_BYTES) {
      const [field, json] = [...this.#encoded].reduce((a, b) => (b[1].length > a[1].length ? b : a));
      this.#leaveOut(field, json.length);
    }
    if (this.#notes.length > 0) {
      this.#encoded.set('text', toJson([this.text, ...this.#notes].filter(Boolean).join('\n')));
    }
    return [...this.#encoded].map(([field, json]) => `,"${field}":${json}`).join('');
  }

  #leaveOut(field, length) {
    const size = `${(length / 1048576).toFixed(1)} MiB; one result holds ${MAX_BODY_BYTES >> 20} MiB`;
    this.#notes.push(field === 'text' ? `[text cut: ${size}]` : `[${field} left out: ${size}]`);
    this.#encoded.delete(field);
    if (field !== 'text') return;
    this.text = this.text.slice(0, BUDGET_BYTES / 32);
    this.#encoded.set('text', toJson(this.text));
  }
}

/** Text as it is, bytes as base64. */
function plainOf(value) {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

/** True for objects and arrays that JSON can carry whole: no classes, functions or cycles in them. */
function isPlain(root) {
  let nodes = 0;
  const path = new Set();
  const visit = (value) => {
    if (++nodes > MAX_NODES) return false;
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
    if (typeof value === 'number') return true;
    if (typeof value !== 'object' || path.has(value) || path.size > 100) return false;
    const prototype = Object.getPrototypeOf(value);
    if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false;
    path.add(value);
    const all = Object.values(Object.getOwnPropertyDescriptors(value)).every(
      (property) => !property.enumerable || ('value' in property && visit(property.value)),
    );
    path.delete(value);
    return all;
  };
  return visit(root);
}

module.exports = { bundleOf, encode, toJson };
