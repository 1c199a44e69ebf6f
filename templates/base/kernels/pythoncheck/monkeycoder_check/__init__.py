"""Looks at Python code before it runs, by its syntax tree.

Advice and not a wall: whoever wants to can write code that these rules do not understand. ``driver`` speaks with the
agent and forks a child for each check, ``source`` reads what a cell says, ``names`` follows imports and aliases, ``rules``
lists what is looked for, and ``walk`` looks.
"""
