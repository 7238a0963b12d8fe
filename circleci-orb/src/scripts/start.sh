#!/bin/sh
# Notes when the deployment begins: for the report at the end of this job, and, in a folder that the
# cache may keep, for one from another job of this workflow.
set +euxC # a start time is nice to have, and worth no deployment

# An expression that is empty may arrive as <nil>.
text() { if [ "$1" != "<nil>" ]; then printf '%s' "$1"; fi; }

service=$(text "$DEVLAKE_ORB_PARAM_SERVICE")
service=${service:-$(text "$DEVLAKE_SERVICE")}
environment=$(text "$DEVLAKE_ORB_PARAM_ENVIRONMENT")
environment=${environment:-$(text "$DEVLAKE_ENVIRONMENT")}
job=$DEVLAKE_ORB_FOLDER/job-$CIRCLE_WORKFLOW_JOB_ID
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

umask 077
# A folder of our own, in which nobody else can put a link: in /tmp anybody could have made it before.
own() {
  mkdir -p "$1"
  # shellcheck disable=SC3067 # every shell has -O
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 \))" ]
}

if own "$DEVLAKE_ORB_FOLDER" && mkdir -p "$job" "$DEVLAKE_ORB_FOLDER/start" &&
  printf '%s\n' "$now" >"$job/started-at" &&
  printf '%s\n' "$now" >"$DEVLAKE_ORB_FOLDER/start/started-at" &&
  printf '%s\n' "$CIRCLE_WORKFLOW_ID" "$service" "$environment" >"$DEVLAKE_ORB_FOLDER/start-name" &&
  cp "$DEVLAKE_ORB_FOLDER/start-name" "$DEVLAKE_ORB_FOLDER/start/name"; then
  echo "devlake-ci: the deployment begins at $now."
else
  echo "devlake-ci: warning: $DEVLAKE_ORB_FOLDER can't be written by this user alone, so the start is forgotten." \
    "Choose another state_folder." >&2
fi
exit 0
