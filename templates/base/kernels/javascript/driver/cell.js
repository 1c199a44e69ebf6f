'use strict';
// Rewrites a cell, keeping every line where it is, so that
//  - what it declares at its top level is global, and can be declared again by a later cell;
//  - `await`, `import` and `export` work in it;
//  - the value of its last statement, when that is an expression, is its value.
//
// A cell without `await` or `import` stays a script. Another becomes the body of an async function, whose declarations
// are assignments to globals.

const { awaits, bound, ownNodes } = require('./names.js');
const typescript = require('./typescript.js');

// The template has it beside npm (templates/base/node).
const { parse } = require(require.resolve('acorn', { paths: [__dirname, '/usr/local/lib/node_modules/acorn'] }));

const PARSER = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowHashBang: true,
};

/** What the rewritten code calls; the evaluator defines it. */
const RUNTIME = '__monkeycoder';

/**
 * @param {string} code a cell, in JavaScript or TypeScript
 * @returns {{code: string, names: string[], isAsync: boolean, hasValue: boolean, columnOffset: number}} the script to run;
 *   the global names it sets; whether its value is a promise of `{value}`; whether it has a value; where its first line
 *   begins
 * @throws {SyntaxError}
 */
function rewrite(code) {
  const { source, program } = parseCell(code);
  const edits = new Edits(source);
  const isAsync = [...ownNodes(program)].some(awaits);
  const writer = new CellWriter(edits, isAsync);
  const value = valueRange(program.body.at(-1), source);
  if (isAsync && value) edits.insert(value.start, ' return { value: (');
  for (const statement of program.body) writer.statement(statement);
  if (isAsync) writer.nestedVars(program);
  if (isAsync) writer.awaits(program);
  writer.metaProperties(program);
  if (isAsync && value) edits.insert(value.end, ')}');

  const result = { names: writer.names, isAsync, hasValue: value !== null };
  if (!isAsync) return { ...result, code: edits.apply(), columnOffset: 0 };
  const opening = `(async () => { ${writer.head}`;
  return { ...result, code: `${opening}${edits.apply()}\n})()`, columnOffset: -opening.length };
}

/** Where the expression is that gives the cell its value, without its semicolon; null when there is none. */
function valueRange(last, source) {
  if (!last) return null;
  const isDefault = last.type === 'ExportDefaultDeclaration' && !/^(Function|Class)Declaration$/.test(last.declaration.type);
  if (last.type !== 'ExpressionStatement' && !isDefault) return null;
  const start = isDefault ? last.start + exportDefaultLength(last, source) : last.start;
  return { start, end: source[last.end - 1] === ';' ? last.end - 1 : last.end };
}

function exportDefaultLength(node, source) {
  return /^export\s+default/.exec(source.slice(node.start, node.end))?.[0].length ?? node.declaration.start - node.start;
}

/** Parses as JavaScript; failing that, without types; failing that, throws the first error. */
function parseCell(code) {
  // A cell that is an object literal: its braces are not a block.
  if (/^\s*\{/.test(code) && !/;\s*$/.test(code)) {
    const inParentheses = attempt(`(${code}\n)`);
    if (inParentheses) return inParentheses;
  }
  try {
    return { source: code, program: parse(code, PARSER) };
  } catch (error) {
    const stripped = typescript.strip(code);
    const parsed = stripped === null ? null : attempt(stripped);
    if (parsed) return parsed;
    throw syntaxError(error, code);
  }
}

function attempt(source) {
  try {
    return { source, program: parse(source, PARSER) };
  } catch {
    return null;
  }
}

/** Acorn's error with the line it is about. */
function syntaxError(error, code) {
  if (!error.loc) return error;
  const { line, column } = error.loc;
  const result = new SyntaxError(error.message);
  result.stack = `${code.split('\n')[line - 1] ?? ''}\n${' '.repeat(column)}^\n\nSyntaxError: ${error.message}`;
  return result;
}

/** Insertions and replacements on a source text. */
class Edits {
  #list = [];

  constructor(source) {
    this.source = source;
  }

  text(start, end) {
    return this.source.slice(start, end);
  }

  insert(at, text) {
    this.replace(at, at, text);
  }

  replace(start, end, text) {
    this.#list.push({ start, end, text, order: this.#list.length });
  }

  /** Removes a range but for its line breaks. */
  blank(start, end) {
    this.replace(start, end, this.text(start, end).replace(/[^\n\r\u2028\u2029]/g, ' '));
  }

  apply() {
    this.#list.sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    let result = '';
    let position = 0;
    for (const { start, end, text } of this.#list) {
      result += this.source.slice(position, start) + text;
      position = end;
    }
    return result + this.source.slice(position);
  }
}

class CellWriter {
  names = [];
  /** Runs before the cell's own statements: functions are callable above their declaration, imports are there. */
  head = '';

  constructor(edits, isAsync) {
    this.edits = edits;
    this.isAsync = isAsync;
  }

  statement(node) {
    switch (node.type) {
      case 'VariableDeclaration':
        this.#variables(node);
        break;
      case 'ClassDeclaration':
        this.#class(node);
        break;
      case 'FunctionDeclaration':
        this.#function(node);
        break;
      case 'ImportDeclaration':
        this.#import(node);
        break;
      case 'ExportNamedDeclaration':
        if (node.declaration) {
          this.edits.blank(node.start, node.declaration.start);
          this.statement(node.declaration);
        } else {
          this.edits.blank(node.start, node.end);
        }
        break;
      case 'ExportDefaultDeclaration':
        this.#exportDefault(node);
        break;
      case 'ExportAllDeclaration':
        this.edits.blank(node.start, node.end);
        break;
      default:
    }
  }

  /** Every `await` of the cell itself ends when the cell is interrupted. */
  awaits(program) {
    for (const node of ownNodes(program)) {
      if (node.type !== 'AwaitExpression') continue;
      this.edits.insert(node.start + 'await'.length, ` ${RUNTIME}.guard(`);
      this.edits.insert(node.end, ')');
    }
  }

  /** `var` inside blocks and loops belongs to the cell as well. */
  nestedVars(program) {
    const top = new Set(program.body.flatMap((node) => [node, node.declaration]));
    const inLoopHead = new Set();
    for (const node of ownNodes(program)) {
      if (/^For/.test(node.type)) inLoopHead.add(node.init ?? node.left);
      if (node.type !== 'VariableDeclaration' || node.kind !== 'var' || top.has(node)) continue;
      if (inLoopHead.has(node)) this.#loopVariables(node);
      else this.#variables(node);
    }
  }

  /** `import.meta` is that of a module in the working directory. */
  metaProperties(program) {
    const visit = (node) => {
      if (node.type === 'MetaProperty' && node.meta.name === 'import') {
        this.edits.replace(node.start, node.end, `${RUNTIME}.meta()`);
      }
      for (const value of Object.values(node)) {
        for (const child of Array.isArray(value) ? value : [value]) if (typeof child?.type === 'string') visit(child);
      }
    };
    visit(program);
  }

  #variables(node) {
    if (node.kind === 'using' || node.kind === 'await using') return;
    for (const { id } of node.declarations) this.names.push(...bound(id));
    const first = node.declarations[0];
    if (this.isAsync) {
      // `void` keeps a line before that has no semicolon from going on here.
      this.edits.replace(node.start, first.start, 'void (');
      for (const { init, start, end } of node.declarations) {
        if (start !== first.start) this.edits.insert(start, '(');
        // `var x;` leaves the x of an earlier cell as it is.
        this.edits.insert(end, init || node.kind === 'var' ? ')' : ' = undefined)');
      }
    } else if (node.kind !== 'var') {
      this.edits.replace(node.start, node.start + node.kind.length, 'var');
      for (const { init, end } of node.declarations) if (!init) this.edits.insert(end, ' = undefined');
    }
  }

  #exportDefault(node) {
    this.edits.blank(node.start, node.start + exportDefaultLength(node, this.edits.source));
    if (!/^(Function|Class)Declaration$/.test(node.declaration.type)) return;
    if (node.declaration.id) this.statement(node.declaration);
    else this.edits.insert(node.declaration.start, 'void ');
  }

  #loopVariables(node) {
    for (const { id } of node.declarations) this.names.push(...bound(id));
    this.edits.blank(node.start, node.declarations[0].start);
  }

  #class(node) {
    this.names.push(node.id.name);
    this.edits.insert(node.start, this.isAsync ? `${node.id.name} = ` : `var ${node.id.name} = `);
    this.edits.insert(node.end, ';');
  }

  #function(node) {
    this.names.push(node.id.name);
    if (this.isAsync) this.head += `globalThis.${node.id.name} = ${node.id.name}; `;
  }

  #import(node) {
    this.edits.blank(node.start, node.end);
    const specifier = JSON.stringify(withoutScheme(node.source.value));
    const options = node.attributes?.length ? `, { with: { ${node.attributes.map(attribute).join(', ')} } }` : '';
    const loaded = `await import(${specifier}${options})`;
    const wanted = node.specifiers.map((one) => ({
      local: one.local.name,
      name: one.type === 'ImportNamespaceSpecifier' ? null
        : one.type === 'ImportDefaultSpecifier' ? 'default' : one.imported.name ?? one.imported.value,
    }));
    this.names.push(...wanted.map((one) => one.local));
    this.head += wanted.length === 0
      ? `${loaded}; `
      : `${RUNTIME}.take(${loaded}, ${specifier}, ${JSON.stringify(wanted)}); `;
  }
}

function attribute({ key, value }) {
  return `${JSON.stringify(key.name ?? key.value)}: ${JSON.stringify(value.value)}`;
}

/** "npm:left-pad@1" names what is installed as "left-pad". */
function withoutScheme(specifier) {
  return specifier.startsWith('npm:') ? specifier.slice(4).replace(/(?<=.)@[^/]*/, '') : specifier;
}

module.exports = { RUNTIME, rewrite };
