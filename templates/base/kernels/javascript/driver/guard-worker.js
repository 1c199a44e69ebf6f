'use strict';
// The worker of guard.js. Workers get no signals, so a shell in the kernel's process group tells it of each SIGINT.

const { spawn } = require('node:child_process');
const { Session } = require('node:inspector');
const { createInterface } = require('node:readline');
const { parentPort, workerData: state } = require('node:worker_threads');

const CELL = 0;
const BUSY = 1;
// What a main thread that is not stuck needs to act on the signal itself.
const GRACE_MS = 200;
const RETRY_MS = 5;
// Says INT for each signal, and each line that it is given after the signals that came before.
const TELL = "trap 'hit=1; echo INT' INT; while :; do hit=; if read -r line; then echo \"$line\"; else [ \"$hit\" ] || exit; fi; done";

const session = new Session();
session.connectToMainThread();

let watcher = null;
let waiting = 0;
watch();
parentPort.on('message', () => {
  waiting++;
  if (!watcher.stdin?.write('settled\n') && !watcher.stdin?.writable) answer();
});

/** Starts the shell, and another one whenever it ends: code in the kernel can kill it. */
function watch() {
  watcher = spawn('/bin/sh', ['-c', TELL], { stdio: ['pipe', 'pipe', 'ignore'] });
  watcher.on('error', () => setTimeout(watch, GRACE_MS));
  watcher.on('exit', () => {
    watch();
    while (waiting > 0) answer();
  });
  watcher.stdin?.on('error', () => {
    // It has ended, which 'exit' tells.
  });
  if (watcher.stdout) createInterface({ input: watcher.stdout }).on('line', (line) => (line === 'INT' ? hit() : answer()));
}

function hit() {
  const cell = Atomics.load(state, CELL);
  if (cell !== 0) setTimeout(end, GRACE_MS, cell);
}

function answer() {
  if (waiting === 0) return;
  waiting--;
  parentPort.postMessage(null);
}

/** Ends what the main thread runs, if it still runs that cell. */
function end(cell) {
  if (Atomics.load(state, CELL) !== cell) return;
  if (Atomics.compareExchange(state, BUSY, 0, -1) !== 0) setTimeout(end, RETRY_MS, cell);
  else session.post('Runtime.terminateExecution', () => Atomics.store(state, BUSY, 0));
}
