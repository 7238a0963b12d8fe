// A stage that deploys, of a multibranch job. The credential is a secret text. Set DEVLAKE_URL in
// Jenkins or here. An aborted job is reported as ABORT.
// Replace the zeros below with the archive's checksum from the release's SHA256SUMS file.
// If the program can't be fetched, verified or started, ./deploy.sh still runs, but nothing is reported.
// Either way ./deploy.sh runs without DEVLAKE_TOKEN.
pipeline {
  agent any
  options {
    disableConcurrentBuilds()
  }
  environment {
    DEVLAKE_URL = 'https://devlake.example.com/api/rest/plugins/webhook/connections/1/deployments'
    DEVLAKE_ENVIRONMENT = 'production'
  }
  stages {
    stage('deploy') {
      when {
        branch 'main'
      }
      steps {
        withCredentials([string(credentialsId: 'devlake-token', variable: 'DEVLAKE_TOKEN')]) {
          sh '''
            if folder=$(mktemp -d) &&
              curl --fail --silent --show-error --location --max-time 60 --output "$folder/archive" https://github.com/devlake-ci/devlake-ci/releases/download/v0.1.0/devlake-ci-linux-x86_64.tar.gz &&
              echo "0000000000000000000000000000000000000000000000000000000000000000  $folder/archive" | sha256sum --check --quiet &&
              tar -xzf "$folder/archive" -C "$folder" && "$folder/devlake-ci/devlake-ci" --version; then
              "$folder/devlake-ci/devlake-ci" run -- ./deploy.sh
            else
              echo "Nothing is reported to DevLake."
              env -u DEVLAKE_TOKEN ./deploy.sh
            fi
          '''
        }
      }
    }
  }
}
