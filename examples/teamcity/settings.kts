// Two steps after the one that deploys. The first runs if all went well; the second runs in any case,
// and reports a failure if the first was never reached. What tells them is in the build's own temporary
// folder. The parameter env.DEVLAKE_TOKEN is of the type password.
import jetbrains.buildServer.configs.kotlin.*
import jetbrains.buildServer.configs.kotlin.buildSteps.script

object Deploy : BuildType({
    name = "Deploy"
    params {
        param("env.DEVLAKE_URL", "https://devlake.example.com/api/rest/plugins/webhook/connections/1/deployments")
        param("env.DEVLAKE_ENVIRONMENT", "production")
        param("env.DEVLAKE_ON_FAILURE", "warn")
        password("env.DEVLAKE_TOKEN", "credentialsJSON:00000000-0000-0000-0000-000000000000")
    }
    steps {
        script {
            name = "Deploy"
            scriptContent = "./deploy.sh"
        }
        script {
            name = "Tell DevLake of a success"
            scriptContent = """
                touch '%teamcity.build.tempDir%/deployed'
                pipx run --spec git+https://github.com/devlake-ci/devlake-ci@v0 devlake-ci report --result success || true
            """.trimIndent()
        }
        script {
            name = "Tell DevLake of a failure"
            executionMode = BuildStep.ExecutionMode.RUN_ON_FAILURE
            scriptContent = """
                [ -e '%teamcity.build.tempDir%/deployed' ] ||
                  pipx run --spec git+https://github.com/devlake-ci/devlake-ci@v0 devlake-ci report --result failed || true
            """.trimIndent()
        }
    }
})
