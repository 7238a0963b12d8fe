// Runs the program of this repository on the runner's own Python, for runners without Docker.
//
// All that is decided here is how to start it. Its dependencies are installed once for each runner
// into a folder of the tool cache, by the hashes of the lock file; where that fails, a report is
// missing, and nobody's deployment breaks.
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, mkdtempSync, mkdirSync, readFileSync, renameSync, rmSync } = require("node:fs");
const path = require("node:path");

const repository = path.dirname(__dirname);
const lock = path.join(repository, "requirements", "run.txt");
const minutes = 60_000;

const fits = "import sys; print(sys.implementation.cache_tag); sys.exit(sys.version_info < (3, 11))";
const start =
  "import sys; stage, *folders = sys.argv[1:]; sys.path[:0] = folders; sys.argv[1:] = []; " +
  "from devlake_ci.cli import action; {'main': action.main, 'post': action.post}[stage]()";

function python() {
  for (const command of ["python3", "python"]) {
    const found = spawnSync(command, ["-I", "-c", fits], { encoding: "utf8", timeout: minutes });
    if (found.status === 0) return { command, tag: found.stdout.trim() };
  }
  throw new Error("there is no Python 3.11 or newer on this runner: actions/setup-python brings one");
}

function dependencies({ command, tag }) {
  const hash = createHash("sha256").update(readFileSync(lock)).update(tag + process.arch).digest("hex");
  const cache = process.env.RUNNER_TOOL_CACHE || process.env.RUNNER_TEMP;
  const folder = path.join(cache, "devlake-ci", hash.slice(0, 16));
  if (existsSync(folder)) return folder;

  mkdirSync(path.dirname(folder), { recursive: true });
  const fresh = mkdtempSync(folder + "-");
  const pip = ["-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
  const what = ["--only-binary", ":all:", "--require-hashes", "--requirement", lock, "--target", fresh];
  const done = spawnSync(command, [...pip, ...what], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: 2 * minutes,
  });
  if (done.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error("its dependencies could not be installed (see the lines above)");
  }
  try {
    renameSync(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // else a job beside this one was faster
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
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

module.exports = function run(stage) {
  try {
    const found = python();
    const folders = [path.join(repository, "src"), dependencies(found)];
    const child = spawn(found.command, ["-I", "-c", start, stage, ...folders], { stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => missed(stage, error.message));
    child.on("exit", (code, signal) => ended(stage, code, signal));
  } catch (error) {
    missed(stage, error.message.replaceAll(/[\r\n]+/g, " "));
  }
};
