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

mkdir -p "$DEVLAKE_ORB_FOLDER/incident"
# What an earlier job left on a machine that lives longer must not pass for what the cache kept.
rm -f "$DEVLAKE_ORB_FOLDER/incident/state"
printf '%s\n' "$CIRCLE_WORKFLOW_ID" "$service" "$environment" >"$DEVLAKE_ORB_FOLDER/start-name"
printf '%s\n' "$CIRCLE_PROJECT_ID" "$incident" "$service" "$environment" \
  >"$DEVLAKE_ORB_FOLDER/incident-name"
cp "$DEVLAKE_ORB_FOLDER/incident-name" "$DEVLAKE_ORB_FOLDER/incident/name" # so that there is a file
exit 0
