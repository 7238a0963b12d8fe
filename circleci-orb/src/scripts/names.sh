#!/bin/sh
# Names what the cache may have kept for this report, in files whose checksums are the caches' keys:
# so no service or environment can be taken for another whose name begins alike.
set +euxC

# An expression that is empty may arrive as <nil>.
text() { if [ "$1" != "<nil>" ]; then printf '%s' "$1"; fi; }

service=$(text "$DEVLAKE_ORB_PARAM_SERVICE")
service=${service:-$(text "$DEVLAKE_SERVICE")}
environment=$(text "$DEVLAKE_ORB_PARAM_ENVIRONMENT")
environment=${environment:-$(text "$DEVLAKE_ENVIRONMENT")}
incident=$(text "$DEVLAKE_ORB_INCIDENT_NAME")
incident=${incident:-$CIRCLE_JOB}

umask 077
# A folder of our own, in which nobody else can put a link: in /tmp anybody could have made it before.
own() {
  mkdir -p "$1"
  # shellcheck disable=SC3067 # every shell has -O
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 \))" ]
}

if ! own "$DEVLAKE_ORB_FOLDER"; then
  echo "devlake-ci: warning: $DEVLAKE_ORB_FOLDER can't be written by this user alone. Choose another state_folder." >&2
  exit 0
fi
mkdir -p "$DEVLAKE_ORB_FOLDER/incident"
# What an earlier job left on a machine that lives longer must not pass for what the cache kept.
rm -f "$DEVLAKE_ORB_FOLDER/incident/state"
printf '%s\n' "$CIRCLE_WORKFLOW_ID" "$service" "$environment" >"$DEVLAKE_ORB_FOLDER/start-name"
printf '%s\n' "$CIRCLE_PROJECT_ID" "$incident" "$service" "$environment" \
  >"$DEVLAKE_ORB_FOLDER/incident-name"
cp "$DEVLAKE_ORB_FOLDER/incident-name" "$DEVLAKE_ORB_FOLDER/incident/name" # so that there is a file
exit 0
