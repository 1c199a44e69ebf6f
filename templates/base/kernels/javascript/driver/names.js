'use strict';
// Which names a piece of code declares, and where it awaits.

/** The names that a binding pattern binds. */
function* bound(pattern) {
  switch (pattern?.type) {
    case 'Identifier':
      yield pattern.name;
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties) yield* bound(property.value ?? property.argument);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) yield* bound(element);
      break;
    case 'AssignmentPattern':
      yield* bound(pattern.left);
      break;
    case 'RestElement':
      yield* bound(pattern.argument);
      break;
    default:
  }
}

/** Every node of the tree below `node` that runs as part of the cell itself: functions and classes are not entered. */
function* ownNodes(node) {
  for (const [child, entered] of children(node)) {
    yield child;
    if (entered) yield* ownNodes(child);
  }
}

function* children(node) {
  for (const [key, value] of Object.entries(node)) {
    if (key === 'type' || key === 'loc' || value === null || typeof value !== 'object') continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') yield [child, !isScope(child)];
    }
  }
}

function isScope(node) {
  return /Function|^Class|^StaticBlock$|^PropertyDefinition$/.test(node.type);
}

/** True where `node` itself makes its surroundings asynchronous. */
function awaits(node) {
  return (
    node.type === 'AwaitExpression' ||
    (node.type === 'ForOfStatement' && node.await) ||
    (node.type === 'VariableDeclaration' && node.kind === 'await using') ||
    node.type === 'ImportDeclaration'
  );
}

module.exports = { awaits, bound, ownNodes };
