'use strict';
// The wire between the agent and this driver: one ASCII header line, then as many bytes as it says.

const net = require('node:net');
const guard = require('./guard.js');
const { writeAll } = require('./streams.js');

const NEWLINE = 0x0a;

class Channel {
  /**
   * @param {number} fd the socket
   * @param {(words: string[], body: Buffer) => void} onRequest called for each request, in order
   * @param {() => void} onEnd called when the agent has closed the socket
   */
  constructor(fd, onRequest, onEnd) {
    this.fd = fd;
    this.onRequest = onRequest;
    this.parts = [];
    this.length = 0;
    this.wanted = null;
    const socket = new net.Socket({ fd, readable: true, writable: false });
    socket.on('data', (data) => this.#take(data));
    socket.on('end', onEnd);
    socket.on('error', onEnd);
  }

  /** Sends `message KIND BYTES` with `body` (string of ASCII JSON). */
  sendMessage(kind, body) {
    this.send(`message ${kind} ${body.length}`, body);
  }

  /** Sends one header line and a body, whole, before it returns. */
  send(header, body = '') {
    guard.shield(() => writeAll(this.fd, Buffer.from(`${header}\n${body}`, 'latin1')));
  }

  #take(data) {
    this.parts.push(data);
    this.length += data.length;
    for (;;) {
      if (this.wanted === null) {
        const all = this.#join();
        const end = all.indexOf(NEWLINE);
        if (end < 0) return;
        const words = all.toString('latin1', 0, end).split(' ');
        this.#drop(end + 1);
        this.wanted = { words, bytes: Number(words[words.length - 1]) };
      }
      if (this.length < this.wanted.bytes) return;
      const { words, bytes } = this.wanted;
      const body = this.#join().subarray(0, bytes);
      this.#drop(bytes);
      this.wanted = null;
      this.onRequest(words, body);
    }
  }

  #join() {
    if (this.parts.length !== 1) this.parts = [Buffer.concat(this.parts)];
    return this.parts[0];
  }

  #drop(count) {
    this.parts = [this.#join().subarray(count)];
    this.length -= count;
  }
}

module.exports = { Channel };
