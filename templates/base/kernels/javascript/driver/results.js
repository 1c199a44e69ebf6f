'use strict';
// What a cell shows, as the bodies of `result` messages.

const { inspect } = require('node:util');
const { withoutDriver } = require('./stacks.js');

// One message at most; a format that does not fit is left out, and `text` says so.
const MAX_BODY_BYTES = 32 * 1024 * 1024;
const SPARE_BYTES = 4096;
const MAX_NODES = 1_000_000;
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
  const encoded = {};
  const extra = {};
  for (const [mime, value] of Object.entries(bundle)) {
    const field = FIELDS[mime];
    if (field === undefined) extra[mime] = plainOf(value);
    else if (field === 'json' || field === 'data' || field === 'chart') encoded[field] = toJson(value) ?? 'null';
    else encoded[field] = toJson(plainOf(value));
  }
  if (Object.keys(extra).length > 0) encoded.extra = toJson(extra);
  return assemble(encoded, bundle, isMainResult);
}

function assemble(encoded, bundle, isMainResult) {
  const budget = MAX_BODY_BYTES - SPARE_BYTES;
  const notes = [];
  let text = typeof bundle['text/plain'] === 'string' ? bundle['text/plain'] : '';
  const total = () => Object.values(encoded).reduce((sum, part) => sum + part.length, 0);
  while (total() > budget) {
    const largest = Object.keys(encoded).reduce((a, b) => (encoded[b].length > encoded[a].length ? b : a));
    const size = `${(encoded[largest].length / 1048576).toFixed(1)} MiB; one result holds ${MAX_BODY_BYTES >> 20} MiB`;
    if (largest === 'text') {
      text = text.slice(0, budget / 32);
      encoded.text = toJson(text);
      notes.push(`[text cut: ${size}]`);
    } else {
      delete encoded[largest];
      notes.push(`[${largest} left out: ${size}]`);
    }
  }
  if (notes.length > 0) encoded.text = toJson([text, ...notes].filter(Boolean).join('\n'));
  const fields = Object.entries(encoded).map(([name, json]) => `,"${name}":${json}`);
  return `{"is_main_result":${isMainResult}${fields.join('')}}`;
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
