'use strict';
// Runs one cell in this process's own global scope.

const nodeModule = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { types } = require('node:util');
const vm = require('node:vm');
const { RUNTIME, rewrite } = require('./cell.js');
const { KeyboardInterrupt, SystemExit } = require('./errors.js');
const guards = require('./guard.js');
const interrupts = require('./interrupts.js');

// Kept from cells that replace the globals.
const { setImmediate } = globalThis;

/** Defines what cells have beside Node's globals: require and its like, and what rewritten code calls. */
function install() {
  define('module', { exports: {} });
  define('exports', globalThis.module.exports);
  Object.defineProperty(globalThis, '__dirname', { configurable: true, get: () => process.cwd() });
  Object.defineProperty(globalThis, '__filename', { configurable: true, get: () => path.join(process.cwd(), 'cell.js') });
  Object.defineProperty(globalThis, RUNTIME, { value: Object.freeze({ guard, meta, take }) });
  process.exit = (code) => {
    throw new SystemExit(code ?? process.exitCode);
  };
}

/**
 * Runs cell number `count`.
 * @returns {Promise<unknown>} the value of the cell; undefined when it has none
 * @throws whatever the cell throws, SyntaxError, KeyboardInterrupt
 */
async function run(code, count) {
  const cell = rewrite(code);
  // Relative to where the cell is now.
  define('require', nodeModule.createRequire(path.join(process.cwd(), 'cell.js')));
  for (const name of cell.names) declare(name);
  const script = new vm.Script(cell.code, {
    filename: `<cell ${count}>`,
    columnOffset: cell.columnOffset,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  guards.start();
  const { result } = await guard(runScript(script));
  if (cell.isAsync) return unwrap((await guard(result))?.value);
  return cell.hasValue ? unwrap(result) : undefined;
}

/** In a turn of its own: code that is terminated takes along all that waits on the stack below it. */
function runScript(script) {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        // Wrapped, because a promise would be waited for.
        resolve({ result: script.runInThisContext({ displayErrors: true }) });
      } catch (error) {
        // The program that the cell was waiting for has had the signal.
        reject(error?.signal === 'SIGINT' ? new KeyboardInterrupt() : error);
      }
    });
  });
}

/** A promise that is the value of a cell is shown as what it becomes. */
function unwrap(value) {
  return types.isPromise(value) ? guard(value) : value;
}

function guard(promise) {
  return interrupts.current === null ? promise : interrupts.current.guard(promise);
}

/** What `import.meta` is in a cell. */
function meta() {
  const filename = path.join(process.cwd(), 'cell.mjs');
  return { url: pathToFileURL(filename).href, filename, dirname: process.cwd() };
}

/** Sets globals to what a module exports. `wanted`: `{local, name}`, the name null for the whole namespace. */
function take(namespace, specifier, wanted) {
  for (const { local, name } of wanted) {
    if (name !== null && !(name in namespace)) {
      throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
    }
    globalThis[local] = name === null ? namespace : namespace[name];
  }
}

/** Makes `name` a plain global that a cell can set, also where Node has an accessor (`crypto`, `navigator`). */
function declare(name) {
  const existing = Object.getOwnPropertyDescriptor(globalThis, name);
  if (existing === undefined) define(name, undefined, true);
  else if (existing.configurable && !existing.writable) define(name, globalThis[name], existing.enumerable);
}

function define(name, value, enumerable = false) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable });
}

module.exports = { install, run };
