/** What the interpreter of the snapshot loads, so that others have it at once. */
export const COMMON_IMPORTS =
  "import ast, collections, csv, datetime, decimal, functools, itertools, json, math, random, re, statistics, uuid";

/**
 * What runs in Python before the user's code, as text. The user's code becomes the body of a function, with its lines
 * where they were; a last line that is an expression is returned. Answers with a kind, a line and what belongs to it:
 *
 * - `value`, JSON · `too_large`, nothing · `refused`, what no JSON can hold
 * - `thrown`, JSON `{ name, message, line }` · `memory`, nothing · `interrupted`, nothing
 */
export const RUNNER = `
def __automatrix_prepare():
    import ast, builtins, datetime, json, random, sys

    # Python's bridge to JavaScript: the realm bars it, and this says so where it is imported.
    bridge = {"js", "pyodide_js", "pyodide", "_pyodide", "_pyodide_core"}

    class NoBridge:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in bridge:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in [name for name in sys.modules if name.partition(".")[0] in bridge]:
        del sys.modules[name]
    sys.meta_path.insert(0, NoBridge())

    dumps, loads = json.dumps, json.loads
    names = ("input", "inputs", "nodes", "vars", "trigger", "execution")

    def compile_body(code):
        tree = ast.parse(code, "code")
        body = tree.body or [ast.Pass(lineno=1, col_offset=0)]
        last = body[-1]
        if isinstance(last, ast.Expr):
            body[-1] = ast.copy_location(ast.Return(value=last.value), last)
        function = ast.parse("def code(" + ", ".join(names) + "): pass", "code")
        function.body[0].body = body
        return compile(ast.fix_missing_locations(function), "code", "exec", dont_inherit=True)

    def to_json(value):
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        raise TypeError("a " + type(value).__name__)

    def line_of(error):
        line = None
        if isinstance(error, SyntaxError) and error.filename == "code":
            return error.lineno
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "code":
                line = trace.tb_lineno
            trace = trace.tb_next
        return line

    def thrown(error):
        name = type(error).__name__
        try:
            message = error.msg if isinstance(error, SyntaxError) else str(error)
            message = str(message)[:1000]
        except BaseException:
            message = ""
        return "thrown\\n" + dumps({"name": name, "message": message, "line": line_of(error)})

    def serialize(value, max_result):
        try:
            text = dumps(value, default=to_json, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        except ValueError as error:
            what = "a cyclic value" if "ircular" in str(error) else "a number that is not finite"
            return "refused\\n" + what
        except TypeError as error:
            return "refused\\n" + str(error)[:200]
        return "too_large\\n" if len(text) > max_result else "value\\n" + text

    def run(code, scope, max_result):
        random.seed()
        try:
            try:
                values = loads(scope)
                space = {"__name__": "code", "__builtins__": builtins}
                exec(compile_body(code), space)
                answer = serialize(space["code"](*(values.get(name) for name in names)), max_result)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
            return answer
        except KeyboardInterrupt:
            return "interrupted\\n"
        except MemoryError:
            return "memory\\n"
        except BaseException as error:
            return thrown(error)

    return run

__automatrix_run = __automatrix_prepare()
del __automatrix_prepare
`;
