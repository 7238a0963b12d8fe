"""A workflow of GitHub Actions in miniature: which steps run, and what expressions say then.

As far as our examples go: https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

import re
from types import SimpleNamespace

TOKEN = re.compile(r"\s*('[^']*'|[\w.*-]+(?:\(\))?|==|!=|&&|\|\||[()])")


def evaluated(text, contexts):
    """Return a text with its expressions filled in."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(value(found[1], contexts)), str(text))


def value(expression, contexts):
    """Return what an expression says: `a.b == 'x' && c || 'd'`; what isn't there is empty."""
    tokens = TOKEN.findall(expression.removeprefix("${{").removesuffix("}}"))
    return _or(tokens, contexts)


def _or(tokens, contexts):
    left = _and(tokens, contexts)
    while tokens and tokens[0] == "||":
        tokens.pop(0)
        right = _and(tokens, contexts)
        left = left or right
    return left


def _and(tokens, contexts):
    left = _compared(tokens, contexts)
    while tokens and tokens[0] == "&&":
        tokens.pop(0)
        right = _compared(tokens, contexts)
        left = left and right
    return left


def _compared(tokens, contexts):
    left = _operand(tokens, contexts)
    if tokens and tokens[0] in ("==", "!="):
        equal = tokens.pop(0) == "=="
        return (left == _operand(tokens, contexts)) is equal
    return left


def _operand(tokens, contexts):
    token = tokens.pop(0)
    if token == "(":
        inner = _or(tokens, contexts)
        tokens.pop(0)
        return inner
    if token.startswith("'"):
        return token[1:-1]
    if token == "always()":
        return True
    found = contexts
    for name in token.split("."):
        found = found.get(name, "") if isinstance(found, dict) else ""
    return found


def run(workflow, outcomes, contexts=()):
    """Run a workflow whose steps end as `outcomes` says, by their ids; return our steps' inputs.

    A step that isn't named succeeds, and is skipped after one that failed, unless its `if` says
    always(). The runner evaluates our inputs at the end of the job, or with `at: now` at once.
    """
    needs, reports = {}, []
    for name, job in workflow["jobs"].items():
        known = {"github": {"run_attempt": "1"}, **dict(contexts), "needs": needs}
        wanted = _needed(job)
        runs = all(needs[each]["result"] == "success" for each in wanted)
        condition = str(job.get("if", ""))
        if condition:
            says = bool(value(condition, known))
            runs = says if "always()" in condition else says and runs
        if not runs or "steps" not in job:
            needs[name] = {"result": "skipped", "outputs": {}}
            continue
        needs[name] = _job(job, outcomes, known, reports)
    return reports


def _needed(job):
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _job(job, outcomes, known, reports):
    matrix = job.get("strategy", {}).get("matrix")
    legs = [{key: each} for key, values in (matrix or {}).items() for each in values] or [{}]
    ended, outputs = [], {}
    for leg in legs:
        one = SimpleNamespace(status="success", steps={}, contexts=known | {"matrix": leg})
        first = [step for step in job["steps"] if is_ours(step)]
        for number, step in enumerate(job["steps"]):
            _step(step, outcomes, one, reports, position=number)
        contexts = one.contexts | {"steps": one.steps, "job": {"status": one.status}}
        for step in first:
            if step["with"].get("at", "job-end") == "job-end" and "env" not in step:
                reports.append(inputs(step, contexts))
        said = {key: evaluated(text, contexts) for key, text in job.get("outputs", {}).items()}
        outputs |= {key: text for key, text in said.items() if text}
        ended.append(one.status)
    result = "failure" if "failure" in ended else "success"
    return {"result": result, "outputs": outputs}


def _step(step, outcomes, job, reports, position):
    contexts = job.contexts | {"steps": job.steps, "job": {"status": job.status}}
    condition = str(step.get("if", ""))
    runs = job.status == "success" if "always()" not in condition else True
    if condition:
        runs = runs and bool(value(condition, contexts))
    wanted = outcomes.get(step.get("id"), outcomes.get(position, "success"))
    outcome = wanted if runs else "skipped"
    if outcome == "failure":
        job.status = "failure"
    if runs and is_ours(step) and ("env" in step or step["with"].get("at") == "now"):
        reports.append(inputs(step, contexts))
    if "id" in step:
        job.steps[step["id"]] = {"outcome": outcome, "outputs": _written(step, contexts, outcome)}


def _written(step, contexts, outcome):
    """Return what a step writes to GITHUB_OUTPUT: lines like `echo "$NAME=$VALUE" >>`."""
    env = {key: evaluated(text, contexts) for key, text in step.get("env", {}).items()}
    lines = re.findall(r'echo "([^"=]+)=([^"]*)" >> "\$GITHUB_OUTPUT"', step.get("run", ""))
    filled = [[re.sub(r"\$(\w+)", lambda found: env[found[1]], part) for part in line]
              for line in lines if "$(" not in line[1]]  # fmt: skip
    return dict(filled) if outcome == "success" else {}


def is_ours(step):
    return step.get("uses", "").startswith(("devlake-ci/", "docker://ghcr.io/devlake-ci/"))


def inputs(step, contexts):
    """Return a step's inputs as the runner would hand them over then, the job's status with them.

    A step that runs our image itself says the same in variables.
    """
    names = {"DEVLAKE_RESULT": "result", "DEVLAKE_ENVIRONMENT": "environment"}
    said = {names[key]: text for key, text in step.get("env", {}).items() if key in names}
    given = said | {"at": "now"} if said else step["with"]
    filled = {name: evaluated(text, contexts) for name, text in given.items()}
    return {"job-status": contexts["job"]["status"], **filled}
