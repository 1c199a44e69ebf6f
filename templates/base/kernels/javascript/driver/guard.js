'use strict';
// Ends code that keeps the main thread busy, where no signal handler reaches it: a worker terminates it through the
// inspector. The vm module's own `breakOnSigint` is not used: a signal that comes as a script ends is lost to that
// script, and ends the next one instead.
//
// It needs the flag --no-force-async-hooks-checks: the check takes a terminated callback for corruption, and aborts.

const path = require('node:path');
const { Worker } = require('node:worker_threads');

/** Number of the running cell, 0 between cells; and who has the main thread: nobody in particular (0), the driver, whom nothing may cut short (1), or the worker, to end the cell (-1). */
const CELL = 0;
const BUSY = 1;

const state = new Int32Array(new SharedArrayBuffer(8));
let worker = null;
let settled = null;
let signals = 0;

/** Starts the worker, once. */
function start() {
  if (worker !== null) return;
  worker = new Worker(path.join(__dirname, 'guard-worker.js'), { workerData: state, execArgv: [], env: {} });
  worker.on('error', () => {
    // It ends after that. Without it such code goes on until the kernel is killed.
  });
  worker.on('exit', () => {
    worker = null;
    settled?.();
  });
  worker.on('message', () => settled?.());
  worker.unref();
}

/** The main thread has seen a SIGINT; the worker, which hears of it by another way, may not have yet. */
function noteSignal() {
  signals++;
}

/** Waits until the worker knows of every signal that the main thread knows of, so that none of them is taken for one to the next cell. */
async function settle() {
  if (signals === 0) return;
  signals = 0;
  if (worker === null) return;
  await new Promise((resolve) => {
    settled = resolve;
    worker.ref();
    worker.postMessage(null);
  });
  settled = null;
  worker?.unref();
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

/** Runs `action`, which the worker waits for. While it is ending the cell, what runs here waits, and ends so. */
function shield(action) {
  while (Atomics.compareExchange(state, BUSY, 0, 1) !== 0);
  try {
    return action();
  } finally {
    Atomics.store(state, BUSY, 0);
  }
}

module.exports = { beginCell, endCell, noteSignal, settle, shield, start, stop };
