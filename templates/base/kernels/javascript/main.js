'use strict';
// The kernel driver of JavaScript and TypeScript: `node main.js` with the protocol socket on fd 3 (see ../PROTOCOL.md).
//
// driver/kernel.js      the loop that reads requests, and what surrounds a cell
// driver/channel.js     the wire on fd 3
// driver/evaluator.js   runs one cell in this process's own global scope
// driver/cell.js        rewrites a cell so that its names outlive it, and `await` and `import` work in it
// driver/names.js       which names a piece of code declares
// driver/typescript.js  takes the types out
// driver/interrupts.js  SIGINT, only while a cell runs
// driver/guard.js       ends a cell that keeps the main thread busy where signals do not reach it
// driver/streams.js     stdout and stderr of the cell, written at once
// driver/results.js     what a cell shows, as `result` messages
// driver/errors.js      what a cell throws, as an `error` message

// Until the driver has its own handler.
process.on('SIGINT', () => {});

require('./driver/kernel.js').serve(3);
