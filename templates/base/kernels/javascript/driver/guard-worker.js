'use strict';
// The worker of guard.js. Workers get no signals, so a shell in the kernel's process group tells it of each SIGINT.

const { spawn } = require('node:child_process');
const { Session } = require('node:inspector');
const { workerData: state } = require('node:worker_threads');

const CELL = 0;
const BUSY = 1;
// What a main thread that is not stuck needs to act on the signal itself.
const GRACE_MS = 200;
const RETRY_MS = 5;
const TELL = "trap 'hit=1; echo' INT; while :; do hit=; read -r line || [ \"$hit\" ] || exit; done";

const session = new Session();
session.connectToMainThread();

const watcher = spawn('/bin/sh', ['-c', TELL], { stdio: ['pipe', 'pipe', 'ignore'] });
watcher.on('error', () => process.exit());
watcher.stdout.on('data', () => {
  const cell = Atomics.load(state, CELL);
  if (cell !== 0) setTimeout(end, GRACE_MS, cell);
});

/** Ends what the main thread runs, if it still runs that cell. */
function end(cell) {
  if (Atomics.load(state, CELL) !== cell) return;
  if (Atomics.load(state, BUSY) !== 0) setTimeout(end, RETRY_MS, cell);
  else session.post('Runtime.terminateExecution');
}
