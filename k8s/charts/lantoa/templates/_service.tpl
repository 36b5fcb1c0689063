{{- /* One service's values over the defaults, as YAML: on copies, so that nobody's values change. */ -}}
{{- define "lantoa.service" -}}
{{- mustMergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (index .root.Values.services .name)) | toYaml -}}
{{- end -}}

{{- /* The settings that are no secret; (dict "root" $ "name" "ingest" "service" merged). */ -}}
{{- define "lantoa.settings" -}}
{{- $settings := mustMergeOverwrite (deepCopy .root.Values.settings) (deepCopy .service.settings) -}}
{{- $auth := .root.Values.auth -}}
{{- $_ := set $settings "LANTOA_NATS__URL" (include "lantoa.natsUrl" .root) -}}
{{- $_ := set $settings "LANTOA_AUTH__ISSUER" (required "auth.issuer: say the expected `iss` of bearer tokens" $auth.issuer) -}}
{{- $_ := set $settings "LANTOA_AUTH__AUDIENCE" $auth.audience -}}
{{- if include "lantoa.jwksConfigMap" .root -}}
{{- $_ := set $settings "LANTOA_AUTH__JWKS_FILE" "/etc/lantoa/auth/jwks.json" -}}
{{- end -}}
{{- with $auth.discoveryUrl -}}
{{- $_ := set $settings "LANTOA_AUTH__DISCOVERY_URL" . -}}
{{- end -}}
{{- if $auth.caConfigMap -}}
{{- $_ := set $settings "LANTOA_AUTH__CA_FILE" "/etc/lantoa/ca/ca.crt" -}}
{{- end -}}
{{- with .root.Values.telemetry.otlpEndpoint -}}
{{- $_ := set $settings "LANTOA_TELEMETRY__OTLP_ENDPOINT" . -}}
{{- end -}}
{{- $_ := set $settings "LANTOA_FILES__ROOT" "/var/lib/lantoa/files" -}}
{{- $_ := set $settings "LANTOA_PUBLIC_URL" (include "lantoa.publicUrl" .root) -}}
{{- range list .service.api .service.worker .service.watchdog -}}
{{- if .world.setting -}}
{{- $_ := set $settings .world.setting (toJson .world.ports) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $settings }}
{{ $name }}: {{ include "lantoa.plain" $value | quote }}
{{- end -}}
{{- end -}}

{{- /* A number as it was written, not as 2.147483648e+09; a list as JSON, as the settings read it. */ -}}
{{- define "lantoa.plain" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- else if kindIs "slice" . -}}
{{ toJson . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{- /* The secret ones, each a reference. */ -}}
{{- define "lantoa.secretEnv" -}}
- name: LANTOA_DB__URL
  valueFrom: {secretKeyRef: {name: {{ include "lantoa.databaseSecret" (dict "root" .root "role" .name "given" .service.database.secret) }}, key: LANTOA_DB__URL}}
- name: LANTOA_NATS__TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "lantoa.natsSecret" .root }}, key: LANTOA_NATS__TOKEN}}
{{- range $name, $from := .service.secretSettings }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $from.secret }}, key: {{ $from.key }}}}
{{- end -}}
{{- end -}}

{{- define "lantoa.command" -}}
{{- if .role.command -}}
{{- toJson .role.command -}}
{{- else if eq .kind "api" -}}
{{- $drain := sub (sub .role.graceSeconds .role.drainSeconds) 5 -}}
{{- list "python" "-m" "uvicorn" "--factory" (printf "services.%s.main:app" .name) "--host" "0.0.0.0" "--port" (toString .role.port) "--no-access-log" "--no-server-header" "--log-level" "warning" "--timeout-graceful-shutdown" (toString (max 1 $drain)) | toJson -}}
{{- else if eq .kind "watchdog" -}}
{{- list "python" "-m" (printf "services.%s.watchdog" .name) "--host" "0.0.0.0" "--port" (toString .role.port) | toJson -}}
{{- else -}}
{{- list "python" "-m" "libs.common.worker" (printf "services.%s.main" .name) | toJson -}}
{{- end -}}
{{- end -}}

{{- /* The pod goes on serving until no proxy sends it new requests. The kubelet sleeps by itself since 1.30. */ -}}
{{- define "lantoa.preStop" -}}
{{- if semverCompare ">=1.30-0" .root.Capabilities.KubeVersion.Version -}}
sleep: {seconds: {{ .role.drainSeconds }}}
{{- else -}}
exec: {command: [python, -c, "import time; time.sleep({{ .role.drainSeconds }})"]}
{{- end -}}
{{- end -}}
