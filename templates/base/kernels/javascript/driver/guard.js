'use strict';
// Ends code that keeps the main thread busy in a callback or after an `await`, where neither Node's vm nor a signal
// handler reaches it: a worker terminates it through the inspector. Only a cell that waits for something needs this, so
// the worker starts with the first one.
//
// It needs the flag --no-force-async-hooks-checks: the check takes a terminated callback for corruption, and aborts.

const path = require('node:path');
const { Worker } = require('node:worker_threads');

/** Number of the running cell, 0 between cells; and whether the driver is at work in it, which nothing may cut short. */
const CELL = 0;
const BUSY = 1;

const state = new Int32Array(new SharedArrayBuffer(8));
let worker = null;

/** Starts the worker, once. */
function start() {
  if (worker !== null) return;
  worker = new Worker(path.join(__dirname, 'guard-worker.js'), { workerData: state, execArgv: [], env: {} });
  worker.on('error', () => {
    // Without it such code goes on until the kernel is killed.
  });
  worker.unref();
}

/** Detaches from the inspector, which would wait for it at the end of the process. */
async function stop() {
  await worker?.terminate();
}

function beginCell(number) {
  Atomics.store(state, CELL, number);
}

function endCell() {
  Atomics.store(state, CELL, 0);
}

/** Runs `action`, which the worker waits for. */
function shield(action) {
  Atomics.add(state, BUSY, 1);
  try {
    return action();
  } finally {
    Atomics.sub(state, BUSY, 1);
  }
}

module.exports = { beginCell, endCell, shield, start, stop };
