// Runs the program of this repository on the runner's own Python, for runners without Docker.
//
// All that is decided here is how to start it. Its dependencies are installed once in each job, by the
// hashes of the lock file, and are what was installed when the job ends, or are installed again. Where
// they can't be, the release's executable is fetched, by the hash in executables.json. Where that can't
// be either, a report is missing, and nobody's deployment breaks.
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");

const repository = path.dirname(__dirname);
const lock = path.join(repository, "requirements", "run.txt");
const released = path.join(__dirname, "executables.json");
const scripts = { main: "devlake-ci-action", post: "devlake-ci-action-post", install: "devlake-ci" };
const ending = process.platform === "win32" ? ".exe" : "";
const minutes = 60_000;

const fits = "import sys; sys.exit(sys.version_info < (3, 11))";
const start =
  "import sys; stage, *folders = sys.argv[1:]; sys.path[:0] = folders; sys.argv[1:] = []; " +
  "from devlake_ci.cli import wrappers; {'main': wrappers.action, 'post': wrappers.action_post}[stage]()";

function python() {
  for (const command of ["python3", "python"]) {
    const found = spawnSync(command, ["-I", "-c", fits], { timeout: minutes });
    if (found.status === 0) return { command };
  }
  throw new Error("there is no Python 3.11 or newer on this runner: actions/setup-python brings one");
}

function dependencies({ command }) {
  const { STATE_packages: kept, STATE_digest: digest } = process.env;
  if (kept && digest && existsSync(kept) && digestOf(kept) === digest) return kept;

  const folder = mkdtempSync(path.join(process.env.RUNNER_TEMP || tmpdir(), "devlake-ci-"));
  const pip = ["-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
  const what = ["--only-binary", ":all:", "--require-hashes", "--requirement", lock, "--target", folder];
  const done = spawnSync(command, [...pip, ...what], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: 2 * minutes,
  });
  if (done.status !== 0) throw new Error("its dependencies can't be installed (see the lines above)");
  remember({ packages: folder, digest: digestOf(folder) });
  return folder;
}

// The runner keeps these for the end of the job, where no other step can change them.
function remember(state) {
  const lines = Object.entries(state).map(([name, text]) => `${name}=${text}\n`);
  if (process.env.GITHUB_STATE) appendFileSync(process.env.GITHUB_STATE, lines.join(""));
}

function digestOf(folder) {
  const hash = createHash("sha256");
  const visit = (name) => {
    for (const entry of readdirSync(path.join(folder, name), { withFileTypes: true }).sort(byName)) {
      const each = path.join(name, entry.name);
      hash.update(`${each}\0${entry.isFile()}\0`);
      if (entry.isDirectory()) visit(each);
      else if (entry.isFile()) hash.update(readFileSync(path.join(folder, each))).update("\0");
    }
  };
  visit("");
  return hash.digest("hex");
}

function byName(one, other) {
  return one.name < other.name ? -1 : 1;
}

function cached(hash) {
  const cache = process.env.RUNNER_TOOL_CACHE || process.env.RUNNER_TEMP;
  return path.join(cache, "devlake-ci", hash.slice(0, 16));
}

// Fills a folder that nobody sees before it is whole.
function keep(folder, fill) {
  mkdirSync(path.dirname(folder), { recursive: true });
  const fresh = mkdtempSync(folder + "-");
  try {
    fill(fresh);
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else a job beside this one was faster
  }
}

// The archive is kept for all jobs of a runner, and used if it has the hash. What is unpacked of it is of
// this job alone, and is what was unpacked when the job ends, or is unpacked again.
async function executable(stage, { file, sha256 }) {
  const { STATE_program: kept, STATE_program_digest: digest } = process.env;
  const isSame = kept && digest && existsSync(kept) && digestOf(kept) === digest;
  const folder = isSame ? kept : unpacked(await archive(file, sha256));
  return path.join(folder, "devlake-ci", scripts[stage] + ending);
}

async function archive(file, sha256) {
  const folder = cached(sha256);
  const place = path.join(folder, file);

  const isKept = existsSync(place);
  const bytes = isKept ? readFileSync(place) : await fetched(file);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${isKept ? place : file} does not have the SHA-256 of the release, and is not run`);
  }
  if (!isKept) keep(folder, (fresh) => writeFileSync(path.join(fresh, file), bytes));
  return bytes;
}

// The program's name says which of its scripts it is.
function unpacked(bytes) {
  const folder = mkdtempSync(path.join(process.env.RUNNER_TEMP || tmpdir(), "devlake-ci-"));
  const done = spawnSync("tar", ["-xzf", "-"], { cwd: folder, input: bytes, timeout: minutes });
  if (done.status !== 0) {
    const why = done.error ? done.error.message : String(done.stderr).trim();
    throw new Error(`the release's executable can't be unpacked: ${why}`);
  }
  const program = path.join(folder, "devlake-ci", scripts.install + ending);
  for (const script of [scripts.main, scripts.post]) {
    copyFileSync(program, path.join(path.dirname(program), script + ending));
  }
  remember({ program: folder, program_digest: digestOf(folder) });
  return folder;
}

async function fetched(file) {
  const url = JSON.parse(readFileSync(released, "utf8")).url.replace("{file}", file);
  try {
    if (!url.startsWith("https://")) throw new Error("it is not https");
    const answer = await fetch(url, { signal: AbortSignal.timeout(minutes) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    throw new Error(`${url} can't be fetched: ${(error.cause || error).message}`);
  }
}

function given(input) {
  return (process.env[`INPUT_${input}`] || "").trim().toLowerCase();
}

// In the words of the program, which takes these for true.
function isHard(stage) {
  const due = stage === "post" || given("AT") === "now";
  return due && ["true", "1", "yes", "on"].includes(given("FAIL-ON-ERROR"));
}

function missed(stage, reason) {
  const hard = isHard(stage);
  console.log(`::${hard ? "error" : "warning"} title=DevLake::devlake-ci can't run: ${reason}.`);
  process.exitCode = hard ? 1 : 0;
}

// The program itself ends with 0 unless it is to fail the job.
function ended(stage, code, signal) {
  if (code && isHard(stage)) process.exitCode = code;
  else if (code !== 0) missed(stage, signal ? `${signal} ended it` : `its exit code was ${code}`);
}

async function program(stage) {
  try {
    const found = python();
    const folders = [path.join(repository, "src"), dependencies(found)];
    return [found.command, ["-I", "-B", "-c", start, stage, ...folders]];
  } catch (error) {
    const known = JSON.parse(readFileSync(released, "utf8")).executables;
    const ours = known[`${process.platform}-${process.arch}`];
    if (!ours?.sha256) throw error;
    console.log(`devlake-ci runs as an executable: ${error.message}.`);
    return [await executable(stage, ours), []];
  }
}

// What later steps start by its name: Python isolated from the job's folder and variables, and the program.
function launcher({ command }) {
  const packages = dependencies({ command });
  const where = spawnSync(command, ["-I", "-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  const folder = mkdtempSync(path.join(process.env.RUNNER_TEMP || tmpdir(), "devlake-ci-bin-"));
  const file = path.join(folder, scripts.install);
  const folders = JSON.stringify([path.join(repository, "src"), packages]);
  const code = `import sys\nsys.path[:0] = ${folders}\nfrom devlake_ci.__main__ import main\nmain()\n`;
  writeFileSync(file, `#!${where.stdout.trim()} -IB\n${code}`, { mode: 0o755 });
  if (process.platform === "win32") {
    writeFileSync(`${file}.cmd`, `@"${where.stdout.trim()}" -IB "%~dp0${scripts.install}" %*\r\n`);
  }
  return folder;
}

// Stands for a program that can't be fetched: the deployment is run all the same, and is not reported.
const standIn = `#!/bin/sh
echo "devlake-ci: warning: not reported: devlake-ci is not installed (see the step that installs it)." >&2
[ "$1" = run ] || exit 0
unset DEVLAKE_TOKEN DEVLAKE_HEADER DEVLAKE_GITHUB_TOKEN DEVLAKE_GITLAB_TOKEN DEVLAKE_URL
while [ "$#" -gt 0 ]; do
  if [ "$1" = -- ]; then
    shift
    exec "$@"
  fi
  shift
done
exit 2
`;

async function installed() {
  try {
    return launcher(python());
  } catch (error) {
    const ours = JSON.parse(readFileSync(released, "utf8")).executables[`${process.platform}-${process.arch}`];
    if (!ours?.sha256) throw error;
    console.log(`devlake-ci runs as an executable: ${error.message}.`);
    return path.dirname(await executable("install", ours));
  }
}

async function install() {
  let folder;
  try {
    folder = await installed();
  } catch (error) {
    missed("install", error.message.replaceAll(/[\r\n]+/g, " "));
    folder = mkdtempSync(path.join(process.env.RUNNER_TEMP || tmpdir(), "devlake-ci-bin-"));
    writeFileSync(path.join(folder, scripts.install), standIn, { mode: 0o755 });
  }
  appendFileSync(process.env.GITHUB_PATH, `${folder}\n`);
}

module.exports = async function run(stage) {
  try {
    const [command, parameters] = await program(stage);
    const child = spawn(command, parameters, { stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => missed(stage, error.message));
    child.on("exit", (code, signal) => ended(stage, code, signal));
  } catch (error) {
    missed(stage, error.message.replaceAll(/[\r\n]+/g, " "));
  }
};

module.exports.install = install;
