'use strict';

/** `text` without the stack frames of this driver, and of Node below them. */
function withoutDriver(text) {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => /^\s+at /.test(line) && (line.includes(__dirname) || line.includes('node:vm:')));
  return end < 0 ? text : lines.filter((line, i) => i < end || !/^\s+at /.test(line)).join('\n');
}

module.exports = { withoutDriver };
