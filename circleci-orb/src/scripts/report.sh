#!/bin/sh
# Runs `devlake-ci report` with what was given as parameters, and keeps out of the deployment's way:
# a report that can't be made is a warning, unless fail_on_error says otherwise.
# A job may choose another shell for its steps, such as one that shows each command with its values.
set +euxC -f

has() { command -v "$1" >/dev/null 2>&1; }

say() { printf 'devlake-ci: %s\n' "$@" >&2; }

hard() { [ "$DEVLAKE_ON_FAILURE" = fail ]; }

# End without a report: the exit code, then what happened and what to do.
give_up() {
  code=$1
  shift
  if hard; then
    say "error: $1" "$2"
    exit "$code"
  fi
  say "************************************************************************" \
    "warning: not reported: $1" "$2" \
    "************************************************************************"
  exit 0
}

# --- from parameters to the program's variables ---------------------------------------------------

# The names of the variables that begin with DEVLAKE_ORB_$1_, without that; whatever another
# variable's lines look like, only names are taken from here.
names() { env | LC_ALL=C sed -n "s/^DEVLAKE_ORB_$1_\([A-Z0-9_]*\)=.*/\1/p"; }

# An expression that is empty may arrive as <nil>.
text() { if [ "$1" != "<nil>" ]; then printf '%s' "$1"; fi; }

# The value of a variable by its name; $reader is what can tell it here.
value() {
  case $reader in
    printenv) printenv "$1" ;;
    awk) awk 'BEGIN { printf "%s", ENVIRON[ARGV[1]] }' "$1" ;;
  esac
}

given() { [ -n "$(text "$1")" ]; }

unless_given() {
  given "$(value "DEVLAKE_$1")" || ! given "$2" || export "DEVLAKE_$1=$2"
}

take_parameters() {
  # A parameter that gets lost could report another environment than the one that was meant.
  for reader in printenv awk none; do
    if [ "$(value DEVLAKE_ORB_FOLDER 2>/dev/null)" = "$DEVLAKE_ORB_FOLDER" ]; then break; fi
  done
  if [ "$reader" = none ] || [ -z "$(names PARAM)" ]; then
    give_up 1 "this image lacks env, sed or printenv, so the parameters can't be read." \
      "Add them, or report from the job devlake-ci/report."
  fi
  for name in $(names PARAM); do
    text=$(value "DEVLAKE_ORB_PARAM_$name")
    case $name:$text in
      RESULT:job | INCIDENT_RESULT:job) ;; # the default: what the job's steps noted
      RESULT: | INCIDENT_RESULT: | RESULT:'<nil>' | INCIDENT_RESULT:'<nil>') export "DEVLAKE_$name=" ;;
      *) if given "$text"; then export "DEVLAKE_$name=$text"; fi ;;
    esac
  done
  for name in $(names SWITCH); do
    case $(value "DEVLAKE_ORB_SWITCH_$name") in
      1 | true) export "DEVLAKE_$name=true" ;;
    esac
  done
  for name in $(names SECRET); do
    holder=$(value "DEVLAKE_ORB_SECRET_$name")
    if ! given "$holder" || [ "$holder" = "DEVLAKE_$name" ]; then continue; fi
    export "DEVLAKE_$name=$(value "$holder")"
    if [ -z "$(value "$holder")" ]; then say "the variable $holder is not set."; fi
  done
}

# What this job's and earlier jobs' steps noted, where nobody gave it.
take_notes() {
  status=$(cat "$job/status" 2>/dev/null)
  if [ "$status" = failed ] && [ ! -e "$job/started-at" ] && ! given "$DEVLAKE_RESULT"; then
    say "nothing is reported: this job failed before its step devlake-ci/start, so nothing was deployed." \
      "If it was, put that step right before the one that deploys or checks."
    exit 0
  fi
  unless_given RESULT "$status"
  unless_given INCIDENT_RESULT "${status:-$DEVLAKE_RESULT}"
  unless_given STARTED_AT "$(cat "$job/started-at" 2>/dev/null)"
  if [ "$(cat "$folder/start/name" 2>/dev/null)" = "$start" ]; then
    unless_given STARTED_AT "$(cat "$folder/start/started-at" 2>/dev/null)"
  fi
}

# Only where the orb's own steps restore and save the file; else it would be forgotten, and every
# run that fails would open another incident.
take_incident() {
  case $DEVLAKE_ORB_PARAM_MODE in
    incident | both) ;;
    *) return ;;
  esac
  name=$(printf '%s\n' "$CIRCLE_PROJECT_ID" "$incident" "$service" "$environment")
  if [ "$(cat "$folder/incident-name" 2>/dev/null)" != "$name" ]; then
    give_up 1 "$folder can't be written, so an open incident can't be remembered." \
      "Give another state_folder."
  fi
  # The program, too, tells an incident by the name of the job: by the one that its jobs share.
  export "CIRCLE_JOB=$incident"
  case $DEVLAKE_INCIDENT_STATE in
    '' | '<nil>' | auto) export "DEVLAKE_INCIDENT_STATE=file:$folder/incident/state" ;;
  esac
}

# A folder of our own, in which nobody else can put a link: in /tmp anybody could have made it before.
own() {
  # shellcheck disable=SC3067 # every shell has -O
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 \))" ]
}

# --- a way to run the program ---------------------------------------------------------------------

# Run the program in one of the ways, for at most $seconds if there are any.
by() {
  way=$1
  shift
  case $way in
    PATH) within devlake-ci "$@" ;;
    uv | pipx) within "$work/bin/devlake-ci" "$@" ;;
    executable) within "$work/devlake-ci" "$@" ;;
  esac
}

# Install the program into a folder of ours, from there: what these tools find in the working directory or
# on PYTHONPATH belongs to the job, such as the __pypackages__ that `pipx run` would take.
installed() (
  cd "$work" && unset PYTHONPATH || exit
  case $1 in
    uv) UV_TOOL_DIR=$work/tools UV_TOOL_BIN_DIR=$work/bin within uv tool install --quiet --python '>=3.11' "$package" ;;
    pipx) PIPX_HOME=$work/pipx PIPX_BIN_DIR=$work/bin within pipx install --quiet "$package" ;;
  esac
)

within() {
  if [ -n "$seconds" ] && has timeout; then timeout "$seconds" "$@"; else "$@"; fi
}

# Try a way out before it is trusted: what can't tell its version can't report either.
works() {
  seconds=60
  installed "$1" >"$work/log" 2>&1 && by "$1" --version >>"$work/log" 2>&1
  code=$?
  seconds=
  if [ "$code" -ne 0 ]; then
    say "no way by $1 (exit code $code):"
    tail -n 5 "$work/log" >&2
  fi
  return "$code"
}

found() {
  if has devlake-ci && works PATH; then return; fi
  if [ -n "$package" ]; then
    for tool in uv pipx; do
      if has "$tool" && works "$tool"; then return; fi
    done
  fi
  if [ -n "$url" ] && fetched && works executable; then return; fi
  return 1
}

fetched() {
  os=$(uname -s | tr '[:upper:]' '[:lower:]')
  arch=$(uname -m | tr '[:upper:]' '[:lower:]')
  url=$(printf '%s' "$url" | sed "s/{os}/$os/g; s/{arch}/$arch/g")
  shown=$(printf '%s' "$url" | sed 's|//[^/]*@|//|')
  if [ -z "$sums" ]; then
    say "no way by $shown: what it has to be is not known. Give its SHA-256 as executable_sha256."
    return 1
  fi
  if ! downloaded; then
    say "no way by $shown: it can't be downloaded."
    return 1
  fi
  sum=$(sum_of "$work/devlake-ci")
  for good in $sums; do
    if [ "${#sum}" -eq 64 ] && [ "$sum" = "$good" ]; then
      chmod u+x "$work/devlake-ci"
      return
    fi
  done
  say "no way by $shown: its SHA-256 is ${sum:-not known here}, which executable_sha256 doesn't name."
  return 1
}

downloaded() {
  case $url in
    https://* | http://*) ;;
    *) return 1 ;;
  esac
  if has curl; then
    curl --fail --globoff --silent --show-error --location --max-time 60 --output "$work/devlake-ci" --url "$url"
  elif has wget; then
    wget -q -T 30 -O "$work/devlake-ci" "$url"
  else
    say "there is neither curl nor wget here."
    return 1
  fi
}

sum_of() {
  if has sha256sum; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi 2>/dev/null | cut -d ' ' -f 1
}

# --- the report -----------------------------------------------------------------------------------

case $DEVLAKE_ORB_FAIL_ON_ERROR in
  1 | true) export DEVLAKE_ON_FAILURE=fail ;;
  *) export DEVLAKE_ON_FAILURE=warn ;;
esac
if [ "${CIRCLE_NODE_INDEX:-0}" != 0 ]; then
  say "node $CIRCLE_NODE_INDEX reports nothing: node 0 does."
  exit 0
fi
folder=$DEVLAKE_ORB_FOLDER
job=$folder/job-$CIRCLE_WORKFLOW_JOB_ID
package=$(text "$DEVLAKE_ORB_PACKAGE")
url=$(text "$DEVLAKE_ORB_EXECUTABLE_URL")
sums=$(text "$DEVLAKE_ORB_EXECUTABLE_SHA256" | tr '[:upper:]' '[:lower:]')
work=$(mktemp -d) || give_up 1 "a temporary folder can't be made." "Set TMPDIR to one that can be written."
trap 'rm -rf "$work"' EXIT

if [ -e "$folder" ] && ! own "$folder"; then
  give_up 1 "$folder is not this user's alone, so what it says is not believed." "Give another state_folder."
fi
take_parameters
# As start.sh and names.sh have written them.
service=$(text "$DEVLAKE_SERVICE")
environment=$(text "$DEVLAKE_ENVIRONMENT")
incident=$(text "$DEVLAKE_ORB_INCIDENT_NAME")
incident=${incident:-$CIRCLE_JOB}
start=$(printf '%s\n' "$CIRCLE_WORKFLOW_ID" "$service" "$environment")
take_notes
take_incident
if ! found; then
  give_up 1 "devlake-ci is not in this image, and nothing that could bring it (see the lines above)." \
    "Install devlake-ci, uv or pipx in the image, or report from the job devlake-ci/report."
fi
by "$way" report
code=$?
if [ "$code" -eq 0 ] || hard; then exit "$code"; fi
give_up "$code" "devlake-ci ended with exit code $code." "See the lines above."
