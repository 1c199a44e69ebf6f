'use strict';
// SIGINT interrupts a running cell, and nothing else.
//
// While a cell waits for a promise, that wait ends. While its code keeps the main thread busy, guard.js ends it.

const { KeyboardInterrupt } = require('./errors.js');
const guard = require('./guard.js');

/** One running cell: `failed` rejects when the cell has to end before its time. */
class Interruption {
  constructor() {
    this.failed = new Promise((_resolve, reject) => {
      this.fail = reject;
    });
    // Nobody may be waiting yet.
    this.failed.catch(() => {});
  }

  /** What `promise` becomes, unless the cell has to end first. */
  guard(promise) {
    return Promise.race([promise, this.failed]);
  }
}

let current = null;

/** Installs the handler again, should a cell have removed it. */
function install() {
  process.off('SIGINT', onSigint);
  process.prependListener('SIGINT', onSigint);
}

function onSigint() {
  guard.noteSignal();
  current?.fail(new KeyboardInterrupt());
}

module.exports = {
  Interruption,
  install,
  get current() {
    return current;
  },
  set current(value) {
    current = value;
  },
};
