#!/bin/sh
# Notes how the job stands, which CircleCI tells by which step it runs and in no variable.
set +euxC # no note is worth a deployment: without it the report says that the result is not known

job=$DEVLAKE_ORB_FOLDER/job-$CIRCLE_WORKFLOW_JOB_ID
umask 077
# A folder of our own, in which nobody else can put a link: in /tmp anybody could have made it before.
own() {
  mkdir -p "$1"
  # shellcheck disable=SC3067 # every shell has -O
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 \))" ]
}

if ! { own "$DEVLAKE_ORB_FOLDER" && mkdir -p "$job" && printf '%s\n' "$DEVLAKE_ORB_STATUS" >"$job/status"; }; then
  echo "devlake-ci: warning: $DEVLAKE_ORB_FOLDER can't be written by this user alone. Choose another state_folder." >&2
fi
exit 0
