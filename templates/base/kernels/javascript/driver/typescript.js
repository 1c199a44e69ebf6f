'use strict';
// Takes the types out of a cell, where Node can (22.13 and later).

const nodeModule = require('node:module');

/** `code` as JavaScript, or null where this Node cannot do it or `code` is no TypeScript either. */
function strip(code) {
  if (typeof nodeModule.stripTypeScriptTypes !== 'function') return null;
  // "strip" keeps every position; "transform" also takes enums, namespaces and parameter properties.
  for (const mode of ['strip', 'transform']) {
    try {
      return nodeModule.stripTypeScriptTypes(code, { mode });
    } catch {
      // The next mode; in the end the JavaScript error is the one to show.
    }
  }
  return null;
}

module.exports = { strip };
