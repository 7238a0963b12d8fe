#!/bin/sh
# A deployment from any machine with git and devlake-ci, with the lead time of the pull requests that it ships. The
# history of the checkout says what was merged. The file .devlake-live.json says what was live before: keep that file
# outside the checkout. Export DEVLAKE_URL and DEVLAKE_TOKEN first.
DEVLAKE_STARTED_AT=$(date +%s)
export DEVLAKE_STARTED_AT
if ./deploy.sh; then result=success; else result=failed; fi
devlake-ci report --environment production --result "$result" \
  --changes git --incident-state "file:$HOME/.devlake-live.json"
[ "$result" = success ]
