'use strict';
// The loop of a kernel: takes a request, runs the cell, says what came of it.

const { Channel } = require('./channel.js');
const errors = require('./errors.js');
const evaluator = require('./evaluator.js');
const guard = require('./guard.js');
const interrupts = require('./interrupts.js');
const results = require('./results.js');
const streams = require('./streams.js');

// Kept from cells that replace the globals.
const { setImmediate } = globalThis;
const exit = process.exit.bind(process);

class Kernel {
  #cells = 0;
  #environment = new Map();
  #queue = [];
  #isBusy = false;
  #shown = [];

  constructor(fd) {
    this.channel = new Channel(fd, (words, body) => this.#take(words, body), () => void guard.stop().then(() => exit(0)));
  }

  start() {
    streams.install();
    this.#installHandlers();
    evaluator.install();
    Object.defineProperty(globalThis, 'display', {
      value: (value, options) => this.#display(value, options), writable: true, configurable: true,
    });
    this.channel.send('ready');
  }

  #take(words, body) {
    this.#queue.push({ words, body });
    if (!this.#isBusy) void this.#work();
  }

  async #work() {
    this.#isBusy = true;
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) {
      const { words, body } = request;
      if (words[0] === 'setenv') this.#environment.set(words[1], body.toString('utf8'));
      else if (words[0] === 'putenv') process.env[words[1]] = body.toString('utf8');
      else if (words[0] === 'execute') await this.#execute(body.toString('utf8'));
      else throw new Error(`The agent sent a request that this driver does not know: '${words[0]}'.`);
    }
    this.#isBusy = false;
  }

  async #execute(code) {
    this.#cells++;
    // Signals that came before the request are seen after it, in the same turn of the event loop: they are not for this cell.
    await new Promise((resolve) => setImmediate(resolve));
    await guard.settle();
    this.channel.sendMessage('count', `{"execution_count":${this.#cells}}`);
    guard.beginCell(this.#cells);
    const saved = this.#setEnvironment();
    this.#installHandlers();
    this.#shown = [];
    const interruption = new interrupts.Interruption();
    interrupts.current = interruption;
    try {
      // Raced here, before anything of the cell is pending: code that is terminated takes all pending microtasks with it.
      const value = await interruption.guard(evaluator.run(code, this.#cells));
      if (value !== undefined) this.#show(value, true);
      // Rejections that nobody handles are known after this turn of the event loop.
      await interruption.guard(Promise.all([...this.#shown, new Promise((resolve) => setImmediate(resolve))]));
      guard.endCell();
    } catch (thrown) {
      // What the cell does on its way out, such as a `finally`, comes before its end.
      await new Promise((resolve) => setImmediate(resolve));
      guard.endCell();
      this.channel.sendMessage('error', errors.encode(thrown));
    }
    interrupts.current = null;
    for (const [key, value] of saved) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
    this.channel.send('idle');
  }

  /** Sets the variables of the next cell; returns what they were. */
  #setEnvironment() {
    const saved = new Map();
    for (const [key, value] of this.#environment) {
      saved.set(key, process.env[key]);
      process.env[key] = value;
    }
    this.#environment.clear();
    return saved;
  }

  /** The global `display(value)`; with `{raw: true}` the value is a bundle, MIME type -> content. */
  #display(value, options) {
    if (interrupts.current === null) return;
    if (options?.raw) this.#send(value, false);
    else this.#show(value, false);
  }

  #show(value, isMainResult) {
    const bundle = results.bundleOf(value);
    if (bundle instanceof Promise) this.#shown.push(bundle.then((done) => this.#send(done, isMainResult)));
    else this.#send(bundle, isMainResult);
  }

  #send(bundle, isMainResult) {
    this.channel.sendMessage('result', results.encode(bundle, isMainResult));
  }

  /** Again before each cell, should one have removed them. */
  #installHandlers() {
    interrupts.install();
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.off(event, onUncaught);
      process.on(event, onUncaught);
    }
  }
}

/** An error that nothing in a cell catches is the cell's; between cells it is printed, and the kernel goes on. */
function onUncaught(thrown) {
  if (interrupts.current !== null) interrupts.current.fail(thrown);
  else process.stderr.write(`${JSON.parse(errors.encode(thrown)).traceback}\n`);
}

/** Serves the agent on socket `fd` until it closes it. */
function serve(fd) {
  new Kernel(fd).start();
}

module.exports = { serve };
