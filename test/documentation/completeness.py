"""Whether the documentation lists what exists: functions, tables, settings, errors. Used by test/run-documentation.

Each check compares two sets, what a page says and what the catalog or the sources say, and names what is in one of them
only: a function without a section fails as a section without a function does.
"""
import glob
import os
import re
import subprocess

MEMBERS = """
    JOIN pg_depend d ON d.objid = o.oid AND d.classid = '{catalog}'::regclass AND d.deptype = 'e'
    JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook'"""
TYPES = {"timestamp with time zone": "timestamptz"}


def read(name):
    with open(name, encoding="utf-8") as file:
        return file.read()


def query(database, sql):
    """Rows of text; a superuser's session that has loaded the library, so that its settings are known."""
    done = subprocess.run(["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database,
                           "-c", "LOAD 'playbook'", "-c", sql], text=True, capture_output=True, check=False, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return [line.split("\t") for line in done.stdout.splitlines()]


def plain(text):
    """Code without what the catalog spells out and people do not: casts of defaults, IN, long names of types."""
    for long, short in TYPES.items():
        text = text.replace(long, short)
    text = re.sub(r"::[a-z]+(?=,|\)|$)", "", text)
    text = re.sub(r"([(,] ?)IN ", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def compare(what, shown, present):
    """The lines of a test's result."""
    lines = [f"# not documented: {each}" for each in sorted(present - shown)]
    lines += [f"# documented, but not there: {each}" for each in sorted(shown - present)]
    return [f"{'not ok' if lines else 'ok'} - {what}", *lines]


def sections(page):
    """Headings of the third level and what stands below each."""
    return dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE))


def signatures(database):
    page = read("doc/reference.md")
    shown = set()
    for name, text in sections(page).items():
        for block in re.findall(r"^```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            # One signature begins where a line is not indented.
            for signature in re.split(r"\n(?=\S)", block.strip()):
                if re.match(rf"(CALL )?{name}\(", signature):
                    shown.add(plain(signature))
    present = {plain(signature) for (signature,) in query(database, r"""
        SELECT format('%s%s(%s)%s', CASE o.prokind WHEN 'p' THEN 'CALL ' ELSE '' END, o.proname,
                      pg_get_function_arguments(o.oid),
                      CASE o.prokind WHEN 'p' THEN '' ELSE ' → ' || pg_get_function_result(o.oid) END)
        FROM pg_proc o""" + MEMBERS.format(catalog="pg_proc"))}
    return compare("doc/reference.md has the signature of every function", shown, present)


def examples():
    """Every function's section has an example that is run, or says why not."""
    page = sections(read("doc/reference.md"))
    functions = {name for name, text in page.items() if re.search(rf"^```\n(CALL )?{name}\(", text, re.MULTILINE)}
    shown = {name for name in functions if re.search(rf"^```sql\n[^`]*{name}", page[name], re.MULTILINE)}
    return compare("doc/reference.md has an example of every function", shown, functions)


def columns(database):
    row = re.compile(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
    page = read("doc/reference.md").partition("\n## Tables and views\n")[2]
    shown = {f"{table}.{name} {kind}" for table, text in sections(page).items() for name, kind in row.findall(text)}
    present = {f"{table}.{name} {plain(kind)}" for table, name, kind in query(database, """
        SELECT o.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_class o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped""" +
        MEMBERS.format(catalog="pg_class") + " WHERE o.relkind IN ('r', 'p', 'v', 'm') AND NOT o.relispartition")}
    return compare("doc/reference.md has every column of every table and view", shown, present)


def settings(database):
    table = re.search(r"<!-- settings -->\n(.*?)<!-- end -->", read("doc/operations.md"), re.DOTALL)[1]
    row = re.compile(r"^\| `(playbook\.\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
    shown = {" | ".join(each) for each in row.findall(table)}
    present = {" | ".join(each) for each in query(database, """
        SELECT name, coalesce(nullif(boot_val, '') || coalesce(' ' || unit, ''), '(empty)'),
               CASE vartype WHEN 'bool' THEN 'on, off' WHEN 'enum' THEN array_to_string(enumvals, ', ')
                            WHEN 'string' THEN 'text' ELSE format('%s to %s', min_val, max_val) END, context
        FROM pg_settings WHERE name LIKE 'playbook.%'""")}
    return compare("doc/operations.md has every setting, its default, range and context", shown, present)


def limits(database):
    """A limit with a setting shows its default and range; one that ends with an error of its own names its test."""
    wrong = []
    present = {name: (default, bounds) for name, default, bounds in query(database, """
        SELECT name, boot_val || coalesce(' ' || unit, ''), format('%s to %s', min_val, max_val)
        FROM pg_settings WHERE name LIKE 'playbook.%'""")}
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", read("doc/limits.md"),
                      re.MULTILINE)
    for limit, setting, default, bounds, beyond, test in rows:
        name = setting.strip("`")
        if name.startswith("playbook.") and present.get(name) != (default, bounds):
            wrong.append(f"{name} is {present.get(name)}, not {default}, {bounds}")
        if test.startswith("`") and not os.path.isfile("test/" + test.strip("`")):
            wrong.append(f"{limit}: there is no test/{test.strip('`')}")
        if "54000" in beyond and name.startswith("playbook.") and test == "–":
            wrong.append(f"{limit} has no test")
    shown = {setting.strip("`") for _, setting, *_ in rows}
    wrong += [f"{name} has no line" for name in present if name.startswith("playbook.max_") and name not in shown]
    return [f"{'not ok' if wrong or not rows else 'ok'} - doc/limits.md has default, range and test of every limit",
            *[f"# {each}" for each in wrong]]


def sqlstates():
    """The codes by the names that the server's headers give them."""
    config = os.environ.get("PG_CONFIG", "pg_config")
    folder = subprocess.run([config, "--includedir-server"], text=True, capture_output=True, check=True).stdout
    header = read(folder.strip() + "/utils/errcodes.h")
    defined = re.findall(r"^#define (ERRCODE_\w+)\s+MAKE_SQLSTATE\((.*?)\)", header, re.MULTILINE)
    return {name: "".join(re.findall(r"'(.)'", letters)) for name, letters in defined}


def errors():
    code_of = sqlstates()
    present = set()
    for name in glob.glob("src/**/*.[ch]pp", recursive=True):
        text = re.sub(r"//[^\n]*", "", read(name))
        # Mentioned, but not where an error that has happened is judged.
        mentions = re.findall(r"(case |[=!]= |)\b(ERRCODE_\w+)", text)
        present |= {code_of[named] for judged, named in mentions if not judged}
        present |= set(re.findall(r'\{"(\d[0-9A-Z]{4}|XX00\d)",', text))  # recorded with a step: Failure{"57014", …}
        if "elog(ERROR" in text:
            present.add("XX000")
    for name in glob.glob("sql/playbook/*.sql"):
        present |= set(re.findall(r"ERRCODE\s*=\s*'(\w{5})'", read(name)))
    shown = set(re.findall(r"^\| `(\w{5})` \|", read("doc/errors.md"), re.MULTILINE))
    return compare("doc/errors.md has every SQLSTATE of the sources", shown, present)


def named_errors():
    """What other pages say of SQLSTATEs is explained there; 22012, 23503 and the like are the server's own."""
    servers = {"22012", "23503"}
    known = set(re.findall(r"^\| `(\w{5})` \|", read("doc/errors.md"), re.MULTILINE)) | servers
    named = set()
    for name in ("doc/reference.md", "doc/limits.md", "doc/approvals_and_outbox.md"):
        named |= set(re.findall(r"`([0-9][0-9A-Z]{4}|P000\d|XX00\d)`", read(name)))
    unknown = sorted(named - known)
    return [f"{'not ok' if unknown else 'ok'} - doc/errors.md explains every SQLSTATE that other pages name",
            *[f"# not explained: {each}" for each in unknown]]


def links():
    """Links between pages lead to files and headings that are there."""
    broken = []
    for name in ["README.md", "CONTRIBUTING.md", *sorted(glob.glob("doc/*.md"))]:
        folder = name.rpartition("/")[0]
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)):
            path, _, anchor = target.partition("#")
            path = f"{folder}/{path}".lstrip("/") if path else name
            try:
                text = read(path)
            except OSError:
                broken.append(f"{name}: {target}")
                continue
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                       for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
            if anchor and anchor not in anchors:
                broken.append(f"{name}: {target}")
    return [f"{'not ok' if broken else 'ok'} - links between pages lead somewhere", *[f"# {each}" for each in broken]]


def results(database):
    return [*signatures(database), *examples(), *columns(database), *settings(database), *limits(database), *errors(), *named_errors(),
            *links()]
