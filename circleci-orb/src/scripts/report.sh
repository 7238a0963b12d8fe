#!/bin/sh
# Finds the program, and lets it report what was given as parameters and noted by this orb's steps
# (devlake-ci-circleci). It keeps out of the deployment's way: a report that can't be made is a warning, unless
# fail_on_error says otherwise.
# A job may choose another shell for its steps, such as one that shows each command with its values.
set +euxC -f

has() { command -v "$1" >/dev/null 2>&1; }

say() { printf 'devlake-ci: %s\n' "$@" >&2; }

# An expression that is empty may arrive as <nil>.
text() { if [ "$1" != "<nil>" ]; then printf '%s' "$1"; fi; }

hard() { [ "$DEVLAKE_ORB_PARAM_FAIL_ON_ERROR" = 1 ] || [ "$DEVLAKE_ORB_PARAM_FAIL_ON_ERROR" = true ]; }

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

# --- what this job's and earlier jobs' steps noted ------------------------------------------------

# A folder of our own, in which nobody else can put a link: in /tmp anybody could have made it before.
own() {
  # shellcheck disable=SC3067 # every shell has -O
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 \))" ]
}

take_notes() {
  if [ -e "$folder" ] && ! own "$folder"; then
    give_up 1 "$folder is writable by others, so its notes can't be trusted." "Choose another state_folder."
  fi
  # As start.sh and names.sh have written them.
  service=$(text "$DEVLAKE_ORB_PARAM_SERVICE")
  service=${service:-$(text "$DEVLAKE_SERVICE")}
  environment=$(text "$DEVLAKE_ORB_PARAM_ENVIRONMENT")
  environment=${environment:-$(text "$DEVLAKE_ENVIRONMENT")}
  start=$(printf '%s\n' "$CIRCLE_WORKFLOW_ID" "$service" "$environment")
  status=$(cat "$job/status" 2>/dev/null)
  began=$(cat "$job/started-at" 2>/dev/null)
  if [ -z "$began" ] && [ "$(cat "$folder/start/name" 2>/dev/null)" = "$start" ]; then
    elsewhere=$(cat "$folder/start/started-at" 2>/dev/null)
  fi
  export "DEVLAKE_ORB_NOTED_RESULT=$status" "DEVLAKE_ORB_NOTED_STARTED_AT=${began:-$elsewhere}"
}

# A job that failed before it came to the deployment, such as in its checkout, is no deployment that failed.
never_began() {
  case $DEVLAKE_ORB_PARAM_RESULT in
    job) [ "$status" = failed ] && [ -z "$began" ] && case $DEVLAKE_RESULT in '' | job) ;; *) false ;; esac ;;
    success) false ;;
    *) [ "$DEVLAKE_ORB_OF_ANOTHER_JOB" = true ] && [ -z "$began$elsewhere" ] ;;
  esac
}

# Only where the orb's own steps restore and save the file; else it would be forgotten, and every
# run that fails would open another incident.
take_incident() {
  case $DEVLAKE_ORB_PARAM_MODE in
    incident | both) ;;
    *) return ;;
  esac
  incident=$(text "$DEVLAKE_ORB_INCIDENT_NAME")
  incident=${incident:-$CIRCLE_JOB}
  name=$(printf '%s\n' "$CIRCLE_PROJECT_ID" "$incident" "$service" "$environment")
  if [ "$(cat "$folder/incident-name" 2>/dev/null)" != "$name" ]; then
    give_up 1 "$folder can't be written, so an open incident can't be remembered." \
      "Choose another state_folder."
  fi
  # The program, too, tells an incident by the name of the job: by the one that its jobs share.
  export "CIRCLE_JOB=$incident" "DEVLAKE_ORB_NOTED_INCIDENT_STATE=file:$folder/incident/state"
}

# --- a way to run the program ---------------------------------------------------------------------

# Run the program in one of the ways, for at most $seconds if there are any.
by() {
  way=$1
  shift
  case $way in
    PATH) within devlake-ci-circleci "$@" ;;
    uv | pipx) within "$work/bin/devlake-ci-circleci" "$@" ;;
    executable) within "$work/devlake-ci/devlake-ci-circleci" "$@" ;;
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

# Try a way before it is used: what can't print its version can't report either.
works() {
  seconds=60
  installed "$1" >"$work/log" 2>&1 && by "$1" --version >>"$work/log" 2>&1
  code=$?
  seconds=
  if [ "$code" -ne 0 ]; then
    say "devlake-ci by $1 doesn't run (exit code $code):"
    tail -n 5 "$work/log" >&2
  fi
  return "$code"
}

found() {
  if has devlake-ci-circleci && works PATH; then return; fi
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
    say "$shown is not fetched: its SHA-256 is not known. Set executable_sha256 to it."
    return 1
  fi
  if ! downloaded; then
    say "$shown can't be downloaded."
    return 1
  fi
  sum=$(sum_of "$work/archive")
  for good in $sums; do
    if [ "${#sum}" -eq 64 ] && [ "$sum" = "$good" ]; then
      unpacked
      return
    fi
  done
  say "$shown is not run: its SHA-256 is ${sum:-unknown here}, which is not in executable_sha256."
  return 1
}

downloaded() {
  case $url in
    https://* | http://*) ;;
    *) return 1 ;;
  esac
  if has curl; then
    curl --fail --globoff --silent --show-error --location --max-time 60 \
      --output "$work/archive" --url "$url"
  elif has wget; then
    wget -q -T 30 -O "$work/archive" "$url"
  else
    say "there is neither curl nor wget here."
    return 1
  fi
}

# Its name says which of its scripts the program is.
unpacked() {
  if ! tar -xzf "$work/archive" -C "$work"; then
    say "$shown can't be unpacked. That needs tar and gzip."
    return 1
  fi
  cp "$work/devlake-ci/devlake-ci" "$work/devlake-ci/devlake-ci-circleci"
}

sum_of() {
  if has sha256sum; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi 2>/dev/null | cut -d ' ' -f 1
}

# --- the program for later steps --------------------------------------------------------------------

# Put devlake-ci on the PATH of later steps, which read $BASH_ENV. Where it can't be fetched, a stand-in runs the
# command: a report that is missing must not become a deployment that is.
install() {
  work=$(mktemp -d) || give_up 1 "a temporary folder can't be made." "Set TMPDIR to one that can be written."
  bin=$work/bin
  if found; then
    case $way in
      PATH) exit 0 ;;
      executable) bin=$work/devlake-ci ;;
    esac
  fi
  if ! mkdir -p "$work/bin"; then give_up 1 "$work can't be written." "Set TMPDIR to another folder."; fi
  if [ ! -e "$bin/devlake-ci" ]; then stand_in && bin=$work/bin; fi
  # shellcheck disable=SC2016 # the later steps expand it
  printf 'export PATH="%s:$PATH"\n' "$bin" >>"$BASH_ENV"
  exit 0
}

stand_in() {
  say "warning: devlake-ci can't be fetched (see the lines above): commands run, and nothing is reported."
  cat >"$work/bin/devlake-ci" <<'END'
#!/bin/sh
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
END
  chmod +x "$work/bin/devlake-ci"
}

# --- the report -----------------------------------------------------------------------------------

package=$(text "$DEVLAKE_ORB_PACKAGE")
url=$(text "$DEVLAKE_ORB_EXECUTABLE_URL")
sums=$(text "$DEVLAKE_ORB_EXECUTABLE_SHA256" | tr '[:upper:]' '[:lower:]')
if [ "$DEVLAKE_ORB_INSTALL" = true ]; then install; fi
if [ "${CIRCLE_NODE_INDEX:-0}" != 0 ]; then
  say "node $CIRCLE_NODE_INDEX reports nothing: node 0 does."
  exit 0
fi
folder=$DEVLAKE_ORB_FOLDER
job=$folder/job-$CIRCLE_WORKFLOW_JOB_ID
began=''
elsewhere=''

take_notes
if never_began; then
  say "nothing is reported: no step devlake-ci/start was reached, so nothing was deployed." \
    "If it was, put that step right before the one that deploys or checks. A report from another job finds" \
    "it with cache: true and the same service and environment."
  exit 0
fi
take_incident
work=$(mktemp -d) || give_up 1 "a temporary folder can't be made." "Set TMPDIR to one that can be written."
trap 'rm -rf "$work"' EXIT
if ! found; then
  give_up 1 "devlake-ci is not in this image, and can't be installed (see the lines above)." \
    "Install devlake-ci, uv or pipx in the image, or report from the job devlake-ci/report."
fi
by "$way"
code=$?
if [ "$code" -eq 0 ] || hard; then exit "$code"; fi
give_up "$code" "devlake-ci ended with exit code $code." "See the lines above."
