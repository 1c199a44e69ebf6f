'use strict';
// stdout and stderr of the cell. Every write is done when the call returns, so nothing is left to flush, and a reader that
// is slow slows the cell.

const fs = require('node:fs');
const { Writable } = require('node:stream');

const SHORT_CHARS = 16384;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of `bytes` (Buffer) to `fd`, waiting for the reader where the descriptor does not block. */
function writeAll(fd, bytes) {
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      // There is no poll(2) in Node.
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/** As writeAll. A string that the pipe takes whole needs no copy. */
function writeText(fd, text, encoding) {
  if (text.length > SHORT_CHARS) {
    writeAll(fd, Buffer.from(text, encoding));
    return;
  }
  let written = 0;
  try {
    written = fs.writeSync(fd, text, null, encoding);
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
  }
  if (written !== Buffer.byteLength(text, encoding)) writeAll(fd, Buffer.from(text, encoding).subarray(written));
}

class CellStream extends Writable {
  constructor(fd) {
    super({ decodeStrings: true });
    this.fd = fd;
  }

  // Past the queue of Writable, which has nothing to do here.
  write(chunk, encoding, callback) {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof chunk === 'string') writeText(this.fd, chunk, typeof encoding === 'string' ? encoding : 'utf8');
    else if (ArrayBuffer.isView(chunk)) writeAll(this.fd, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    else throw Object.assign(new TypeError('The "chunk" argument must be of type string or an instance of Buffer'), { code: 'ERR_INVALID_ARG_TYPE' });
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }

  _write(chunk, _encoding, callback) {
    writeAll(this.fd, chunk);
    callback();
  }

  // Nothing a cell does closes process.stdout; who ends it is told that it has finished.
  end(chunk, encoding, callback) {
    const done = [chunk, encoding, callback].find((argument) => typeof argument === 'function');
    if (chunk !== undefined && chunk !== null && chunk !== done) this.write(chunk, encoding === done ? undefined : encoding);
    process.nextTick(() => {
      this.emit('finish');
      done?.();
    });
    return this;
  }

  destroy() {
    return this;
  }
}

/** Makes process.stdout and process.stderr, and so the console, write to fd 1 and 2 at once. */
function install() {
  for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
    const stream = new CellStream(fd);
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
  unwrapConsole();
}

/** Lets the console write only: Node's own also tells the inspector of each call, at ten times the cost. */
function unwrapConsole() {
  const plain = new console.Console({ stdout: process.stdout, stderr: process.stderr, ignoreErrors: false });
  for (const [name, method] of Object.entries(plain)) if (typeof method === 'function') console[name] = method;
}

module.exports = { install, writeAll };
