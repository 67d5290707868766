"""Points of cognitive complexity of a piece of Python, as SonarSource defines them (G. A. Campbell, 2018, version 1.2).

Each break in the linear flow costs a point: if, elif, else, loops and their else, match, except, a conditional
expression, each sequence of like boolean operators, each call of a function by itself. All but elif, else, boolean
operators and recursion cost one more for each level that they are nested in; functions within functions and lambdas are
a level too. One thing is added: each `for` of a comprehension is a loop, nested in those before it.
"""

import ast

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def count_points(tree: ast.AST) -> int:
    """Points of all that a tree holds."""
    counter = _Counter()
    counter.visit(tree)
    return counter.points


class _Counter(ast.NodeVisitor):
    def __init__(self):
        self.points = 0
        self.level = 0
        self.functions: list[ast.FunctionDef] = []

    def visit_all(self, nodes, deeper=0):
        self.level += deeper
        for node in nodes:
            self.visit(node)
        self.level -= deeper

    def add_break(self):
        self.points += 1 + self.level

    def visit_FunctionDef(self, node):
        self.visit_all([*node.decorator_list, node.args])
        # a function that only defines another and returns it, as a decorator does, is no level: so the definition says
        inner = 1 if self.functions and not _only_wraps(self.functions[-1]) else 0
        self.functions.append(node)
        self.visit_all(node.body, inner)
        self.points += _calls_itself(node)
        self.functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        # methods start from no level, whatever the class is defined in
        outer, self.functions = self.functions, []
        level, self.level = self.level, 0
        self.generic_visit(node)
        self.functions, self.level = outer, level

    def visit_Lambda(self, node):
        self.visit_all([node.args, node.body], 1 if self.functions else 0)

    def visit_If(self, node):
        self.add_break()
        self.visit_branches(node)

    def visit_branches(self, node):
        self.visit(node.test)
        self.visit_all(node.body, 1)
        if len(node.orelse) == 1 and _is_elif(node.orelse[0], node):
            self.points += 1
            self.visit_branches(node.orelse[0])
        elif node.orelse:
            self.points += 1
            self.visit_all(node.orelse, 1)

    def visit_IfExp(self, node):
        self.add_break()
        self.visit(node.test)
        self.visit_all([node.body, node.orelse], 1)

    def visit_loop(self, node):
        self.add_break()
        self.visit_all([node.test] if isinstance(node, ast.While) else [node.target, node.iter])
        self.visit_all(node.body, 1)
        self.points += bool(node.orelse)
        self.visit_all(node.orelse, 1)

    visit_For = visit_AsyncFor = visit_While = visit_loop

    def visit_Match(self, node):
        self.add_break()
        self.visit(node.subject)
        self.visit_all(node.cases, 1)

    def visit_ExceptHandler(self, node):
        self.add_break()
        self.visit_all(node.body, 1)

    def visit_comprehension_of(self, node):
        for depth, part in enumerate(node.generators):
            self.points += 1 + self.level + depth
            self.visit_all([part.iter], depth)
            self.visit_all([part.target, *part.ifs], depth + 1)
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.visit_all(values, len(node.generators))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_of

    def visit_BoolOp(self, node):
        self.points += 1
        alike = [value for value in node.values if isinstance(value, ast.BoolOp) and type(value.op) is type(node.op)]
        self.points -= len(alike)
        self.generic_visit(node)


def _is_elif(node, above):
    """An `elif` starts in the column of its `if`; an `if` within an `else` further right."""
    return isinstance(node, ast.If) and node.col_offset == above.col_offset


def _only_wraps(function):
    kinds = [type(node) for node in function.body if not _is_docstring(node)]
    return len(kinds) == 2 and kinds[0] in FUNCTIONS and kinds[1] is ast.Return


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _calls_itself(function):
    return any(isinstance(node, ast.Call) and _called_name(node.func) == function.name for node in ast.walk(function))


def _called_name(called):
    """The name in `name(...)` and in `self.name(...)`."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in ("self", "cls"):
        return called.attr
    return called.id if isinstance(called, ast.Name) else None
